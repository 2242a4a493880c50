"""Read a body up to a cap. Whatever keeps it from being whole is a value, never a short body taken for the page."""

from typing import Final

from aiohttp import ClientConnectionError, ClientPayloadError, ClientResponse

from watcher.model.exchange import FetchFailure
from watcher.model.finding import Reason

_CHUNK: Final = 65_536
_SHORTEST_GZIP: Final = 20


async def read_capped(response: ClientResponse, limit: int) -> bytes | FetchFailure:
    """The decoded body; a failure when it has more than `limit` bytes (too_large) or ends early (truncated).

    A compressed body is read no further than the cap, however large it would unpack. Raises nothing.
    """
    chunks: list[bytes] = []
    size = 0
    try:
        # Not until `at_eof`: it is so too once the body could not be unpacked, which only reading tells.
        while chunk := await response.content.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                response.close()
                return FetchFailure(
                    reason=Reason.TOO_LARGE, detail=f"the body has more than {limit} bytes", status=response.status
                )
            chunks.append(chunk)
    except (ClientPayloadError, ClientConnectionError, OSError):
        return FetchFailure(
            reason=Reason.TRUNCATED, detail="the body ended early or could not be unpacked", status=response.status
        )
    if not chunks and _is_cut_short(response):
        return FetchFailure(reason=Reason.TRUNCATED, detail="the body could not be unpacked", status=response.status)
    return b"".join(chunks)


def _is_cut_short(response: ClientResponse) -> bool:
    """True where less came than the shortest gzip file (RFC 1952): isal waits for the rest, and says nothing."""
    packed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip")
    return packed and 0 < (response.content_length or 0) < _SHORTEST_GZIP
