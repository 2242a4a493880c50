"""Restarts, the clock set back across them, and edits of the watchlist."""

from dataclasses import replace

import pytest

from tests.unit.judge.story import Story, at, policy, seconds, window
from watcher.judge.policy import wait
from watcher.model.finding import Reason
from watcher.model.outage import Phase, TransitionKind, Unobserved

K = TransitionKind


def test_unobserved_from_the_heartbeat_on() -> None:
    """The time since the last heartbeat was not observed; what follows is measured from the start."""
    story = Story.up(0)
    story.restart(300, since=50)
    assert (story.state.unobserved, story.state.observed_until) == (seconds(250), at(300))
    story.see(Reason.PROFILE, 361)
    assert story.unobserved == []


@pytest.mark.parametrize("since", [None, 0.0, 30.0])
def test_unobserved_from_the_last_verdict_where_that_is_later(since: float | None) -> None:
    """A verdict after the last heartbeat, or without one, says until when there was something to see."""
    story = Story.up(30)
    story.restart(300, since=since)
    assert story.state.unobserved == seconds(270)


def test_unobserved_before_anything_was() -> None:
    """Without heartbeat and verdict there is nothing that was observed, nor a time in which it was not."""
    story = Story()
    story.restart(300)
    assert (story.state.unobserved, story.state.observed_until) == (seconds(0), at(300))


def test_restart_in_an_outage() -> None:
    """The outage stays open across a restart; the time without the program is unobserved in it too."""
    story = Story.down()
    opened = story.outage
    story.restart(400, since=85)
    assert story.outage == replace(opened, unobserved=seconds(315))
    story.see(Reason.PROFILE, 401)
    assert story.see(Reason.PROFILE, 411) == [K.OUTAGE_CLOSED]
    closed = story.happened[-1].outage
    assert closed is not None
    assert (closed.duration.min, closed.duration.max) == (seconds(19), seconds(402))


def test_restart_while_recovering() -> None:
    """The presence counted before the restart counts after it."""
    story = Story.recovering()
    story.restart(700, since=665)
    assert (story.phase, story.state.r) == (Phase.RECOVERING, 1)
    assert story.see(Reason.PROFILE, 701) == [K.OUTAGE_CLOSED]


def test_restart_while_blind() -> None:
    """A blind account's unobserved time runs on through the restart, is told of no second time, and is counted once."""
    story = Story.up(0)
    story.wait(180)
    story.restart(3700, since=3600)
    assert (story.state.unobserved, story.state.blind_since) == (seconds(0), at(180))
    assert story.wait(4000) == []
    assert story.see(Reason.PROFILE, 4100) == [K.ACCOUNT_SIGHTED]
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(0), at(4100))]
    assert story.state.unobserved == seconds(4100)


def test_silence_is_counted_from_the_start() -> None:
    """After a long stop an account is not blind before it was looked at for three intervals without a verdict."""
    story = Story.up(0)
    story.restart(10_000, since=5)
    assert story.wait(10_174) == []
    assert story.wait(10_175) == [K.ACCOUNT_BLIND]


def test_restarts_do_not_hide_a_silence() -> None:
    """Started anew every other hour while nothing is seen: told after three hours, and all of it is unobserved."""
    story = Story.under(policy(every=3600))
    story.see(Reason.PROFILE, 0)
    story.restart(7200, since=7190)
    story.see(Reason.LOGIN_WALL, 7300)
    assert story.wait(10_809) == []
    story.restart(10_810, since=10_809)
    assert story.wait(10_811) == [K.ACCOUNT_BLIND]
    assert story.see(Reason.PROFILE, 20_000) == [K.ACCOUNT_SIGHTED]
    assert story.state.unobserved == seconds(20_000)
    assert (story.state.observed, story.state.unseen) == (seconds(0), seconds(0))
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(0), at(20_000))]


def test_what_was_seen_on_both_sides_of_a_restart_is_observed_between() -> None:
    """But for the time without the program."""
    story = Story.under(policy(every=3600))
    story.see(Reason.PROFILE, 0)
    story.restart(3000, since=2990)
    story.see(Reason.PROFILE, 4000)
    assert (story.state.observed, story.state.unobserved) == (seconds(3990), seconds(10))


