"""What people send by the forms of the pages. That the request came from a page of this server, the guard has seen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_LINES: Final = "\n"


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they were filled in, without the token; "" where one was left out."""

    fields: Mapping[str, str]
    token: str

    def __getitem__(self, name: str) -> str:
        return self.fields[name]


def see_other(path: str) -> web.Response:
    """What a form is answered with that was taken: go and look there. To load that again sends nothing again."""
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path})


async def form_of(request: web.Request, names: Collection[str]) -> Form:
    """These fields of the form, and its `token`. What else was sent, files too, is left alone.

    Raises HTTPBadRequest where it is no form.
    """
    try:
        sent = await request.post()
    except (ValueError, LookupError, HttpProcessingError) as error:
        raise web.HTTPBadRequest from error

    def text(name: str) -> str:
        value = sent.get(name, "")
        return value.replace("\r\n", _LINES) if isinstance(value, str) else ""

    return Form({name: text(name) for name in names}, text("token"))
