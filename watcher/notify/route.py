"""Who is told. Pure: routes and a subject in, names of channels out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.model.account import Severity
from watcher.model.route import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a piece of news is about, as far as routes can tell: platform id, owner's slug, severity, labels."""

    platform: str
    owner: str | None
    severity: Severity
    labels: Mapping[str, str] = field(default_factory=dict)


def channels_for(routes: Sequence[Route], subject: Subject) -> tuple[tuple[str, str], ...]:
    """The (route, channel) pairs to tell, in the order of the routes; each channel at most once.

    The first route that matches is taken, and the next ones only while those taken say `proceed`.
    """
    chosen: dict[str, str] = {}
    for route in routes:
        if not _matches(route, subject):
            continue
        for channel in route.channels:
            chosen.setdefault(channel, route.name)
        if not route.proceed:
            break
    return tuple((route, channel) for channel, route in chosen.items())


def _matches(route: Route, subject: Subject) -> bool:
    return (
        (not route.severity or subject.severity in route.severity)
        and (not route.platform or subject.platform in route.platform)
        and (not route.owner or subject.owner in route.owner)
        and all(subject.labels.get(name) == value for name, value in route.labels.items())
    )
