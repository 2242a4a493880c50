"""What a digest says, and that there is one a day."""

from dataclasses import replace
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.notify.story import CLOSED, EVENING, OPEN, POTUS, TITLES, TRUMP, S, account, incident, state, view
from watcher.model.annotation import Annotation
from watcher.model.digest import DigestPlan
from watcher.model.notification import IncidentKind, NotificationKind
from watcher.model.outage import EndCause, Phase, Unobserved
from watcher.model.uptime import History
from watcher.notify import render
from watcher.notify.digest import Day, digest_news, digest_of
from watcher.store.amendments import without_names
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit

NOW = EVENING + timedelta(hours=9)
SINCE = EVENING - timedelta(hours=15)
PLAN = DigestPlan(at=time(8), timezone=ZoneInfo("UTC"), channels=("desk", "slack", "desk"))
UP, DOWN = state(POTUS, Phase.UP), state(TRUMP, Phase.DOWN, outage=OPEN)


def lines(**changes: Any) -> tuple[str, ...]:
    """The digest of a day on which one account is up and one is gone."""
    made: dict[str, Any] = {"accounts": ((TRUMP, DOWN), (POTUS, UP)), "titles": TITLES, **changes}
    return told(digest_of(Day(since=SINCE, now=NOW, **made)))


def told(detail: str) -> tuple[str, ...]:
    """What the message of it says."""
    message = render(view(None, incident=incident(kind=IncidentKind.DIGEST, key="2017-11-03", detail=detail)))
    return (message.headline, *message.sentences)


def spans(account_id: str | None, *lengths: float) -> tuple[Unobserved, ...]:
    """Unobserved spans of so many minutes, an hour apart."""
    begins = [EVENING + timedelta(hours=n) for n in range(len(lengths))]
    return tuple(
        Unobserved(account_id=account_id, from_at=at, to_at=at + timedelta(minutes=minutes), cause="blind")
        for at, minutes in zip(begins, lengths, strict=True)
    )


def test_a_quiet_day() -> None:
    """Says so, and how many are watched; parts with nothing in them are left out."""
    assert lines(accounts=((POTUS, UP),)) == (
        "Nobody is gone, and nobody was",
        "Watched: 1 account; this is about the time since 2 Nov 2017 08:00:00 UTC.",
    )


def test_who_is_gone_and_who_was() -> None:
    """Since when; for how long, with the bounds; how it ended where it did not just come back."""
    was = replace(CLOSED, id="2", account_id=POTUS.id, handle_then="potus")
    other = replace(was, id="3", account_id="x:removed", handle_then="removed", end_cause=EndCause.UNWATCHED)
    old = replace(was, id="4", closed_at=SINCE - S)
    found = lines(outages=(OPEN, was, other, old))
    assert found == (
        "1 account gone now, 2 gone and back",
        "Watched: 2 accounts, 1 gone; this is about the time since 2 Nov 2017 08:00:00 UTC.",
        "GONE NOW (1)",
        "• @realDonaldTrump (X): since 2 Nov 2017 23:00:40 UTC, for 8 h 59 min (not_found)",
        "GONE AND BACK (2)",
        "• @POTUS (X): for 11 min ± 40 s from about 2 Nov 2017 23:00:20 UTC on (not_found)",
        "• @removed (X): for 11 min ± 40 s from about 2 Nov 2017 23:00:20 UTC on (not_found); no longer watched",
    )


def test_corrections_since_the_last_one() -> None:
    """What was taken back, and what became known; not what the last digest told already."""
    taken = replace(CLOSED, retracted_at=EVENING + timedelta(hours=2), retraction="a test")
    before = replace(taken, id="5", retracted_at=SINCE - S)
    note = Annotation(outage_id="6", at=EVENING + timedelta(hours=3), by="mia", cause="human error")
    noted = replace(CLOSED, id="6", closed_at=SINCE - S)
    found = lines(outages=(taken, before, noted), notes={"6": (note, replace(note, at=SINCE - S))})
    assert found[0] == "Nobody is gone, and nobody was"
    assert found[2:] == (
        "CORRECTED (2)",
        "• @realDonaldTrump (X): was not gone, 2 Nov 2017 23:00:40 UTC; a test",
        "• @realDonaldTrump (X): human error, says mia",
    )


def test_what_is_not_seen() -> None:
    """Places that cannot be observed now, and what was unobserved for longest; what hid everybody is told once."""
    platform = incident(kind=IncidentKind.PLATFORM, key="mastodon@big.example")
    egress = incident(kind=IncidentKind.EGRESS, key="local")
    blind = state(POTUS, Phase.UP, blind_since=NOW - timedelta(minutes=30))
    everybody = spans(None, 20)
    found = lines(
        accounts=((TRUMP, state(TRUMP, Phase.UP)), (POTUS, blind)),
        incidents=(platform, egress, incident()),
        histories={
            TRUMP.id: History(unobserved=(*spans(TRUMP.id, 10, 5), *everybody)),
            POTUS.id: History(unobserved=(*spans(POTUS.id, 3), *everybody)),
        },
    )
    assert found[1].startswith("Watched: 2 accounts, 1 cannot be observed;")
    assert found[2:] == (
        "CANNOT BE OBSERVED NOW (2)",
        "• Mastodon (big.example), since 2 Nov 2017 23:01:00 UTC",
        "• anything: our own network is down since 2 Nov 2017 23:01:00 UTC",
        "LONGEST UNOBSERVED (3)",
        "• all accounts, while watcher did not run or saw nothing: 20 min",
        "• @POTUS (X): 33 min",
        "• @realDonaldTrump (X): 15 min",
    )


def test_a_bad_day_is_bounded() -> None:
    """Thirty of each, then how many more; hostile text is made harmless."""
    many = [replace(OPEN, id=str(n), account_id=f"x:{n}", handle_then="\u202eevil\n" * 200) for n in range(500)]
    found = lines(outages=many)
    assert found[2] == "GONE NOW (500)"
    assert found[-1] == "• and 470 more"
    assert len(found) == 34
    assert all(len(line) <= 400 and "\n" not in line and "\u202e" not in line for line in found)


def test_one_digest_a_day_by_each_channel() -> None:
    """However often it is made: the first stays as it was told."""
    store = MemoryStore()
    for outages in ((), (OPEN,)):
        made = digest_of(Day(since=SINCE, now=NOW, accounts=((POTUS, UP),), titles=TITLES, outages=outages))
        news = digest_news(PLAN, date(2017, 11, 3), NOW, made)
        store.commit(Commit(opened=news.opened, notifications=news.notifications))
    record = store.incident("digest-2017-11-03")
    assert record is not None
    assert [row.channel for row in record.notifications] == ["desk", "slack"]
    shown = view(None, NotificationKind.ALERT, incident=record.incident, account=None)
    message = render(shown)
    assert message.headline == "Nobody is gone, and nobody was"
    assert (message.subject, message.kind) == ("Digest of 2017-11-03", NotificationKind.ALERT)
    assert message.facts == ()


def test_what_was_forgotten_is_struck_out_of_it() -> None:
    """A digest from which a name was erased, even one like our own words, says the rest."""
    told_of = account("x", "since")
    made = digest_of(Day(since=SINCE, now=NOW, accounts=((told_of, state(told_of, Phase.UP)),), outages=(OPEN,)))
    assert told(without_names(made, ["since", "realdonaldtrump"]))[0] == "1 account gone now"
    assert told("anything else") == ("Digest of 2017-11-03", "It cannot be read any more.")
