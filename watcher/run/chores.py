"""What is done every so often beside the looks: heartbeat, silence, controls, reachability, files, the store, old rows.

Each call of the ticker only hands over, and what still runs from the last time is not begun again.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import structlog

from watcher.clock import Clock
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.control import ControlKey, ControlReport, VantageState
from watcher.model.errors import StoreError
from watcher.probe import Reachability
from watcher.run import retention
from watcher.run.rounds import Rounds
from watcher.schedule import Ticker
from watcher.settings.values import Retention
from watcher.store.worker import StoreWorker

TICK: Final = timedelta(milliseconds=250)
_LOOK_AROUND: Final = timedelta(seconds=2)
_BEAT: Final = timedelta(seconds=10)
_CLOCK_STEP: Final = timedelta(seconds=2)
_STOOD_STILL: Final = 2.5 * _BEAT

Work = Callable[[], Coroutine[None, None, object]]


class Chores:
    """`begin` hands them to a ticker. `vantage` is whether this machine reaches anything, as last found out.

    `looks` are done by name every two seconds; `kept` says how long things are kept.
    """

    def __init__(
        self,
        *,
        rounds: Rounds,
        pipeline: Pipeline,
        reachability: Reachability,
        worker: StoreWorker,
        looks: Mapping[str, Work],
        kept: Callable[[], Retention],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self.vantage = VantageState.ONLINE
        self._rounds = rounds
        self._pipeline = pipeline
        self._reachability = reachability
        self._worker = worker
        self._looks = looks
        self._kept = kept
        self._clock = clock
        self._metrics = metrics
        self._stepped = False
        self._beat_at: datetime | None = None
        self._saved: dict[ControlKey, ControlReport] = {}
        self._under_way: set[str] = set()
        self._log = structlog.get_logger("watcher")

    def begin(self, ticker: Ticker) -> None:
        """The rhythm of a run."""
        ticker.every(TICK, self._rounds.tick)
        ticker.every(_LOOK_AROUND, self._look_around)
        ticker.every(_BEAT, self._beat)
        ticker.every(retention.ROUND, self._clear_out)

    def _look_around(self) -> None:
        """Every two seconds: stale controls, whether anything is reached, and what else there is to look at."""
        self._pipeline.controls.refresh_stale()
        self._do("check_vantage", self._check_vantage)
        for name, look in self._looks.items():
            self._do(name, look)

    def _beat(self) -> None:
        """Every ten seconds: heartbeat, silence, the clock. After a longer time all of this stood still."""
        now, before = self._clock.now(), self._beat_at
        self._beat_at = now
        if before is not None and now - before > _STOOD_STILL:
            self._log.warning("stood_still", seconds=round((now - before).total_seconds()))
            self._pipeline.sight.stood_still(now)
        self._do("heartbeat", self._keep)
        self._do("notice_silence", self._pipeline.notice_silence)
        offset = self._clock.offset()
        self._metrics.clock_offset.set(offset.total_seconds())
        if abs(offset) > _CLOCK_STEP and not self._stepped:
            self._log.warning("clock_stepped", by=str(offset), hint="stamps follow the old time until a restart")
        self._stepped = abs(offset) > _CLOCK_STEP

    def _clear_out(self) -> None:
        """Every hour, and at the start: what is too old goes."""
        self._do("retention", self._prune)

    def _do(self, chore: str, work: Work) -> None:
        if chore not in self._under_way:
            self._under_way.add(chore)
            self._rounds.start(self._done(chore, work))

    async def _done(self, chore: str, work: Work) -> None:
        try:
            await work()
        except Exception:  # noqa: BLE001 - a fault of ours is logged, and ends nothing
            self._log.error(f"{chore}_failed", exc_info=True)
        finally:
            self._under_way.discard(chore)

    async def _prune(self) -> None:
        await retention.prune(self._worker, self._kept(), self._clock.now())

    async def _keep(self) -> None:
        """Heartbeat and changed controls into the store. That it fails is told of by the worker."""
        book, controls = self._pipeline.book, self._pipeline.controls
        reports = map(book.only_known, controls.reports().values())
        changed = tuple(report for report in reports if self._saved.get(report.key) != report)
        with suppress(StoreError):
            await self._worker.beat()
            if changed:
                await self._worker.call(self._worker.store.save_controls, changed)
                self._saved.update((report.key, report) for report in changed)

    async def _check_vantage(self) -> None:
        hosts = self._rounds.hosts
        state = await self._reachability.check(hosts)
        if state is self.vantage:
            return
        self.vantage = state
        if state is VantageState.OFFLINE:
            hint = (
                "no account is called gone for this; without a network, `watcher demo` (make demo) shows how it works"
            )
            self._log.warning("nothing_can_be_reached", hosts=", ".join(sorted(hosts)), hint=hint)
        else:
            self._log.info("reached_again")
