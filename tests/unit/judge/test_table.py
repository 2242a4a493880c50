"""The transition table: every phase with every verdict, then the numbered rows of the model as stories."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.judge.story import ME, OTHER, TRUMP, Story, at, found, policy, seconds, window
from watcher.judge.machine import TABLE, outage_id
from watcher.model.account import Severity
from watcher.model.finding import Certainty, Finding, Reason, Refused, Verdict
from watcher.model.outage import ZERO, EndCause, Phase, TransitionKind
from watcher.model.uptime import History, uptime

K = TransitionKind
REASON = {
    Verdict.PRESENT: Reason.PROFILE,
    Verdict.ABSENT: Reason.NOT_FOUND,
    Verdict.INCONCLUSIVE: Reason.LOGIN_WALL,
}


def never_seen() -> Story:
    """An account that was missing from the beginning."""
    story = Story()
    for second in (0, 10, 20):
        story.see(Reason.NOT_FOUND, second)
    story.happened.clear()
    return story


def suspect() -> Story:
    """An account seen at 0 and missing at 60."""
    story = Story.up()
    story.see(Reason.NOT_FOUND, 60)
    story.happened.clear()
    return story


IN_PHASE: dict[Phase, Callable[[], Story]] = {
    Phase.NEW: Story,
    Phase.NEVER_SEEN: never_seen,
    Phase.UP: Story.up,
    Phase.SUSPECT: suspect,
    Phase.DOWN: Story.down,
    Phase.RECOVERING: Story.recovering,
}
ONE_STEP = [
    (Phase.NEW, Verdict.PRESENT, Phase.UP, [K.ACCOUNT_FIRST_SEEN]),
    (Phase.NEW, Verdict.ABSENT, Phase.NEW, []),
    (Phase.NEW, Verdict.INCONCLUSIVE, Phase.NEW, []),
    (Phase.NEVER_SEEN, Verdict.PRESENT, Phase.UP, [K.ACCOUNT_APPEARED]),
    (Phase.NEVER_SEEN, Verdict.ABSENT, Phase.NEVER_SEEN, []),
    (Phase.NEVER_SEEN, Verdict.INCONCLUSIVE, Phase.NEVER_SEEN, []),
    (Phase.UP, Verdict.PRESENT, Phase.UP, []),
    (Phase.UP, Verdict.ABSENT, Phase.SUSPECT, [K.ACCOUNT_SUSPECTED]),
    (Phase.UP, Verdict.INCONCLUSIVE, Phase.UP, []),
    (Phase.SUSPECT, Verdict.PRESENT, Phase.UP, [K.SUSPICION_CLEARED]),
    (Phase.SUSPECT, Verdict.ABSENT, Phase.SUSPECT, []),
    (Phase.SUSPECT, Verdict.INCONCLUSIVE, Phase.SUSPECT, []),
    (Phase.DOWN, Verdict.PRESENT, Phase.RECOVERING, [K.RECOVERY_BEGAN]),
    (Phase.DOWN, Verdict.ABSENT, Phase.DOWN, []),
    (Phase.DOWN, Verdict.INCONCLUSIVE, Phase.DOWN, []),
    (Phase.RECOVERING, Verdict.PRESENT, Phase.UP, [K.OUTAGE_CLOSED]),
    (Phase.RECOVERING, Verdict.ABSENT, Phase.DOWN, [K.RECOVERY_RETRACTED]),
    (Phase.RECOVERING, Verdict.INCONCLUSIVE, Phase.RECOVERING, []),
]


@pytest.mark.parametrize(("phase", "verdict", "becomes", "kinds"), ONE_STEP)
def test_every_phase_takes_every_verdict(
    phase: Phase, verdict: Verdict, becomes: Phase, kinds: list[TransitionKind]
) -> None:
    """One finding ten seconds after the last makes of each phase what the table says."""
    story = IN_PHASE[phase]()
    assert story.phase is phase
    last = story.state.last_verdict_at or at(0)
    assert story.see(REASON[verdict], (last - at(0)).total_seconds() + 10) == kinds
    assert story.phase is becomes


def test_the_table_is_whole() -> None:
    """There is one row for each phase and each conclusive verdict, and each is tried above."""
    assert set(TABLE) == {(phase, verdict) for phase in Phase for verdict in (Verdict.PRESENT, Verdict.ABSENT)}
    assert {(phase, verdict) for phase, verdict, *_ in ONE_STEP} == {(p, v) for p in Phase for v in Verdict}


# The two rules above the table.


def test_dropped_what_is_not_newer() -> None:
    """A finding that speaks of no later instant than one before it changes nothing but the time of the probe."""
    story = Story.up(100)
    before = story.state
    assert story.see(Reason.NOT_FOUND, 130, age=31) == []
    assert story.state == replace(before, last_probe_at=at(130))


def test_dropped_what_contradicts_within_the_same_window() -> None:
    """Where a cached answer contradicts the one before and overlaps it, it cannot be told which was true first."""
    story = Story.up(100, took=9)
    assert story.see(Reason.NOT_FOUND, 105, age=4.5) == []
    assert story.phase is Phase.UP
    assert story.see(Reason.NOT_FOUND, 115, age=4.5) == [K.ACCOUNT_SUSPECTED]


def test_dropped_what_comes_out_of_order() -> None:
    """Findings are ordered by their completion: one that was overtaken is dropped, whatever its verdict."""
    story = Story.up(100)
    before = story.state
    assert story.see(Reason.TIMEOUT, 99, took=10) == []
    assert story.see(Reason.PROFILE, 99) == []
    assert story.state == before


def test_overlapping_but_agreeing_is_observed() -> None:
    """A copy that agrees and is a little newer says that the account was looked at, and counts for nothing."""
    story = suspect()
    story.see(Reason.NOT_FOUND, 75, age=15)
    assert (story.state.n, story.state.observed_until) == (1, at(60))
    story.see(Reason.NOT_FOUND, 75.5, age=14.5)
    assert (story.state.n, story.state.observed_until) == (1, at(75.5))
    story.see(Reason.NOT_FOUND, 76)
    assert story.state.n == 2


def test_copies_never_confirm() -> None:
    """One cached 404, served for five minutes, is one absence, although its Age makes it look a little newer."""
    story = Story.up(0)
    for second in range(60, 360, 10):
        story.see(Reason.NOT_FOUND, second + (second % 20) / 50, age=second - 59)
        assert story.phase is Phase.SUSPECT
    assert story.state.n == 1


def test_counted_only_so_often() -> None:
    """Absences seen faster than confirm.interval confirm no sooner than those ten seconds apart."""
    story = Story.up()
    for second in range(60, 80):
        story.see(Reason.NOT_FOUND, second, took=0.5)
    assert (story.phase, story.state.n) == (Phase.SUSPECT, 2)
    assert story.see(Reason.NOT_FOUND, 80, took=0.5) == [K.OUTAGE_OPENED]


def test_dropped_for_ever_is_blind() -> None:
    """Where nothing but one old copy is served, no verdict comes, and that is told after three intervals."""
    story = Story.up(0)
    for second in range(60, 180, 60):
        assert story.see(Reason.PROFILE, second, age=second) == []
    assert story.see(Reason.PROFILE, 180, age=180) == [K.ACCOUNT_BLIND]


def test_inconclusive_counts_and_clears_nothing() -> None:
    """Walls between absences neither confirm nor take anything back."""
    story = suspect()
    for second in range(62, 70):
        assert story.see(Reason.RATE_LIMITED, second, took=0.5) == []
    assert (story.phase, story.state.n, story.state.inconclusive) == (Phase.SUSPECT, 1, 8)
    assert (story.state.verdict, story.state.reason) == (Verdict.INCONCLUSIVE, Reason.RATE_LIMITED)
    story.see(Reason.NOT_FOUND, 80)
    assert story.see(Reason.NOT_FOUND, 90) == [K.OUTAGE_OPENED]
    assert story.outage.began == window(59, 60)


# The numbered rows.


def test_row_1_first_seen() -> None:
    """The first presence makes an account UP and pins whose page it is."""
    story = Story()
    assert story.see(Reason.PROFILE, 5, stable_id=ME) == [K.ACCOUNT_FIRST_SEEN]
    assert (story.phase, story.state.stable_id, story.state.last_present) == (Phase.UP, ME, at(4))


def test_row_1_pins_only_what_is_present() -> None:
    """An id on a page that shows no profile is nobody's: the first profile is not a change of hands."""
    story = Story()
    story.see(Reason.SUSPENDED, 0, stable_id=OTHER)
    assert story.state.stable_id is None
    assert story.see(Reason.PROFILE, 10, stable_id=ME) == [K.ACCOUNT_FIRST_SEEN]
    assert story.see(Reason.PROFILE, 70, stable_id=ME) == []