def test_clock_set_back_in_an_outage() -> None:
    """All stamps of the account move back together: the outage is as long as it was, and grows from there."""
    story = Story.down()
    for second in range(90, 390, 10):
        story.see(Reason.NOT_FOUND, second)
    before = story.state
    story.restart(380 - 3600, since=375)
    assert (story.phase, story.state.outage_total) == (Phase.DOWN, before.outage_total)
    assert (story.outage.began, story.outage.confirmed_at) == (window(59 - 3600, 60 - 3600), at(80 - 3600))
    assert story.outage.last_present == at(-1 - 3600)
    assert story.outage.id == "x:realdonaldtrump-20171102T230100000"
    assert wait(story.state, policy()) == seconds(10)
    story.see(Reason.NOT_FOUND, 390 - 3600)
    assert story.state.outage_total == before.outage_total + seconds(10)
    story.see(Reason.PROFILE, 400 - 3600)
    assert story.see(Reason.PROFILE, 410 - 3600) == [K.OUTAGE_CLOSED]
    closed = story.happened[-1].outage
    assert closed is not None
    assert (closed.duration.min, closed.duration.max) == (seconds(389 - 60), seconds(401))


def test_clock_set_back_under_suspicion() -> None:
    """A suspicion goes on after the clock was set back: its findings are not taken for old ones for an hour."""
    story = Story.up(0)
    story.see(Reason.NOT_FOUND, 60)
    story.see(Reason.NOT_FOUND, 70)
    story.restart(-3600)
    assert (story.phase, story.state.n, story.state.last_seen) == (Phase.SUSPECT, 2, at(-3600))
    assert (story.state.began, story.state.last_absent) == (window(59 - 3670, 60 - 3670), window(69 - 3670, -3600))
    assert story.see(Reason.NOT_FOUND, -3590) == [K.OUTAGE_OPENED]
    assert story.outage.duration.min == seconds(19)


def test_clock_set_back_while_recovering_and_blind() -> None:
    """The stamps of a return and of blindness move with the others."""
    story = Story.recovering()
    story.wait(900)
    story.restart(0, since=905)
    assert (story.state.returned, story.state.blind_since) == (window(659 - 905, 660 - 905), at(900 - 905))
    assert story.state.last_counted == at(660 - 905)


def test_clock_set_back_by_less_than_the_heartbeat() -> None:
    """The heartbeat shows a step that the account's own stamps do not."""
    story = Story.up(0)
    story.restart(40, since=50)
    assert (story.state.last_present, story.state.observed_until) == (at(-11), at(40))
    assert story.state.unobserved == seconds(0)


def test_time_off_the_watchlist_is_unobserved() -> None:
    """Time in which an account was not watched counts as neither present nor absent, in the sum and as a row."""
    story = Story.up(0)
    story.leave(30)
    story.come_back(1030)
    assert story.unobserved == [
        Unobserved(account_id=story.account.id, from_at=at(0), to_at=at(1030), cause="not watched")
    ]
    assert story.state.unobserved == seconds(1030)
    assert story.see(Reason.PROFILE, 1031) == []
    assert story.unobserved[1:] == []


def test_taken_off_and_put_back_at_once() -> None:
    """An account that was never seen has no time that could be unobserved."""
    story = Story()
    story.leave(0)
    assert story.come_back(0) == [K.ACCOUNT_REWATCHED]
    assert story.unobserved == []


def test_blindness_ends_with_the_watching() -> None:
    """Put back on the watchlist, a blind account gets three intervals before it is told of again."""
    story = Story.up(0)
    story.wait(180)
    story.leave(200)
    story.come_back(1000)
    assert (story.state.blind_since, story.state.unobserved) == (None, seconds(1000))
    assert story.wait(1179) == []
    assert story.wait(1180) == [K.ACCOUNT_BLIND]


def test_a_suspicion_is_forgotten() -> None:
    """What was suspected when it was taken off is up when it is put back, and counted anew."""
    story = Story.up(0)
    story.see(Reason.NOT_FOUND, 60)
    story.see(Reason.NOT_FOUND, 70)
    story.leave(75)
    story.come_back(100)
    assert (story.phase, story.state.n, story.state.began, story.state.since) == (Phase.UP, 0, None, at(100))
    assert story.state.last_present == at(-1)
    assert story.see(Reason.NOT_FOUND, 101) == [K.ACCOUNT_SUSPECTED]


