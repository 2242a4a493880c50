"""Whom to tell by which route, and what is told together. Pure: routes and a subject in, names and keys out."""

from collections.abc import Iterator, Sequence

from watcher.model.account import Severity
from watcher.model.route import Route, Subject, taken


def channels_for(routes: Sequence[Route], subject: Subject) -> tuple[tuple[str, str], ...]:
    """The (name of the route, channel) pairs to tell, in the order of the routes; each channel at most once."""
    return tuple((route.name, channel) for route, channel in ways_to(routes, subject))


def ways_to(routes: Sequence[Route], subject: Subject) -> tuple[tuple[Route, str], ...]:
    """The same with the routes themselves."""
    chosen: dict[str, Route] = {}
    for route in taken(routes, subject):
        for channel in route.channels:
            chosen.setdefault(channel, route)
    return tuple((route, channel) for channel, route in chosen.items())


def group_key(route: Route, subject: Subject) -> str | None:
    """What the news that `route` tells together have in common: `desk{owner="mayor"}`; None: it is told of alone.

    What is critical is never told together with what is not: it would have to wait.
    """
    known = subject.attributes
    if not route.group_by or not all(name in known for name in route.group_by):
        return None
    return f"{route.name}{{{', '.join(_pairs(route, subject))}}}"


def _pairs(route: Route, subject: Subject) -> Iterator[str]:
    known = subject.attributes
    for name in route.group_by:
        yield f'{name}="{known[name]}"'
    if subject.severity is Severity.CRITICAL and "severity" not in route.group_by:
        yield f'severity="{subject.severity}"'
