"""The Atom feed of outages (RFC 4287): of all, of one owner's accounts, of one platform.

An entry has the same id for ever, and a new `updated` when its outage ends, is noted on or is taken back. Texts are
plain: no reader of feeds is asked to show HTML of ours, or of a page.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web

from watcher.model.errors import WatcherError
from watcher.model.snapshot import Snapshot
from watcher.notify import format_bounds, format_stamp
from watcher.notify.wording import language_name
from watcher.record import headline_of, updated_at
from watcher.record.words import line, said
from watcher.text import clean
from watcher.web import parameters
from watcher.web.answers import whole
from watcher.web.pages.behind import Behind
from watcher.web.pages.outages import OutageRow, OutagesPages, OutagesQuery
from watcher.web.pages.words import outage_path

MOST: Final = 50
_ATOM: Final = "http://www.w3.org/2005/Atom"
_FEED: Final = "https://watcher.invalid/feeds/outages"
_OUTAGE: Final = "https://watcher.invalid/outages/"
_KEYS: Final = ("owner", "platform")


def urn(name: str) -> str:
    """An id that is the same for the same name wherever and whenever it is made."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, name)}"


def atom(rows: Sequence[OutageRow], *, base: str, query: str, title: str, since: datetime, version: str) -> bytes:
    """The feed. `base` is where the server is for whoever reads it, `since` when there was nothing yet to tell."""
    feed = Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    _text(feed, "title", title)
    _text(feed, "id", urn(f"{_FEED}?{query}" if query else _FEED))
    _text(feed, "updated", _stamp(max((_updated(row) for row in rows), default=since)))
    suffix, base = f"?{query}" if query else "", base.rstrip("/")
    SubElement(
        feed, "link", {"rel": "self", "type": "application/atom+xml", "href": f"{base}/feeds/outages.atom{suffix}"}
    )
    SubElement(feed, "link", {"rel": "alternate", "type": "text/html", "href": f"{base}/outages{suffix}"})
    _text(SubElement(feed, "author"), "name", "watcher")
    SubElement(feed, "generator", {"version": version}).text = "watcher"
    for row in rows:
        _entry(feed, row, base)
    text: str = tostring(feed, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _entry(feed: Element, row: OutageRow, base: str) -> None:
    outage = row.outage
    entry = SubElement(feed, "entry")
    _text(entry, "title", headline_of(outage, line(row.name), line(row.place)))
    _text(entry, "id", urn(f"{_OUTAGE}{outage.id}"))
    _text(entry, "published", _stamp(outage.confirmed_at))
    _text(entry, "updated", _stamp(_updated(row)))
    href = f"{base}{outage_path(outage.id)}"
    SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": href})
    for term in (outage.account_id.partition(":")[0], str(outage.severity_then), str(outage.reason)):
        SubElement(entry, "category", {"term": line(term)})
    _text(entry, "summary", " ".join(_told(row)), {"type": "text"})


def _told(row: OutageRow) -> Iterable[str]:
    outage = row.outage
    if outage.is_retracted:
        yield f"Taken back: {line(outage.retraction or '')}"
    yield f"Missing since about {format_stamp(outage.last_present + (outage.began.latest - outage.last_present) / 2)}."
    yield "It is still missing." if outage.is_open else f"It lasted {format_bounds(outage.duration)}."
    yield said(outage, line(row.place))
    if outage.quote:
        language = f" ({language_name(line(outage.language))})" if outage.language else ""
        yield f"Visitors saw: «{line(outage.quote)}»{language}."
    for note in row.notes:
        yield f"Noted by {line(note.by)}: {line(note.cause)}."


def _updated(row: OutageRow) -> datetime:
    return updated_at(row.outage, tuple(note.at for note in row.notes))


def _text(parent: Element, name: str, text: str, attributes: dict[str, str] | None = None) -> None:
    SubElement(parent, name, attributes or {}).text = _xml(text)


def _xml(text: str) -> str:
    """What XML 1.0 may hold: `clean` leaves two code points that it may not."""
    return clean(text).replace("\ufffe", "").replace("\uffff", "")


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class FeedPages:
    """The handler."""

    def __init__(self, outages: OutagesPages, behind: Behind) -> None:
        self._outages = outages
        self._behind = behind

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [web.get("/feeds/outages.atom", self.feed)]

    async def feed(self, request: web.Request) -> web.Response:
        """The latest outages: of all, with `owner` of theirs, with `platform` of those there."""
        snapshot = self._behind.snapshot()
        try:
            parameters.only_known(request.query, _KEYS)
            fields = {name: request.query[name] for name in _KEYS if request.query.get(name)}
            rows = await self._outages.rows(OutagesQuery(fields=fields), MOST)
        except ValueError as error:
            return web.Response(status=HTTPStatus.BAD_REQUEST, text=f"{error}\n")
        except WatcherError as error:
            text = f"the outages cannot be read at present: {error}\n"
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE, text=text)
        body = await asyncio.to_thread(
            atom,
            rows,
            base=self._behind.public_url() or base_of(request),
            query=urlencode(fields),
            title=_title(fields, snapshot),
            since=snapshot.started_at,
            version=self._behind.version,
        )
        return whole(request, body, "application/atom+xml")


def base_of(request: web.Request) -> str:
    """Where the server is as the asker calls it: the guard has let that name in."""
    return f"{urlsplit(str(request.url)).scheme}://{request.host}"


def _title(fields: dict[str, str], snapshot: Snapshot) -> str:
    owner, platform = snapshot.owners.get(fields.get("owner", "")), snapshot.platforms.get(fields.get("platform", ""))
    whose = (owner.name if owner else fields.get("owner"), platform.title if platform else fields.get("platform"))
    named = ", ".join(line(name) for name in whose if name)
    return f"Outages: {named}" if named else "Outages"