def test_row_2_never_seen() -> None:
    """Three absences from the beginning are a typo or too late: told once, with the reason, and no outage."""
    story = Story()
    assert story.see(Reason.SUSPENDED, 0) == []
    assert story.see(Reason.SUSPENDED, 5) == []
    assert story.see(Reason.SUSPENDED, 10) == []
    assert story.see(Reason.SUSPENDED, 20) == [K.ACCOUNT_NEVER_SEEN]
    told = story.happened[-1].finding
    assert (story.phase, story.state.outage) == (Phase.NEVER_SEEN, None)
    assert told is not None
    assert told.reason is Reason.SUSPENDED


def test_row_3_appeared() -> None:
    """An account that was never there and now is has appeared."""
    story = never_seen()
    assert story.see(Reason.PROFILE, 80, stable_id=ME) == [K.ACCOUNT_APPEARED]
    assert (story.phase, story.state.stable_id) == (Phase.UP, ME)


def test_row_4_never_an_outage() -> None:
    """However often it is missing, what never was cannot go out, and is told of no second time."""
    story = never_seen()
    for second in range(80, 3600, 60):
        assert story.see(Reason.NOT_FOUND, second) == []
    assert (story.phase, story.state.outages_total) == (Phase.NEVER_SEEN, 0)


def test_row_5_last_present_follows() -> None:
    """Each presence moves the instant before which no outage can have begun, never back."""
    story = Story.up(0)
    story.see(Reason.PROFILE, 60)
    assert story.state.last_present == at(59)
    story.see(Reason.PROFILE, 69, took=9, age=2)
    assert (story.state.last_present, story.state.last_seen) == (at(59), at(67))


