"""Invariants of the judge over random stories: truthful ones, whose bounds must hold the truth, and wild ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.judge.story import ME, OTHER, Story, at, found, policy, seconds
from watcher.judge.policy import expected, wait
from watcher.model.account import Policy
from watcher.model.finding import Certainty, Finding, Reason, Verdict
from watcher.model.outage import ZERO, AccountState, Decision, Outage, Phase, Transition, TransitionKind

K = TransitionKind
# What one step may tell, in this order; of each line at most one.
ORDER: Final = (
    {K.ACCOUNT_BLIND, K.ACCOUNT_SIGHTED},
    {K.ACCOUNT_FIRST_SEEN, K.ACCOUNT_NEVER_SEEN, K.ACCOUNT_APPEARED, K.ACCOUNT_SUSPECTED, K.RECOVERY_BEGAN},
    {K.SUSPICION_CLEARED, K.OUTAGE_OPENED, K.RECOVERY_RETRACTED, K.OUTAGE_REASON_CHANGED, K.OUTAGE_CLOSED},
    {K.ACCOUNT_REREGISTERED, K.ACCOUNT_RENAMED, K.ACCOUNT_UNWATCHED, K.ACCOUNT_REWATCHED},
)
ABSENT: Final = (Reason.NOT_FOUND, Reason.NOT_FOUND, Reason.SUSPENDED, Reason.GONE)
PRESENT: Final = (Reason.PROFILE, Reason.PROFILE, Reason.PROFILE, Reason.RENAMED)
INCONCLUSIVE: Final = (Reason.LOGIN_WALL, Reason.TIMEOUT)


@dataclass(frozen=True, kw_only=True)
class Look:
    """One fetch, begun `after` seconds; `witness` (0 … 1) says where in its window the page was as it was seen."""

    after: float
    took: float
    age: float | None
    witness: float
    barred: bool
    which: int
    certainty: Certainty
    stable_id: str | None


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Nothing comes for so many seconds, and the ticker notices."""

    after: float


@dataclass(frozen=True, kw_only=True)
class Restart:
    """The program is killed and starts again after so many seconds; the heartbeat is up to 10 s old."""

    after: float
    heartbeat: float | None


@dataclass(frozen=True, kw_only=True)
class Away:
    """The account is off the watchlist for so many seconds."""

    after: float


Event = Look | Silence | Restart | Away

waits = st.sampled_from((0.0, 0.5, 5.0, 9.5, *(10.0,) * 6, 11.0, 25.0, 60.0, 130.0, 400.0))
looks = st.builds(
    Look,
    # Now and then a fetch is begun before the last one was answered.
    after=waits | st.sampled_from((*(10.0,) * 6, -1.0, -6.0)),
    took=st.sampled_from((0.2, 1.0, 4.0, 9.0, 9.0, 9.0)),
    age=st.sampled_from((*(None,) * 6, 0.0, 1.0, 3.0, 10.0, 12.0, 59.0)),
    witness=st.sampled_from((0.0, 0.3, 0.7, 1.0)),
    barred=st.sampled_from((*(False,) * 6, True)),
    which=st.sampled_from((0, 0, 0, 0, 1, 2, 3)),
    certainty=st.sampled_from(Certainty),
    stable_id=st.sampled_from((*(None, ME) * 5, OTHER)),
)
others: tuple[st.SearchStrategy[Event], ...] = (
    st.builds(Silence, after=waits),
    st.builds(Restart, after=waits, heartbeat=st.none() | st.floats(0, 10)),
    st.builds(Away, after=waits),
)
# Mostly looks: an outage takes several, and everything else only interrupts.
events: st.SearchStrategy[Event] = st.sampled_from((*(looks,) * 20, *others)).flatmap(lambda kind: kind)
stories = st.lists(events, min_size=15, max_size=60)
policies = st.builds(
    policy,
    confirm=st.integers(1, 4),
    recover=st.integers(1, 4),
    every=st.sampled_from((5.0, 20.0, 60.0, 300.0)),
    again=st.sampled_from((1.0, 10.0, 30.0)),
)


@dataclass(frozen=True, kw_only=True)
class Truth:
    """When the page was really there: from the beginning of time, then turning at each of `turns` (seconds)."""

    turns: tuple[float, ...]

    def is_on(self, second: float) -> bool:
        """True when the page was there at `second`."""
        return sum(turn <= second for turn in self.turns) % 2 == 0

    def absence(self, second: float) -> tuple[float, float]:
        """The absence around `second`: [begin, end)."""
        begin = max(turn for turn in self.turns if turn <= second)
        return begin, min((turn for turn in self.turns if turn > second), default=float("inf"))


