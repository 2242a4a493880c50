"""What a message may speak of: from memory, and from the record where memory has nothing any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit import town
from tests.unit.notify import story
from watcher.model.account import Account
from watcher.model.notification import Incident, IncidentKind, Notification, NotificationKind, NotificationState
from watcher.model.outage import EndCause
from watcher.notify import View, render
from watcher.run.showing import view_of, withheld
from watcher.store.values import IncidentRecord

FORUM = story.account(
    "generic", "alice", instance="https://forum.example/u/{handle}", url="https://forum.example/u/alice"
)
NEWSROOM = story.account("mastodon", "newsroom", instance="social.example", url="https://social.example/@newsroom")
LEFT = town.account("bob")


def view(kind: NotificationKind, named: Account | None, *watched: Account) -> View:
    """What is told of the outage of FORUM or NEWSROOM while `watched` are watched."""
    about = named or FORUM
    over = kind is NotificationKind.RESOLVED
    outage = replace(
        story.CLOSED if over else story.OPEN,
        account_id=about.id,
        handle_then=about.handle,
        end_cause=EndCause.UNWATCHED if over else None,
    )
    incident = story.incident(outage, key=about.id)
    told = Notification(
        incident_id=incident.id,
        route="all",
        channel="desk",
        kind=kind,
        dedup_key="k",
        event_at=story.EVENING,
        due_at=story.EVENING,
    )
    record = IncidentRecord(incident=incident, outage=outage, notifications=(told,), account=named)
    return view_of(record, told, town.book(*watched), None, story.EVENING + timedelta(hours=1))


@pytest.mark.parametrize(
    ("account", "subject"),
    [(FORUM, "alice (forum.example) unavailable"), (NEWSROOM, "@newsroom (mastodon (social.example)) unavailable")],
    ids=["generic", "mastodon"],
)
def test_the_subject_stays_when_the_account_is_taken_off_the_list(account: Account, subject: str) -> None:
    """A thread of mail is held together by it; the link to the profile stays as well."""
    alert = render(view(NotificationKind.ALERT, account, account, LEFT))
    end = render(view(NotificationKind.RESOLVED, account, LEFT))
    assert (alert.subject, end.subject) == (subject, subject)
    assert ("Profile", account.url) in end.links


def test_of_who_is_not_watched_only_the_name_is_known() -> None:
    """Neither an owner nor the owner's other accounts are spoken of: the list says nothing of them any more."""
    sibling = story.account("town", "bob")
    assert view(NotificationKind.ALERT, FORUM, FORUM, sibling).others != ()
    seen = view(NotificationKind.RESOLVED, FORUM, sibling)
    assert (seen.account, seen.owner, seen.others, seen.new_handle) == (FORUM, None, (), None)


def test_what_is_watched_now_comes_before_the_record() -> None:
    """The entry as it is now, not as it was stored: an edit may be on its way."""
    moved = replace(FORUM, url="https://forum.example/users/alice")
    outage_view = view(NotificationKind.ALERT, FORUM, moved)
    assert outage_view.account == moved


def test_a_group_waits_for_who_has_joined_it_and_is_not_stored_yet() -> None:
    """The record is older than what is known; what went out would never tell of who is left out. Not for ever."""
    book, first = town.book(LEFT), replace(story.OPEN, id="o1", account_id=FORUM.id)
    second = replace(story.OPEN, id="o2", account_id=LEFT.id)
    group = replace(story.incident(), id="desk-o1", kind=IncidentKind.GROUP, key='desk{owner="mayor"}')
    book.note([group], [(group.id, "o1"), (group.id, "o2")], [])
    book.states[LEFT.id] = replace(book.states[LEFT.id], outage=second)
    told = row_of(group)
    now = second.confirmed_at + timedelta(seconds=5)
    read = IncidentRecord(incident=group, outage=None, notifications=(told,), outages=(first,))
    waits = withheld(read, told, book, now)
    assert waits is not None
    assert waits.until == now + timedelta(seconds=1)
    assert withheld(replace(read, outages=(first, second)), told, book, now) is None
    assert withheld(read, told, book, now + timedelta(hours=1)) is None  # the store refuses it


def test_what_is_sent_again_by_hand_is_told_though_the_account_comes_and_goes() -> None:
    """Else it would be left out for good where it is over, and nobody would know why."""
    book, closed = town.book(LEFT), replace(story.CLOSED, account_id=LEFT.id)
    book.states[LEFT.id] = replace(book.states[LEFT.id], flapping_since=closed.confirmed_at)
    incident = story.incident(closed, key=LEFT.id)
    told = row_of(incident)
    record, now = IncidentRecord(incident=incident, outage=closed, notifications=(told,)), story.EVENING
    left_out = withheld(record, told, book, now)
    assert left_out is not None
    assert left_out.until is None
    assert withheld(record, replace(told, resent_at=now), book, now) is None


def test_who_came_and_went_may_be_gone_for_good() -> None:
    """While it comes and goes nobody is told of its outages, but of one that lasts for three intervals people are."""
    book, gone = town.book(LEFT), replace(story.OPEN, account_id=LEFT.id)
    book.states[LEFT.id] = replace(book.states[LEFT.id], flapping_since=gone.confirmed_at)
    row = row_of(story.incident(gone, key=LEFT.id))
    record = IncidentRecord(incident=story.incident(gone, key=LEFT.id), outage=gone, notifications=(row,))
    early, late = (gone.confirmed_at + looks * LEFT.policy.interval for looks in (2.9, 3))
    assert withheld(record, row, book, early) is not None
    assert withheld(record, row, book, late) is None


@pytest.mark.parametrize(("kind", "is_told"), [(NotificationKind.UPDATE, True), (NotificationKind.REMINDER, False)])
def test_a_mass_event_that_stands_still_is_no_news(kind: NotificationKind, is_told: bool) -> None:
    """Who joined was in the last message: no update says the same again, but to who is left; a reminder does."""
    incident = replace(story.incident(None), kind=IncidentKind.COHORT, key="x#1")
    alert = replace(row_of(incident), state=NotificationState.DELIVERED, delivered_at=story.EVENING + 90 * story.S)
    news = replace(row_of(incident), kind=kind, dedup_key="news")
    book, now = town.book(LEFT), story.EVENING + 200 * story.S
    standing = IncidentRecord(incident=incident, outage=None, outages=(story.OPEN,), notifications=(alert, news))
    assert (withheld(standing, news, book, now) is not None) == is_told
    left = replace(news, delivered_at=now, recipients=("b@x.example",))
    assert withheld(replace(standing, notifications=(alert, left)), left, book, now) is None
    later = replace(story.OPEN, id="2", confirmed_at=story.EVENING + 100 * story.S)
    assert withheld(replace(standing, outages=(story.OPEN, later)), news, book, now) is None


def row_of(incident: Incident) -> Notification:
    """The alert of an incident."""
    return Notification(
        incident_id=incident.id,
        route="desk",
        channel="slack",
        kind=NotificationKind.ALERT,
        dedup_key="k",
        event_at=story.EVENING,
        due_at=story.EVENING,
    )


def test_of_who_was_forgotten_the_id_is_left() -> None:
    """Nothing is stored and nothing watched: the name is made of the id, as far as that goes."""
    assert view(NotificationKind.RESOLVED, None, LEFT).name == "@alice"
