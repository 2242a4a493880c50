"""Changed files, taken up while running: notices them, reads them, has them adopted or says why not.

A configuration that is faulty, or that takes away too much, changes nothing: the old one goes on. That is told once,
and once again when a configuration is taken. What an edit does to the accounts is decided in `handover`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import structlog

from watcher.clock import Clock
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Severity
from watcher.model.errors import ConfigError
from watcher.model.notification import Incident, IncidentKind
from watcher.model.reload import Outcome, Refused, Reloaded
from watcher.notify.announce import News, tell_by
from watcher.notify.faults import Ways
from watcher.notify.trial import try_out
from watcher.settings import ConfigFiles, Loaded, Reading, ReadingError

KEY: Final = "configuration"
_MOST_FAULTS: Final = 20
_FIRST_WAIT: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = timedelta(minutes=15)
_FAILURES_TOLD: Final = 3  # in a row: one may be a bad moment, and to tell people of it would wake them for nothing


T = TypeVar("T")
Adopt = Callable[[Loaded, bool], Awaitable[Outcome]]


def wait_after(failures: int) -> timedelta:
    """How long what could not be read so many times in a row is let be."""
    return min(_FIRST_WAIT * (1 << min(failures - 1, 10)), _LONGEST_WAIT)


class Reloader:
    """Watches over the files of `loaded`. `adopt(loaded, force)` makes a configuration that of the run, or refuses it.

    Call `look` every two seconds. One reload at a time. `fallback` names the channel of news that no route takes.
    """

    def __init__(
        self,
        loaded: Loaded,
        adopt: Adopt,
        pipeline: Pipeline,
        clock: Clock,
        metrics: Metrics,
        *,
        fallback: Callable[[], str],
        threaded: bool,
    ) -> None:
        self._loaded = loaded
        self._reading = Reading(apart=threaded)
        self._files = ConfigFiles(loaded.path, loaded.env)
        self._adopt = adopt
        self._pipeline = pipeline
        self._clock = clock
        self._metrics = metrics
        self._fallback = fallback
        self._is_threaded = threaded
        self._tried = self._seen = loaded.fingerprint
        self._said: tuple[str, ...] = ()
        self._failures = 0  # reloads in a row that came to no end, by no fault of the files
        self._failed = ""  # the fingerprint of the last of them
        self._again_at: datetime | None = None  # when that is tried again
        self._busy = asyncio.Lock()
        self._log = structlog.get_logger("watcher")

    async def look(self) -> None:
        """Reload if the files have changed and stand still: what is changed again within two seconds may be half."""
        if self._busy.locked():
            return
        found = await self._fingerprint()
        stands_still, self._seen = found == self._seen, found
        if stands_still and found != self._tried and not self._waits_with(found):
            await self.reload()

    async def reload(self, *, force: bool = False) -> Outcome:
        """Read all files now and go by them, if they are right; `force` takes one that removes too much, too."""
        async with self._busy:
            before = await self._fingerprint()
            outcome = await self._read_and_adopt(before, force=force)
            # What changed while it was read differs from this, and is read again; so is what a bad moment refused.
            self._tried = "" if isinstance(outcome, Refused) and outcome.passing else before
            self._report(outcome)
            return outcome

    async def _read_and_adopt(self, fingerprint: str, *, force: bool) -> Outcome:
        try:
            loaded = await self._aside(self._load)
            outcome = await self._adopt(loaded, force)
        except ReadingError as error:
            outcome = Refused(why=(str(error),), passing=True)
        except ConfigError as error:
            outcome = Refused(why=tuple(str(fault) for fault in error.faults))
        if isinstance(outcome, Reloaded):
            self._loaded = loaded
        if isinstance(outcome, Refused) and outcome.passing:
            self._failures += 1
            self._failed, self._again_at = fingerprint, self._clock.now() + wait_after(self._failures)
        else:
            self._failures, self._again_at = 0, None
        return outcome

    def _waits_with(self, fingerprint: str) -> bool:
        """Whether that could not be taken a short while ago: to try it all the time would cost what is wanting."""
        return fingerprint == self._failed and self._again_at is not None and self._clock.now() < self._again_at

    def _load(self) -> Loaded:
        old = self._loaded
        loaded = self._reading.load(old.path, old.env, old)
        try_out(loaded.settings.channels)
        return loaded

    def stop(self) -> None:
        """End a reading that is under way: nobody waits for what comes of it."""
        self._reading.stop()

    async def _fingerprint(self) -> str:
        return await self._aside(self._files.fingerprint)

    async def _aside(self, read: Callable[[], T]) -> T:
        # A network file system may let one wait, and ten thousand accounts take their time.
        return await asyncio.to_thread(read) if self._is_threaded else read()

    def _report(self, outcome: Outcome) -> None:
        if isinstance(outcome, Reloaded):
            edit = outcome.edit
            counts = {"added": len(edit.added), "removed": len(edit.removed), "changed": len(edit.changed)}
            self._log.info("configuration_reloaded", **counts)
            if outcome.later:
                self._log.warning("some_changes_need_a_restart", keys=", ".join(outcome.later))
            self.accepted()
            return
        self._metrics.config_reload_successful.set(0)
        if self._failures >= _FAILURES_TOLD:
            self._tell(outcome)
        if outcome.why == self._said:
            return
        self._said = outcome.why
        hint = "the old one goes on" + ("; `watcher reload --force` takes it all the same" if outcome.forcible else "")
        self._log.warning("configuration_refused", said="\n".join(outcome.why[:_MOST_FAULTS]), hint=hint)
        if not outcome.passing:
            self._tell(outcome)

    def _tell(self, refused: Refused) -> None:
        """People hear of it once, until a configuration is taken again."""
        if self._open_incidents():
            return
        now = self._clock.now()
        more = len(refused.why) - _MOST_FAULTS
        lines = (*refused.why[:_MOST_FAULTS], *((f"… and {more} more",) if more > 0 else ()))
        incident = Incident(
            id=f"{IncidentKind.META}-{KEY}-{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}",
            kind=IncidentKind.META,
            key=KEY,
            severity=Severity.WARNING,
            opened_at=now,
            detail="\n".join(lines),
        )
        ways = Ways(routes=self._pipeline.book.routes, channels=(), fallback=self._fallback())
        self._pipeline.tell(tell_by(incident, ways.routed(incident)))

    def accepted(self) -> None:
        """Note that the configuration that is in force now was taken."""
        now = self._clock.now()
        self._said = ()
        self._metrics.config_reload_successful.set(1)
        self._metrics.config_reload_success_timestamp.set(now.timestamp())
        ended = News(closed=tuple((incident.id, now) for incident in self._open_incidents()))
        self._pipeline.tell(ended)

    def _open_incidents(self) -> list[Incident]:
        open_now = self._pipeline.book.incidents.values()
        return [incident for incident in open_now if (incident.kind, incident.key) == (IncidentKind.META, KEY)]
