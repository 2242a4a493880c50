"""Put a question to a platform: wait for the turn, ask, keep the answer with its times. Judges nothing."""

from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Final

from yarl import URL

from watcher.clock import Clock
from watcher.metrics import Metrics
from watcher.model.exchange import Exchange, FetchFailure, Response, Task
from watcher.model.finding import Reason
from watcher.model.platform import Answers, SourceKind, is_at_home
from watcher.probe.browser import Browser, Rendered
from watcher.probe.failures import TRANSPORT
from watcher.probe.headers import age_of, is_limited, request_headers, retry_after_of
from watcher.probe.pacing import BackingOff, Pacer
from watcher.probe.robots import MAX_BYTES, Fetch, Robots
from watcher.probe.session import ProbeSession, open_session, user_agent_of
from watcher.probe.visit import Visit, go
from watcher.redact import Redaction
from watcher.settings.values import ProbeSettings

_ERRORS: Final = 400


class Prober:
    """Fetches for one run: paced, within the address rules, robots.txt minded, every failure a value.

    `pacer` says what the schedule may start; `session` is closed by `close`; `in_flight` answers are waited for.
    """

    def __init__(
        self,
        *,
        session: ProbeSession,
        pacer: Pacer,
        robots: Robots,
        clock: Clock,
        metrics: Metrics,
        settings: ProbeSettings,
        browser: Browser,
    ) -> None:
        self.session = session
        self.pacer = pacer
        self._robots = robots
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._browser = browser
        self.in_flight = 0
        metrics.probes_in_flight.set_function(lambda: self.in_flight)

    async def fetch(self, task: Task) -> Exchange:
        """Ask what `task` asks. Raises nothing but CancelledError, whatever the page or the network does.

        `task.timeout` begins with the turn. When no request was sent, both stamps are the present instant.
        A redirect is followed within the platform only: a page may name any host, and must not spend its pace.
        """
        refusal = await self._robots_refusal(task)
        if refusal is not None:
            return self._unsent(task, refusal)
        is_plain = task.source.kind is not SourceKind.BROWSER
        turn = self.pacer.turn(
            task.host, task.source.pace, task.platform.id, task.purpose, task.timeout, connects=is_plain
        )
        async with turn as held_up:
            if held_up is not None:
                return self._unsent(task, backing_off(held_up))
            if is_plain:
                return await self._ask(task)
            async with self._browser.place() as lacking:
                return await self._ask(task) if lacking is None else self._unsent(task, lacking)

    async def close(self) -> None:
        """End the browser and close the connections."""
        await self._browser.close()
        await self.session.close()

    async def _robots_refusal(self, task: Task) -> FetchFailure | None:
        if task.source.answers is not Answers.HTML or task.source.robots_override:
            return None
        return await self._robots.refusal(task.url)

    async def _ask(self, task: Task) -> Exchange:
        body = task.body(task.source.secret)
        visit = Visit(
            url=task.url,
            timeout=task.timeout,
            max_body=self._settings.max_body,
            headers=request_headers(task),
            fresh=task.fresh,
            data=None if body is None else body.encode(),
            follows=lambda url: is_at_home(url, task.url, task.platform),
        )
        metrics = self._metrics.of_platform(task.platform.id)
        metrics.probes.inc()
        self.in_flight += 1
        try:
            sent_at = self._clock.now()
            seen = await self._see(task, visit)
            received_at = self._clock.now()
        finally:
            self.in_flight -= 1
        metrics.probe_duration.observe((received_at - sent_at).total_seconds())
        self._tell_pacer(task.host, seen.document, received_at)
        if isinstance(seen.outcome, FetchFailure) and seen.outcome.reason is Reason.RATE_LIMITED:
            self.pacer.limited(task.host)  # the page came, but not what it asked for
        youngest, oldest = seen.ages or (None, None)
        return Exchange(
            task=task,
            sent_at=sent_at,
            received_at=received_at,
            outcome=_without(task.source.secret, seen.outcome),
            age=oldest,
            youngest=youngest,
        )

    async def _see(self, task: Task, visit: Visit) -> Rendered:
        """What the source answers: as it comes, or as a browser shows it."""
        if task.source.kind is SourceKind.BROWSER:
            wait_for = task.source.wait_for
            return await self._browser.render(visit, self.pacer.spend, wait_for, screenshot=task.screenshot)
        answer = await go(self.session, visit, self.pacer.spend)
        age = age_of(answer) if isinstance(answer, Response) else None
        return Rendered(outcome=answer, document=answer, ages=None if age is None else (age, age))

    def _tell_pacer(self, host: str, outcome: Response | FetchFailure, now: datetime) -> None:
        if isinstance(outcome, FetchFailure):
            if outcome.reason in TRANSPORT:
                self.pacer.failed(host)
            return
        if outcome.status < _ERRORS:
            self.pacer.succeeded(host)
            return
        retry_after = retry_after_of(outcome, now)
        if is_limited(outcome, retry_after):
            self.pacer.limited(host, retry_after)
        elif outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.pacer.failed(host)
        else:
            self.pacer.succeeded(host)

    def _unsent(self, task: Task, failure: FetchFailure) -> Exchange:
        now = self._clock.now()
        return Exchange(task=task, sent_at=now, received_at=now, outcome=failure)


def _without(secret: str, outcome: Response | FetchFailure) -> Response | FetchFailure:
    """The same without the credential, should the platform have echoed it: what it says is quoted, kept and shown."""
    if not secret:
        return outcome
    hide = Redaction((secret,))
    hops = tuple(replace(hop, url=hide.text(hop.url), location=hide.text(hop.location)) for hop in outcome.hops)
    if isinstance(outcome, FetchFailure):
        return replace(outcome, hops=hops)
    headers = {hide.text(name): hide.text(value) for name, value in outcome.headers.items()}
    return replace(outcome, url=hide.text(outcome.url), headers=headers, body=hide.body(outcome.body), hops=hops)


def backing_off(held_up: BackingOff) -> FetchFailure:
    """What a probe says that was not sent because its host is left alone."""
    return FetchFailure(reason=Reason.RATE_LIMITED, detail=f"backing off until {held_up.until:%Y-%m-%d %H:%M:%S} utc")


def open_prober(settings: ProbeSettings, version: str, clock: Clock, metrics: Metrics) -> Prober:
    """The prober of a run with all its parts; needs a running loop. Raises as `open_session` does."""
    session = open_session(settings, version)
    pacer = Pacer(clock, metrics, settings.connections)
    robots = Robots(robots_fetch(session, pacer, settings), clock)
    browser = Browser(settings.browser, session, user_agent_of(settings, version), metrics)
    return Prober(
        session=session,
        pacer=pacer,
        robots=robots,
        clock=clock,
        metrics=metrics,
        settings=settings,
        browser=browser,
    )


def robots_fetch(session: ProbeSession, pacer: Pacer, settings: ProbeSettings) -> Fetch:
    """How `Robots` gets its files: over the same session, by the same address rules, not while backing off.

    One request in 24 hours waits for no turn of its own; it is counted, so that the next turn comes later.
    """

    async def fetch(url: str) -> Response | FetchFailure:
        visit = Visit(url=url, timeout=settings.timeout, max_body=MAX_BYTES)
        host = URL(url).host or ""
        until = pacer.backing_off(host)
        if until is not None:
            return backing_off(BackingOff(until=until))
        async with pacer.connection():
            pacer.spend(host)
            return await go(session, visit, pacer.spend)

    return fetch
