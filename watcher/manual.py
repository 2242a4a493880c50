"""What a person does by hand: one look at one account, one test message, a word to the running program.

Feeds no judge and touches no store.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

import aiohttp

from watcher import __version__
from watcher.clock import Clock
from watcher.judge.calibration import in_turn
from watcher.look.book import VANTAGE, Book
from watcher.look.controls import Controls
from watcher.look.needs import Need
from watcher.look.ondemand import Look, look_at
from watcher.look.outlook import Outlook, outlook
from watcher.look.pipeline import Pipeline
from watcher.metrics import Metrics
from watcher.model.account import Account, Severity, Watchlist
from watcher.model.control import ControlKey
from watcher.model.exchange import Exchange, Task
from watcher.model.notification import Alert, Message, NotificationKind, Outcome
from watcher.model.outage import AccountState, Phase
from watcher.model.platform import Platform, Source
from watcher.notify import format_stamp
from watcher.notify.alerts import NOTICE_LASTS
from watcher.notify.channels.build import build
from watcher.probe import Prober, Reachability, open_prober
from watcher.selftest import Live
from watcher.settings import Loaded
from watcher.settings.values import ChannelSettings, WebSettings
from watcher.store.memory import MemoryStore
from watcher.store.worker import StoreWorker
from watcher.web.guard import RELOAD_HEADER

# Who listens everywhere is reached at home.
_REACHED_AT: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound to, but understood


async def look(account: Account, loaded: Loaded, clock: Clock) -> Look:
    """Look at `account` once, as a run would to confirm a change: with controls, whichever way the answer points.

    `account` need not be watched. Raises as `open_prober` does.
    """
    metrics = Metrics(__version__)
    prober = open_prober(loaded.settings.probe, __version__, clock, metrics)
    asked: list[Exchange] = []

    async def fetch(task: Task) -> Exchange:
        exchange = await prober.fetch(task)
        asked.append(exchange)
        return exchange

    book = _book(account, loaded, clock.now())
    controls = Controls(fetch=fetch, clock=clock, timeout=loaded.settings.probe.timeout, positives=book.positives)
    pipeline = Pipeline(
        book=book,
        fetch=fetch,
        controls=controls,
        reachability=Reachability(clock, prober.session.reaches),
        # Examining writes nothing: this store is never opened, and its worker never runs.
        worker=StoreWorker(MemoryStore(), clock, metrics, threaded=False),
        clock=clock,
        metrics=metrics,
        committed=lambda: None,
    )
    try:
        is_watched = account.id in loaded.watchlist.accounts
        seen = await look_at(account, pipeline, clock, wary=True, is_watched=is_watched)
    finally:
        await _close(controls, prober)
    assert seen is not None  # noqa: S101 - nothing leaves this book
    return replace(seen, asked=tuple(asked))


async def calibrate(loaded: Loaded, clock: Clock) -> tuple[Outlook, ...]:
    """Ask the controls of every source of every watched platform, within its pace; what can be seen from here.

    Raises as `open_prober` does.
    """
    metrics = Metrics(__version__)
    prober = open_prober(loaded.settings.probe, __version__, clock, metrics)
    accounts = tuple(loaded.watchlist.accounts.values())
    book = _book(accounts[0], loaded, clock.now())
    controls = Controls(
        fetch=prober.fetch, clock=clock, timeout=loaded.settings.probe.timeout, positives=book.positives
    )
    keys = {}
    for account in accounts:
        platform = book.platform_of(account)
        for source in platform.usable_sources:
            key = book.key(account, source)
            controls.keep(key, platform, source)
            keys[key] = platform
    now = clock.now()
    try:
        await asyncio.gather(*(controls.satisfy(key, Need(positive=now, negative=now)) for key in keys))
    finally:
        await _close(controls, prober)
    return tuple(outlook(controls.report(key), platform) for key, platform in keys.items())


async def ask_controls(loaded: Loaded, platforms: Mapping[str, Platform], clock: Clock) -> tuple[Live, ...]:
    """Ask every usable source of these platforms for its controls, once, each host within its pace.

    Where a platform has many instances, those of the platform file and of the watchlist are asked.
    """
    prober = open_prober(loaded.settings.probe, __version__, clock, Metrics(__version__))

    def positives(key: ControlKey, turn: int = 0, dead: tuple[str, ...] = ()) -> tuple[str, ...]:
        own = [handle for account in beside(key) for handle in account.controls]
        declared = platforms[key.platform].controls.present
        known = dict.fromkeys((*own, *declared.get(key.instance, ()), *declared.get("*", ())))
        return in_turn(tuple(known), turn, dead)

    def beside(key: ControlKey) -> list[Account]:
        listed = loaded.watchlist.accounts.values()
        return [each for each in listed if (each.platform, each.instance) == (key.platform, key.instance)]

    controls = Controls(fetch=prober.fetch, clock=clock, timeout=loaded.settings.probe.timeout, positives=positives)

    async def ask(platform: Platform, source: Source, instance: str) -> Live:
        live = Live(platform=platform.id, source=source.name, instance=instance)
        if source.why_unusable is not None:
            return replace(live, why=f"it {source.why_unusable}")
        key = ControlKey(platform=platform.id, instance=instance, source=source.name, vantage=VANTAGE)
        if not positives(key):
            return replace(live, why="nobody is named who always exists (controls.present)")
        controls.keep(key, platform, source)
        now = clock.now()
        return replace(live, report=await controls.satisfy(key, Need(positive=now, negative=now)))

    places = [
        (platform, source, instance)
        for platform in platforms.values()
        for source in platform.sources
        for instance in _instances(platform, loaded)
    ]
    try:
        return tuple(await asyncio.gather(*(ask(*place) for place in places)))
    finally:
        await _close(controls, prober)


def _instances(platform: Platform, loaded: Loaded) -> tuple[str, ...]:
    """Where a platform can be asked: at its one place, or at each instance that is known."""
    if "{instance}" not in platform.profile:
        return ("",)
    listed = (each.instance for each in loaded.watchlist.accounts.values() if each.platform == platform.id)
    named = (instance for instance in platform.controls.present if instance != "*")
    return tuple(dict.fromkeys((*listed, *named)))


def _book(account: Account, loaded: Loaded, now: datetime) -> Book:
    """A book in which nothing is known of the account, and the others may serve as controls.

    That they are up is a guess that proves nothing by itself: a control counts only if it answers as one.
    """
    accounts = {**loaded.watchlist.accounts, account.id: account}
    states = {each: AccountState(account_id=each, phase=Phase.UP, since=now) for each in accounts}
    return Book(
        watchlist=Watchlist(accounts=accounts, owners=loaded.watchlist.owners),
        platforms=loaded.platforms,
        routes=loaded.settings.routes,
        states={**states, account.id: AccountState(account_id=account.id, since=now)},
        timeout=loaded.settings.probe.timeout,
    )


async def _close(controls: Controls, prober: Prober) -> None:
    await controls.close()
    await prober.close()


async def ask_reload(settings: WebSettings, *, force: bool) -> tuple[bool | None, str]:
    """Have the program that listens there read its configuration anew: whether it took it, and what it said.

    None when nobody answers.
    """
    host = _REACHED_AT.get(settings.host, settings.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/-/reload"
    query = {"force": "true"} if force else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session,
            session.post(url, params=query, headers={RELOAD_HEADER: "yes"}) as answer,
        ):
            return answer.status == HTTPStatus.OK, await answer.text()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        hint = "is it running? If web.listen was changed, it listens at the old address until a restart"
        return None, f"no watcher answers at {url} ({type(error).__name__}): {hint}"


async def send_test(settings: ChannelSettings, clock: Clock) -> Outcome:
    """Send one message that says it is a test through that channel, once; how it went."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        channel = build((settings,), session, clock)[settings.name]
        try:
            return await channel.send(_test_message(settings.name, clock.now()))
        finally:
            await channel.close()


def _test_message(channel: str, now: datetime) -> Message:
    return Message(
        headline="Test message from watcher: nothing has happened",
        sentences=(
            f"Somebody asked watcher to try out the channel '{channel}'.",
            "Alerts and recoveries that are routed to it will arrive here.",
        ),
        severity=Severity.INFO,
        kind=NotificationKind.ALERT,
        dedup_key=f"test/{channel}/{now:%Y%m%dT%H%M%S%f}",
        facts=(("Sent", format_stamp(now)), ("Version", __version__)),
        footer="Sent by watcher (a test).",
        alerts=(_test_alert(channel, now),),
    )


def _test_alert(channel: str, now: datetime) -> Alert:
    """The same for programs: one that ends by itself."""
    return Alert(
        labels={"alertname": "WatcherTest", "channel": channel, "severity": Severity.INFO},
        annotations={"summary": "Test message from watcher: nothing has happened"},
        starts_at=now,
        ends_at=now + NOTICE_LASTS,
    )
