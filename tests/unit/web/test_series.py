"""The series that are read from state, as a scrape shows them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.unit.web import story
from tests.unit.web.exposed import samples, text, value
from watcher.model.account import Account
from watcher.model.control import ControlKey, ControlReport, Health, VantageState
from watcher.model.outage import Phase
from watcher.web.lines import label_value

KEY = {"platform": "x", "platform_instance": "", "source": "page"}


def of(account: Account) -> dict[str, str]:
    """The labels that every series of an account has."""
    return {"account": account.id, "platform": account.platform}


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (story.POTUS, 1.0),
        (story.SUSPECTED, 1.0),
        (story.TRUMP, 0.0),
        (story.RECOVERING, 0.0),
        (story.FRESH, None),
        (story.UNSEEN, None),
        (story.BLIND, None),
    ],
)
def test_up_has_three_answers(account: Account, expected: float | None) -> None:
    """1 when seen or merely suspected, 0 in an outage, and no series where nothing can be said."""
    assert value(story.snapshot(), "watcher_account_up", **of(account)) == expected


def test_up_is_absent_while_blind_in_an_outage() -> None:
    """An open outage that cannot be seen any more is no 0: its start stays exported instead."""
    blind = story.state(story.TRUMP, Phase.DOWN, outage=story.outage(), blind_since=story.ago(minutes=1))
    snapshot = story.snapshot(((story.TRUMP, blind),))
    assert value(snapshot, "watcher_account_up", **of(story.TRUMP)) is None
    assert value(snapshot, "watcher_account_outage_start_timestamp_seconds", **of(story.TRUMP)) is not None


def test_account_series_say_what_the_state_says() -> None:
    """Stamps, totals and the start of the open outage are those of the state, in seconds."""
    snapshot, labels = story.snapshot(), of(story.TRUMP)
    expected = {
        "watcher_account_last_probe_timestamp_seconds": story.ago(seconds=10).timestamp(),
        "watcher_account_last_verdict_timestamp_seconds": story.ago(seconds=10).timestamp(),
        "watcher_account_outage_start_timestamp_seconds": story.outage().began.latest.timestamp(),
        "watcher_account_outages_total": 1.0,
        "watcher_account_outage_seconds_total": 594.0,
        "watcher_account_unobserved_seconds_total": 90.0,
        "watcher_account_last_outage_duration_seconds": None,
    }
    assert {name: value(snapshot, name, **labels) for name in expected} == expected
    assert value(snapshot, "watcher_account_last_outage_duration_seconds", **of(story.POTUS)) == 240.0


def test_account_never_probed_has_counters_only() -> None:
    """A new account exports no instants, but its counters start at 0, so that the first event is seen."""
    snapshot, labels = story.snapshot(), of(story.FRESH)
    assert value(snapshot, "watcher_account_last_probe_timestamp_seconds", **labels) is None
    assert value(snapshot, "watcher_account_last_verdict_timestamp_seconds", **labels) is None
    assert value(snapshot, "watcher_account_outages_total", **labels) == 0.0


def test_info_names_owner_and_address() -> None:
    """The owner's name where it is known, else the slug, else nothing; the handle follows a rename."""
    slug_only = story.account("solo", owner="unlisted")
    renamed = story.state(slug_only, handle="solo2")
    snapshot = story.snapshot((*story.ROWS, (slug_only, renamed)))

    def owner_of(account: Account, handle: str, owner: str) -> float | None:
        facts = {"handle": handle, "url": account.url, "platform_instance": account.instance, "account_owner": owner}
        return value(snapshot, "watcher_account_info", **of(account), **facts)

    assert owner_of(story.TRUMP, "@realDonaldTrump", "Donald J. Trump") == 1.0
    assert owner_of(slug_only, "solo2", "unlisted") == 1.0
    assert owner_of(story.MASTODON, "@newsroom", "") == 1.0


def test_states_start_at_zero_and_sum_to_the_accounts() -> None:
    """Every platform has every state; a blind account counts once, as blind."""
    snapshot = story.snapshot()
    found = [sample for sample in samples(snapshot) if sample.name == "watcher_accounts"]
    assert sum(sample.value for sample in found) == len(story.ROWS)
    assert {sample.labels["state"] for sample in found} == {*Phase, "blind"}
    assert len(found) == len({a.platform for a, _ in story.ROWS}) * (len(Phase) + 1)
    assert value(snapshot, "watcher_accounts", platform="bluesky", state="blind") == 1.0
    assert value(snapshot, "watcher_accounts", platform="bluesky", state="up") == 0.0


