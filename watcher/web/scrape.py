"""Write the registry out for Prometheus: the format and the compression that the scraper asked for."""

import asyncio
import gzip
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, gzip_accepted

from watcher.model.snapshot import Snapshot
from watcher.web.collector import as_of
from watcher.web.lines import write

_OPENMETRICS = "application/openmetrics-text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """One scrape's answer."""

    body: bytes
    content_type: str
    gzipped: bool

    def response(self) -> web.Response:
        """The answer with its headers."""
        headers = {"Content-Type": self.content_type, "Vary": "Accept, Accept-Encoding"}
        if self.gzipped:
            headers["Content-Encoding"] = "gzip"
        return web.Response(body=self.body, headers=headers)


async def expose(
    registry: CollectorRegistry, snapshot: Snapshot | None, accept: str, accept_encoding: str
) -> Exposition:
    """All metrics of `registry` as the two request headers want them; whatever they say, an answer is given.

    `snapshot` is what an AccountCollector in `registry` shows; None where there is none.
    The caller takes the snapshot on the loop's thread, where nothing else changes it. Its values are frozen and the
    instruments safe to read from anywhere: the rest, up to a second of it, is left to another thread.
    """
    content_type = _negotiate(accept)
    gzipped = gzip_accepted(accept_encoding)
    body = await asyncio.to_thread(_write, registry, snapshot, content_type, gzipped)
    return Exposition(body=body, content_type=content_type, gzipped=gzipped)


def _negotiate(accept: str) -> str:
    # The chooser compares versions that it could not parse, and hands them back in the content type. Every name here
    # is plain, so that all escaping schemes write the same.
    try:
        _, content_type = choose_encoder(accept)
    except (TypeError, ValueError):
        return CONTENT_TYPE_PLAIN_0_0_4
    return content_type if content_type.isascii() and content_type.isprintable() else CONTENT_TYPE_PLAIN_0_0_4


def _write(registry: CollectorRegistry, snapshot: Snapshot | None, content_type: str, gzipped: bool) -> bytes:
    with as_of(snapshot):
        body = write(registry, openmetrics=content_type.startswith(_OPENMETRICS))
    return gzip.compress(body, compresslevel=1, mtime=0) if gzipped else body