def test_row_6_suspicion() -> None:
    """The first absence is a suspicion, back-dated to its own window."""
    story = Story.up()
    assert story.see(Reason.NOT_FOUND, 60) == [K.ACCOUNT_SUSPECTED]
    assert (story.state.n, story.state.began, story.state.last_absent) == (1, window(59, 60), window(59, 60))


def test_row_7_cleared() -> None:
    """A presence clears the suspicion without a trace in the next one."""
    story = suspect()
    story.see(Reason.NOT_FOUND, 70)
    assert story.see(Reason.PROFILE, 80) == [K.SUSPICION_CLEARED]
    assert (story.phase, story.state.n, story.state.began, story.state.last_absent) == (Phase.UP, 0, None, None)
    assert story.see(Reason.NOT_FOUND, 140) == [K.ACCOUNT_SUSPECTED]
    assert (story.state.n, story.state.began) == (1, window(139, 140))


def test_row_8_still_suspect() -> None:
    """A second absence is counted and noted, and the beginning stays where it was."""
    story = suspect()
    assert story.see(Reason.NOT_FOUND, 70) == []
    assert (story.state.n, story.state.began, story.state.last_absent) == (2, window(59, 60), window(69, 70))


def test_row_9_opened() -> None:
    """The third absence opens the outage, with what was last seen before it and what the page says."""
    account = replace(TRUMP, severity=Severity.CRITICAL)
    story = suspect()
    story.account = account
    story.see(Reason.NOT_FOUND, 70)
    assert story.see(Reason.NOT_FOUND, 80, quote="Désolé, cette page n'existe pas") == [K.OUTAGE_OPENED]
    outage = story.outage
    assert story.happened[-1].outage == outage
    assert (outage.last_present, outage.began, outage.last_absent) == (at(-1), window(59, 60), window(79, 80))
    assert (outage.confirmed_at, outage.reason, outage.certainty) == (at(80), Reason.NOT_FOUND, Certainty.SHOWN)
    assert (outage.quote, outage.language) == ("Désolé, cette page n'existe pas", "fr")
    assert (outage.severity_then, outage.handle_then) == (Severity.CRITICAL, "realDonaldTrump")
    assert (outage.previous_id, story.state.outages_total) == (None, 1)
    assert outage.id == outage_id(TRUMP.id, outage.began) == "x:realdonaldtrump-20171102T230100000"
    assert outage.duration.min == seconds(19)


