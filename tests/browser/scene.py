"""A desk with something to look at: the pages over a real store, on the evening of 2 November 2017.

Thirteen accounts of a newsroom in every state, with what was recorded of ninety days. Time stands still unless a test
lets it pass, so that pictures of it are the same each time.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.clock import FakeClock
from watcher.metrics import Metrics
from watcher.model.account import Account, Owner, Severity
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Health, VantageState
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict, verdict_of
from watcher.model.outage import AccountState, EndCause, Outage, Phase, Transition, TransitionKind, Unobserved
from watcher.model.platform import Platform
from watcher.model.reload import Edit, Outcome, Reloaded
from watcher.model.sample import Sample
from watcher.model.seen import Unanswered
from watcher.model.snapshot import Snapshot
from watcher.record.cases import StoreCases
from watcher.settings.load import load_platforms
from watcher.settings.values import Secret, WebSettings
from watcher.store.desk import StoreDesk
from watcher.store.memory import MemoryStore
from watcher.store.reader import StoreReader
from watcher.store.values import Commit
from watcher.store.worker import StoreWorker
from watcher.web import ProbePage, WebServer

NOW = datetime(2017, 11, 2, 23, 7, 30, tzinfo=UTC)
TOKEN = "let me in"
QUOTE = "Désolé, cette page n'existe pas"
DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
OWNERS = {"potus45": "Donald J. Trump", "who": "World Health Organization", "desk": "The newsroom", "nasa": "NASA"}
#: Handle, platform, owner, days watched, outages as (days ago, minutes).
LISTED: tuple[tuple[str, str, str, int, tuple[tuple[float, float], ...]], ...] = (
    ("realDonaldTrump", "x", "potus45", 89, ()),
    ("POTUS", "x", "potus45", 89, ((41.2, 4),)),
    ("WHO", "x", "who", 120, ((12.4, 300), (12.9, 60))),
    ("who.int", "bluesky", "who", 31, ()),
    ("nytimes.com", "bluesky", "desk", 120, ()),
    ("newsroom@social.example", "mastodon", "desk", 70, ((33.3, 2900), (5.1, 12))),
    ("NASA", "youtube", "nasa", 120, ()),
    ("nasa", "github", "nasa", 120, ((60.5, 8),)),
    ("torvalds", "github", "", 90, ()),
    ("durov", "telegram", "", 14, ((0.3, 95),)),
    ("press_office", "instagram", "desk", 60, ()),
    ("mispelled", "github", "desk", 1, ()),
    ("new.example", "bluesky", "desk", 0, ()),
)


def stamp(at: datetime) -> Stamp:
    """A look that took 300 ms."""
    return Stamp(earliest=at, latest=at + timedelta(milliseconds=300))


def account_of(handle: str, platform: str, owner: str) -> Account:
    """As the watchlist has it."""
    instance = handle.partition("@")[2] if platform == "mastodon" else ""
    return Account(
        id=f"{platform}:{handle.lower()}",
        platform=platform,
        instance=instance,
        handle=handle.partition("@")[0].lower(),
        display_handle=handle,
        url=f"https://{instance or platform + '.example'}/{handle}",
        owner=owner or None,
        severity=Severity.CRITICAL if owner == "potus45" else Severity.WARNING,
        labels={"desk": "politics"} if owner == "potus45" else {},
    )


def outage_of(account: Account, number: int, began: datetime, lasted: timedelta | None) -> Outage:
    """One that began then; open where it has not `lasted`."""
    opened = Outage(
        id=f"{account.id.replace(':', '-')}-{number}",
        account_id=account.id,
        handle_then=account.handle,
        severity_then=account.severity,
        reason=Reason.NOT_FOUND,
        certainty=Certainty.SHOWN,
        last_present=began - timedelta(seconds=40),
        began=stamp(began),
        confirmed_at=began + timedelta(seconds=21),
        last_absent=stamp(NOW - timedelta(seconds=6) if lasted is None else began + lasted),
        quote=QUOTE,
        language="fr",
    )
    if lasted is None:
        return opened
    ended = stamp(began + lasted + timedelta(seconds=10))
    return replace(
        opened, ended=ended, closed_at=ended.latest + 10 * timedelta(seconds=1), end_cause=EndCause.RECOVERED
    )


def finding_of(reason: Reason, at: datetime, source: str = "page") -> Finding:
    """What a look said."""
    quote = QUOTE if reason is Reason.NOT_FOUND else None
    return Finding(
        verdict=verdict_of(reason),
        reason=reason,
        certainty=Certainty.SHOWN,
        source=source,
        vantage="local",
        at=at,
        seen=stamp(at),
        evidence=Evidence(step="phrases", rule="missing.fr" if quote else "profile", quote=quote, language="fr"),
    )


@dataclass
class Seen:
    """A look on demand that is over."""

    finding: Finding
    began_at: datetime
    ended_at: datetime


@dataclass
class Scene:
    """The desk: `states` may be changed, `now` moved on; `server` shows it. `looked` are looks that were asked for."""

    platforms: dict[str, Platform]
    accounts: dict[str, Account] = field(default_factory=dict)
    states: dict[str, AccountState] = field(default_factory=dict)
    owners: dict[str, Owner] = field(default_factory=lambda: {k: Owner(id=k, name=v) for k, v in OWNERS.items()})
    store: MemoryStore = field(default_factory=MemoryStore)
    now: datetime = NOW
    not_ready: tuple[str, ...] = ()
    looked: list[str] = field(default_factory=list)
    server: WebServer = field(init=False)
    reports: dict[ControlKey, ControlReport] = field(init=False)

    def __post_init__(self) -> None:
        self.reports = dict(_reports(self.platforms))

    def snapshot(self) -> Snapshot:
        """What the program would show."""
        reports = self.reports
        return Snapshot(
            at=self.now,
            started_at=NOW - 5 * DAY,
            accounts=self.accounts,
            states=self.states,
            owners=self.owners,
            platforms=self.platforms,
            health={key: Health.BLIND if key.platform == "instagram" else Health.OK for key in reports},
            reports=reports,
            vantage=VantageState.ONLINE,
            not_ready=self.not_ready,
        )

    def upcoming(self, account_id: str) -> datetime | None:
        """Every account is due in half a minute."""
        return self.now + timedelta(seconds=30) if account_id in self.accounts else None

    async def look(self, account_id: str, _patience: timedelta) -> Seen | Unanswered:
        """What a look on demand would see."""
        self.looked.append(account_id)
        if account_id not in self.accounts:
            return Unanswered.NOT_WATCHED
        return Seen(finding_of(Reason.NOT_FOUND, self.now), self.now - timedelta(milliseconds=300), self.now)

    def explain(self, seen: Seen) -> Iterator[str]:
        """How it came to that."""
        yield "sources"
        yield f"  {seen.finding.source}   chosen"
        yield "gate"
        yield "  admits it: a positive control was present after the answer"

    def add(self, account: Account, state: AccountState, days: float = 90) -> None:
        """Somebody else is watched, and was seen first so long ago."""
        self.accounts = {**self.accounts, account.id: account}
        self.states[account.id] = state
        self.store.watch(tuple(self.accounts.values()), self.now - days * DAY)
        seen = Transition(
            kind=TransitionKind.ACCOUNT_FIRST_SEEN,
            at=self.now - days * DAY,
            account_id=account.id,
            finding=finding_of(Reason.PROFILE, self.now - days * DAY),
        )
        self.store.commit(Commit(transitions=(seen,) if state.last_present else (), states=(state,)))

    def goes(self, account_id: str, phase: Phase, **changes: Any) -> None:
        """From now on the account stands so."""
        self.states[account_id] = replace(self.states[account_id], phase=phase, since=self.now, **changes)


def up(account: Account, since: datetime) -> AccountState:
    """A state as the judge leaves it: seen some seconds ago."""
    ago = NOW - timedelta(seconds=5 + sum(map(ord, account.id)) % 50)
    return AccountState(
        account_id=account.id,
        phase=Phase.UP,
        since=since,
        last_probe_at=ago,
        last_verdict_at=ago,
        last_present=ago,
        observed_until=ago,
        verdict=Verdict.PRESENT,
        reason=Reason.PROFILE,
        source="page",
    )


def _reports(platforms: dict[str, Platform]) -> Iterator[tuple[ControlKey, ControlReport]]:
    for platform in ("x", "bluesky", "github", "youtube", "telegram", "instagram"):
        source = "page" if platform == "x" else platforms[platform].sources[-1].name
        key = ControlKey(platform=platform, instance="", source=source, vantage="local")
        good = Reason.LOGIN_WALL if platform == "instagram" else Reason.PROFILE
        at = NOW - timedelta(seconds=40)
        positives = tuple(
            ControlFinding(handle=handle, finding=finding_of(good, at)) for handle in _controls(platforms[platform])
        )
        missing = Reason.LOGIN_WALL if platform == "instagram" else Reason.NOT_FOUND
        negative = ControlFinding(handle="q7x2k9vbn3m1p8d", finding=finding_of(missing, at))
        yield key, ControlReport(key=key, positives=positives, negatives=(negative,))


def _controls(platform: Platform) -> tuple[str, ...]:
    return next(iter(platform.controls.present.values()), ("always",))[:2]


def fill(scene: Scene) -> None:
    """The thirteen, each with its past."""
    for handle, platform, owner, days, absences in LISTED:
        account = account_of(handle, platform, owner)
        since = NOW - days * DAY
        scene.add(account, up(account, since if days else NOW - MINUTE), days)
        outages = [
            outage_of(account, number, NOW - ago * DAY, minutes * MINUTE)
            for number, (ago, minutes) in enumerate(absences, start=1)
        ]
        for outage in outages:
            _record(scene, account, outage)
        if outages:
            last = max(outage.closed_at or NOW for outage in outages)
            scene.states[account.id] = replace(
                scene.states[account.id],
                since=last,
                outages_total=len(outages),
                last_outage=outages[0].duration.best,
                last_outage_id=outages[0].id,
            )
    hidden = [(None, 20.4, 240), (None, 55.1, 1100), ("x:who", 0.5, 40), ("instagram:press_office", 1.2, 1700)]
    spans = (
        Unobserved(account_id=who, from_at=NOW - ago * DAY, to_at=NOW - ago * DAY + minutes * MINUTE, cause="stopped")
        for who, ago, minutes in hidden
    )
    scene.store.commit(Commit(unobserved=tuple(spans)))
    _stand(scene)


def _record(scene: Scene, account: Account, outage: Outage) -> None:
    began = outage.began.latest
    found = finding_of(outage.reason, began)
    happened = [
        Transition(kind=TransitionKind.ACCOUNT_SUSPECTED, at=began, account_id=account.id, finding=found),
        Transition(
            kind=TransitionKind.OUTAGE_OPENED,
            at=outage.confirmed_at,
            account_id=account.id,
            finding=replace(found, at=outage.confirmed_at),
            outage=replace(outage, ended=None, closed_at=None, end_cause=None),
        ),
    ]
    if outage.closed_at is not None:
        back = finding_of(Reason.PROFILE, outage.closed_at)
        happened.append(
            Transition(
                kind=TransitionKind.OUTAGE_CLOSED,
                at=outage.closed_at,
                account_id=account.id,
                finding=back,
                outage=outage,
            )
        )
    scene.store.commit(Commit(transitions=tuple(happened)))


def _stand(scene: Scene) -> None:
    """How everybody stands on that evening."""
    trump = scene.accounts["x:realdonaldtrump"]
    gone = outage_of(trump, 1, NOW - 6.8 * MINUTE, None)
    _record(scene, trump, gone)
    absent: dict[str, Any] = {"verdict": Verdict.ABSENT, "reason": Reason.NOT_FOUND}
    scene.goes("x:realdonaldtrump", Phase.DOWN, outage=gone, outages_total=1, **absent)
    scene.states[trump.id] = replace(
        scene.states[trump.id], since=gone.confirmed_at, last_probe_at=NOW - timedelta(seconds=6)
    )
    scene.goes("github:nasa", Phase.SUSPECT, n=1, **absent)
    scene.states["github:mispelled"] = replace(
        scene.states["github:mispelled"], phase=Phase.NEVER_SEEN, last_present=None, observed_until=None, **absent
    )
    scene.states["bluesky:new.example"] = AccountState(account_id="bluesky:new.example", since=NOW - MINUTE / 4)
    scene.states["instagram:press_office"] = replace(
        scene.states["instagram:press_office"],
        blind_since=NOW - 300 * MINUTE,
        observed_until=NOW - 303 * MINUTE,
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.LOGIN_WALL,
    )
    scene.store.commit(Commit(states=tuple(scene.states.values()), samples=tuple(_samples())))


def _samples() -> Iterator[Sample]:
    reasons = {7: Reason.TIMEOUT, 19: Reason.RATE_LIMITED, 20: Reason.RATE_LIMITED, 31: Reason.LOGIN_WALL}
    for day in range(40):
        reason = reasons.get(day, Reason.PROFILE)
        yield Sample(
            account_id="x:realdonaldtrump",
            at=NOW - (day + 0.4) * DAY,
            verdict=verdict_of(reason),
            reason=reason,
            source="page",
            vantage="local",
            status=None if reason is Reason.TIMEOUT else 200,
            latency=timedelta(milliseconds=180 + (day * 97) % 240 + (900 if day in reasons else 0)),
        )


async def reload(_force: bool) -> Outcome:
    """Nothing to reload."""
    return Reloaded(edit=Edit())


@asynccontextmanager
async def a_scene(*, filled: bool = True, token: str | None = TOKEN, **settings: Any) -> AsyncIterator[Scene]:
    """The server over it, on a free port of the loopback address."""
    platforms = load_platforms(None)
    x = platforms["x"]
    # As where the operator lets the page be asked.
    asked = tuple(replace(source, robots_override=source.name == "page") for source in x.sources)
    scene = Scene(platforms={**platforms, "x": replace(x, sources=asked)})
    if filled:
        fill(scene)
    metrics = Metrics("1.2.3")
    worker = StoreWorker(scene.store, FakeClock(NOW), metrics, threaded=False)
    scene.server = WebServer(
        WebSettings(**{"port": 0, "token": Secret(token) if token is not None else None, **settings}),
        scene.snapshot,
        StoreReader(worker),
        reload,
        metrics.registry,
        "1.2.3",
        probe=ProbePage(scene.look, scene.explain),
        desk=StoreDesk(worker),
        cases=StoreCases(worker),
        upcoming=scene.upcoming,
        grace=timedelta(milliseconds=200),
    )
    await scene.server.start()
    try:
        yield scene
    finally:
        await scene.server.stop()


def docs() -> Path:
    """Where the pictures of the documentation are."""
    return Path(__file__).parents[2] / "docs/images"
