"""The I/O shell that keeps the ControlReports: asks accounts that always exist and handles that never do.

One refresh at a time per key, shared by all who wait for it. Decides nothing: judging is in `judge`.
"""

import asyncio
import secrets
import string
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, Protocol, TypeVar

import structlog

from watcher.classify import classify, members_of
from watcher.clock import Clock
from watcher.judge.calibration import is_another_drawn
from watcher.judge.gate import vouched_for
from watcher.judge.platform_health import assess
from watcher.judge.policy import REFRESH, refresh_gap, refresh_period
from watcher.look.needs import Need
from watcher.look.reports import NEGATIVES, Noticed, merge
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Health
from watcher.model.exchange import Exchange, Purpose, Target, Task, host_asked
from watcher.model.platform import Pace, Platform, Source

# Suspicions of the same moment share one refresh: it waits this long for company before it asks.
GATHER: Final = timedelta(milliseconds=250)
_MAX_AGE: Final = timedelta(seconds=10)
_LAPSE: Final = timedelta(hours=1)
# The refresh that is under way, one of one's own, and one more where caches answered with older copies than expected.
_ROUNDS: Final = 3
_POSITIVES: Final = 2
_CAUGHT_UP: Final = timedelta(seconds=2)  # refreshes are begun that often, and several at once where many fit in
# While what rides along in batches is not there, controls are asked by themselves this often.
_DOUBT: Final = timedelta(minutes=1)
T = TypeVar("T")
_ANYBODY: Final = "anybody"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ALPHABET: Final = string.ascii_lowercase + string.digits


