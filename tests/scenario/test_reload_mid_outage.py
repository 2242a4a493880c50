"""The watchlist is edited while the program runs, in the middle of an outage too."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.errors import StoreError, WatcherError
from watcher.model.outage import EndCause, Outage, Phase, TransitionKind
from watcher.settings import ReadingError

ALICE, BOB, CAROL, DAVE = "x:alice", "x:bob", "x:carol", "x:dave"
PAGES = [f"https://x.com/{name}" for name in ("alice", "bob", "carol", "dave")]
ERIN = "https://x.com/erin"
TWO, THREE, FOUR = (watching(*PAGES[:count]) for count in (2, 3, 4))
WITHOUT_ALICE = watching(*PAGES[1:])
SUCCESS = "watcher_config_last_reload_successful"


async def settle_in(world: World) -> None:
    """Everybody is there, and was seen."""
    for handle in ("alice", "bob", "carol", "dave"):
        world.x.set(handle, Page.PRESENT)
    await world.wait(minutes=1.5)


async def lose(world: World) -> datetime:
    """Alice goes; returns once that was told. The instant at which she went."""
    world.x.set("alice", Page.MISSING_FR)
    gone_at = world.now
    await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, minutes=2)
    return gone_at


def assert_true(outage: Outage, gone_at: datetime, back_at: datetime) -> None:
    """The bounds hold."""
    assert outage.duration.max is not None
    assert outage.duration.min <= back_at - gone_at <= outage.duration.max
    assert outage.duration.max - outage.duration.min <= timedelta(seconds=90)


@pytest.mark.parametrize("durable", [False, True], ids=["memory", "SQLite"])
def test_an_edit_does_not_touch_the_others(tmp_path: Path, durable: bool) -> None:
    """Bob comes, Carol's entry changes, Dave goes: Alice's outage is measured and told as if nothing had happened."""

    async def story() -> None:
        async with World(tmp_path, watching(PAGES[0], PAGES[2], PAGES[3]), durable=durable) as world:
            await settle_in(world)
            gone_at = await lose(world)
            before = world.state(ALICE)
            louder = "accounts:\n  - https://x.com/alice\n  - {url: https://x.com/carol, severity: critical}\n"
            world.edit(f"{louder}  - https://x.com/bob\n")
            edited_at = world.now
            await world.until(lambda: BOB in world.app.book.states, seconds=6)
            assert world.state(ALICE).outage is not None
            assert before.outage is not None
            assert world.state(ALICE).outage.id == before.outage.id  # type: ignore[union-attr]
            assert world.app.book.watchlist.accounts[CAROL].severity == "critical"
            await world.wait(minutes=1.5)
            assert world.state(BOB).phase is Phase.UP
            assert world.x.asked("dave", since=edited_at + timedelta(seconds=6)) == []
            assert len(world.x.asked("alice", since=edited_at)) >= 8  # every 10 s, as before

            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert_true(outage, gone_at, back_at)
            assert outage.unobserved == timedelta(0)
            assert ["is back" in text for text in world.texts()] == [False, True]

    run_virtual(story())


def test_taken_off_and_put_on_again_in_an_outage(tmp_path: Path) -> None:
    """Unwatched is the end of one outage, with its end unknown; the next one is of the same row and follows it."""

    async def story() -> None:
        async with World(tmp_path, FOUR, durable=True) as world:
            await settle_in(world)
            await lose(world)
            world.edit(WITHOUT_ALICE)
            await world.until(lambda: ALICE not in world.app.book.states, seconds=6)
            removed_at = world.now
            await world.wait(minutes=2)
            [first] = await world.outages()
            assert (first.end_cause, first.ended) == (EndCause.UNWATCHED, None)
            assert first.closed_at is not None
            assert removed_at - first.closed_at <= timedelta(seconds=0.1)
            assert await world.sample("watcher_account_up", account=ALICE) is None
            assert ALICE not in world.app._worker.stored
            assert world.x.asked("alice", since=removed_at + timedelta(seconds=11)) == []

            world.edit(FOUR)
            await world.until(lambda: ALICE in world.app.book.states, seconds=6)
            assert (world.state(ALICE).phase, world.state(ALICE).previous_outage_id) == (Phase.SUSPECT, first.id)
            assert await world.sample("watcher_account_outages_total", account=ALICE) == 1  # as ever, from the first on
            assert world.app._worker.stored.keys() == world.app.book.states.keys()
            await world.wait(minutes=2)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=1)
            _, second = await world.outages()
            assert (second.previous_id, second.end_cause) == (first.id, EndCause.RECOVERED)
            assert await world.sample("watcher_account_outages_total", account=ALICE) == 2
            assert len(await world.happened(TransitionKind.ACCOUNT_FIRST_SEEN, account_id=ALICE)) == 1
            endings = ["not available", "no longer watched", "not available", "is back"]
            assert len(world.texts()) == 4
            assert all(end in text for end, text in zip(endings, world.texts(), strict=True))

    run_virtual(story())


def test_another_page_in_an_outage(tmp_path: Path) -> None:
    """The entry's handle is corrected while the wrong page is gone: that the right one is there is no recovery."""

    def boss(handle: str) -> str:
        return f"accounts:\n  - {{id: 'x:boss', platform: x, handle: {handle}}}\n  - https://x.com/bob\n"

    async def story() -> None:
        async with World(tmp_path, boss("alice"), durable=True) as world:
            await settle_in(world)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state("x:boss").phase is Phase.DOWN, minutes=2)
            world.edit(boss("carol"))
            await world.until(lambda: world.state("x:boss").phase is Phase.UP, seconds=20)
            await world.wait(minutes=2)
            [outage] = await world.outages()
            assert (outage.end_cause, outage.ended) == (EndCause.UNWATCHED, None)
            told = ["not available", "no longer watched"]
            assert len(world.texts()) == 2
            assert all(words in text for words, text in zip(told, world.texts(), strict=True))

            world.edit(boss("nobody"))
            world.x.set("nobody", Page.MISSING_FR)
            await world.until(lambda: world.state("x:boss").phase is Phase.NEVER_SEEN, minutes=2)
            assert len(await world.outages()) == 1

    run_virtual(story())


