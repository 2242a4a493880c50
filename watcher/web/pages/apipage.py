"""The description of the API: as JSON for programs, and as a page that people can read."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aiohttp import web

from watcher.web.answers import whole
from watcher.web.openapi import OPERATIONS, SCHEMAS, description
from watcher.web.pages.shell import Shell

_ORDER = ("API", "Outage record", "Pages", "Operation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One operation as the page shows it: parameters as name, whether it must be there, and words."""

    method: str
    path: str
    summary: str
    more: str
    takes: tuple[tuple[str, str, str], ...]
    body: tuple[str, str] | None
    gives: tuple[tuple[str, str, str], ...]
    needs_token: bool

    @property
    def anchor(self) -> str:
        """Its name in the address of the page."""
        return f"{self.method}-{self.path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}".lower()


def listed(document: dict[str, Any]) -> tuple[tuple[str, tuple[Listed, ...]], ...]:
    """The operations under what they are about."""
    rows = sorted(_rows(document), key=lambda row: _ORDER.index(row[0]))
    return tuple((tag, tuple(each for _, each in some)) for tag, some in groupby(rows, key=lambda row: row[0]))


def _rows(document: dict[str, Any]) -> Iterator[tuple[str, Listed]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield (
                operation["tags"][0],
                Listed(
                    method=method.upper(),
                    path=path,
                    summary=operation["summary"],
                    more=operation.get("description", ""),
                    takes=tuple(
                        (each["name"], f"{each['in']}{', required' if each['required'] else ''}", each["description"])
                        for each in operation.get("parameters", ())
                    ),
                    body=_content(operation["requestBody"]) if "requestBody" in operation else None,
                    gives=tuple(
                        (code, answer["description"], " ".join(_content(answer)).strip())
                        for code, answer in operation["responses"].items()
                    ),
                    needs_token="security" in operation,
                ),
            )


def _content(part: dict[str, Any]) -> tuple[str, str]:
    for kind, content in part.get("content", {}).items():
        return kind, named(content["schema"])
    return "", ""


def named(schema: dict[str, Any]) -> str:
    """A schema in a few words: the name of another, a list of it, its types."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(named(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(each) for each in schema["enum"])
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "array" in kinds:
        return f"list of {named(schema['items'])}"
    return " or ".join(str(schema.get("format", each)) if each == "string" else str(each) for each in kinds)


def shapes() -> tuple[tuple[str, str, tuple[tuple[str, str, bool], ...]], ...]:
    """The objects of the API: name, what each is, its keys with their types and whether they are always there."""
    return tuple(
        (
            name,
            schema["description"],
            tuple((key, named(each), key in schema["required"]) for key, each in schema["properties"].items()),
        )
        for name, schema in SCHEMAS.items()
    )


class ApiPages:
    """The handlers. What is described are the routes that the application has."""

    def __init__(self, shell: Shell, version: str) -> None:
        self._shell = shell
        self._version = version

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler."""
        return [web.get("/api", self.page), web.get("/api/openapi.json", self.document)]

    async def page(self, request: web.Request) -> web.Response:
        """The description as a page."""
        document = self._described(request.app)
        return await self._shell.answer(
            request, "api.html.j2", about=document["info"]["description"], groups=listed(document), shapes=shapes()
        )

    async def document(self, request: web.Request) -> web.Response:
        """The description as it is."""
        document = self._described(request.app)
        return await asyncio.to_thread(
            lambda: whole(request, json.dumps(document, indent=2).encode(), "application/json")
        )

    def _described(self, app: web.Application) -> dict[str, Any]:
        return description(served(app), self._version)


def served(app: web.Application) -> set[tuple[str, str]]:
    """The methods and paths that an application answers to; HEAD goes with GET."""
    return {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }


def undescribed(app: web.Application) -> set[tuple[str, str]]:
    """What it answers to, and no description speaks of."""
    return served(app) - OPERATIONS.keys()