def test_row_10_still_down() -> None:
    """Further absences make the outage longer and nothing else."""
    story = Story.down()
    opened = story.outage
    assert story.see(Reason.NOT_FOUND, 90) == []
    assert story.outage == replace(opened, last_absent=window(89, 90))


def test_row_10_never_shorter() -> None:
    """An absence from a cache, newer but with a wider window, does not take back what was seen before."""
    story = Story.down()
    story.see(Reason.NOT_FOUND, 100, took=0.5)
    before = story.state.outage_total
    story.see(Reason.NOT_FOUND, 115, took=9, age=14)
    assert story.outage.last_absent == window(99.5, 101)
    assert story.state.outage_total == before


def test_row_10_another_reason_twice() -> None:
    """What the platform says is corrected once another explicit reason was given twice running."""
    story = Story.down()
    assert story.see(Reason.SUSPENDED, 90, quote="Account suspended") == []
    assert story.see(Reason.NOT_FOUND, 100) == []
    assert story.see(Reason.SUSPENDED, 110, quote="Account suspended") == []
    assert story.see(Reason.SUSPENDED, 120, quote="Account suspended") == [K.OUTAGE_REASON_CHANGED]
    assert story.happened[-1].detail == {"from": "not_found"}
    assert (story.outage.reason, story.outage.quote) == (Reason.SUSPENDED, "Account suspended")
    assert story.see(Reason.SUSPENDED, 130) == []


@pytest.mark.parametrize(
    "other",
    [
        found(Reason.SUSPENDED, 100, certainty=Certainty.RESEMBLES),
        found(Reason.SUSPENDED, 95.5, took=1.5, age=4),
        found(Reason.WITHHELD, 100),
    ],
    ids=["mere likeness", "the same copy again", "a third reason"],
)
def test_row_10_not_twice(other: Finding) -> None:
    """Likeness, a cached copy and a third reason are no second time."""
    story = Story.down()
    story.see(Reason.SUSPENDED, 91)
    assert story.judge(other) == []
    assert story.outage.reason is Reason.NOT_FOUND


def test_row_10_not_running_across_a_return() -> None:
    """A presence in between begins the count of another reason anew."""
    story = Story.down()
    story.see(Reason.SUSPENDED, 90)
    story.see(Reason.PROFILE, 100)
    story.see(Reason.NOT_FOUND, 110)
    assert story.see(Reason.SUSPENDED, 120) == []
    assert story.see(Reason.SUSPENDED, 130) == [K.OUTAGE_REASON_CHANGED]


def test_row_11_returning() -> None:
    """The first presence is where the outage will have ended, if it holds."""
    story = Story.down()
    assert story.see(Reason.PROFILE, 90) == [K.RECOVERY_BEGAN]
    assert (story.state.r, story.state.returned, story.outage.is_open) == (1, window(89, 90), True)


def test_row_12_retracted() -> None:
    """Missing again before it was confirmed to be back: the same outage goes on, and nothing is left of the return."""
    story = Story.recovering()
    before = story.outage
    assert story.see(Reason.NOT_FOUND, 670) == [K.RECOVERY_RETRACTED]
    assert (story.phase, story.state.r, story.state.returned) == (Phase.DOWN, 0, None)
    assert story.outage == replace(before, last_absent=window(669, 670))
    story.see(Reason.PROFILE, 680)
    assert story.see(Reason.PROFILE, 690) == [K.OUTAGE_CLOSED]
    closed = story.happened[-1].outage
    assert closed is not None
    assert closed.ended == window(679, 680)


