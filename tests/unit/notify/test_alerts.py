"""What programs are told: one identity for the whole life of each alert, whatever changes meanwhile."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.story import CLOSED, EVENING, OPEN, POTUS, TRUMP, S, account, incident, view
from watcher.model.account import Account, Severity
from watcher.model.finding import Certainty, Reason
from watcher.model.notification import Alert, IncidentKind, NotificationKind
from watcher.model.outage import EndCause, Outage, Transition, TransitionKind
from watcher.model.route import Route
from watcher.notify.alerts import NOTICE_LASTS, alerts_of, is_firing, labels_of, latest
from watcher.notify.announce import announce
from watcher.notify.grouping import Groups
from watcher.notify.render import render
from watcher.notify.view import View

FROZEN = {"account": "x:realdonaldtrump", "platform": "x", "owner": "trump", "desk": "politics"}
LABELS = {**FROZEN, "alertname": "AccountUnavailable", "severity": "critical"}


def told(outage: Outage | None = OPEN, **changes: Any) -> View:
    """The evening, with the labels that were stored when it began."""
    seen = view(outage, public_url="https://watcher.example/", **changes)
    return replace(seen, incident=replace(seen.incident, labels=FROZEN))


def only(seen: View) -> Alert:
    [alert] = alerts_of(seen)
    return alert


def test_the_alert_of_2017() -> None:
    """Labels that stay, annotations for people, the first answer that missed it as the beginning."""
    assert only(told()) == Alert(
        labels=LABELS,
        annotations={
            "summary": "@realDonaldTrump is not available on X",
            "description": "A logged-out visitor no longer sees the profile. "
            "Missing since between 2 Nov 2017 23:00:00 UTC and 2 Nov 2017 23:00:40 UTC.",
            "reason": "not_found",
            "certainty": "shown",
            "quote": "Désolé, cette page n'existe pas",
            "language": "fr",
            "evidence": "5eed" * 16,
            "profile": "https://x.example/realDonaldTrump",
        },
        starts_at=EVENING + 40 * S,
        url="https://watcher.example/outages/01OUTAGE",
    )


def test_the_end_of_2017() -> None:
    """The same alert, ended when it was seen again, with the bounds."""
    alert = only(told(CLOSED, kind=NotificationKind.RESOLVED))
    assert (alert.labels, alert.starts_at) == (LABELS, EVENING + 40 * S)
    assert alert.ends_at == EVENING + 700 * S
    assert alert.annotations["summary"] == "@realDonaldTrump is back on X after 11 min ± 40 s"
    assert "between 10 min 20 s and 11 min 40 s" in alert.annotations["description"]
    assert render(told(CLOSED)).alerts == (alert,)


@pytest.mark.parametrize(
    "later",
    [
        told(replace(OPEN, reason=Reason.SUSPENDED, certainty=Certainty.STATED, quote=None)),
        told(account=replace(TRUMP, labels={"desk": "sport", "new": "1"}, owner="other", severity=Severity.INFO)),
        told(account=replace(TRUMP, display_handle="renamed", handle="renamed"), new_handle="renamed"),
        told(account=None),
        told(CLOSED),
        told(replace(CLOSED, end_cause=EndCause.UNWATCHED, ended=None), account=None),
        told(replace(CLOSED, retracted_at=EVENING + 900 * S, retraction="our fault")),
        told(now=EVENING + 9000 * S, kind=NotificationKind.REMINDER),
    ],
    ids=["reason", "watchlist", "renamed", "unlisted", "back", "unwatched", "retracted", "later"],
)
def test_nothing_that_happens_makes_it_another_alert(later: View) -> None:
    """Another reason, an edited watchlist, a rename, the end: identity and beginning are as they were."""
    assert (only(later).labels, only(later).starts_at) == (LABELS, EVENING + 40 * S)


def test_an_outage_of_an_earlier_version_is_known_by_its_account() -> None:
    """It has no stored labels; what the watchlist says now may be something else tomorrow."""
    alert = only(view())
    expected = {"account": "x:realdonaldtrump", "platform": "x"}
    assert alert.labels == {**expected, "alertname": "AccountUnavailable", "severity": "critical"}


@pytest.mark.parametrize("kind", [IncidentKind.GROUP, IncidentKind.COHORT])
def test_one_alert_an_outage(kind: IncidentKind) -> None:
    """People are told of several together; programs of each, with its own labels, severity and evidence."""
    other = replace(CLOSED, id="o2", account_id=POTUS.id, handle_then="potus", severity_then=Severity.WARNING)
    seen = view(
        None,
        incident=incident(None, id="g", kind=kind, key="x#1"),
        outages=(OPEN, other),
        accounts={TRUMP.id: TRUMP, POTUS.id: POTUS},
        labels={OPEN.id: FROZEN, "o2": {"account": POTUS.id, "platform": "x", "owner": "house"}},
        digests={"o2": "ab" * 32},
    )
    first, second = alerts_of(seen)
    assert first.labels == LABELS
    assert first.ends_at is None
    assert second.labels["owner"] == "house"
    assert second.labels["severity"] == "warning"
    assert second.ends_at == EVENING + 700 * S
    assert (first.annotations.get("evidence"), second.annotations["evidence"]) == (None, "ab" * 32)
    assert second.annotations["summary"] == "@POTUS is back on X after 11 min ± 40 s"


def test_who_is_gone_again_is_not_back() -> None:
    """Of two outages of one account in a group the later speaks: else the end of the first would end the second."""
    again = replace(OPEN, id="o2", began=replace(OPEN.began, latest=EVENING + 800 * S))
    for order in ((CLOSED, again), (again, CLOSED)):
        seen = view(None, incident=incident(None, kind=IncidentKind.GROUP, key="r{}"), outages=order)
        assert [alert.starts_at for alert in alerts_of(seen)] == [EVENING + 800 * S]
    assert latest(()) == ()


def test_who_is_gone_again_is_not_back_though_the_clock_was_set_back() -> None:
    """Then the outage that is over began later, as it seems."""
    (lasts,) = alerts_of(view(OPEN))
    over = replace(lasts, starts_at=lasts.starts_at + 3600 * S, ends_at=lasts.starts_at + 3700 * S)
    assert latest((lasts, over)) == latest((over, lasts)) == (lasts,)


@pytest.mark.parametrize(
    ("kind", "key", "detail", "labels"),
    [
        (IncidentKind.PLATFORM, "mastodon@m.example", "walls", {"platform": "mastodon", "instance": "m.example"}),
        (IncidentKind.PLATFORM, "x", "walls", {"platform": "x"}),
        (IncidentKind.EGRESS, "local", "", {"vantage": "local"}),
        (IncidentKind.META, "channel/desk", "gone: 410", {"part": "channel/desk"}),
        (IncidentKind.FLAPPING, TRUMP.id, "7", FROZEN),
    ],
)
@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_about_no_outage(
    kind: IncidentKind, key: str, detail: str, labels: dict[str, str], *, is_over: bool
) -> None:
    """A platform, our network, watcher itself, an account that comes and goes: one alert, from its key."""
    ended = EVENING + 600 * S if is_over else None
    about = incident(None, kind=kind, key=key, detail=detail, closed_at=ended, severity=Severity.WARNING)
    about = replace(about, labels=FROZEN if kind is IncidentKind.FLAPPING else {})
    alert = only(view(None, incident=about, account=TRUMP if key == TRUMP.id else None))
    names = {
        IncidentKind.PLATFORM: "PlatformNotObserved",
        IncidentKind.EGRESS: "NetworkDown",
        IncidentKind.META: "WatcherFault",
        IncidentKind.FLAPPING: "AccountFlapping",
    }
    assert alert.labels == {**labels, "alertname": names[kind], "severity": "warning"}
    assert (alert.starts_at, alert.ends_at) == (about.opened_at, ended)
    assert alert.annotations["summary"]
    assert alert.annotations["description"]


@pytest.mark.parametrize(
    ("kind", "name"), [(IncidentKind.NOTICE, "AccountNotice"), (IncidentKind.DIGEST, "WatcherDigest")]
)
def test_what_has_no_end_ends_by_itself(kind: IncidentKind, name: str) -> None:
    """Five minutes after it is told, however late that is."""
    opened = EVENING + 60 * S
    about = incident(None, kind=kind, key=TRUMP.id, detail="@x is now @y", closed_at=opened, opened_at=opened)
    late = only(view(None, incident=about, now=EVENING + timedelta(hours=3)))
    assert late.labels["alertname"] == name
    assert late.ends_at == EVENING + timedelta(hours=3) + NOTICE_LASTS
    assert is_firing(late, EVENING + timedelta(hours=3))
    assert not is_firing(late, EVENING + timedelta(hours=4))
    assert late.annotations["description"] == "@x is now @y"


def test_who_takes_care_is_an_annotation() -> None:
    """To acknowledge makes no other alert."""
    seen = told()
    acked = replace(seen, incident=replace(seen.incident, acked_by="ana", acked_at=EVENING + 120 * S))
    assert only(acked).labels == LABELS
    assert only(acked).annotations["acknowledged_by"] == "ana"


def test_labels_are_named_as_alertmanager_takes_them() -> None:
    """The watchlist's never pass for the account's own, the alert's name or its severity; nothing is empty."""
    listed = {"news-desk": "a", "2nd": "b", "account": "forged", "empty": "", "alertname": "forged", "severity": "no"}
    about: Account = replace(account("mastodon", "ana", instance="m.example", owner=None), labels=listed)
    found = labels_of(about)
    assert {**found, "alertname": "", "severity": ""} == {
        "account": "mastodon:ana",
        "platform": "mastodon",
        "instance": "m.example",
        "news_desk": "a",
        "_2nd": "b",
        "alertname": "",
        "severity": "",
    }
    seen = told()
    alert = only(replace(seen, incident=replace(seen.incident, labels=found)))
    assert (alert.labels["alertname"], alert.labels["severity"]) == ("AccountUnavailable", "critical")


