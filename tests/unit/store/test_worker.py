"""The store's worker: order is kept, nothing is lost, and nobody waits who need not."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import structlog.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.store.samples import BODY, PAGE, T0, account, after, closing, opening, outage, state
from watcher.metrics import Metrics
from watcher.model.errors import ContradictionError, StoreError
from watcher.model.outage import AccountState
from watcher.store.base import Store
from watcher.store.engine import DATABASE
from watcher.store.memory import MemoryStore
from watcher.store.sql import SqlStore
from watcher.store.values import Commit
from watcher.store.worker import StoreWorker

NAMES = ("potus", "realdonaldtrump")


class InstantClock:
    """A clock whose sleep is over at once and moves the time on; each sleep is told to `on_sleep` first."""

    def __init__(self, on_sleep: Callable[[timedelta], object] = lambda _: None) -> None:
        self.time = T0
        self.slept: list[timedelta] = []
        self.on_sleep = on_sleep

    def now(self) -> datetime:
        """The time as far as it was slept."""
        return self.time

    async def sleep(self, span: timedelta) -> None:
        """Let the others run, and move on."""
        self.slept.append(span)
        self.on_sleep(span)
        await asyncio.sleep(0)
        self.time += span

    def offset(self) -> timedelta:
        """Nobody steps it."""
        return timedelta(0)


class FrozenClock(InstantClock):
    """A clock that stands still: what waits for it waits for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, span: timedelta) -> None:
        """Never return."""
        self.slept.append(span)
        self.asleep.set()
        await asyncio.Event().wait()


class RecordingStore(MemoryStore):
    """The store in memory, which can be made to fail or to hang, and remembers each commit that it took."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Commit] = []
        self.failures = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.entered = threading.Event()
        self.watch([account(name) for name in NAMES], T0)

    def commit(self, commit: Commit) -> None:
        """Commit, or fail as often as told."""
        self.entered.set()
        assert self.may_go_on.wait(10)
        if self.failures:
            self.failures -= 1
            raise StoreError("out of order")
        super().commit(commit)
        self.taken.append(commit)


@asynccontextmanager
async def running(worker: StoreWorker) -> AsyncIterator[asyncio.Task[None]]:
    """Run the worker's loop meanwhile."""
    task = asyncio.ensure_future(worker.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        worker.close()


@pytest.fixture
def metrics() -> Metrics:
    """Instruments of this test's own."""
    return Metrics("test")


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[SqlStore]:
    """A real store with little patience."""
    store = SqlStore(tmp_path, patience=timedelta(milliseconds=1))
    store.open()
    store.watch([account(name) for name in NAMES], T0)
    yield store
    store.close()


def failures(metrics: Metrics) -> float | None:
    """How many failed commits were counted."""
    return metrics.registry.get_sample_value("watcher_store_commit_failures_total")


def numbered(name: str, n: int) -> Commit:
    """A commit of a state that can be told from others."""
    return Commit(states=(state(name, n=n),))


def stored(store: Store, name: str = "potus") -> int:
    """The number of the stored state."""
    return store.load().states[f"x:{name}"].n


async def entered(store: RecordingStore) -> None:
    """Wait until the store's thread is within commit()."""
    assert await asyncio.to_thread(store.entered.wait, 10)
    store.entered.clear()


@pytest.mark.parametrize("threaded", [True, False])
async def test_commit_is_done_once_it_is_stored(sql: SqlStore, metrics: Metrics, threaded: bool) -> None:
    """Whoever waits for the future finds everything in the database."""
    worker = StoreWorker(sql, InstantClock(), metrics, threaded=threaded)
    async with running(worker):
        done = worker.commit(opening(outage()))
        assert worker.backlog() == 1
        await done
        assert sql.outages() == (outage(),)
        assert worker.backlog() == 0
        await worker.commit(closing(outage()))
        assert sql.outages(open_only=True) == ()


async def test_locked_database_loses_and_reorders_nothing(sql: SqlStore, metrics: Metrics, tmp_path: Path) -> None:
    """What was committed and touched while another process held the lock is written in order once it lets go."""
    other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    clock = InstantClock()
    clock.on_sleep = lambda _: other.execute("ROLLBACK") if len(clock.slept) == 9 else None
    worker = StoreWorker(sql, clock, metrics, threaded=True)
    commits = [
        commit
        for number in range(1, 11)
        for name in NAMES
        for commit in (
            opening(outage(name, number, seconds=-1000 * number)),
            closing(outage(name, number, seconds=-1000 * number), seconds=60 - 1000 * number),
        )
    ]
    happened = [item for commit in commits for item in commit.transitions]
    with structlog.testing.capture_logs() as logs:
        async with running(worker):
            first = worker.commit(commits[0])
            await asyncio.wait([first], timeout=0)
            rest = [worker.commit(commit) for commit in commits[1:]]
            worker.touch(state("potus", n=77))
            assert worker.backlog() == len(commits) + 1
            await asyncio.gather(first, *rest)
            await worker.flush()
            assert worker.failing_since is None
    found = other.execute("SELECT kind, outage_id FROM transition ORDER BY seq").fetchall()
    other.close()
    assert found == [(item.kind.value, item.outage.id) for item in happened if item.outage]
    assert sql.verify_chain() is None
    assert stored(sql) == 77
    assert [round(span.total_seconds(), 1) for span in clock.slept] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert failures(metrics) == 9
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "store fails, commits are kept and tried again"),
        ("info", "store works again"),
    ]
    assert "locked by another process" in logs[0]["error"]
    assert (logs[1]["failed_for"], logs[1]["tries"]) == ("0:00:21.300000", 9)