def test_row_13_closed() -> None:
    """The second presence closes the outage at the window of the first."""
    story = Story.recovering()
    assert story.see(Reason.PROFILE, 665) == []
    assert story.state.r == 1
    assert story.see(Reason.PROFILE, 670) == [K.OUTAGE_CLOSED]
    closed = story.happened[-1].outage
    assert closed is not None
    assert (closed.ended, closed.closed_at, closed.end_cause) == (window(659, 660), at(670), EndCause.RECOVERED)
    assert story.happened[-1].detail == {"cause": "recovered"}
    assert (closed.duration.min, closed.duration.max) == (seconds(649 - 60), seconds(660 + 1))
    assert (story.phase, story.state.outage, story.state.last_present) == (Phase.UP, None, at(669))
    assert story.state.last_outage == story.state.outage_closed == story.state.outage_total == closed.duration.best


def test_row_13_copies_do_not_close() -> None:
    """One cached profile, served again, is one presence."""
    story = Story.recovering()
    for second in range(670, 900, 10):
        story.see(Reason.PROFILE, second + (second % 20) / 50, age=second - 660)
    assert (story.phase, story.state.r) == (Phase.RECOVERING, 1)


def test_row_14_inconclusive_in_an_outage() -> None:
    """A wall within an outage leaves it open, neither longer nor shorter."""
    story = Story.down()
    opened = story.outage
    for second in range(90, 200, 10):
        assert story.see(Reason.LOGIN_WALL, second) == []
    assert (story.phase, story.outage) == (Phase.DOWN, opened)


@pytest.mark.parametrize("phase", [Phase.UP, Phase.SUSPECT, Phase.DOWN, Phase.RECOVERING])
def test_row_15_reregistered(phase: Phase) -> None:
    """Another account under the handle is told of in each phase; an outage is closed at once, for that cause."""
    story = {
        Phase.UP: lambda: Story.up(stable_id=ME),
        Phase.SUSPECT: lambda: Story.up(stable_id=ME),
        Phase.DOWN: lambda: Story.down(stable_id=ME),
        Phase.RECOVERING: lambda: Story.recovering(stable_id=ME),
    }[phase]()
    if phase is Phase.SUSPECT:
        story.see(Reason.NOT_FOUND, 60)
    kinds = story.see(Reason.PROFILE, 670, stable_id=OTHER)
    assert (
        kinds
        == {
            Phase.UP: [K.ACCOUNT_REREGISTERED],
            Phase.SUSPECT: [K.SUSPICION_CLEARED, K.ACCOUNT_REREGISTERED],
            Phase.DOWN: [K.RECOVERY_BEGAN, K.OUTAGE_CLOSED, K.ACCOUNT_REREGISTERED],
            Phase.RECOVERING: [K.OUTAGE_CLOSED, K.ACCOUNT_REREGISTERED],
        }[phase]
    )
    assert (story.phase, story.state.stable_id) == (Phase.UP, OTHER)
    assert story.happened[-1].detail == {"from": ME, "to": OTHER}
    closed = [t.outage and t.outage.end_cause for t in story.happened if t.kind is K.OUTAGE_CLOSED]
    assert closed == ([EndCause.REREGISTERED] if phase in (Phase.DOWN, Phase.RECOVERING) else [])
    assert story.see(Reason.PROFILE, 730, stable_id=OTHER) == []


@pytest.mark.parametrize("stable_id", [None, ME])
def test_row_15_both_must_be_known(stable_id: str | None) -> None:
    """An answer without an id, or the first with one, changes nobody's hands; the first id is pinned."""
    story = Story.up(0, stable_id=stable_id)
    assert story.see(Reason.PROFILE, 60, stable_id=None if stable_id else ME) == []
    assert story.state.stable_id == ME


@pytest.mark.parametrize("phase", list(Phase))
def test_row_16_renamed(phase: Phase) -> None:
    """A renamed account is present, told of once under its new handle, and ends an outage at once."""
    story = IN_PHASE[phase]()
    kinds = story.see(Reason.RENAMED, 670, handle="donald")
    assert (
        kinds
        == {
            Phase.NEW: [K.ACCOUNT_FIRST_SEEN, K.ACCOUNT_RENAMED],
            Phase.NEVER_SEEN: [K.ACCOUNT_APPEARED, K.ACCOUNT_RENAMED],
            Phase.UP: [K.ACCOUNT_RENAMED],
            Phase.SUSPECT: [K.SUSPICION_CLEARED, K.ACCOUNT_RENAMED],
            Phase.DOWN: [K.RECOVERY_BEGAN, K.OUTAGE_CLOSED, K.ACCOUNT_RENAMED],
            Phase.RECOVERING: [K.OUTAGE_CLOSED, K.ACCOUNT_RENAMED],
        }[phase]
    )
    assert (story.phase, story.state.handle, story.state.account_id) == (Phase.UP, "donald", TRUMP.id)
    assert story.happened[-1].detail == {"handle": "donald"}
    closed = [t.outage and t.outage.end_cause for t in story.happened if t.kind is K.OUTAGE_CLOSED]
    assert closed == ([EndCause.RENAMED] if phase in (Phase.DOWN, Phase.RECOVERING) else [])
    assert story.see(Reason.RENAMED, 730, handle="donald") == []


