"""kill -9 before and after each step of commit, claim, send and mark: nothing is lost, at most the same is told twice.

docs/crash-safety.md has the table; the tests keep it, the list below and what the program really does in step.
"""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.process.crashes import Ending, Town, Watched, assert_gaps_are_unobserved, assert_nothing_is_lost
from tests.process.failpoints import points
from watcher.demo.answers import Page

DOC: Final = Path(__file__).parents[2] / "docs" / "crash-safety.md"
SPEED: Final = 10
AT_ONCE: Final = 8
POLICY: Final = "interval: 15s, confirm: {threshold: 2, interval: 2s}, recover: {threshold: 2, interval: 2s}"

_FOLDER = ("mkdir evidence/ab/", "fsync evidence/")
_HALVES = ("write half of page.tmp", "write half of page.tmp (2)")
_PAGE = (*_FOLDER, "create page.tmp", *_HALVES, "fsync page.tmp", "rename page.tmp")
_CHAIN = ("SELECT transition (2)", "SELECT forgotten", "INSERT transition")
_TRANSITION = ("INSERT account_state", "SELECT transition", *_CHAIN)
_EVIDENCE = ("INSERT evidence", "SELECT transition (3)", "INSERT transition_evidence", "SELECT incident")
_CLAIM = ("BEGIN", "SELECT notification", "UPDATE notification", "COMMIT")
_MARK = ("BEGIN", "UPDATE notification", "INSERT delivery", "UPDATE notification (2)", "COMMIT")

# Whether some seconds were not observed, or a sample goes along, depends on the machine.
SOMETIMES: Final = ("INSERT unobserved", "INSERT sample")
STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "commit AccountSuspected": (*_PAGE, "fsync evidence/ab/", "BEGIN", *_TRANSITION, *_EVIDENCE, "COMMIT"),
    "commit OutageOpened": (
        *("fsync evidence/ab/", "BEGIN", "INSERT outage", *_TRANSITION, *_EVIDENCE),
        *("INSERT incident", "INSERT notification", "COMMIT"),
    ),
    "claim alert": _CLAIM,
    "send alert": ("POST",),
    "mark alert": _MARK,
    "commit OutageClosed": (
        *("BEGIN", "INSERT outage", *_TRANSITION, *_EVIDENCE[:-1]),
        *("UPDATE incident", "SELECT incident", "SELECT notification"),
        *("INSERT notification", "COMMIT"),
    ),
    "claim resolved": _CLAIM,
    "send resolved": ("POST",),
    "mark resolved": _MARK,
}
# Where Slack takes the alert only once the account is back, it tells the end as well: there is nothing else to tell.
LATE_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "mark alert with its end": _MARK,
}
POINTS: Final = points(STEPS)
LATE_POINTS: Final = points(LATE_STEPS)
UNDISTURBED, UNDISTURBED_LATE = "undisturbed", "undisturbed, late"
# Between what Slack took and the mark that it did: it is sent again.
TWICE: Final = {
    kind: {
        f"send {kind}: after",
        *(f"mark {kind}: before {step}" for step in _MARK),
    }
    for kind in ("alert", "resolved")
}
LATE_TWICE: Final = {*LATE_POINTS} - {"mark alert with its end: after"}


async def _play(town: Town, number: int, point: str) -> Ending:
    """One account goes and comes back; who watches it dies at the point."""
    late = point in (*LATE_POINTS, UNDISTURBED_LATE)
    at = None if point in (UNDISTURBED, UNDISTURBED_LATE) else point
    alerts, ends = 1 + (at in TWICE["alert"]), 1 + (at in TWICE["resolved"] or at in LATE_TWICE)
    async with Watched(town, f"victim{number:03}", POLICY) as watched:
        if late:
            town.slack.refused.add(watched.handle)
        await watched.start(at)
        await watched.until(lambda: watched.count("AccountFirstSeen") == 1, "it is seen")
        town.platform.set(watched.handle, Page.MISSING_FR)
        if late:
            await watched.until(lambda: watched.count("OutageOpened") == 1, "it is stored")
        else:
            await watched.until(lambda: watched.told("alert") == alerts, f"the alert is told {alerts} times")
        town.platform.set(watched.handle, Page.PRESENT)
        await watched.until(lambda: watched.told("resolved") == ends, f"the end is told {ends} times")
        await watched.until(watched.all_is_told, "nothing is left to tell")
        await watched.until(lambda: bool(watched.gaps) or at is None, "it was killed")
        await watched.until(watched.is_up_again, "it is up again")
    return watched.ending()


async def _play_all(directory: Path) -> dict[str, Ending | BaseException]:
    wanted = (UNDISTURBED, UNDISTURBED_LATE, *POINTS, *LATE_POINTS)
    turn = asyncio.Semaphore(AT_ONCE)
    async with Town(directory, SPEED) as town:

        async def play(number: int, point: str) -> Ending:
            async with turn:
                return await _play(town, number, point)

        found = await asyncio.gather(*(play(n, point) for n, point in enumerate(wanted)), return_exceptions=True)
    return dict(zip(wanted, found, strict=True))


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending | BaseException]:
    """How every story ended, played all beside one another."""
    return asyncio.run(_play_all(tmp_path_factory.mktemp("crashes")))


def _ending(endings: dict[str, Ending | BaseException], point: str) -> Ending:
    found = endings[point]
    if isinstance(found, BaseException):
        raise found
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_loses_nothing(endings: dict[str, Ending | BaseException], point: str) -> None:
    """It died there, once; the outage is recorded whole, both messages came, and twice only what was sent unmarked."""
    ending = _ending(endings, point)
    assert len(ending.gaps) == 1
    assert_nothing_is_lost(ending)
    assert_gaps_are_unobserved(ending)
    kinds = [key.rpartition("/")[2] for key in ending.keys]
    assert kinds == ["alert"] * (1 + (point in TWICE["alert"])) + ["resolved"] * (1 + (point in TWICE["resolved"]))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", LATE_POINTS)
def test_a_kill_when_the_whole_story_was_told_at_once(endings: dict[str, Ending | BaseException], point: str) -> None:
    """What was told with its end is told so again if it was not marked, under the same key, and nothing after it."""
    ending = _ending(endings, point)
    assert len(ending.gaps) == 1
    assert_nothing_is_lost(ending)
    assert [key.rpartition("/")[2] for key in ending.keys] == ["resolved"] * (1 + (point in LATE_TWICE))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("story", "steps"), [(UNDISTURBED, STEPS), (UNDISTURBED_LATE, LATE_STEPS)])
def test_the_points_are_all_that_there_are(
    endings: dict[str, Ending | BaseException], story: str, steps: Mapping[str, tuple[str, ...]]
) -> None:
    """A run in which nobody dies passes exactly these, in this order within each operation."""
    ending = _ending(endings, story)
    passed = [point for point in ending.passed if not point.endswith(SOMETIMES)]
    for operation in steps:
        took = [point for point in passed if point.startswith(f"{operation}: ")]
        assert took == points({operation: steps[operation]})
    if story == UNDISTURBED:
        assert {point.partition(": ")[0] for point in passed} == set(steps)


def test_the_documented_table_has_these_points() -> None:
    """Each operation with its steps, in order, and no other."""
    rows = re.findall(r"^\| \*\*(.+?)\*\* \| (.+?) \|", DOC.read_text("utf-8"), re.MULTILINE)
    told = {operation: tuple(re.findall(r"`([^`]+)`", steps)) for operation, steps in rows}
    assert told == {**STEPS, **LATE_STEPS}
