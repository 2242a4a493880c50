"""Badges: one account's state, or its uptime of 30 days, as a small picture. Pure, but for the handler.

A browser fetches a picture for other sites too. These are refused to them, as everything here is, unless the request
says nothing of where it comes from: whom a desk watches is nobody else's business.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import web
from markupsafe import escape

from watcher.model.errors import WatcherError
from watcher.model.snapshot import Snapshot
from watcher.model.uptime import UPTIME_SPAN, Uptime, recent_uptime
from watcher.text import clean, cut
from watcher.web.answers import whole
from watcher.web.api import Records
from watcher.web.pages.words import look_of, percent

_KEEP: Final = timedelta(seconds=30)
_LONGEST: Final = 40
_SIGN: Final = 6.6
_WIDE: Final = 12.0
_LATIN: Final = 0x250
_GOOD: Final = 0.99
_FAIR: Final = 0.9
_PAD: Final = 8
_HEIGHT: Final = 20
# Not by colour alone: the word says it too. Each is dark enough for white letters (WCAG AA).
COLOURS: Final = {"good": "#176b3a", "bad": "#a3161f", "warn": "#7a4b00", "dim": "#4c5768"}
_BRAND: Final = "#333b47"


def badge(label: str, message: str, colour: str) -> str:
    """The picture: label and message in white on dark, with a title that says both."""
    left, right = cut(clean(label), _LONGEST), cut(clean(message), _LONGEST)
    split = _width(left)
    width = split + _width(right)
    middle = (split / 2, split + (width - split) / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{_HEIGHT}" role="img" '
        f'aria-label="{escape(left)}: {escape(right)}"><title>{escape(left)}: {escape(right)}</title>'
        f'<rect width="{width:.0f}" height="{_HEIGHT}" rx="3" fill="{_BRAND}"/>'
        f'<path d="M{split:.0f} 0h{width - split - 3:.0f}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{width - split - 3:.0f}z" '
        f'fill="{COLOURS[colour]}"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{middle[0]:.1f}" y="14">{escape(left)}</text>'
        f'<text x="{middle[1]:.1f}" y="14">{escape(right)}</text></g></svg>\n'
    )


def _width(text: str) -> float:
    """About as wide as the text is drawn; signs beyond Latin count as wide ones."""
    return 2 * _PAD + sum(_SIGN if ord(sign) < _LATIN else _WIDE for sign in text)


def uptime_words(uptime: Uptime) -> tuple[str, str]:
    """The share in which the profile was there, of what was observed, and its colour. Never rounded up to 100 %."""
    if uptime.ratio is None:
        return "not observed", "dim"
    return percent(uptime.ratio), "good" if uptime.ratio >= _GOOD else "warn" if uptime.ratio >= _FAIR else "bad"


class BadgePages:
    """The handlers."""

    def __init__(self, snapshot: Callable[[], Snapshot], records: Records) -> None:
        self._snapshot = snapshot
        self._records = records

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [web.get("/badges/{id}/state.svg", self.state), web.get("/badges/{id}/uptime.svg", self.uptime)]

    async def state(self, request: web.Request) -> web.Response:
        """How the account stands now."""
        snapshot, wanted = self._snapshot(), request.match_info["id"]
        account, state = snapshot.accounts.get(wanted), snapshot.states.get(wanted)
        if account is None or state is None:
            return self._picture(request, badge("watcher", "not watched", "dim"), HTTPStatus.NOT_FOUND)
        look = look_of(state)
        return self._picture(request, badge(state.handle or account.display_handle, look.words, look.colour))

    async def uptime(self, request: web.Request) -> web.Response:
        """In which share of what was observed of the last 30 days it was there."""
        snapshot, wanted = self._snapshot(), request.match_info["id"]
        account, state = snapshot.accounts.get(wanted), snapshot.states.get(wanted)
        if account is None or state is None:
            return self._picture(request, badge("watcher", "not watched", "dim"), HTTPStatus.NOT_FOUND)
        label = f"{state.handle or account.display_handle} 30 d"
        try:
            history = await self._records.history(wanted, snapshot.at - UPTIME_SPAN)
        except WatcherError:
            return self._picture(request, badge(label, "cannot be read", "dim"), HTTPStatus.SERVICE_UNAVAILABLE)
        found = await asyncio.to_thread(recent_uptime, history, state, snapshot.at)
        return self._picture(request, badge(label, *uptime_words(found)))

    def _picture(self, request: web.Request, svg: str, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
        answer = whole(request, svg.encode(), "image/svg+xml", status)
        if status is HTTPStatus.OK:
            answer.headers["Cache-Control"] = f"private, max-age={_KEEP.total_seconds():.0f}"
        return answer