def test_row_16_the_new_handle_in_the_next_outage() -> None:
    """After a rename an outage is told of under the handle that was then polled."""
    story = Story.up()
    story.see(Reason.RENAMED, 60, handle="donald")
    for second in (120, 130, 140):
        story.see(Reason.NOT_FOUND, second)
    assert (story.outage.handle_then, story.outage.account_id) == ("donald", TRUMP.id)


def test_row_16_renamed_to_nobody_knows_what() -> None:
    """A rename whose new handle is not shown is a presence."""
    story = Story.up()
    assert story.see(Reason.RENAMED, 60) == []
    assert (story.phase, story.state.handle) == (Phase.UP, None)


def test_row_17_blind_and_sighted() -> None:
    """Three intervals without a verdict make an account blind, once; the first verdict tells that it is seen again."""
    story = Story.up(0)
    for second in (60, 120, 179):
        assert story.see(Reason.LOGIN_WALL, second) == []
    assert story.see(Reason.LOGIN_WALL, 180) == [K.ACCOUNT_BLIND]
    assert (story.phase, story.state.blind_since) == (Phase.UP, at(180))
    assert story.happened[-1].detail == {"reason": "login_wall"}
    assert story.see(Reason.LOGIN_WALL, 240) == []
    assert story.wait(600) == []
    assert story.see(Reason.PROFILE, 660) == [K.ACCOUNT_SIGHTED]
    assert story.state.blind_since is None


def test_row_17_blind_without_any_finding() -> None:
    """Blindness needs no finding: nothing at all has come, since the last verdict or since it is watched."""
    unheard = Story()
    assert unheard.wait(179) == []
    assert unheard.wait(180) == [K.ACCOUNT_BLIND]
    assert (unheard.phase, unheard.happened[-1].detail) == (Phase.NEW, {})
    story = Story.up(30)
    assert story.wait(209) == []
    assert story.wait(210) == [K.ACCOUNT_BLIND]
    assert story.happened[-1].detail == {}  # the last verdict, that it was there, is no reason


def test_row_17_sighted_before_anything_else() -> None:
    """What ended the blindness is told first, with the outage as it stood before the finding's own effect."""
    story = Story.down(policy(recover=1))
    story.wait(600)
    assert story.see(Reason.PROFILE, 660) == [K.ACCOUNT_SIGHTED, K.RECOVERY_BEGAN, K.OUTAGE_CLOSED]
    sighted = next(t for t in story.happened if t.kind is K.ACCOUNT_SIGHTED)
    assert sighted.outage is not None
    assert sighted.outage.is_open


def test_row_18_gap() -> None:
    """More than two intervals between verdicts are unobserved; the last verdict and the next one bound them."""
    story = Story.up(0)
    story.see(Reason.PROFILE, 120)
    assert story.unobserved == []
    story.see(Reason.TIMEOUT, 200)
    story.see(Reason.PROFILE, 241)
    assert [(span.from_at, span.to_at) for span in story.unobserved] == [(at(120), at(241))]
    assert story.state.unobserved == seconds(121)
    assert story.state.observed == seconds(120)


def test_time_is_observed_from_the_first_sight_on() -> None:
    """What was before it is neither seen nor missed; presence and absence both count after it."""
    story = Story.up(0)
    assert story.state.observed == ZERO
    story.see(Reason.PROFILE, 60)
    story.see(Reason.NOT_FOUND, 120)
    story.see(Reason.TIMEOUT, 125)
    story.see(Reason.NOT_FOUND, 130)
    assert story.state.observed == seconds(130)
    never = Story.under(policy())
    for second in (0, 60, 120, 180):
        never.see(Reason.NOT_FOUND, second)
    assert never.phase is Phase.NEVER_SEEN
    never.see(Reason.PROFILE, 240)
    assert never.state.observed == ZERO


