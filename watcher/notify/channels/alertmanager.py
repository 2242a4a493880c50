"""Alertmanager by its API v2: every piece of news goes to every peer, as its contract wants.

https://github.com/prometheus/alertmanager/blob/main/docs/alerts_api.md. An Alertmanager takes an alert for resolved
once nobody repeats it: what lasts is said to end in four times the time between two repetitions (`renewal` repeats it),
as Prometheus does. So three of them may fail before an alert ends wrongly.

The peers are told one by one: what one is told comes there in the order in which it happened. One that hung, or that
asked for time, is left alone for a while, so that what comes next reaches the others without waiting for it. Of an
alert whose end was told nobody is told again that it lasts, though a repetition was under way.
"""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from watcher.clock import Clock
from watcher.model.notification import Alert, Delivered, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.alerts import latest
from watcher.notify.channels.http import outcome_of, read_answer, retry_after, rfc3339
from watcher.settings import values
from watcher.text import clean, cut

_TIMEOUT: Final = timedelta(seconds=10)
_REPETITIONS: Final = 4
_AT_ONCE: Final = 500
_ANSWER_LENGTH: Final = 200
# So long is a peer left alone that did not answer in time, where there are others.
_REST: Final = timedelta(seconds=30)
# An older piece of news that was put off may still come so long after.
_REMEMBERED: Final = timedelta(days=4)
_TOLD: Final = (NotificationKind.ALERT, NotificationKind.UPDATE, NotificationKind.RESOLVED)