def test_watched_more_closely_in_an_outage(tmp_path: Path) -> None:
    """Looks were five minutes apart and are to be ten seconds apart: no minute of the outage counts as unobserved."""

    def every(span: str) -> str:
        return f"defaults: {{interval: 10m, confirm: {{threshold: 2, interval: {span}}}}}\naccounts: [{PAGES[0]}]\n"

    async def story() -> None:
        async with World(tmp_path, every("5m")) as world:
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=16)
            world.x.set("alice", Page.MISSING_FR)
            await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, minutes=20)
            await world.wait(minutes=1)
            world.edit(every("10s"))
            edited_at = world.now
            await world.wait(minutes=5)
            assert len(world.x.asked("alice", since=edited_at)) > 2
            assert world.state(ALICE).outage_unobserved == timedelta(0)
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=1)
            [outage] = await world.outages()
            assert (outage.end_cause, outage.unobserved) == (EndCause.RECOVERED, timedelta(0))

    run_virtual(story())


def test_a_faulty_edit_changes_nothing(tmp_path: Path) -> None:
    """The old list goes on; it is told once, with the place of the fault, and once more when it is mended."""

    async def story() -> None:
        async with World(tmp_path, TWO, durable=True) as world:
            await settle_in(world)
            assert await world.sample(SUCCESS) == 1
            world.edit(f"{TWO}  - {{url: https://x.com/carol, intervall: 3m}}\n")
            await world.wait(minutes=1)
            assert await world.sample(SUCCESS) == 0
            assert list(world.app.book.states) == [ALICE, BOB]
            [text] = world.texts()
            assert "watcher refuses its changed configuration" in text
            message = str(world.slack.accepted[0])
            assert "watchlist.yaml:5:32: accounts[2].intervall: unknown key; did you mean 'interval'?" in message
            [warning] = world.warnings("configuration_refused")
            assert "intervall" in warning["said"]

            world.edit(f"{TWO}  - {{url: https://x.com/carol, interval: 3}}\n")
            gone_at = await lose(world)  # it watches on
            await world.wait(minutes=1)
            assert len(world.texts()) == 2
            assert len(world.warnings("configuration_refused")) == 2

            since = await world.sample("watcher_config_last_reload_success_timestamp_seconds")
            world.edit(f"{TWO}  - {{url: https://x.com/carol, interval: 3m}}\n")
            await world.wait(seconds=10)
            assert await world.sample(SUCCESS) == 1
            now = await world.sample("watcher_config_last_reload_success_timestamp_seconds")
            assert since is not None
            assert now is not None
            assert now > since
            assert CAROL in world.app.book.states
            assert "watcher takes its configuration again" in world.texts()[2]
            world.x.set("alice", Page.PRESENT)
            back_at = world.now
            await world.wait(minutes=1)
            assert_true((await world.outages())[0], gone_at, back_at)

    run_virtual(story())


