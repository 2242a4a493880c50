"""docs/judge.md says what the judge does: every row, every edge of the diagram, every transition."""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.judge.story import ME, OTHER, TRUMP, Story, policy
from watcher.judge.calibration import BURIED
from watcher.judge.cohort import HOLD, LEAST, WINDOW
from watcher.judge.gate import NEGATIVE_FRESH, SETTLED
from watcher.judge.policy import BLIND_AFTER, CLOSE_WATCH, GAP_AFTER
from watcher.model.finding import Certainty, Reason, Verdict, verdict_of
from watcher.model.outage import AccountState, Phase, TransitionKind

DOC = (Path(__file__).parents[3] / "docs" / "judge.md").read_text("utf-8")
Row = tuple[Phase, Verdict]
FINDINGS: tuple[tuple[Reason, dict[str, object]], ...] = (
    (Reason.PROFILE, {}),
    (Reason.PROFILE, {"stable_id": ME}),
    (Reason.PROFILE, {"stable_id": OTHER}),
    (Reason.RENAMED, {"handle": "new"}),
    (Reason.NOT_FOUND, {}),
    (Reason.SUSPENDED, {}),
    (Reason.UNAVAILABLE, {"certainty": Certainty.RESEMBLES}),
    (Reason.LOGIN_WALL, {}),
)


_FLAPPING = {TransitionKind.FLAPPING_STARTED, TransitionKind.FLAPPING_STOPPED}


@dataclass(kw_only=True)
class Explored:
    """Every phase that a row leads to, and every transition that it tells."""

    phases: defaultdict[Row, set[Phase]] = field(default_factory=lambda: defaultdict(set))
    kinds: defaultdict[Row, set[TransitionKind]] = field(default_factory=lambda: defaultdict(set))
    unwatched: set[tuple[Phase, Phase]] = field(default_factory=set)


@pytest.fixture(scope="module")
def explored() -> Explored:
    """All that can be reached by findings ten seconds apart and edits of the watchlist, with thresholds of 1 to 3."""
    explored = Explored()
    for threshold in (1, 2, 3):
        known: set[tuple[object, ...]] = set()
        waiting = [(Story.under(policy(confirm=threshold, recover=threshold)).state, 0)]
        while waiting:
            state, second = waiting.pop()
            if _likeness(state) in known:
                continue
            known.add(_likeness(state))
            waiting += [(after, second + 10) for after in _next(state, second + 10, threshold, explored)]
    return explored


def _likeness(state: AccountState) -> tuple[object, ...]:
    """What the table looks at."""
    pending = (state.last_counted is None, state.began is None, state.previous_outage_id is None, state.outage is None)
    reason = state.outage and state.outage.reason
    return (state.phase, state.n, state.r, state.next_reason, state.stable_id, state.handle, reason, *pending)


def _next(state: AccountState, second: int, threshold: int, explored: Explored) -> list[AccountState]:
    the_policy = policy(confirm=threshold, recover=threshold)
    states = []
    for reason, sides in FINDINGS:
        story = Story(account=Story.under(the_policy).account, state=state)
        kinds = story.see(reason, second, **sides)
        row = state.phase, verdict_of(reason)
        explored.phases[row].add(story.phase)
        explored.kinds[row] |= set(kinds) - _FLAPPING  # a rule over samples, beside the table
        states.append(story.state)
    story = Story(account=TRUMP, state=state)
    story.leave(second)
    explored.unwatched.add((state.phase, story.phase))
    story.come_back(second)
    return [*states, story.state]


def rows() -> dict[Row, tuple[set[Phase], set[TransitionKind]]]:
    """The rows of the document's table: where each leads and what it may tell."""
    told: dict[Row, tuple[set[Phase], set[TransitionKind]]] = {}
    for line in DOC.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) != 5 or cells[1] not in {verdict.name for verdict in Verdict}:
            continue
        for name in cells[0].split(", "):
            row = Phase[name], Verdict[cells[1]]
            assert row not in told, f"documented twice: {row}"
            becomes = {row[0]} if cells[2] == "same" else {Phase[each] for each in cells[2].split(", ")}
            told[row] = becomes, set() if cells[3] == "–" else {TransitionKind(k) for k in cells[3].split(", ")}
    return told


def test_every_row_is_documented(explored: Explored) -> None:
    """Each phase with each verdict leads where the table says, and tells what it says, no more and no less."""
    told = rows()
    assert set(told) == {(phase, verdict) for phase in Phase for verdict in Verdict}
    for row, (phases, kinds) in told.items():
        assert (row, phases) == (row, explored.phases[row])
        assert (row, kinds) == (row, explored.kinds[row])


def test_the_diagram_is_that_of_the_table(explored: Explored) -> None:
    """The diagram has the edges of the table and those of leaving the watchlist, and no other."""
    drawn = {(Phase[a], Phase[b]) for a, b in re.findall(r"^ +([A-Z_]+) --> ([A-Z_]+):", DOC, re.MULTILINE)}
    reached = {(row[0], phase) for row, phases in explored.phases.items() for phase in phases} | explored.unwatched
    assert drawn == {(a, b) for a, b in reached if a is not b}


def test_every_transition_is_documented() -> None:
    """Each kind of transition is named outside the diagram, and no name is made up."""
    text = re.sub(r"```mermaid.*?```", "", DOC, flags=re.DOTALL)
    named = set(re.findall(r"\b(?:Account|Outage|Recovery|Suspicion|Flapping)[A-Z][A-Za-z]+", text))
    assert named == {str(kind) for kind in TransitionKind}


def test_the_figures_are_the_programs() -> None:
    """The spans that the page gives are those of the code."""
    assert timedelta(minutes=5) == NEGATIVE_FRESH
    assert "within the last 5 minutes" in DOC
    assert timedelta(minutes=10) == SETTLED
    assert "stayed the same for 10 minutes" in DOC
    assert (LEAST, timedelta(minutes=5), timedelta(minutes=2)) == (5, WINDOW, HOLD)
    assert "max(5, 20 %)" in DOC
    assert "turn ABSENT within 5 minutes" in DOC
    assert "or 2 minutes more" in DOC
    assert timedelta(hours=6) == BURIED
    assert "for six hours" in DOC
    assert timedelta(minutes=15) == CLOSE_WATCH
    assert "for 15 minutes" in DOC
    assert f"no verdict for {BLIND_AFTER} × `interval`" in DOC
    assert f"more than {GAP_AFTER} × `interval` between two verdicts" in DOC