def turning(gaps: Sequence[float]) -> Truth:
    """A page that is there for the first of `gaps`, away for the second, and so on."""
    turns, second = [], 0.0
    for gap in gaps:
        second += gap
        turns.append(second)
    return Truth(turns=tuple(turns))


truths = st.builds(
    turning, st.lists(st.sampled_from((2.5, 14.0, 20.25, 45.1, 70.0, 97.7, 150.0, 661.3)), min_size=2, max_size=20)
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that the judge was told: the state before and after, and the instant that the page was seen at."""

    before: AccountState
    decision: Decision
    finding: Finding | None = None
    witness: float | None = None

    @property
    def took_note(self) -> bool:
        """True when a conclusive finding was not dropped."""
        return self.finding is not None and self.decision.state.last_seen != self.before.last_seen


def tell(events: Sequence[Event], truth: Truth, the_policy: Policy) -> tuple[Story, list[Told]]:
    """Play a story of which every finding is true of some instant of its window."""
    story, now = Story.under(the_policy), 0.0
    told: list[Told] = []
    for event in events:
        before, witness, finding = story.state, None, None
        match event:
            case Look():
                answered = now + event.after + event.took
                finding, witness = observed(event, truth, answered)
                story.judge(finding)
                now = max(now, answered)
            case Silence():
                now += event.after
                story.wait(now)
            case Restart():
                heartbeat = None if event.heartbeat is None else now - min(now, event.heartbeat)
                now += event.after
                story.restart(now, heartbeat)
            case Away():
                story.leave(now)
                told.append(_made(story, before, told))
                before, now = story.state, now + event.after
                story.come_back(now)
        told.append(replace(_made(story, before, told), finding=finding, witness=witness))
    return story, told


def _made(story: Story, before: AccountState, told: list[Told]) -> Told:
    known = sum(len(each.decision.transitions) for each in told)
    return Told(before=before, decision=Decision(state=story.state, transitions=tuple(story.happened[known:])))


def observed(look: Look, truth: Truth, answered: float) -> tuple[Finding, float]:
    """What a truthful answer says, and the instant that it is true of."""
    plain = found(Reason.PROFILE, answered, took=look.took, age=look.age)
    earliest, latest = ((end - at(0)).total_seconds() for end in (plain.seen.earliest, plain.seen.latest))
    witness = earliest + look.witness * (latest - earliest)
    reasons = INCONCLUSIVE if look.barred else PRESENT if truth.is_on(witness) else ABSENT
    reason = reasons[look.which % len(reasons)]
    shown = {"stable_id": look.stable_id, "handle": "new" if reason is Reason.RENAMED else None}
    return found(reason, answered, took=look.took, age=look.age, certainty=look.certainty, **shown), witness


def check_invariants(story: Story, told: Sequence[Told]) -> None:
    """What holds after every step of every story."""
    opened: list[str] = []
    for each in told:
        before, after = each.before, each.decision.state
        assert (after.outage is not None) == after.is_down == (after.phase in (Phase.DOWN, Phase.RECOVERING))
        assert after.outage is None or after.outage.is_open
        assert after.outage_total >= before.outage_total
        assert after.unobserved >= before.unobserved
        assert after.observed >= before.observed
        assert after.outage_unobserved >= before.outage_unobserved
        assert after.outage_unobserved <= after.outage_total
        if each.finding is not None and not each.finding.is_conclusive:
            assert (after.phase, after.n, after.r, after.outage) == (before.phase, before.n, before.r, before.outage)
        check_order(each.decision.transitions)
        follow(opened, each.decision.transitions)
    assert len(opened) == len(set(opened)) == story.state.outages_total


def check_order(transitions: Sequence[Transition]) -> None:
    """The transitions of one step are told in the order in which they make sense, all of one instant."""
    lines = [next(line for line, kinds in enumerate(ORDER) if transition.kind in kinds) for transition in transitions]
    assert lines == sorted(set(lines))
    assert len({transition.at for transition in transitions}) <= 1


def follow(opened: list[str], transitions: Sequence[Transition]) -> None:
    """Every OutageClosed is that of the outage opened last, each is closed once, and no two are open."""
    for transition in transitions:
        if transition.kind is K.OUTAGE_OPENED:
            assert transition.outage is not None
            assert transition.outage.is_open
            opened.append(transition.outage.id)
        elif transition.kind is K.OUTAGE_CLOSED:
            assert transition.outage is not None
            assert not transition.outage.is_open
            assert transition.outage.id == opened[-1]


def closed_of(told: Sequence[Told]) -> list[Outage]:
    """The outages that were closed."""
    happened = (transition for each in told for transition in each.decision.transitions)
    return [t.outage for t in happened if t.kind is K.OUTAGE_CLOSED and t.outage is not None]


def absences_of(outage: Outage, told: Sequence[Told]) -> list[float]:
    """The instants at which the page was seen to be away, of the findings that made the outage, in their order."""
    first = next(i for i, each in enumerate(told) if each.finding is not None and each.finding.seen == outage.began)
    seconds_of: list[float] = []
    for each in told[first:]:
        if each.took_note and each.finding is not None and each.finding.is_absent and each.witness is not None:
            seconds_of.append(each.witness)
        if outage in closed_of([each]):
            break
    return seconds_of


@settings(max_examples=150, deadline=None)
@given(stories, truths, policies)
def test_truth_lies_in_the_bounds(events: list[Event], truth: Truth, the_policy: Policy) -> None:
    """Begin, end and duration of every closed outage lie where the record says, and the invariants hold.

    The true begin is that of the absence first seen, the true end that of the absence last seen: what came and went
    between two looks cannot be known.
    """
    story, told = tell(events, truth, the_policy)
    check_invariants(story, told)
    for outage in closed_of(told):
        absences = absences_of(outage, told)
        begin, end = truth.absence(absences[0])[0], truth.absence(max(absences))[1]
        assert outage.last_present <= at(begin) <= outage.began.latest
        assert outage.duration.min <= seconds(max(absences) - absences[0])
        if outage.ended is not None:
            assert outage.duration.max is not None
            assert outage.last_absent.earliest <= at(end) <= outage.ended.latest
            assert outage.duration.min <= seconds(end - begin) <= outage.duration.max


@settings(max_examples=100, deadline=None)
@given(stories, truths, policies)
def test_confirmed_by_as_many_looks_as_the_policy_wants(events: list[Event], truth: Truth, the_policy: Policy) -> None:
    """No outage is opened before `threshold` absences, each `interval` after the last and none a copy of another."""
    _, told = tell(events, truth, the_policy)
    apart = the_policy.confirm.interval
    for index, each in enumerate(told):
        if K.OUTAGE_OPENED not in [transition.kind for transition in each.decision.transitions]:
            continue
        outage = each.decision.state.outage
        assert outage is not None
        counted: list[Finding] = []
        for finding in (t.finding for t in told[: index + 1] if t.took_note and t.finding is not None):
            if finding.seen == outage.began:
                counted = [finding]
            elif counted and finding.at - counted[-1].at >= apart and finding.seen.earliest >= counted[-1].seen.latest:
                counted.append(finding)
        assert len(counted) >= the_policy.confirm.threshold


@settings(max_examples=60, deadline=None)
@given(stories, policies)
def test_present_for_ever_is_no_outage(events: list[Event], the_policy: Policy) -> None:
    """A page that is always there is never suspected, whatever the walls, gaps, restarts and edits."""
    story, told = tell(events, Truth(turns=()), the_policy)
    check_invariants(story, told)
    assert not {K.ACCOUNT_SUSPECTED, K.OUTAGE_OPENED, K.ACCOUNT_NEVER_SEEN} & set(story.kinds)
    assert story.state.outage_total == ZERO


@settings(max_examples=60, deadline=None)
@given(stories, truths, policies)
def test_inconclusive_alone_changes_no_phase(events: list[Event], truth: Truth, the_policy: Policy) -> None:
    """However a story has gone, nothing but walls keeps the phase for ever."""
    story, _ = tell(events, truth, the_policy)
    before = story.state
    for second in range(100_000, 101_000, 50):
        assert set(story.see(Reason.LOGIN_WALL, second)) <= {K.ACCOUNT_BLIND}
    after = story.state
    assert (after.phase, after.n, after.r, after.outage) == (before.phase, before.n, before.r, before.outage)


@settings(max_examples=100, deadline=None)
@given(st.lists(looks, min_size=10, max_size=60), truths, policies, st.integers(0, 60), st.floats(0, 10))
def test_a_restart_changes_nothing_but_what_was_observed(
    events: list[Event], truth: Truth, the_policy: Policy, cut: int, heartbeat: float
) -> None:
    """A prefix replayed and resumed has the same phase, n, r and outage, and the rest goes the same way."""
    whole, _ = tell(events, truth, the_policy)
    prefix, told = tell(events[:cut], truth, the_policy)
    before = prefix.state
    now = max((each.finding.at for each in told if each.finding is not None), default=at(0))
    second = (now - at(0)).total_seconds()
    prefix.restart(second, second - heartbeat)
    assert judged(prefix.state) == judged(before)
    for index, each in enumerate(tell(events, truth, the_policy)[1]):
        if index >= cut and each.finding is not None:
            prefix.judge(each.finding)
    assert judged(prefix.state) == judged(whole.state)
    observing = {K.ACCOUNT_BLIND, K.ACCOUNT_SIGHTED}
    assert [k for k in prefix.kinds if k not in observing] == [k for k in whole.kinds if k not in observing]


def judged(state: AccountState) -> AccountState:
    """The state without what a restart may change: what was observed."""
    outage = state.outage and replace(state.outage, unobserved=ZERO)
    sums = ("unseen", "unobserved", "observed", "outage_unobserved", "unplaced", "outage_unplaced")
    state = replace(state, **dict.fromkeys(sums, ZERO))  # type: ignore[arg-type]  # real fields
    return replace(state, outage=outage, observed_until=None, blind_since=None)


@settings(max_examples=100, deadline=None)
@given(stories, truths, policies, st.floats(0, 100_000), st.none() | st.floats(0, 10), stories)
def test_a_clock_set_back_bends_nothing(
    events: list[Event], truth: Truth, the_policy: Policy, back: float, heartbeat: float | None, rest: list[Event]
) -> None:
    """With the clock set back over a restart, phase, counts and durations stay, and the invariants go on to hold."""
    story, told = tell(events, truth, the_policy)
    before = story.state
    last = max((before.last_probe_at or at(0), before.observed_until or at(0), before.since))
    second = (last - at(0)).total_seconds()
    story.restart(second - back, None if heartbeat is None else second - heartbeat)
    after = story.state
    assert (after.phase, after.n, after.r) == (before.phase, before.n, before.r)
    assert after.outage_total == before.outage_total
    assert wait(after, the_policy) == wait(before, the_policy)
    more = [Told(before=before, decision=Decision(state=after))]
    now = second - back
    for event in rest:
        if isinstance(event, Look):
            now += max(0.0, event.after) + event.took
            earlier, count = story.state, len(story.happened)
            finding, _ = observed(event, truth, now)
            story.judge(finding)
            made = Decision(state=story.state, transitions=tuple(story.happened[count:]))
            more.append(Told(before=earlier, decision=made, finding=finding))
    check_invariants(story, [*told, *more])


wild = st.builds(
    found,
    st.sampled_from(Reason),
    st.floats(-1000, 5000),
    took=st.floats(0, 1000),
    age=st.none() | st.floats(0, 1000),
    certainty=st.sampled_from(Certainty),
    stable_id=st.sampled_from((None, ME, OTHER)),
    handle=st.sampled_from((None, "new", "newer")),
)
instants = st.floats(-1000, 5000)
wild_events = st.lists(
    st.one_of(
        wild,
        wild,
        wild,
        wild,
        st.tuples(st.sampled_from(("wait", "leave", "come_back")), instants),
        st.tuples(st.just("restart"), instants, st.none() | instants),
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(wild_events, policies)
def test_total_functions(events: list[Finding | tuple[object, ...]], the_policy: Policy) -> None:
    """Whatever comes in whatever order, in time or out of it, nothing raises, and the waits stay within bounds."""
    story = Story.under(the_policy)
    for event in events:
        before = story.state
        match event:
            case Finding():
                story.judge(event)
                assert event.verdict is not Verdict.INCONCLUSIVE or story.phase is before.phase
            case (str(name), *instants):
                getattr(story, name)(*instants)
        assert story.state.outage_total >= before.outage_total
        assert (story.state.outage is not None) == story.state.is_down
        least = min(the_policy.interval, the_policy.confirm.interval, the_policy.recover.interval)
        for span in (wait(story.state, the_policy), expected(story.state, the_policy)):
            assert least <= span <= the_policy.interval