def test_a_faulty_edit_over_a_restart_is_over(tmp_path: Path) -> None:
    """Who starts again with a right file has taken it: that is told, and the next fault is told anew."""

    async def story() -> None:
        async with World(tmp_path, TWO, durable=True) as world:
            await settle_in(world)
            world.edit("")
            await world.wait(seconds=10)
            await world.restart(watchlist=TWO)
            await world.wait(seconds=10)
            world.edit("accounts: []\n")
            await world.wait(seconds=10)
            told = ["refuses", "takes its configuration again", "refuses"]
            assert len(world.texts()) == 3
            assert all(word in text for word, text in zip(told, world.texts(), strict=True))

    run_virtual(story())


@pytest.mark.parametrize(
    ("gone", "left", "why"),
    [
        ((), PAGES[:2], "removes 3 of 5 accounts"),
        (("alice", "bob"), [*PAGES[2:], ERIN], "removes 2 accounts that are gone right now (x:alice, x:bob)"),
    ],
    ids=["more than half", "two that are gone"],
)
def test_too_much_at_once_wants_force(tmp_path: Path, gone: tuple[str, ...], left: list[str], why: str) -> None:
    """It is refused and told once; by force it is done."""

    async def story() -> None:
        async with World(tmp_path, watching(*PAGES, ERIN)) as world:
            world.x.set("erin", Page.PRESENT)
            await settle_in(world)
            for handle in gone:
                world.x.set(handle, Page.MISSING_FR)
            await world.wait(minutes=2)
            told = len(world.texts())
            world.edit(watching(*left))
            await world.wait(minutes=1)
            assert len(world.app.book.states) == 5
            assert await world.sample(SUCCESS) == 0
            assert len(world.texts()) == told + 1
            assert why in str(world.slack.accepted[-1])
            status, text = await world.post("/-/reload")
            assert (status, why in text, "force=true" in text) == (409, True, True)
            assert (await world.post("/-/reload?force=true"))[0] == 200
            assert len(world.app.book.states) == len(left)
            assert await world.sample(SUCCESS) == 1
            await world.wait(seconds=10)
            assert [text for text in world.texts() if "watcher takes its configuration again" in text]

    run_virtual(story())


def test_several_files(tmp_path: Path) -> None:
    """A file more is accounts more; a file less takes them away."""

    async def story() -> None:
        async with World(tmp_path, THREE) as world:
            await settle_in(world)
            world.configure("watchlist: watchlist.yaml", "watchlist: [watchlist.yaml, desk.d/*.yaml]")
            world.edit("accounts: [https://x.com/dave]", "desk.d/politics.yaml")
            await world.wait(seconds=8)
            assert list(world.app.book.states) == [ALICE, BOB, CAROL, DAVE]
            world.edit(None, "desk.d/politics.yaml")
            await world.wait(seconds=8)
            assert list(world.app.book.states) == [ALICE, BOB, CAROL]

    run_virtual(story())


def test_half_a_file_is_not_read(tmp_path: Path) -> None:
    """While a file is still being written it is let be: no fault is told of what was only half there."""

    async def story() -> None:
        async with World(tmp_path, TWO) as world:
            await settle_in(world)
            path = tmp_path / "watchlist.yaml"
            for length in range(1, len(FOUR), 12):
                path.write_text(FOUR[:length])
                await world.wait(seconds=1)
            path.write_text(FOUR)
            await world.wait(seconds=8)
            assert len(world.app.book.states) == 4
            assert world.texts() == []
            assert world.warnings("configuration_refused") == []

    run_virtual(story())


