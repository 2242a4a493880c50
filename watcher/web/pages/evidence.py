"""What is kept of a look, shown safely: a page as text and never as a page, a picture only where it is one.

Anybody may have written these bytes. They leave as our own HTML with every sign escaped, or as PNG and nothing else.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web
from markupsafe import Markup, escape

from watcher.model.errors import WatcherError
from watcher.text import readable
from watcher.web.cases import Cases
from watcher.web.pages.shell import Shell

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST_SHOWN: Final = 256 * 1024
_DIGEST: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A piece as the page shows it. `text` is None for a picture."""

    digest: str
    role: str
    size: int
    text: Markup | None
    is_cut: bool


def kept_of(digest: str, role: str, content: bytes) -> Kept:
    """The bytes as text: what is no UTF-8 is shown as such, and so is what a screen would obey."""
    if is_picture(role, content):
        return Kept(digest=digest, role=role, size=len(content), text=None, is_cut=False)
    # Escaped here: in other texts of a page line breaks become spaces.
    shown = escape(readable(content[:MOST_SHOWN].decode("utf-8", errors="replace")))
    return Kept(digest=digest, role=role, size=len(content), text=shown, is_cut=len(content) > MOST_SHOWN)


def is_picture(role: str, content: bytes) -> bool:
    """True for a screenshot that is a PNG."""
    return role == "screenshot" and content.startswith(PNG)


class EvidencePages:
    """The handlers."""

    def __init__(self, shell: Shell, cases: Cases) -> None:
        self._shell = shell
        self._cases = cases

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [
            web.get("/outages/{id}/evidence/{sha256}.png", self.picture),
            web.get("/outages/{id}/evidence/{sha256}", self.page),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The piece, as text or with its picture."""
        found = await self._found(request)
        if isinstance(found, web.Response):
            return found
        digest = request.match_info["sha256"]
        return await self._shell.answer(
            request, "evidence.html.j2", kept=kept_of(digest, *found), outage_id=request.match_info["id"]
        )

    async def picture(self, request: web.Request) -> web.Response:
        """The picture alone."""
        found = await self._found(request)
        if isinstance(found, web.Response):
            return found
        role, content = found
        if not is_picture(role, content):
            return await self._nothing(request)
        # It is known by its hash, and stays what it is; but whoever comes to the browser later is to see nothing.
        return web.Response(body=content, content_type="image/png", headers={"Cache-Control": "private, no-cache"})

    async def _found(self, request: web.Request) -> tuple[str, bytes] | web.Response:
        digest = request.match_info["sha256"]
        if _DIGEST.fullmatch(digest) is None:
            return await self._nothing(request)
        try:
            found = await self._cases.evidence(request.match_info["id"], digest)
        except WatcherError as error:
            why = f"This piece cannot be read: {error}."
            return await self._shell.refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, why)
        return found if found is not None else await self._nothing(request)

    async def _nothing(self, request: web.Request) -> web.Response:
        why = "There is no such piece of evidence of this outage, or it is kept no more."
        return await self._shell.refusal(request, HTTPStatus.NOT_FOUND, why)
