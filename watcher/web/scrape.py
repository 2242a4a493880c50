"""Write the registry out for Prometheus: the format and the compression that the scraper asked for."""

import asyncio
import gzip
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest, gzip_accepted
from prometheus_client.openmetrics.exposition import ALLOWUTF8
from prometheus_client.registry import Collector

_Encoder = Callable[[Collector], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposition:
    """One scrape's answer."""

    body: bytes
    content_type: str
    gzipped: bool


class _Collected(Collector):
    """What a registry held at one instant, in the shape that the encoders ask for."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def expose(registry: CollectorRegistry, accept: str, accept_encoding: str) -> Exposition:
    """All metrics of `registry` as the two request headers want them; whatever they say, an answer is given.

    State is read on the loop's thread, where nothing else changes it; the writing is left to another thread.
    """
    encode, content_type = _negotiate(accept)
    gzipped = gzip_accepted(accept_encoding)
    families = list(registry.collect())
    body = await asyncio.to_thread(_write, encode, families, gzipped)
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


def _write(encode: _Encoder, families: list[Metric], gzipped: bool) -> bytes:
    body = encode(_Collected(families))
    return gzip.compress(body, compresslevel=1, mtime=0) if gzipped else body
