"""Write the metrics out for Prometheus: the format and the compression that the scraper asked for."""

import asyncio
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder

from watcher.model.snapshot import Snapshot
from watcher.web.accounts import AccountLines
from watcher.web.answers import accepts_gzip, weight_of
from watcher.web.families import families
from watcher.web.lines import END_OF_OPENMETRICS, write
from watcher.web.packing import File, pack, unpack
from watcher.web.turns import Turns

_OPENMETRICS = "application/openmetrics-text"
_PLAIN = "text/plain"


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


class Exporter:
    """Writes the instruments of a registry, and what is read from state."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._accounts = AccountLines()

    async def expose(self, snapshot: Snapshot | None, accept: str, accept_encoding: str) -> Exposition:
        """All metrics as the two request headers want them; whatever they say, an answer is given.

        Without a snapshot just the registry. It is done in slices of the loop's time.
        """
        content_type = _negotiate(accept)
        body = await self._file(snapshot, openmetrics=content_type.startswith(_OPENMETRICS))
        if not (gzipped := accepts_gzip(accept_encoding)):
            body = await asyncio.to_thread(unpack, body)
        return Exposition(body=body, content_type=content_type, gzipped=gzipped)

    async def _file(self, snapshot: Snapshot | None, *, openmetrics: bool) -> bytes:
        turns, texts, file = Turns(), list[str](), File()
        for family in self._registry.collect():
            texts.append(write(family, openmetrics=openmetrics))
            await turns.give()
        if snapshot is not None:
            pieces, counts = await self._accounts.pieces(snapshot, turns, openmetrics=openmetrics)
            for piece in pieces:
                file.add(piece)
                await turns.give()
            texts += [write(family, openmetrics=openmetrics) for family in families(snapshot, counts)]
        if openmetrics:
            texts.append(END_OF_OPENMETRICS)
        file.add(pack("".join(texts)))
        return file.whole()


def _negotiate(accept: str) -> str:
    """The content type of what is wanted most of what is named and can be had; of equals the first."""
    for accepted in sorted(accept.split(","), key=weight_of, reverse=True):
        if weight_of(accepted) and (content_type := _content_type(accepted)):
            return content_type
    return CONTENT_TYPE_PLAIN_0_0_4


def _content_type(accepted: str) -> str | None:
    """That of one format, in the version that is asked for; None where there is none such."""
    name = accepted.partition(";")[0].strip()
    if name not in (_OPENMETRICS, _PLAIN):
        return None
    # The chooser compares versions that it could not parse, and hands them back in the content type. Every name here
    # is plain, so that all escaping schemes write the same.
    try:
        _, content_type = choose_encoder(accepted)
    except (TypeError, ValueError):
        return None
    is_sound = content_type.startswith(name) and content_type.isascii() and content_type.isprintable()
    return content_type if is_sound else None
