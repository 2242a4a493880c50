"""Who is told what: a route matches outages by what they are about and names the channels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from watcher.model.account import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way to people. An empty matcher matches everything; all that are given must match.

    The first route that matches is taken; `proceed` (YAML: `continue`) goes on to the next all the same.
    `timezone` is that of the readers: messages give the time there beside UTC.
    """

    name: str
    channels: tuple[str, ...]
    severity: frozenset[Severity] = frozenset()
    platform: frozenset[str] = frozenset()
    owner: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    proceed: bool = False
    timezone: ZoneInfo | None = None