async def test_since_when_it_fails(metrics: Metrics) -> None:
    """The first failure counts, until a write succeeds; then back-off begins anew."""
    store, clock = RecordingStore(), InstantClock()
    worker = StoreWorker(store, clock, metrics, threaded=False)
    seen: list[datetime | None] = []
    clock.on_sleep = lambda _: seen.append(worker.failing_since)
    async with running(worker):
        store.failures = 3
        await worker.commit(numbered("potus", 1))
        assert worker.failing_since is None
        store.failures = 1
        await worker.commit(numbered("potus", 2))
    assert seen == [T0, T0, T0, after(0.7)]
    assert [span.total_seconds() for span in clock.slept] == [0.1, 0.2, 0.4, 0.1]


async def test_commits_that_wait_are_written_together(metrics: Metrics) -> None:
    """What was queued is one transaction."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    done = [worker.commit(numbered(name, n)) for n in range(3) for name in NAMES]
    async with running(worker):
        await asyncio.gather(*done)
    assert len(store.taken) == 1
    assert [stored(store, name) for name in NAMES] == [2, 2]


async def test_more_than_fits_is_written_in_portions(metrics: Metrics) -> None:
    """Of very many commits none is left out, and a touch comes after the last of them."""
    store = RecordingStore()
    worker = StoreWorker(store, FrozenClock(), metrics, threaded=False)
    done = [worker.commit(numbered("potus", n)) for n in range(1201)]
    worker.touch(state("potus", n=5000))
    async with running(worker):
        await asyncio.gather(*done)
    assert [commit.states[0].n for commit in store.taken] == [499, 999, 5000]


async def test_touch_is_written_within_ten_seconds(metrics: Metrics) -> None:
    """Of many touches the last counts, and the first sets the time."""
    store, clock = RecordingStore(), InstantClock()
    worker = StoreWorker(store, clock, metrics, threaded=False)
    worker.touch(state(n=1))
    clock.time = after(4)
    worker.touch(state(n=2))
    async with running(worker):
        assert await asyncio.to_thread(store.entered.wait, 10)
        await worker.flush()
        assert clock.slept == [timedelta(seconds=6)]
        assert worker.backlog() == 0
    assert [commit.states for commit in store.taken] == [(state(n=2),)]


async def test_touch_waits_while_there_is_time(metrics: Metrics) -> None:
    """A touch alone is no reason to write at once; a commit takes it along, and the next one has its own time."""
    store, clock = RecordingStore(), FrozenClock()
    worker = StoreWorker(store, clock, metrics, threaded=False)
    async with running(worker):
        worker.touch(state("potus", n=1))
        await clock.asleep.wait()
        assert store.taken == []
        await worker.commit(numbered("realdonaldtrump", 2))
        assert [stored(store, name) for name in NAMES] == [1, 2]
        clock.time = after(60)
        worker.touch(state("potus", n=3))
        clock.asleep.clear()
        await clock.asleep.wait()
    assert clock.slept == [timedelta(seconds=10)] * 2
    assert [len(commit.states) for commit in store.taken] == [2, 1]
    assert stored(store) == 3


async def test_touches_that_fill_a_transaction_wait_no_longer(metrics: Metrics) -> None:
    """Of very many accounts some are written at once and the others soon, rather than all together in the end."""
    store, clock, names = RecordingStore(), FrozenClock(), [f"account{n}" for n in range(510)]
    store.watch([account(name) for name in names], T0)
    worker = StoreWorker(store, clock, metrics, threaded=False)
    async with running(worker):
        for name in names[:499]:
            worker.touch(state(name))
        await clock.asleep.wait()
        assert store.taken == []
        clock.asleep.clear()
        for name in names[499:]:
            worker.touch(state(name))
        await clock.asleep.wait()
        assert [len(commit.states) for commit in store.taken] == [500]
        assert worker.backlog() == 10
        clock.asleep.clear()
        for name in names[:490]:  # full again, at once: the same accounts are not to be written again and again
            worker.touch(state(name))
        await clock.asleep.wait()
        assert len(store.taken) == 1
        assert clock.slept[-1] == timedelta(seconds=1)


async def test_commit_supersedes_an_earlier_touch(metrics: Metrics) -> None:
    """The older state is not written after the newer one."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    worker.touch(state(n=1))
    worker.commit(numbered("potus", 2))
    assert worker.backlog() == 1
    await worker.flush()
    assert [commit.states for commit in store.taken] == [(state(n=2),)]