def test_row_18_gap_in_an_outage() -> None:
    """A gap within an outage is the outage's too; its bounds do not change by it."""
    story = Story.down()
    for second in range(90, 300, 10):
        story.see(Reason.CHALLENGE, second)
    story.see(Reason.NOT_FOUND, 300)
    assert story.state.unobserved == story.outage.unobserved == seconds(220)
    assert story.outage.duration.min == seconds(299 - 60)
    assert story.state.outage_unobserved == seconds(220)
    story.restart(320, since=310)
    assert story.state.outage_unobserved == seconds(220)
    story.see(Reason.NOT_FOUND, 321)
    assert story.state.outage_unobserved == seconds(220 + 10)
    story.see(Reason.PROFILE, 331)
    story.see(Reason.PROFILE, 341)
    story.restart(400, since=390)
    assert story.state.outage is None
    assert story.state.outage_unobserved == seconds(220 + 10)


def absent(story: Story) -> timedelta:
    """The time of absence by the counters, which is also that by the story's history, as pages and the API have it."""
    outages = tuple(t.outage for t in story.happened if t.kind is K.OUTAGE_CLOSED and t.outage is not None)
    history = History(seen_since=at(0), outages=outages, unobserved=tuple(story.unobserved))
    counted = story.state.outage_total - story.state.outage_unobserved
    assert abs(counted - uptime(history, at(0), at(1e6)).absent) <= seconds(2)
    return counted


def test_a_gap_before_an_outage_is_half_of_it_and_not_observed() -> None:
    """Nobody looked for four hours, then it was gone for five minutes: five minutes of absence, by the counters too."""
    story = Story.up(60)
    for second in range(14460, 14770, 10):
        story.see(Reason.NOT_FOUND, second)
    assert story.state.outage_unobserved == ZERO
    story.see(Reason.PROFILE, 14770)
    story.see(Reason.PROFILE, 14780)
    assert absent(story) == pytest.approx(seconds(300), abs=seconds(10))


def test_a_gap_before_the_end_is_half_of_it_and_not_observed() -> None:
    """Seen gone for two hours, not looked at for four, and back: two hours of absence."""
    story = Story.down()
    for second in range(90, 7200, 50):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 7190 + 14400)
    assert story.see(Reason.PROFILE, 7200 + 14400) == [K.OUTAGE_CLOSED]
    assert absent(story) == pytest.approx(seconds(7160), abs=seconds(20))


def test_a_gap_before_a_return_that_did_not_last_is_all_within_the_outage() -> None:
    """What lies between two absences was not observed, whatever one look in between had shown."""
    story = Story.down()
    story.see(Reason.PROFILE, 1000)
    story.see(Reason.NOT_FOUND, 2000)
    for second in range(2050, 2400, 50):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 2400)
    story.see(Reason.PROFILE, 2410)
    assert absent(story) == pytest.approx(seconds(425), abs=seconds(15))


def test_a_gap_within_a_suspicion_is_the_outages_when_it_ends() -> None:
    """Three absences, with twenty minutes of walls between the first and the second."""
    story = Story.up(0)
    for second in (60, 1260, 1270, 1280, 1330):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 1380)
    story.see(Reason.PROFILE, 1390)
    assert absent(story) == pytest.approx(seconds(120), abs=seconds(15))


def test_a_suspicion_that_is_cleared_leaves_nothing_over() -> None:
    """What was not observed before it belongs to no later outage."""
    story = Story.up(0)
    for second in (1000, 1010):
        story.see(Reason.NOT_FOUND, second)
    story.see(Reason.PROFILE, 1020)
    assert (story.state.unplaced, story.state.outage_unplaced) == (ZERO, ZERO)


def test_row_19_refused_is_inconclusive() -> None:
    """What the gate refused changes nothing, whatever it was before."""
    story = Story.up()
    refused = replace(
        found(Reason.CONTROL_FAILED, 60),
        refused=Refused(verdict=Verdict.ABSENT, reason=Reason.NOT_FOUND, why="no positive control was present"),
    )
    assert story.judge(refused) == []
    assert story.phase is Phase.UP


