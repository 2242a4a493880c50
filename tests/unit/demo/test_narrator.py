"""The demo as a person sees it: the whole story in virtual time, and what it says when things go otherwise."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import cast

import pytest

from tests.fakes.virtual_time import VirtualClock, VirtualLoop, run_virtual
from tests.unit.store.samples import account, closed, finding, outage, stamp, state, transition
from watcher.app import App
from watcher.demo.narrator import WIDTH, Teller, Tone
from watcher.demo.sink import Received
from watcher.demo.story import BEGINS, Ending, Story
from watcher.look.examining import Examined
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.finding import Reason, Refused
from watcher.model.outage import Decision, Phase, TransitionKind
from watcher.model.record import instant
from watcher.store.values import IncidentRecord

ELEVEN = timedelta(minutes=11)


class Heard:
    """Keeps what a Teller says."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Tone]] = []

    def __call__(self, line: str, tone: Tone) -> None:
        self.lines.append((line, tone))

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(line for line, _ in self.lines)

    def index(self, part: str) -> int:
        """Where the first line with that part is."""
        return next(place for place, (line, _) in enumerate(self.lines) if part in line)


class InVirtualTime(Teller):
    """Tells the loop when an answer may be on its way, and who waits when the story is over."""

    def __init__(self, heard: Heard, *, stays: bool) -> None:
        super().__init__(heard, speed=60, stays=stays)
        self.over = asyncio.Event()

    def ready(self, story: Story, app: App) -> None:
        loop = cast("VirtualLoop", asyncio.get_running_loop())
        loop.is_expecting = lambda: bool(app.prober.in_flight or app._telling.is_sending)
        super().ready(story, app)

    def ended(self, ending: Ending) -> None:
        super().ended(ending)
        self.over.set()


async def _play(teller: Teller, stop: asyncio.Event, *, once: bool) -> Ending:
    loop = cast("VirtualLoop", asyncio.get_running_loop())
    loop.is_expecting = lambda: True
    story = Story(speed=60, port=0, narrator=teller)
    story.clock = VirtualClock(BEGINS)
    return await story.play(once=once, stop=stop)


@pytest.fixture(scope="module")
def told() -> tuple[Heard, Ending]:
    """The whole story, played once for all tests. It stays after its end until it is stopped."""
    heard = Heard()

    async def story() -> Ending:
        stop, teller = asyncio.Event(), InVirtualTime(heard, stays=True)
        playing = asyncio.create_task(_play(teller, stop, once=False))
        await teller.over.wait()
        await asyncio.sleep(30)
        assert not playing.done()
        stop.set()
        return await playing

    return heard, run_virtual(story())


def test_the_story_ends_well(told: tuple[Heard, Ending]) -> None:
    """The truth within the bounds, both messages delivered; the person is told so."""
    heard, ending = told
    assert ending.is_good
    assert heard.lines[heard.index("The truth lies within the bounds")][1] is Tone.GOOD
    record = ending.to_record()
    assert record["truth_seconds"] == 660
    assert record["duration_seconds"]["min"] <= 660 <= record["duration_seconds"]["max"]
    assert instant(BEGINS) < record["began_at"] < record["confirmed_at"] < record["ended_at"]
    assert record["account"] == "x:realdonaldtrump"
    assert [(n["kind"], n["state"]) for n in record["notifications"]] == [
        ("alert", "delivered"),
        ("resolved", "delivered"),
    ]


def test_things_are_told_in_their_order(told: tuple[Heard, Ending]) -> None:
    """The truth, the suspicion, the controls, the gate, each look, the alert, the growing outage, and back."""
    heard, _ = told
    parts = (
        "@realDonaldTrump is there",
        "@realDonaldTrump disappears",
        "suspicion: the page of @realDonaldTrump now says",
        "«Désolé, cette page n'existe pas» (French)",
        "which always exists: present",
        "which nobody has: absent",
        "gate        admitted: the page itself says so",
        "1 of 3 looks agree",
        "2 of 3 looks agree",
        "3 of 3 looks agree: @realDonaldTrump is gone",
        "@realDonaldTrump is not available on X",
        "is gone for at least 1 min",
        "is gone for at least 9 min",
        "@realDonaldTrump is there again",
        "recovery: @realDonaldTrump is seen again, 1 of 2 looks",
        "2 of 2 looks agree: @realDonaldTrump is back after 11 min",
        "@realDonaldTrump is back on X after 11 min",
        "the truth  11 min, by the platform's own log",
        "The record: http://127.0.0.1:",
        "Ctrl-C ends it. `watcher run` watches your own list.",
    )
    places = [heard.index(part) for part in parts]
    assert places == sorted(places)