async def test_touch_never_overtakes_a_queued_commit(metrics: Metrics) -> None:
    """While the store fails and is tried with one commit at a time, the touch waits its turn."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    store.failures = 1
    worker.commit(numbered("potus", 1))
    worker.commit(numbered("potus", 2))
    worker.touch(state(n=3))
    with pytest.raises(StoreError):
        await worker.flush()
    await worker.flush()
    assert [commit.states[0].n for commit in store.taken] == [1, 3]


async def test_touch_during_a_write_is_not_forgotten(metrics: Metrics) -> None:
    """What is touched while the thread writes an older touch of it is written next."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=True)
    store.may_go_on.clear()
    worker.touch(state(n=1))
    worker.touch(state("realdonaldtrump", n=1))
    flushing = asyncio.ensure_future(worker.flush())
    await entered(store)
    worker.touch(state(n=2))
    store.may_go_on.set()
    await flushing
    worker.close()
    assert [[item.n for item in commit.states] for commit in store.taken] == [[1, 1], [2]]


async def test_failed_touch_does_not_come_back_over_a_commit(metrics: Metrics) -> None:
    """A touch whose write failed while a newer commit came in is dropped for it."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=True)
    store.may_go_on.clear()
    store.failures = 1
    worker.touch(state(n=1))
    flushing = asyncio.ensure_future(worker.flush())
    await entered(store)
    worker.commit(numbered("potus", 2))
    store.may_go_on.set()
    with pytest.raises(StoreError, match="out of order"):
        await flushing
    await worker.flush()
    worker.close()
    assert [commit.states for commit in store.taken] == [(state(n=2),)]


async def test_cancelled_run_writes_what_is_left(metrics: Metrics) -> None:
    """Also when the thread is in the middle of a write."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=True)
    store.may_go_on.clear()
    task = asyncio.ensure_future(worker.run())
    first = worker.commit(numbered("potus", 1))
    await entered(store)
    second = worker.commit(numbered("potus", 2))
    worker.touch(state("realdonaldtrump", n=3))
    task.cancel()
    await asyncio.sleep(0)
    store.may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.gather(first, second)
    worker.close()
    assert [stored(store, name) for name in NAMES] == [2, 3]


async def test_cancelled_run_tries_once_only(metrics: Metrics) -> None:
    """A store that fails does not hold up the end; what is left is said, and is still there."""
    store = RecordingStore()
    clock = FrozenClock()
    worker = StoreWorker(store, clock, metrics, threaded=False)
    store.failures = 2
    done = worker.commit(numbered("potus", 1))
    with structlog.testing.capture_logs() as logs:
        async with running(worker):
            await clock.asleep.wait()
    assert store.failures == 0
    assert [line["event"] for line in logs][-1] == "store left behind"
    assert logs[-1]["unwritten"] == worker.backlog() == 1
    assert not done.done()
    await worker.flush()
    assert done.done()