def test_row_20_restart() -> None:
    """A restart keeps phase, n, r and the outage; the time without the program is unobserved, and nothing is told."""
    story = suspect()
    story.see(Reason.NOT_FOUND, 70)
    story.restart(300, since=75)
    assert (story.phase, story.state.n) == (Phase.SUSPECT, 2)
    assert story.state.unobserved == seconds(225)
    assert story.see(Reason.NOT_FOUND, 301) == [K.OUTAGE_OPENED]
    assert story.outage.began == window(59, 60)
    assert story.unobserved == []


def test_row_21_unwatched_up() -> None:
    """What is taken off the watchlist while it is up or suspected stays as it is."""
    story = suspect()
    before = story.state
    assert story.leave(65) == [K.ACCOUNT_UNWATCHED]
    assert story.state == before
    assert story.happened[-1].detail == {"phase": "suspect"}


@pytest.mark.parametrize("story", [Story.down(), Story.recovering()], ids=["down", "recovering"])
def test_row_21_unwatched_down(story: Story) -> None:
    """An open outage ends with the watching: its end is not known, and what was seen of it counts."""
    opened = story.outage
    assert story.leave(700) == [K.OUTAGE_CLOSED, K.ACCOUNT_UNWATCHED]
    closed = story.happened[0].outage
    assert closed == replace(opened, closed_at=at(700), end_cause=EndCause.UNWATCHED)
    assert closed is not None
    assert (closed.ended, closed.duration.max) == (None, None)
    assert story.state.outage_total == opened.duration.min
    assert (story.phase, story.state.r, story.state.returned) == (Phase.SUSPECT, 0, None)


def test_row_22_still_down() -> None:
    """Watched again and still missing: a new outage after a whole confirmation, which names the one before."""
    story = Story.down()
    first = story.outage
    story.leave(100)
    assert story.come_back(1000) == [K.ACCOUNT_REWATCHED]
    assert (story.phase, story.state.n, story.state.began) == (Phase.SUSPECT, 0, None)
    assert story.see(Reason.NOT_FOUND, 1001) == [K.ACCOUNT_SUSPECTED]
    story.see(Reason.NOT_FOUND, 1011)
    assert story.see(Reason.NOT_FOUND, 1021) == [K.OUTAGE_OPENED]
    assert (story.outage.previous_id, story.outage.last_present) == (first.id, first.last_present)
    assert story.outage.id != first.id
    assert story.state.previous_outage_id is None


def test_row_22_back_again() -> None:
    """Watched again and seen: up, without a word, and the outage before is history."""
    story = Story.down()
    story.leave(100)
    story.come_back(1000)
    assert story.see(Reason.PROFILE, 1001) == []
    assert (story.phase, story.state.previous_outage_id) == (Phase.UP, None)


def test_row_22_new_policy() -> None:
    """An edit keeps the state; the new thresholds hold from the next finding on."""
    story = suspect()
    story.see(Reason.NOT_FOUND, 70)
    story.account = replace(TRUMP, policy=policy(confirm=4))
    assert story.see(Reason.NOT_FOUND, 80) == []
    story.account = replace(TRUMP, policy=policy(confirm=2))
    assert story.see(Reason.NOT_FOUND, 85) == []
    assert story.see(Reason.NOT_FOUND, 90) == [K.OUTAGE_OPENED]


def test_row_23_thresholds_of_one() -> None:
    """One absence opens, one presence closes: both transitions of each, in order."""
    story = Story.up(0, policy(confirm=1, recover=1))
    assert story.see(Reason.GONE, 60) == [K.ACCOUNT_SUSPECTED, K.OUTAGE_OPENED]
    assert (story.outage.began, story.outage.last_absent) == (window(59, 60), window(59, 60))
    assert story.see(Reason.PROFILE, 70) == [K.RECOVERY_BEGAN, K.OUTAGE_CLOSED]
    assert story.state.last_outage == seconds(71) / 2
    unseen = Story.under(policy(confirm=1))
    assert unseen.see(Reason.NOT_FOUND, 0) == [K.ACCOUNT_NEVER_SEEN]