@pytest.mark.parametrize("health", list(Health))
def test_platform_state_is_one_of_all(health: Health) -> None:
    """Exactly the present health of a platform is 1, every other 0."""
    snapshot = story.snapshot(health={story.KEY: health})
    found = {other: value(snapshot, "watcher_platform_state", **KEY, state=other) for other in Health}
    assert found == {other: float(other is health) for other in Health}


def test_controls_show_the_newest_look() -> None:
    """A positive control that hit a wall, or a handle that should not exist but does, is a 0; the older look is not."""
    good = story.snapshot()
    bad_report = ControlReport(key=story.KEY, positives=(story.WALLED, story.SEEN), negatives=(story.SEEN,))
    bad = story.snapshot(reports={story.KEY: bad_report})
    never = story.snapshot(reports={story.KEY: ControlReport(key=story.KEY)})
    for kind in ("positive", "negative"):
        assert value(good, "watcher_control_success", **KEY, kind=kind) == 1.0
        assert value(bad, "watcher_control_success", **KEY, kind=kind) == 0.0
        assert value(never, "watcher_control_success", **KEY, kind=kind) is None


def test_two_vantages_make_one_series_with_the_worst() -> None:
    """The labels name no vantage: two of them must not make the same series twice, which would void the scrape."""
    other = ControlKey(platform="x", instance="", source="page", vantage="elsewhere")
    walled = ControlReport(key=other, positives=(story.WALLED,))
    snapshot = story.snapshot(
        health={other: Health.BLIND, story.KEY: Health.OK},
        reports={other: walled, story.KEY: ControlReport(key=story.KEY, positives=(story.SEEN,))},
    )
    assert value(snapshot, "watcher_platform_state", **KEY, state="blind") == 1.0
    assert value(snapshot, "watcher_control_success", **KEY, kind="positive") == 0.0
    lines = text(snapshot).splitlines()
    assert len(lines) == len(set(lines))


@pytest.mark.parametrize(("vantage", "expected"), [(VantageState.ONLINE, 1.0), (VantageState.OFFLINE, 0.0)])
def test_vantage(vantage: VantageState, expected: float) -> None:
    """Whether anything at all is reached is a gauge of its own."""
    assert value(story.snapshot(vantage=vantage), "watcher_vantage_online") == expected


def test_counters_are_as_stored_and_gauges_as_in_memory() -> None:
    """What a kill would take back is not counted yet; how things are is said at once."""
    labels = of(story.TRUMP)
    before = story.state(
        story.TRUMP,
        outages_total=1,
        outage_closed=timedelta(seconds=40),
        outage_unobserved=timedelta(seconds=5),
        unobserved=timedelta(seconds=70),
        observed=timedelta(minutes=2),
        last_probe_at=story.ago(seconds=20),
    )
    now = replace(
        before,
        phase=Phase.DOWN,
        outage=story.outage(),
        outages_total=2,
        unobserved=timedelta(seconds=90),
        observed=timedelta(minutes=3),
        last_probe_at=story.ago(seconds=10),
    )
    rows = ((story.TRUMP, now), (story.POTUS, story.state(story.POTUS, outages_total=7)))
    snapshot = story.snapshot(rows, stored={story.TRUMP.id: before})
    counted = ("outages", "outage_seconds", "outage_unobserved_seconds", "unobserved_seconds", "observed_seconds")
    assert [value(snapshot, f"watcher_account_{name}_total", **labels) for name in counted] == [1, 40, 5, 70, 120]
    assert value(snapshot, "watcher_account_up", **labels) == 0.0
    assert (
        value(snapshot, "watcher_account_last_probe_timestamp_seconds", **labels) == story.ago(seconds=10).timestamp()
    )
    assert value(snapshot, "watcher_accounts", platform="x", state="down") == 1.0
    assert value(snapshot, "watcher_account_outages_total", **of(story.POTUS)) == 7


def test_hostile_labels_are_inert_and_parse_back() -> None:
    """Quotes, line breaks, escapes, bidi and half surrogates make neither a new line nor an error."""
    shown = text(story.hostile())
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    parsed = {family.name: family for family in text_string_to_metric_families(shown)}
    (info,) = parsed["watcher_account_info"].samples
    assert info.labels["account_owner"] == label_value(story.HOSTILE)


def test_label_values_stay_apart() -> None:
    """What is made visible stays distinct, so that two accounts never share a series; plain text stays as it is."""
    assert label_value("x:naïve 😀") == "x:naïve 😀"
    assert label_value("a\nb") == "a\\u000ab"
    assert label_value("a\u202eb") != label_value("ab")
    assert label_value("a\u00a0b") == "a\u00a0b"