@dataclass(slots=True)
class _Peer:
    """One Alertmanager; it is not asked before `free_at`."""

    url: str
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The last that was said of an alert."""

    starts_at: datetime
    is_over: bool
    said_at: datetime

    def outdates(self, alert: Alert) -> bool:
        """Whether something later is known than what `alert` says."""
        lasts = alert.ends_at is None
        if self.starts_at == alert.starts_at:
            return self.is_over and lasts
        # What lasts comes after what is over, though that began later by a clock that was set back since.
        return self.starts_at > alert.starts_at and not (self.is_over and lasts)


class AlertmanagerChannel:
    """All peers of one cluster. `timeout` bounds what one of them is told once, in real time."""

    def __init__(
        self,
        settings: values.AlertmanagerChannel,
        session: aiohttp.ClientSession,
        clock: Clock,
        timeout: timedelta = _TIMEOUT,
    ) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._timeout = timeout
        self._peers = [_Peer(url) for url in settings.peers]
        self._known: dict[tuple[tuple[str, str], ...], _Known] = {}

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._settings.name

    @property
    def spacing(self) -> timedelta:
        """None: an Alertmanager is made for many alerts."""
        return timedelta(0)

    @property
    def timeout(self) -> timedelta:
        """A repetition may be under way to a peer that hangs."""
        return 2 * self._timeout

    @property
    def renew_every(self) -> timedelta:
        """How often what lasts is to be repeated."""
        return self._settings.renew

    def tells(self, kind: NotificationKind) -> bool:
        """What begins and ends: Alertmanager reminds by itself, and has no way to say the rest."""
        return kind in _TOLD

    async def send(self, message: Message) -> Outcome:
        """Tell the peers that are to be reached; the outcome's reason begins with one of metrics.FAILURE_REASONS."""
        left = set(message.recipients)
        asked = [peer for peer in self._peers if not left or peer.url in left]
        if not asked:
            return Delivered(answer="those still to be reached are peers no longer; the others have it")
        self._note(message.alerts)
        outcomes = await asyncio.gather(*(self._tell(peer, message.alerts) for peer in asked))
        said = {peer.url: outcome for peer, outcome in zip(asked, outcomes, strict=True)}
        return _together(said, reached_before=bool(left))

    async def renew(self, alerts: Sequence[Alert]) -> Mapping[str, str]:
        """Say again to every peer what lasts and what has just ended; those that did not take it, and why."""
        self._note(alerts)
        self._forget()
        outcomes = await asyncio.gather(*(self._tell(peer, alerts) for peer in self._peers))
        said = zip(self._peers, outcomes, strict=True)
        return {peer.url: outcome.reason for peer, outcome in said if not isinstance(outcome, Delivered)}

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""

    def _note(self, alerts: Iterable[Alert]) -> None:
        now = self._clock.now()
        for alert in alerts:
            key, known = _identity(alert), self._known.get(_identity(alert))
            if known is None or not known.outdates(alert):
                self._known[key] = _Known(starts_at=alert.starts_at, is_over=alert.ends_at is not None, said_at=now)

    def _forget(self) -> None:
        old = self._clock.now() - _REMEMBERED
        self._known = {key: known for key, known in self._known.items() if known.said_at > old}

    async def _tell(self, peer: _Peer, alerts: Sequence[Alert]) -> Outcome:
        if peer.free_at is not None and self._clock.now() < peer.free_at:
            return RetryAfter(reason="timeout: not asked, it is left alone for a while")
        outcome = await self._tell_in_order(peer, alerts)
        peer.free_at = self._rest(outcome)
        return outcome

    def _rest(self, outcome: Outcome) -> datetime | None:
        """Until when a peer with this outcome is left alone. The only one is not: nobody waits for it in vain."""
        if len(self._peers) == 1 or not isinstance(outcome, RetryAfter):
            return None
        hung = outcome.reason.partition(":")[0] == "timeout"
        rest = outcome.wait or (_REST if hung else None)
        return None if rest is None else self._clock.now() + rest

    async def _tell_in_order(self, peer: _Peer, alerts: Sequence[Alert]) -> Outcome:
        try:
            async with asyncio.timeout(self.timeout.total_seconds()), peer.line:
                # Only now: while it waited, others may have ended.
                current = latest(alert for alert in alerts if not self._known[_identity(alert)].outdates(alert))
                outcome: Outcome = Delivered(answer="nothing to say")
                for start in range(0, len(current), _AT_ONCE):
                    outcome = await self._post(peer, current[start : start + _AT_ONCE])
                    if not isinstance(outcome, Delivered):
                        break
                return outcome
        except TimeoutError:
            return RetryAfter(reason="timeout")

    async def _post(self, peer: _Peer, alerts: Sequence[Alert]) -> Outcome:
        try:
            async with self._session.post(
                f"{peer.url}/api/v2/alerts",
                data=json.dumps([self._postable(alert) for alert in alerts], ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json", **self._authorization()},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
            ) as response:
                is_ours = response.status == HTTPStatus.BAD_REQUEST  # then it says what is wrong with which alert
                said = cut(clean(await read_answer(response)), _ANSWER_LENGTH) if is_ours else ""
                return outcome_of(response.status, retry_after(response), said)
        except TimeoutError:
            return RetryAfter(reason="timeout")
        except (aiohttp.ClientError, OSError) as error:
            return RetryAfter(reason=f"connect: {type(error).__name__}")

    def _postable(self, alert: Alert) -> dict[str, Any]:
        ends_at = alert.ends_at or self._clock.now() + _REPETITIONS * self._settings.renew
        return {
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "startsAt": rfc3339(alert.starts_at),
            "endsAt": rfc3339(ends_at),
            **({"generatorURL": alert.url} if alert.url else {}),
        }

    def _authorization(self) -> dict[str, str]:
        settings = self._settings
        if settings.token is not None:
            return {"Authorization": f"Bearer {settings.token.reveal()}"}
        if settings.username is not None and settings.password is not None:
            both = f"{settings.username}:{settings.password.reveal()}"
            return {"Authorization": f"Basic {base64.b64encode(both.encode()).decode()}"}
        return {}


def _identity(alert: Alert) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(alert.labels.items()))


def _together(said: Mapping[str, Outcome], *, reached_before: bool) -> Outcome:
    """What is to be done, by what each peer said. The cluster has it once one of them does."""
    later = {url: outcome for url, outcome in said.items() if isinstance(outcome, RetryAfter)}
    refused = {url: outcome.reason for url, outcome in said.items() if isinstance(outcome, GaveUp)}
    some = reached_before or len(later) + len(refused) < len(said)
    if later:
        first = next(iter(later.values()))
        # What some of them want keeps nobody from telling the others what comes next.
        wait = None if some else max((each.wait for each in later.values() if each.wait is not None), default=None)
        told = "; ".join(f"{url} {outcome.reason}" for url, outcome in later.items())
        kind = first.reason.partition(":")[0]
        return RetryAfter(reason=f"{kind}: {told}", wait=wait, recipients=tuple(later) if some else ())
    told = "; ".join(f"{url} {reason}" for url, reason in refused.items())
    if some:
        return Delivered(answer=f"refused for good: {told}" if told else f"{len(said)} peers")
    kind = next(iter(refused.values())).partition(":")[0]
    return GaveUp(reason=f"{kind}: {told}")