def test_the_truth_is_marked_as_such(told: tuple[Heard, Ending]) -> None:
    """Twice, in a tone of its own; nothing else speaks in it before the end."""
    heard, _ = told
    truths = [line for line, tone in heard.lines if tone is Tone.TRUTH]
    assert [line[:21] for line in truths[:2]] == ["23:00:17  THE TRUTH  ", "23:11:17  THE TRUTH  "]
    assert len(truths) == 3


def test_messages_are_shown_whole(told: tuple[Heard, Ending]) -> None:
    """Headline, sentences with the owner's other account, quote, facts, link; no markup of Slack's."""
    heard, ending = told
    start = heard.index("a message arrives")
    message = [line for line, _ in heard.lines[start + 1 :]]
    message = message[: message.index("")]
    assert all(line.startswith("          | ") for line in message)
    whole = "\n".join(message)
    assert ending.record is not None
    for part in (
        "Other accounts of Donald J. Trump: @POTUS on X is still up.",
        "Visitors see (French): “Désolé, cette page n'existe pas”",
        "Missing since: between 2 Nov 2017 ",
        "Profile: https://x.com/realDonaldTrump",
    ):
        assert part in whole
    assert re.search(r"Evidence hash: [0-9a-f]{20}$", whole, re.MULTILINE)
    assert not re.search(r"<!date|&lt;|\*", whole)


def test_the_growing_outage_is_told_once_a_minute(told: tuple[Heard, Ending]) -> None:
    """With how the owner's other account stands."""
    heard, _ = told
    growing = [line for line, _ in heard.lines if "is gone for" in line]
    assert all(line.endswith("; @POTUS is up") for line in growing)
    minutes = [line[:5] for line in growing]
    assert len(minutes) == len(set(minutes)) == 10