def test_another_channel_and_another_route(tmp_path: Path) -> None:
    """What watcher.yaml says of telling is taken up too; where to listen is not, and that is said."""

    async def story() -> None:
        async with World(tmp_path, TWO) as world:
            await settle_in(world)
            world.configure("channels:\n", "channels:\n  - {name: log, kind: log}\n")
            world.configure("channels: [newsroom]}", "channels: [log]}")
            world.configure("web: {listen:", "web: {allow_hosts: [watcher.example], listen:")
            await world.wait(seconds=8)
            await lose(world)
            await world.wait(seconds=5)
            assert world.texts() == []
            assert [entry["channel"] for entry in world.warnings("@alice is not available on X")] == ["log"]
            assert [entry["keys"] for entry in world.warnings("some_changes_need_a_restart")] == ["web"]

    run_virtual(story())


def test_taken_off_during_a_look(tmp_path: Path) -> None:
    """An answer that comes after its account was taken off is let go, and nothing goes wrong."""

    async def story() -> None:
        async with World(tmp_path, FOUR) as world:
            await settle_in(world)
            world.x.delay = timedelta(seconds=8)
            since = world.now
            await world.until(lambda: bool(world.x.asked("alice", since=since)), minutes=2)
            world.edit(WITHOUT_ALICE)
            assert (await world.post("/-/reload"))[0] == 200
            assert ALICE not in world.app.book.states
            await world.wait(seconds=30)
            world.edit(FOUR)
            assert (await world.post("/-/reload"))[0] == 200
            await world.wait(minutes=3)
            assert world.state(ALICE).phase is Phase.UP

    run_virtual(story())


def test_those_around_are_told_of_what_is_adopted(tmp_path: Path) -> None:
    """Each configuration that was taken up, and none that was refused: the log hides the secrets of the new one."""

    async def story() -> None:
        async with World(tmp_path, TWO) as world:
            adopted: list[int] = []
            world.app._adoption._adopted = lambda loaded: adopted.append(len(loaded.watchlist.accounts))
            world.edit(FOUR)
            assert (await world.post("/-/reload"))[0] == 200
            world.edit("accounts: []\n")
            assert (await world.post("/-/reload"))[0] != 200
            assert adopted == [4]

    run_virtual(story())


@pytest.mark.parametrize(
    ("where", "error"),
    [
        (
            "watcher.settings.load.load_all",
            ReadingError("watcher.yaml could not be read: its reader has ended"),
        ),
        ("watcher.store.memory.MemoryStore.known", StoreError("the database is locked by another process")),
    ],
    ids=["the reader", "the store"],
)
def test_what_comes_to_no_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, error: WatcherError) -> None:
    """Tried again after longer and longer waits; people are told at the third time, and when it is taken at last."""

    async def story() -> None:
        async with World(tmp_path, TWO) as world:
            await settle_in(world)
            tries: list[datetime] = []

            def fails(*_args: object) -> object:
                tries.append(world.now)
                raise error

            with monkeypatch.context() as patched:
                patched.setattr(where, fails)
                world.edit(THREE)
                await world.wait(minutes=2)
                assert (len(tries), world.texts(), await world.sample(SUCCESS)) == (2, [], 0)
                await world.wait(minutes=60)
                waits = [(later - former) / timedelta(minutes=1) for former, later in pairwise(tries)]
                assert waits == pytest.approx([1, 2, 4, 8, 15, 15, 15], abs=0.1)
                assert len(world.texts()) == 1
                assert "watcher refuses its changed configuration" in world.texts()[0]
                assert str(error) in str(world.slack.accepted[0])
                assert len(world.warnings("configuration_refused")) == 1
                world.edit(FOUR)  # what is new is tried at once
                await world.wait(seconds=6)
                assert len(tries) == len(waits) + 2
            assert (await world.post("/-/reload"))[0] == 200  # and so is what is asked for
            assert await world.sample(SUCCESS) == 1
            assert DAVE in world.app.book.states
            await world.wait(seconds=6)
            assert "watcher takes its configuration again" in world.texts()[1]

    run_virtual(story())
