"""What channels that speak HTTP share: an answer read to a bound, what it means, and when to come back."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp

from watcher.model.notification import Delivered, GaveUp, Outcome, RetryAfter
from watcher.notify.aftermath import LONGEST_WAIT

_LONGEST_ANSWER: Final = 4096


async def read_answer(response: aiohttp.ClientResponse, limit: int = _LONGEST_ANSWER) -> str:
    """The beginning of the body, whatever its length, as text."""
    answer = b""
    async for chunk in response.content.iter_chunked(limit):
        answer += chunk
        if len(answer) >= limit:
            break
    return answer[:limit].decode(errors="replace").strip()


def retry_after(response: aiohttp.ClientResponse) -> timedelta | None:
    """How long the server wants to be left alone. A date (RFC 9110 allows one) is left to the outbox's own back-off."""
    said = response.headers.get("Retry-After")
    if said is None or not re.fullmatch(r"[0-9]{1,9}", said.strip()):
        return None
    return min(timedelta(seconds=int(said)), LONGEST_WAIT)


def outcome_of(  # noqa: PLR0911 - one answer a kind of status
    status: int, wait: timedelta | None = None, said: str = ""
) -> Outcome:
    """What a status means for the message, where the other side's answers have no words of their own (RFC 9110).

    `wait` is what the server asked for, `said` what it said, without secrets. A redirect is not followed.
    """
    told = f"{status} {said}".strip()
    match status:
        case _ if 200 <= status < 300:  # noqa: PLR2004 - HTTP statuses read best as numbers
            return Delivered(answer=told)
        case 408:
            return RetryAfter(reason=f"timeout: {told}", wait=wait)
        case 429:
            return RetryAfter(reason=f"rate_limited: {told}", wait=wait)
        case 401 | 403 | 404 | 407:
            # They speak of the way, not of the message: who waits for a mended token, or a proxy's bad moment, loses
            # nothing.
            return RetryAfter(reason=f"client_error: {told}", wait=wait)
        case 410:
            return GaveUp(reason=f"gone: {told}")
        case _ if 400 <= status < 500:  # noqa: PLR2004
            return GaveUp(reason=f"client_error: {told}")
        case _ if status >= 500:  # noqa: PLR2004
            return RetryAfter(reason=f"server_error: {told}", wait=wait)
        case _:
            return RetryAfter(reason=f"bad_answer: {told}")


def rfc3339(at: datetime) -> str:
    """The instant as programs write it: 2017-11-02T23:00:40.000000Z."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