def test_taken_off_twice() -> None:
    """What was down when it was first taken off is not up for having been taken off once more while suspected."""
    story = Story.down()
    first = story.outage.id
    story.leave(100)
    story.come_back(200)
    story.see(Reason.NOT_FOUND, 201)
    story.leave(205)
    story.come_back(300)
    assert (story.phase, story.state.began, story.state.previous_outage_id) == (Phase.SUSPECT, None, first)


def test_overlapping_answers_after_a_return() -> None:
    """Taken off while it came back and put on again: no answer that overlaps the last one is believed."""
    story = Story.recovering()
    story.leave(661)
    story.come_back(662)
    assert story.see(Reason.NOT_FOUND, 664, took=1, age=3) == []
    assert story.see(Reason.PROFILE, 664, took=4.5) == []
    assert story.phase is Phase.SUSPECT
    assert story.see(Reason.NOT_FOUND, 666) == [K.ACCOUNT_SUSPECTED]


@pytest.mark.parametrize("phase", [Phase.NEW, Phase.NEVER_SEEN])
def test_never_seen_stays_so(phase: Phase) -> None:
    """What was never seen is the same when it is put back; absences are counted anew."""
    story = Story.under(policy(confirm=1 if phase is Phase.NEVER_SEEN else 3))
    story.see(Reason.NOT_FOUND, 0)
    story.leave(1)
    story.come_back(100)
    assert (story.phase, story.state.n) == (phase, 0)


def test_an_absence_over_which_it_was_taken_off_again_and_again_counts_once() -> None:
    """Gone for four hours, edited every hour: four hours in all, though each outage may have begun with the first."""
    story = Story.down()
    for hour in range(4):
        began = 100 + 3600 * hour
        for second in range(began, began + 3500, 50):
            story.see(Reason.NOT_FOUND, second)
        story.leave(began + 3520)
        story.come_back(began + 3540)
        for second in (3550, 3560, 3570):
            story.see(Reason.NOT_FOUND, began + second)
    story.see(Reason.PROFILE, 14580)
    story.see(Reason.PROFILE, 14590)
    assert story.phase is Phase.UP
    assert story.state.outage_total <= seconds(14590)
    assert story.state.outage_total >= seconds(14000)
    assert story.state.counted_until is None


def test_off_the_list_for_long_while_gone_is_not_observed_in_the_outage() -> None:
    """Gone all the time, off the list for ten minutes: what is counted of the next outage has them as not observed."""
    story = Story.down()
    for second in range(100, 3600, 50):
        story.see(Reason.NOT_FOUND, second)
    story.leave(3600)
    story.come_back(4200)
    for second in (4201, *range(4211, 4500, 30)):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 4500)
    story.see(Reason.PROFILE, 4510)
    absent = story.state.outage_total - story.state.outage_unobserved
    assert story.state.outage_unobserved == pytest.approx(seconds(650), abs=seconds(5))
    assert seconds(0) <= story.state.observed - absent <= seconds(100)


def test_seen_before_it_was_gone_again_nothing_was_counted() -> None:
    """Taken off while it was gone, there when it was put on again: the next outage counts from its own beginning."""
    story = Story.down()
    story.leave(100)
    story.come_back(200)
    story.see(Reason.PROFILE, 210)
    counted = story.state.outage_total
    for second in (270, 280, 290):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 350)
    story.see(Reason.PROFILE, 360)
    assert story.state.outage_total - counted == pytest.approx(seconds(80), abs=seconds(15))


def test_flapping_ends_when_it_is_taken_off() -> None:
    """People were told that it is over: what is gone when it is watched again is told of."""
    story = Story.up(0)
    story.state = replace(story.state, flaps=0b10101, flaps_since=at(0), flapping_since=at(0))
    story.leave(10)
    story.come_back(20)
    assert (story.state.flaps, story.state.flaps_since, story.state.flapping_since) == (0, None, None)
