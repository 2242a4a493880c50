"""The style sheet, the scripts and the icon: under names that change with what is in them, to be kept for ever."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from typing import Final

from aiohttp import web

from watcher.web.answers import may_pack

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_HASH: Final = 12


@dataclass(frozen=True, slots=True)
class _File:
    content_type: str
    plain: bytes
    packed: bytes


class Statics:
    """All files of the folder `static`, read once."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self._urls: dict[str, str] = {}
        for file in files(__package__).joinpath("static").iterdir():
            stem, _, kind = file.name.rpartition(".")
            if kind in _TYPES:
                plain = file.read_bytes()
                name = f"{stem}.{sha256(plain).hexdigest()[:_HASH]}.{kind}"
                self._files[name] = _File(_TYPES[kind], plain, gzip.compress(plain, mtime=0))
                self._urls[file.name] = f"/static/{name}"

    @property
    def urls(self) -> Mapping[str, str]:
        """Where each is, by the name of the file."""
        return self._urls

    def url(self, name: str) -> str:
        """Where it is. Raises KeyError where there is no such file."""
        return self._urls[name]

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [web.get("/static/{name}", self.get)]

    async def get(self, request: web.Request) -> web.Response:
        """The file of just that content; none under the name of another version."""
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        headers = {"Cache-Control": _FOR_EVER, "Vary": "Accept-Encoding"}
        if packed := may_pack(request):
            headers["Content-Encoding"] = "gzip"
        return web.Response(
            status=HTTPStatus.OK,
            body=file.packed if packed else file.plain,
            content_type=file.content_type,
            charset="utf-8",
            headers=headers,
        )