def test_lines_fit_and_need_no_colour(told: tuple[Heard, Ending]) -> None:
    """At most 100 columns, nothing that a terminal would obey, times that only go on, no two empty lines."""
    heard, _ = told
    lines = [line for line, _ in heard.lines]
    assert max(map(len, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)
    times = [line[:8] for line in lines if re.match(r"\d\d:\d\d:\d\d", line)]
    assert len(times) > 20
    assert times == sorted(times)
    assert all(line or following for line, following in pairwise(lines))


def test_where_to_look_is_said_at_the_beginning(told: tuple[Heard, Ending]) -> None:
    """Board, record, metrics, and the page itself."""
    heard, _ = told
    for pattern in (
        r"board +http://127\.0\.0\.1:\d+/$",
        r"record +http://127\.0\.0\.1:\d+/outages$",
        r"metrics +http://127\.0\.0\.1:\d+/metrics$",
        r"the page +https://127\.0\.0\.1:\d+/realDonaldTrump ",
    ):
        assert re.search(pattern, heard.text, re.MULTILINE), pattern


def test_stopped_early_it_ends_without_a_verdict() -> None:
    """Nobody is told that the story ended badly because they had enough of it."""
    heard = Heard()

    async def story() -> Ending:
        stop = asyncio.Event()
        playing = asyncio.create_task(_play(InVirtualTime(heard, stays=False), stop, once=True))
        await asyncio.sleep(300)
        stop.set()
        return await playing

    ending = run_virtual(story())
    assert not ending.is_good
    assert "The end of the story" not in heard.text


# What the story does not do by itself.


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def teller(heard: Heard) -> Teller:
    """One that has not been told of any app."""
    return Teller(heard, speed=60, stays=False)


def test_a_look_without_a_verdict_is_told(heard: Heard, teller: Teller) -> None:
    """Why, and that nothing follows; what the gate refused in its own words, on as many lines as it takes."""
    timeout = finding(reason=Reason.TIMEOUT)
    refused = replace(
        finding(5, Reason.CONTROL_FAILED),
        refused=Refused(verdict=timeout.verdict, reason=timeout.reason, why="a wall " * 9),
    )
    for each in (timeout, refused):
        teller.looked(account(), Examined(finding=each), Decision(state=state()))
    assert [line for line, _ in heard.lines] == [
        "23:00:00  watcher     @POTUS: no verdict (timeout); nothing follows from it",
        "23:00:05  watcher     @POTUS: no verdict (control_failed: a wall a wall a wall a wall a wall a wall",
        "                      a wall a wall a wall ); nothing follows from it",
    ]


def test_a_look_that_changes_nothing_is_not_told(heard: Heard, teller: Teller) -> None:
    """Most do not."""
    teller.looked(account(), Examined(finding=finding(reason=Reason.PROFILE)), Decision(state=state()))
    uncounted = replace(state(phase=Phase.SUSPECT, n=1), last_counted=finding().at)
    teller.looked(account(), Examined(finding=finding(5)), Decision(state=uncounted))
    assert heard.lines == []


def test_anything_else_that_happens_is_named(heard: Heard, teller: Teller) -> None:
    """By the word that the log has for it."""
    what = transition(TransitionKind.SUSPICION_CLEARED, 3, outage())
    teller.looked(account(), Examined(finding=finding(3)), Decision(state=state(), transitions=(what,)))
    assert heard.text == "23:00:03  watcher     @POTUS: SuspicionCleared"


def test_a_suspicion_says_what_controls_could_not(heard: Heard, teller: Teller) -> None:
    """A control that shows nothing is said to; where there is no quote the reason stands."""
    walled = ControlFinding(handle="nasa", finding=finding(1, Reason.LOGIN_WALL))
    key = ControlKey(platform="x", instance="", source="page", vantage="local")
    seen = finding(reason=Reason.GONE)
    seen = replace(seen, evidence=replace(seen.evidence, quote=None))
    what = transition(TransitionKind.ACCOUNT_SUSPECTED, 0, outage())
    decision = Decision(state=state(phase=Phase.SUSPECT, n=1), transitions=(what,))
    teller.looked(account(), Examined(finding=seen, report=ControlReport(key=key, positives=(walled,))), decision)
    assert "                      gone\n" in heard.text
    assert "controls    @nasa, which always exists: not to be seen (login_wall)" in heard.text
    heard.lines.clear()
    teller.looked(account(), Examined(finding=seen), decision)
    assert "controls  " not in heard.text


def test_time_goes_one_way(heard: Heard, teller: Teller) -> None:
    """A look that was under way when something else happened is told after it."""
    for seconds in (5, 3):
        teller.looked(account(), Examined(finding=finding(seconds, Reason.TIMEOUT)), Decision(state=state()))
    assert [line[:8] for line, _ in heard.lines] == ["23:00:05", "23:00:05"]


def test_an_empty_message_is_still_a_message(heard: Heard, teller: Teller) -> None:
    """It came, and it said nothing."""
    teller.told(Received(at=finding().at, payload={"text": "hello", "blocks": [{"text": ""}]}))
    assert "a message arrives" in heard.text


def _ending(*, good: bool) -> Ending:
    over = replace(closed(outage(), 660), last_absent=stamp(650))
    return Ending(outage=over, truth=ELEVEN if good else timedelta(hours=1), record=cast("IncidentRecord", None))


def test_a_bad_end_is_called_one(heard: Heard, teller: Teller) -> None:
    """Neither a missing outage nor a truth outside the bounds is passed over."""
    teller.ended(Ending(outage=None, truth=None, record=None))
    assert ("  No outage was measured from its beginning to its end.", Tone.BAD) in heard.lines
    assert "without --once stays open" in heard.text
    teller.ended(_ending(good=False))
    assert heard.lines[heard.index("not as it should be")][1] is Tone.BAD
    assert not _ending(good=True).is_good
