"""What channels that speak HTTP share: an answer read to a bound, and what a server says of when to come back."""

import re
from datetime import timedelta
from typing import Final

import aiohttp

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