class Fetch(Protocol):
    """Puts one question; never raises for a bad page."""

    async def __call__(self, task: Task) -> Exchange:
        """The exchange of `task`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Companions(Generic[T]):
    """The controls that ride along in a batch: as whom to ask about, or as what was said of them."""

    positive: T | None
    negative: T


@dataclass(slots=True)
class _Post:
    """One key's controls: where to ask, what was said, and the refresh that is under way.

    `asked_…` is the instant after which what that side said last was true. `behind`: by how much that lay before the
    asking, for a cache may have answered; `Age: 0` alone means that the copy may be a second old. `alone_at` is when
    a refresh was last begun, beside what rode along in batches. `host`: whose pace they are asked within.
    """

    key: ControlKey
    platform: Platform
    source: Source
    report: ControlReport
    kept_at: datetime
    host: str
    asked_positive: datetime | None = None
    asked_negative: datetime | None = None
    refreshed_at: datetime | None = None
    alone_at: datetime | None = None
    behind: timedelta = timedelta(0)
    turn: int = 0
    running: asyncio.Task[None] | None = None
    assessed: tuple[ControlReport, Health] | None = None
    wanted: set[str] = field(default_factory=set)

    def is_older(self, now: datetime, period: timedelta) -> bool:
        """True when it was refreshed so long ago, or never, and is not being refreshed."""
        return self.running is None and (self.refreshed_at is None or now - self.refreshed_at >= period)


class Controls:
    """Keeps one report for each (platform, instance, source, vantage).

    `positives(key, turn, dead)` gives the handles that should exist, best first; it is asked anew each time, since
    fallbacks are watched accounts that are up. `changed` is told after each refresh, `asked` after one of both
    sides, `drifted` where pages look otherwise than before and are told apart all the same. `draw` makes up a
    handle that nobody has.
    """

    def __init__(
        self,
        *,
        fetch: Fetch,
        clock: Clock,
        timeout: timedelta,
        positives: Callable[[ControlKey, int, tuple[str, ...]], tuple[str, ...]],
        changed: Callable[[ControlReport], None] = lambda _report: None,
        asked: Callable[[ControlReport], None] = lambda _report: None,
        draw: Callable[[Platform], str] | None = None,
        drifted: Callable[[ControlKey], None] = lambda _key: None,
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._timeout = timeout
        self._positives = positives
        self._changed = changed
        self._asked = asked
        self._draw = draw or impossible
        self._drifted = drifted
        self._posts: dict[ControlKey, _Post] = {}
        self._stored: dict[ControlKey, ControlReport] = {}
        self._free_at: dict[str, datetime] = {}  # from when on the controls of another key of a host may be asked

    def restore(self, reports: Iterable[ControlReport]) -> None:
        """Go on from what an earlier run knew. It has no features: the first refresh brings them."""
        self._stored = {report.key: report for report in reports}

    def report(self, key: ControlKey) -> ControlReport:
        """What is known now; empty when nothing was asked yet."""
        post = self._posts.get(key)
        return post.report if post is not None else self._stored.get(key, ControlReport(key=key))

    def reports(self) -> Mapping[ControlKey, ControlReport]:
        """Every key that is in use, with its report."""
        return {key: post.report for key, post in self._posts.items()}

    def health(self, key: ControlKey) -> Health:
        """What the report says of the platform; worked out once for each report."""
        post = self._posts.get(key)
        if post is None:
            return assess(self.report(key))
        if post.assessed is None or post.assessed[0] is not post.report:
            post.assessed = post.report, assess(post.report)
        return post.assessed[1]

    def keep(self, key: ControlKey, platform: Platform, source: Source) -> None:
        """Keep controls for `key` from now on, until nobody has said so again for an hour."""
        now = self._clock.now()
        post = self._posts.get(key)
        if post is not None:
            post.kept_at = now
            return
        report = self._stored.get(key, ControlReport(key=key))
        host = _host(key, source)
        self._posts[key] = _Post(key=key, platform=platform, source=source, report=report, kept_at=now, host=host)

    def replace(self, platforms: Mapping[str, Platform]) -> None:
        """Ask as these platforms say from now on; a source that may not be asked any more is let go at once."""
        for post in list(self._posts.values()):
            platform = platforms.get(post.key.platform)
            sources = platform.usable_sources if platform is not None else ()
            source = next((source for source in sources if source.name == post.key.source), None)
            if platform is None or source is None:
                self._stored[post.key] = self._posts.pop(post.key).report
            else:
                post.platform, post.source, post.host = platform, source, _host(post.key, source)

    def let_go(self, left: Callable[[ControlReport], ControlReport]) -> None:
        """Know from now on only what `left` leaves of each report: who was taken off the list is no control."""
        for post in self._posts.values():
            post.report = left(post.report)
        self._stored = {key: left(report) for key, report in self._stored.items()}

    def refresh_stale(self) -> None:
        """Begin to refresh the reports that are older than five minutes, the oldest first.

        Later where the pace is slow or many are of one host, and there one after another: looks need most of its turns.
        Controls that nobody needs any more are let go: a source that was asked once for a second opinion, say.
        """
        now = self._clock.now()
        for post in [post for post in self._posts.values() if now - post.kept_at > _LAPSE and post.running is None]:
            self._stored[post.key] = self._posts.pop(post.key).report
        paces = defaultdict[str, list[Pace]](list)
        for post in self._posts.values():
            paces[post.host].append(post.source.pace)
        self._free_at = {host: at for host, at in self._free_at.items() if host in paces}
        for post in sorted((post for post in self._posts.values() if post.is_older(now, REFRESH)), key=_refreshed_at):
            here, free_at = paces[post.host], self._free_at.get(post.host, now)
            if free_at <= now and post.is_older(now, refresh_period(here)):
                self._free_at[post.host] = max(free_at, now - _CAUGHT_UP) + refresh_gap(here)
                self._begin(post, {"positive", "negative"}, timedelta(0))

    async def satisfy(self, key: ControlKey, need: Need) -> ControlReport:
        """The report once it holds what is needed; what the controls said may still be anything.

        Waits for a refresh, shared with all who need the same; not for ever, where caches never answer with anything
        new. What is not kept, or is let go meanwhile, is not asked: then the report is the one that there is.
        """
        for _ in range(_ROUNDS):
            post = self._posts.get(key)
            missing = _missing(post, need) if post is not None else set()
            if post is None or not missing:
                break
            if post.running is None:
                # Asked sooner, a cache that is `behind` would answer with what was so before the suspicion.
                self._begin(post, missing, max(GATHER, post.behind) if "positive" in missing else GATHER)
            else:
                post.wanted |= missing
            running = post.running
            assert running is not None  # noqa: S101 - begun just above, or found running
            await asyncio.shield(running)
        return self.report(key)

    def companions(self, key: ControlKey, others: Collection[str]) -> Companions[Target]:
        """Whom to ask about in one request with the `others`: an account that exists, if one is known, and nobody."""
        post = self._posts[key]
        asked = self._positives(key, post.turn, post.report.calibration.dead)
        there = [handle for handle in asked if handle not in others][:1]
        handles = (*there, self._draw(post.platform))
        *positive, negative = (Target(handle=handle, instance=key.instance) for handle in handles)
        return Companions(positive=next(iter(positive), None), negative=negative)

    def note(self, key: ControlKey, said: Companions[Exchange]) -> tuple[ControlFinding, ...]:
        """Take up what one answer said of its `companions`, positive and negative; what that was.

        It serves as well as a refresh. Where the account that exists is not there, others are asked about soon.
        """
        post = self._posts.get(key)
        if post is None:
            return ()
        positives = [said.positive] if said.positive is not None else []
        before = post.report
        post.report, noticed = merge(before, positives, [said.negative])
        self._tell(before, post.report, noticed)
        handles = {exchange.task.target.handle for exchange in (*positives, said.negative)}
        beside = tuple(c for c in (*post.report.positives, *post.report.negatives) if c.handle in handles)
        if vouched_for(beside):
            began = said.negative.seen.earliest
            post.asked_positive = max(began, post.asked_positive or began)
            post.asked_negative = post.refreshed_at = max(began, post.asked_negative or began)
        elif positives:
            post.turn += 1
            soon = post.alone_at is None or self._clock.now() - post.alone_at >= _DOUBT
            post.refreshed_at = None if soon else post.refreshed_at
        self._changed(post.report)
        return beside

    async def close(self) -> None:
        """Stop all refreshes."""
        running = [post.running for post in self._posts.values() if post.running is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _begin(self, post: _Post, sides: set[str], gather: timedelta) -> None:
        post.wanted = set(sides)
        post.running = asyncio.create_task(self._refresh(post, gather))

    async def _refresh(self, post: _Post, gather: timedelta) -> None:
        await self._clock.sleep(gather)
        began, sides = self._clock.now(), frozenset(post.wanted)
        behind = timedelta(0)
        try:
            positives, negatives = await asyncio.gather(
                self._ask_positives(post, "positive" in sides), self._ask_negatives(post, "negative" in sides)
            )
            before = post.report
            post.report, noticed = merge(before, positives, negatives)
            self._tell(before, post.report, noticed)
            behind = _behind(positives)
        except Exception:  # noqa: BLE001 - those who wait get the old report, which proves nothing new
            structlog.get_logger("watcher").error("control_refresh_failed", key=str(post.key), exc_info=True)
        finally:
            post.running = None
        # The stamps are those of the beginning: whoever needs an answer given after that must ask again.
        if "positive" in sides:
            post.behind, post.asked_positive = behind, began - behind
        post.asked_negative = began if "negative" in sides else post.asked_negative
        post.refreshed_at = began if sides == {"positive", "negative"} else post.refreshed_at
        post.alone_at = began
        self._changed(post.report)
        if sides == {"positive", "negative"}:
            self._asked(post.report)

    def _tell(self, before: ControlReport, after: ControlReport, noticed: Noticed) -> None:
        """Say once what people should know of the controls themselves."""
        log = structlog.get_logger("watcher")
        where = {"platform": after.key.platform, "instance": after.key.instance, "source": after.key.source}
        for handle in sorted(set(after.calibration.dead) - set(before.calibration.dead)):
            hint = "another one is there, and is asked first from now on; if it is yours, name another in controls"
            log.warning("control_is_gone", control=handle, hint=hint, **where)
        for handle in noticed.registered:
            log.info("control_was_registered", control=handle, hint="another handle that nobody has is used", **where)
        if noticed.drifted and assess(after) is Health.OK:
            log.info("layout_changed", controls=", ".join(noticed.drifted), hint="still told apart", **where)
            self._drifted(after.key)

    async def _ask_positives(self, post: _Post, wanted: bool) -> list[Exchange]:
        """Ask positive controls until one of them is there: one rotten control must not blind a platform."""
        handles = self._positives(post.key, post.turn, post.report.calibration.dead) if wanted else ()
        asked: list[Exchange] = []
        for handle in handles[:_POSITIVES]:
            exchange = await self._ask(post, handle)
            asked.append(exchange)
            if classify(exchange, post.report.references).finding.is_present:
                break
        post.turn += 1
        return asked

    async def _ask_negatives(self, post: _Post, wanted: bool) -> list[Exchange]:
        """Ask fresh handles that cannot exist: one, or two where pages must be compared and none is known.

        More where one of them exists: somebody may have registered it.
        """
        if not wanted:
            return []
        count = NEGATIVES if post.source.similarity and not post.report.references.negatives else 1
        asked, shown = list[Exchange](), list[bool]()
        while len(asked) < count or is_another_drawn(tuple(shown)):
            exchange = await self._ask(post, self._draw(post.platform))
            asked.append(exchange)
            shown.append(classify(exchange, post.report.references).finding.is_present)
        return asked

    async def _ask(self, post: _Post, handle: str) -> Exchange:
        now = self._clock.now()
        exchange = await self._fetch(
            Task(
                purpose=Purpose.CONTROL,
                platform=post.platform,
                source=post.source,
                target=Target(handle=handle, instance=post.key.instance),
                due=now,
                max_age=_MAX_AGE,
                timeout=self._timeout,
                fresh=True,
            )
        )
        return members_of(exchange)[0]


def impossible(platform: Platform) -> str:
    """A fresh handle that is valid on the platform and that nobody has."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(platform.controls.length - 1))
    return platform.controls.absent.replace("{random}", secrets.choice(string.ascii_lowercase) + random)


def _host(key: ControlKey, source: Source) -> str:
    """Where the controls are asked; one for all of them, also where their handles are part of it."""
    return host_asked(source.url, key.instance, _ANYBODY)


def _refreshed_at(post: _Post) -> datetime:
    return post.refreshed_at or _NEVER


def _missing(post: _Post, need: Need) -> set[str]:
    missing: set[str] = set()
    if need.positive is not None and (post.asked_positive is None or post.asked_positive < need.positive):
        missing.add("positive")
    if need.negative is not None and (post.asked_negative is None or post.asked_negative < need.negative):
        missing.add("negative")
    return missing


def _behind(asked: list[Exchange]) -> timedelta:
    """How much older than its asking the last answer may be; nothing where it is too old to prove anything anyway."""
    if not asked or (asked[-1].age or timedelta(0)) > _MAX_AGE:
        return timedelta(0)
    return asked[-1].sent_at - asked[-1].seen.earliest
