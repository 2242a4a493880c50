"""Messages about many: who is named, what was seen of them, and where all are."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from multidict import MultiDict

from tests.unit.notify.story import CLOSED, EVENING, OPEN, S, account, incident, view
from watcher.model.finding import Reason
from watcher.model.notification import IncidentKind, Message, NotificationKind
from watcher.model.outage import Outage
from watcher.notify.channels.letter import plain_text
from watcher.notify.render import render
from watcher.notify.texts import Texts, texts_of
from watcher.notify.trial import texts_for
from watcher.settings.values import EmailChannel, LogChannel, Mailbox, Tls
from watcher.web.pages.outages import parse_outages

BOX = Mailbox(local="desk", domain="newsroom.example")
MAIL = texts_for(EmailChannel(name="mail", host="smtp.example", port=25, tls=Tls.NONE, sender=BOX, to=(BOX,)))
LINES = texts_for(LogChannel(name="log"))
KINDS = pytest.mark.parametrize("kind", [IncidentKind.COHORT, IncidentKind.GROUP])


def gone(count: int) -> tuple[Outage, ...]:
    """Outages, one a second; every third account is suspended."""
    return tuple(
        replace(
            OPEN,
            id=f"o{place}",
            account_id=f"x:m{place:03}",
            handle_then=f"m{place:03}",
            confirmed_at=OPEN.confirmed_at + place * S,
            reason=Reason.NOT_FOUND if place % 3 else Reason.SUSPENDED,
        )
        for place in range(count)
    )


def told(
    kind: IncidentKind,
    outages: Iterable[Outage],
    news: NotificationKind = NotificationKind.ALERT,
    texts: Texts = LINES,
) -> Message:
    """What is said of them."""
    seen = view(
        None,
        news,
        incident=replace(
            incident(), kind=kind, key="x#20171102T230040000" if kind is IncidentKind.COHORT else "desk{}"
        ),
        account=None,
        owner=None,
        others=(),
        outages=tuple(outages),
        accounts={f"x:m{place:03}": account("x", f"m{place:03}") for place in range(200)},
        watched_there=300,
        public_url="https://watcher.example/",
    )
    return render(seen, texts)


def named(message: Message) -> list[str]:
    """Whom it names, in this order."""
    words = plain_text(message).replace(",", " ").split()
    return list(dict.fromkeys(word.removesuffix(".") for word in words if word.startswith("@m")))


@KINDS
def test_an_update_names_first_who_joined_last(kind: IncidentKind) -> None:
    """Those who were named before are those who are counted; the thread of mail stays that of the first."""
    alert, update = told(kind, gone(14)), told(kind, gone(20), NotificationKind.UPDATE)
    assert named(alert) == [f"@m{place:03}" for place in range(12)]

    assert named(update) == [f"@m{place:03}" for place in range(19, 7, -1)]
    assert update.subject == alert.subject


@KINDS
def test_a_mail_names_many(kind: IncidentKind) -> None:
    """Up to a hundred: there is room, and none of it is cut."""
    assert len(named(told(kind, gone(90), texts=MAIL))) == 90
    message = told(kind, gone(130), texts=MAIL)
    assert len(named(message)) == 100
    assert " and 30 more" in plain_text(message)


@KINDS
def test_what_was_seen_of_them(kind: IncidentKind) -> None:
    """How many are suspended, and how many not found."""
    some = gone(20)
    assert dict(told(kind, some).facts)["What was seen"] == "13 not found, 7 suspended"
    one = (replace(some[1], reason=Reason.UNAVAILABLE), *some[2:])
    french = told(kind, one, texts=texts_of("fr"))
    assert dict(french.facts)["Constaté"] == "12 introuvables, 6 suspendus, 1 non disponible"


def test_a_group_that_says_it_of_each_does_not_say_it_again() -> None:
    """The sum is for those who are not named."""
    assert "What was seen" not in dict(told(IncidentKind.GROUP, gone(12)).facts)


@KINDS
def test_a_link_to_them_all(kind: IncidentKind) -> None:
    """The page of outages understands it; it lists those who are back too."""
    [(label, url)] = told(kind, (*gone(3), replace(CLOSED, account_id="x:m100", handle_then="m100"))).links
    assert label == "All outages since then"
    assert url == "https://watcher.example/outages?platform=x&since=2017-11-02T23:00:40"
    asked = parse_outages(MultiDict(parse_qsl(urlsplit(url).query)), EVENING + timedelta(days=1)).asked
    assert (asked["platform"], asked["since"]) == ("x", (EVENING + 40 * S).astimezone(UTC))
    [(_, url)] = told(kind, (*gone(3), replace(OPEN, account_id="github:m100"))).links
    assert url == "https://watcher.example/outages?since=2017-11-02T23:00:40"
