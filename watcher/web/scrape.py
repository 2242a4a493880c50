"""Write the registry out for Prometheus: the format and the compression that the scraper asked for."""

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest, gzip_accepted
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.registry import Collector

from watcher.model.snapshot import Snapshot
from watcher.web.collector import as_of

_Encoder = Callable[[Collector], bytes]


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
    encode, content_type = _negotiate(accept)
    gzipped = gzip_accepted(accept_encoding)
    body = await asyncio.to_thread(_write, registry, snapshot, encode, gzipped)
    return Exposition(body=body, content_type=content_type, gzipped=gzipped)


def _negotiate(accept: str) -> tuple[_Encoder, str]:
    # The chooser compares versions that it could not parse, and hands them back in the content type.
    try:
        encoder, content_type = choose_encoder(accept)
    except (TypeError, ValueError):
        return generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    if not (content_type.isascii() and content_type.isprintable()):
        return generate_latest, CONTENT_TYPE_PLAIN_0_0_4
    return _without_spelling(encoder), content_type


def _without_spelling(encoder: _Encoder) -> _Encoder:
    # Every name here is plain, so that all escaping schemes write the same; but this one does not look at each
    # letter of each sample's name, which takes as long as all the rest.
    if isinstance(encoder, partial):
        return partial(encoder.func, **{**encoder.keywords, "escaping": ALLOWUTF8})
    return encoder


def _write(registry: CollectorRegistry, snapshot: Snapshot | None, encode: _Encoder, gzipped: bool) -> bytes:
    with as_of(snapshot):
        body = encode(registry)
    return gzip.compress(body, compresslevel=1, mtime=0) if gzipped else body
