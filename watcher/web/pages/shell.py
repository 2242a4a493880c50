"""What all pages share: the templates, in which nothing of others can act, and how a page becomes an answer."""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from watcher.model.record import instant
from watcher.notify.wording import format_least, format_most
from watcher.text import clean
from watcher.web.answers import whole
from watcher.web.pages import words
from watcher.web.pages.statics import Statics

HTML: Final = "text/html"
NAV: Final = (("/", "Board"), ("/outages", "Outages"))
"""The pages that every page leads to: path and name."""
PROGRAMS: Final = (
    ("/api", "The API"),
    ("/metrics", "Metrics for Prometheus"),
    ("/api/v1/accounts", "Accounts as JSON"),
    ("/api/v1/outages", "Outages as JSON"),
    ("/-/ready", "Readiness"),
    ("/-/healthy", "Health"),
)


class Shell:
    """Renders templates. Text is cleaned and escaped wherever it goes; a name that is not there is a fault."""

    def __init__(self, version: str) -> None:
        self.statics = Statics()
        self._environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_inert,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            span=words.span,
            least=format_least,
            most=format_most,
            iso=words.iso,
            stamp=words.stamp,
            plain=words.plain,
            share=_share,
            instant=instant,
            milliseconds=words.milliseconds,
            verdict=words.verdict,
            web_address=words.web_address,
            account_path=words.account_path,
            badge_path=words.badge_path,
            outage_path=words.outage_path,
        )
        self._environment.globals.update(
            static=self.statics.url, version=version, clock=words.clock, nav=NAV, programs=PROGRAMS
        )

    def render(self, template: str, /, *, path: str = "/", **values: Any) -> str:
        """The page as text. `path` is where it is: the navigation marks it. Takes long where there is much."""
        return self._environment.get_template(template).render(path=path, **values)

    def piece(self, template: str, macro: str, /, *values: Any) -> str:
        """What a macro of a template makes of the values, without the spaces around it."""
        module: Any = self._environment.get_template(template).module
        return str(getattr(module, macro)(*values)).strip()

    async def refusal(self, request: web.Request, status: int, why: str) -> web.Response:
        """A page that says why there is none, and what to do."""
        return await self.answer(request, "refusal.html.j2", status=status, head=_head(status), why=why)

    async def answer(
        self, request: web.Request, template: str, /, *, status: int = HTTPStatus.OK, **values: Any
    ) -> web.Response:
        """The page as an answer, made beside the loop."""

        def made() -> web.Response:
            page = self.render(template, path=request.path, **values)
            return whole(request, page.encode(), HTML, status)

        return await asyncio.to_thread(made)


def _head(status: int) -> str:
    return HTTPStatus(status).phrase.capitalize()


def _share(ratio: float | None) -> str:
    return "–" if ratio is None else words.percent(ratio)


def _inert(value: Any) -> Any:
    """What is put into a template, without controls and direction overrides; escaping comes after it."""
    return value if isinstance(value, Markup | int | float) else clean(str(value))
