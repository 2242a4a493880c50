"""The platforms as an operator wants them: what watcher.yaml changes, put into their sources. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from watcher.model.platform import Platform, Source
from watcher.settings.values import PlatformOverride, Settings, SourceOverride


def apply_overrides(platforms: Mapping[str, Platform], settings: Settings) -> dict[str, Platform]:
    """The platforms as the operator wants them: paces, switches and credentials put into their sources."""
    changed = dict(platforms)
    for name in platforms.keys() & settings.platforms.keys():
        override = settings.platforms[name]
        sources = tuple(_changed(source, override) for source in platforms[name].sources)
        changed[name] = replace(platforms[name], sources=sources)
    return changed


def _changed(source: Source, platform: PlatformOverride) -> Source:
    own = platform.sources.get(source.name, SourceOverride())
    robots = platform.robots_override if own.robots_override is None else own.robots_override
    credential = platform.credentials.get(source.credential or "")
    return replace(
        source,
        pace=own.pace or platform.pace or source.pace,
        enabled=source.enabled if own.enabled is None else own.enabled,
        robots_override=source.robots_override if robots is None else robots,
        secret=source.secret if credential is None else credential.reveal(),
    )
