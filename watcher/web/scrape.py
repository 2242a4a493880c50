"""Write the metrics out for Prometheus: the format and the compression that the scraper asked for."""

import asyncio
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, gzip_accepted

from watcher.model.snapshot import Snapshot
from watcher.web.accounts import AccountLines
from watcher.web.families import families
from watcher.web.lines import END_OF_OPENMETRICS, write
from watcher.web.packing import File, pack, unpack
from watcher.web.turns import Turns

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
        if not (gzipped := gzip_accepted(accept_encoding)):
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
    # The chooser compares versions that it could not parse, and hands them back in the content type. Every name here
    # is plain, so that all escaping schemes write the same.
    try:
        _, content_type = choose_encoder(accept)
    except (TypeError, ValueError):
        return CONTENT_TYPE_PLAIN_0_0_4
    return content_type if content_type.isascii() and content_type.isprintable() else CONTENT_TYPE_PLAIN_0_0_4
