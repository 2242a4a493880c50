"""The description of the server's interface in OpenAPI 3.1: of the routes that it has, and of no others. Pure."""

from collections.abc import Iterable
from typing import Any, Final

from watcher.web.openapi.operations import OPERATIONS
from watcher.web.openapi.schemas import SCHEMAS

__all__ = ["OPERATIONS", "SCHEMAS", "description"]

_ABOUT: Final = (
    "watcher looks at public profile pages and says when one is gone, and for how long. Reading is for whoever reaches "
    "the server; changing needs the token of web.token. Instants are ISO 8601 in UTC, spans are seconds. Texts are as "
    "platforms and people wrote them: escape them where you show them."
)


def description(routes: Iterable[tuple[str, str]], version: str) -> dict[str, Any]:
    """The document. `routes` are methods and paths; one that is described nowhere is left out."""
    wanted = set(routes)
    paths: dict[str, Any] = {}
    for (method, path), operation in OPERATIONS.items():
        if (method, path) in wanted:
            paths.setdefault(path, {})[method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "watcher", "version": version, "description": _ABOUT, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token of web.token in watcher.yaml"}
            },
        },
    }
