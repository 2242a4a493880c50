"""A webhook of the operator's: one POST a message, of the shape in which Alertmanager tells its receivers (version 4).

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; who understands Alertmanager understands this.
Signed where a secret is given, so that the receiver knows who speaks and when; with a key by which it knows what it
has already (we tell at least once). URL, headers and secret are shown to nobody: no answer and no exception is quoted.
Private addresses are the operator's own choice.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

import aiohttp

from watcher.clock import Clock
from watcher.model.notification import Alert, GaveUp, Message, NotificationKind, Outcome, RetryAfter
from watcher.notify.alerts import is_firing
from watcher.notify.channels.http import outcome_of, retry_after, rfc3339
from watcher.settings import values
from watcher.settings.values import Secret

_TIMEOUT: Final = timedelta(seconds=10)
_VERSION: Final = "4"
# As Go writes a time that is none.
_NO_END: Final = "0001-01-01T00:00:00Z"
_FNV_OFFSET: Final = 0xCBF29CE484222325
_FNV_PRIME: Final = 0x100000001B3
_SEPARATOR: Final = b"\xff"


class WebhookChannel:
    """One URL. `timeout` bounds a send, in real time."""

    def __init__(
        self,
        settings: values.WebhookChannel,
        session: aiohttp.ClientSession,
        clock: Clock,
        timeout: timedelta = _TIMEOUT,
    ) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._timeout = timeout

    @property
    def name(self) -> str:
        """The name by which routes know it."""
        return self._settings.name

    @property
    def spacing(self) -> timedelta:
        """None: a receiver that wants less says so (429)."""
        return timedelta(0)

    @property
    def timeout(self) -> timedelta:
        """A program answers at once or not at all."""
        return self._timeout

    def tells(self, kind: NotificationKind) -> bool:
        """All but that somebody acknowledged, for which the shape has no word."""
        return kind is not NotificationKind.ACKNOWLEDGED

    async def send(self, message: Message) -> Outcome:
        """POST `message`; the outcome's reason begins with one of metrics.FAILURE_REASONS."""
        now = self._clock.now()
        body = json.dumps(payload(message, self._settings, now), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            async with self._session.post(
                self._settings.url.reveal(),
                data=body,
                headers=self._headers(message, body, now),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout.total_seconds()),
            ) as response:
                return outcome_of(response.status, retry_after(response))
        except TimeoutError:
            return RetryAfter(reason="timeout")
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            # Their messages hold the URL.
            return GaveUp(reason="client_error: the URL is not one that can be posted to")
        except (aiohttp.ClientError, OSError) as error:
            return RetryAfter(reason=f"connect: {type(error).__name__}")

    async def close(self) -> None:
        """Nothing to let go of: the session is the caller's."""

    def _headers(self, message: Message, body: bytes, now: datetime) -> dict[str, str]:
        headers = {name: value.reveal() for name, value in self._settings.headers.items()}
        headers |= {"Content-Type": "application/json", "Idempotency-Key": header_of(message.dedup_key)}
        if self._settings.hmac_secret is not None:
            headers["X-Watcher-Signature"] = signature(self._settings.hmac_secret, body, now)
        return headers


def header_of(text: str) -> str:
    """The text as a header may have it: what is not printable ASCII is percent-encoded, and so is the percent sign."""
    return quote(text, safe="".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%"))


def signature(secret: Secret, body: bytes, now: datetime) -> str:
    """`t=SECONDS,v1=HEX`: the HMAC-SHA256 of `SECONDS.BODY`. Whoever records it cannot use it later."""
    at = int(now.timestamp())
    digest = hmac.new(secret.reveal().encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def payload(message: Message, settings: values.WebhookChannel, now: datetime) -> dict[str, Any]:
    """The JSON that says `message` to a receiver of Alertmanager's."""
    most = settings.max_alerts or len(message.alerts)
    # What lasts first: it is what must not be left out.
    alerts = sorted(message.alerts, key=lambda alert: not is_firing(alert, now))
    common = _common(alert.labels for alert in alerts)
    named = {name: value for name, value in common.items() if name == "alertname"}
    return {
        "version": _VERSION,
        "groupKey": _group_key(message),
        "truncatedAlerts": len(alerts[most:]),
        "status": _status(any(is_firing(alert, now) for alert in alerts)),
        "receiver": settings.name,
        "groupLabels": named,
        "commonLabels": common,
        "commonAnnotations": _common(alert.annotations for alert in alerts),
        "externalURL": settings.external_url,
        "alerts": [_alert(alert, now) for alert in alerts[:most]],
    }


def _group_key(message: Message) -> str:
    """The same for all that is told of an incident by one route."""
    return f"{{}}/{{route={json.dumps(message.route)}}}:{{incident={json.dumps(message.incident_id)}}}"


def _alert(alert: Alert, now: datetime) -> dict[str, Any]:
    return {
        "status": _status(is_firing(alert, now)),
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "startsAt": rfc3339(alert.starts_at),
        "endsAt": rfc3339(alert.ends_at) if alert.ends_at is not None else _NO_END,
        "generatorURL": alert.url or "",
        "fingerprint": fingerprint(alert.labels),
    }


def _status(firing: bool) -> str:
    return "firing" if firing else "resolved"


def _common(each: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What all of them say alike."""
    several: Sequence[Mapping[str, str]] = list(each)
    if not several:
        return {}
    return {name: value for name, value in several[0].items() if all(other.get(name) == value for other in several[1:])}


def fingerprint(labels: Mapping[str, str]) -> str:
    """As Alertmanager knows an alert: 64-bit FNV-1a over names and values in order, each with 0xff after it."""
    found = _FNV_OFFSET
    for name in sorted(labels):
        for byte in b"".join((name.encode(), _SEPARATOR, labels[name].encode(), _SEPARATOR)):
            found = ((found ^ byte) * _FNV_PRIME) % 2**64
    return f"{found:016x}"
