"""What the headers of a question and of an answer say. Pure."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

from watcher.model.exchange import Response, Task
from watcher.model.platform import expand

# Longer spans mean nothing here, and would leave the range of datetime.
_MOST_DIGITS: Final = 9
_LIMITS: Final = frozenset({420, HTTPStatus.TOO_MANY_REQUESTS})
_MAY_ASK_TO_WAIT: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE})
_LONGEST: Final = timedelta(days=3650)


def request_headers(task: Task) -> dict[str, str]:
    """The source's headers, filled in. Holds the credential: for the wire only."""
    target = task.target
    kind = {"content-type": "application/json"} if task.source.body else {}
    return kind | {
        name: expand(
            template,
            handle=target.handle,
            instance=target.instance,
            stable_id=target.stable_id or "",
            credential=task.source.secret,
        )
        for name, template in task.source.headers.items()
    }


def age_of(response: Response) -> timedelta | None:
    """How long ago a cache had the answer from its origin; None without an Age header, or with an unreadable one.

    Of several values the first counts (RFC 9111, 5.1).
    """
    value = response.headers.get("age")
    return None if value is None else _seconds(value.split(",")[0])


def retry_after_of(response: Response, now: datetime) -> timedelta | None:
    """How long Retry-After asks to wait; None when there is none that can be read.

    A date is compared with the answer's own Date, for the platform's clock may differ from ours.
    """
    value = response.headers.get("retry-after")
    if value is None:
        return None
    until = _date(value)
    if until is None:
        return _seconds(value)
    return min(max(until - (_date(response.headers.get("date", "")) or now), timedelta(0)), _LONGEST)


def is_limited(response: Response, retry_after: timedelta | None) -> bool:
    """True where we are asked to come more seldom: by 420 or 429, or by a refusal that says when to come again.

    GitHub answers 403 where a limit is used up, with Retry-After or x-ratelimit-remaining: 0 (its REST API's docs).
    """
    if response.status in _LIMITS:
        return True
    is_used_up = response.status == HTTPStatus.FORBIDDEN and response.headers.get("x-ratelimit-remaining") == "0"
    return is_used_up or (response.status in _MAY_ASK_TO_WAIT and retry_after is not None)


def _seconds(value: str) -> timedelta | None:
    digits = value.strip()
    if not (digits.isascii() and digits.isdigit()):
        return None
    return _LONGEST if len(digits) > _MOST_DIGITS else min(timedelta(seconds=int(digits)), _LONGEST)


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