def opening(**changes: Any) -> Transition:
    outage = replace(OPEN, **changes)
    return Transition(kind=TransitionKind.OUTAGE_OPENED, at=outage.confirmed_at, account_id=TRUMP.id, outage=outage)


@pytest.mark.parametrize(
    ("route", "changes"),
    [
        (Route(name="r", channels=("c",)), {}),
        (Route(name="r", channels=("c",), group_by=("platform",)), {}),
        (Route(name="r", channels=("c",)), {"cohort_id": "x#20171102T230000"}),
    ],
    ids=["alone", "group", "cohort"],
)
def test_labels_are_stored_with_the_outage_and_with_nothing_else(route: Route, changes: dict[str, Any]) -> None:
    """They are the account's as it is listed when the outage opens; a group is about many."""
    listed = replace(TRUMP, labels={"desk": "politics"})
    news = announce((opening(**changes),), listed, (route,), "X", Groups(), now=EVENING)
    assert {each.kind: each.labels for each in news.opened if each.kind is IncidentKind.ACCOUNT} == {
        IncidentKind.ACCOUNT: FROZEN
    }
    assert all(not each.labels for each in news.opened if each.kind is not IncidentKind.ACCOUNT)


def test_a_notice_says_which_it_is() -> None:
    """Two of one account within minutes are two alerts."""
    renamed = Transition(kind=TransitionKind.ACCOUNT_RENAMED, at=EVENING, account_id=TRUMP.id, detail={"handle": "djt"})
    [notice] = announce((renamed,), TRUMP, (), "X", Groups(), now=EVENING).opened
    assert notice.labels["notice"] == "AccountRenamed"
    assert only(view(None, incident=notice)).labels["notice"] == "AccountRenamed"


@given(text=st.text(max_size=60), value=st.text(max_size=30))
def test_hostile_text_is_harmless(text: str, value: str) -> None:
    """Whatever a page wrote: JSON can say it, and no control character is left."""
    outage = replace(OPEN, quote=text, language=text, handle_then=text)
    seen = view(outage, account=replace(TRUMP, display_handle=text or "x"))
    seen = replace(seen, incident=replace(seen.incident, labels={"account": "x:a", "desk": value}, acked_by=text))
    alert = only(seen)
    for said in (*alert.labels.values(), *alert.annotations.values()):
        assert said
        assert said.encode().decode() == said
        assert not any(ord(c) < 32 for c in said)
