"""How an operation is described: its parameters, what is sent along, its answers. OpenAPI 3.1's own words, as data."""

from typing import Any, Final

from watcher.web.openapi.schemas import TEXT, Schema, ref

Operation = dict[str, Any]
JSON: Final = "application/json"
_BEARER: Final[list[dict[str, list[str]]]] = [{"bearer": []}]


def in_query(name: str, description: str, schema: Schema = TEXT, *, required: bool = False) -> Schema:
    """A parameter behind the `?`."""
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def in_path(description: str, name: str = "id") -> Schema:
    """A part of the path that varies."""
    return {"name": name, "in": "path", "required": True, "description": description, "schema": TEXT}


def gives(description: str, kind: str | None = None, schema: Schema = TEXT) -> Schema:
    """An answer, with a content of that type if any."""
    return {"description": description} | ({"content": {kind: {"schema": schema}}} if kind is not None else {})


def refuses(description: str) -> Schema:
    """An answer that says in JSON what was wrong."""
    return gives(description, JSON, ref("Error"))


def has_body(schema: Schema, kind: str = JSON, *, required: bool = True) -> Schema:
    """What is sent along."""
    return {"required": required, "content": {kind: {"schema": schema}}}


def operation(
    tag: str,
    name: str,
    summary: str,
    responses: dict[str, Schema],
    *,
    takes: list[Schema] | None = None,
    body: Schema | None = None,
    changes: bool = False,
    more: str = "",
) -> Operation:
    """An operation under that heading. `changes`: it needs the token."""
    made: Operation = {"tags": [tag], "operationId": name, "summary": summary}
    if more:
        made["description"] = more
    if takes:
        made["parameters"] = takes
    if body is not None:
        made["requestBody"] = body
    if changes:
        made["security"] = _BEARER
    return {**made, "responses": responses}