async def test_pages_that_wait_are_bounded(metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a commit waits without its pages, none is lost; once they are written there is room again."""
    monkeypatch.setattr("watcher.store.worker.MOST_WAITING_PAGES", 2 * len(PAGE))
    store = RecordingStore()
    store.failures = 1
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    commits = [replace(numbered("potus", n), bodies=(BODY,)) for n in range(4)]
    with structlog.testing.capture_logs() as logs:
        done = [worker.commit(commit) for commit in commits]
        with pytest.raises(StoreError):
            await worker.flush()
        await worker.flush()
        await asyncio.gather(*done)
        assert stored(store) == 3
        assert sum(len(commit.bodies) for commit in store.taken) == 2
        worker.commit(commits[0])
        await worker.flush()
    assert store.taken[-1].bodies == (BODY,)
    assert [line["event"] for line in logs if "pages" in line["event"]] == [
        "too many pages wait for the store, further ones are not kept"
    ]


async def test_flush_and_run_do_not_write_twice(metrics: Metrics) -> None:
    """They share one queue."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=True)
    async with running(worker):
        done = [worker.commit(numbered("potus", n)) for n in range(3)]
        await asyncio.gather(worker.flush(), worker.flush(), *done)
    assert len(store.taken) == 1


@pytest.mark.parametrize("position", [0, 1, 3])
async def test_contradiction_is_refused_alone(sql: SqlStore, metrics: Metrics, position: int) -> None:
    """A commit that never can be stored fails its own future; those before and after it are stored in order."""
    worker = StoreWorker(sql, InstantClock(), metrics, threaded=True)
    commits = [numbered("potus", 1), numbered("realdonaldtrump", 2), numbered("potus", 3)]
    commits.insert(position, numbered("stranger", 9))
    with structlog.testing.capture_logs() as logs:
        done = [worker.commit(commit) for commit in commits]
        worker.touch(state("realdonaldtrump", n=4))
        async with running(worker):
            results = await asyncio.gather(*done, return_exceptions=True)
            await worker.flush()
            assert worker.failing_since is None
    assert [isinstance(result, ContradictionError) for result in results] == [
        commit is commits[position] for commit in commits
    ]
    assert [stored(sql, name) for name in NAMES] == [3, 4]
    assert [(line["log_level"], line["accounts"]) for line in logs] == [("error", ["x:stranger"])]
    assert failures(metrics) == 1


async def test_contradicting_touch_is_refused_alone(metrics: Metrics) -> None:
    """The others are stored; nothing is tried for ever."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    for touched in (state("potus", n=1), state("stranger"), state("realdonaldtrump", n=2)):
        worker.touch(touched)
    await worker.flush()
    assert worker.backlog() == 0
    assert [stored(store, name) for name in NAMES] == [1, 2]


@pytest.mark.parametrize("name", ["potus", "stranger"])
async def test_nobody_need_wait_for_the_future(metrics: Metrics, name: str) -> None:
    """Who gave up waiting disturbs nothing, whether the commit is stored or refused."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    worker.commit(numbered(name, 1)).cancel()
    await worker.flush()
    assert worker.backlog() == 0


async def test_calls_are_made_in_one_thread(metrics: Metrics) -> None:
    """All in the same, and never in that of the loop; results and errors come back."""
    worker = StoreWorker(MemoryStore(), InstantClock(), metrics, threaded=True)
    threads = {await worker.call(threading.get_ident) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads
    with pytest.raises(ZeroDivisionError):
        await worker.call(divmod, 1, 0)
    worker.close()


async def test_calls_without_a_thread_are_made_at_once(metrics: Metrics) -> None:
    """In virtual time no thread is waited for."""
    worker = StoreWorker(MemoryStore(), InstantClock(), metrics, threaded=False)
    assert await worker.call(threading.get_ident) == threading.get_ident()
    worker.close()


async def test_beat_dates_the_life_of_the_process(sql: SqlStore, metrics: Metrics) -> None:
    """The clock's time is stored."""
    clock = InstantClock()
    worker = StoreWorker(sql, clock, metrics, threaded=True)
    clock.time = after(30)
    await worker.beat()
    worker.close()
    assert sql.load().heartbeat_at == after(30)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_fails_the_last_state_is_stored(data: st.DataObject) -> None:
    """Any story of commits, touches, writes and failures ends with each account's last state, in order."""
    store = RecordingStore()
    last: dict[str, AccountState] = {}
    committed: list[datetime] = []

    async def story() -> None:
        worker = StoreWorker(store, InstantClock(), Metrics("test"), threaded=False)
        for n in range(data.draw(st.integers(1, 12))):
            now = state(data.draw(st.sampled_from(NAMES)), n=n)
            last[now.account_id] = now
            if data.draw(st.booleans()):
                happened = replace(
                    opening(outage()).transitions[0], at=after(-n), account_id=now.account_id, outage=None
                )
                committed.append(happened.at)
                worker.commit(Commit(states=(now,), transitions=(happened,)))
            else:
                worker.touch(now)
            store.failures = data.draw(st.integers(0, 2))
            if data.draw(st.booleans()):
                with suppress(StoreError):
                    await worker.flush()
        store.failures = 0
        await worker.flush()
        assert worker.backlog() == 0

    asyncio.run(story())
    assert store.load().states == last
    assert [link.transition and link.transition.at for link in store._chain] == committed


async def test_no_beat_vouches_for_what_is_not_stored(metrics: Metrics) -> None:
    """While a commit is refused the heartbeat stays where it was, though the store would take that alone."""
    store, clock = RecordingStore(), InstantClock()
    worker = StoreWorker(store, clock, metrics, threaded=False)
    await worker.beat()
    worker.commit(numbered("potus", 1))
    store.failures = 1
    clock.time = after(10)
    with pytest.raises(StoreError):
        await worker.beat()
    assert store.load().heartbeat_at == T0
    clock.time = after(20)
    await worker.beat()
    assert (store.load().heartbeat_at, stored(store), worker.failing_since) == (after(20), 1, None)


async def test_a_beat_writes_first_what_was_touched(metrics: Metrics) -> None:
    """What is vouched for is stored."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    worker.touch(state(n=7))
    await worker.beat()
    assert (stored(store), worker.backlog()) == (7, 0)


async def test_a_refused_beat_is_a_failure_of_the_store(sql: SqlStore, metrics: Metrics, tmp_path: Path) -> None:
    """Also where nothing else is written for an hour: since when, and what is wrong, until a beat is taken."""
    clock = InstantClock()
    worker = StoreWorker(sql, clock, metrics, threaded=True)
    other = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for seconds in (10, 20):
        clock.time = after(seconds)
        with pytest.raises(StoreError):
            await worker.beat()
        assert worker.failing_since == after(10)
        assert "locked by another process" in (worker.failure or "")
        assert failing_since(metrics) == after(10).timestamp()
    other.execute("ROLLBACK")
    other.close()
    await worker.beat()
    worker.close()
    assert (worker.failing_since, worker.failure, failing_since(metrics)) == (None, None, 0)
    assert failures(metrics) == 0


def failing_since(metrics: Metrics) -> float | None:
    """What an alert rule would see."""
    return metrics.registry.get_sample_value("watcher_store_failing_since_timestamp_seconds")


async def test_the_last_written_states_are_at_hand(metrics: Metrics) -> None:
    """Neither what waits nor what failed is among them; of commits and touches written together the last counts."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    worker.follow({f"x:{name}": state(name) for name in NAMES})

    def written() -> list[int]:
        return [worker.stored[f"x:{name}"].n for name in NAMES]

    worker.commit(numbered("potus", 1))
    worker.commit(numbered("potus", 2))
    worker.touch(state("realdonaldtrump", n=3))
    store.failures = 1
    with pytest.raises(StoreError):
        await worker.flush()
    assert written() == [0, 0]
    await worker.flush()
    assert written() == [2, 3] == [stored(store, name) for name in NAMES]
    worker.touch(state("potus", n=4))
    assert written() == [2, 3]
    await worker.flush()
    assert written() == [4, 3]


async def test_no_state_is_kept_at_hand_of_who_is_not_watched(metrics: Metrics) -> None:
    """The last word of an account that was taken off the list is written, and leaves nothing in memory."""
    store = RecordingStore()
    worker = StoreWorker(store, InstantClock(), metrics, threaded=False)
    worker.follow({f"x:{name}": state(name) for name in NAMES})
    worker.commit(numbered("potus", 1))
    worker.touch(state("potus", n=2))
    worker.follow({"x:realdonaldtrump": worker.stored["x:realdonaldtrump"]})
    await worker.flush()
    assert stored(store) == 2
    assert list(worker.stored) == ["x:realdonaldtrump"]


async def test_what_is_refused_for_good_is_not_at_hand(metrics: Metrics) -> None:
    """It was never written."""
    worker = StoreWorker(RecordingStore(), InstantClock(), metrics, threaded=False)
    worker.follow({"x:stranger": state("stranger")})
    worker.touch(state("stranger", n=1))
    await worker.flush()
    assert worker.stored["x:stranger"].n == 0
