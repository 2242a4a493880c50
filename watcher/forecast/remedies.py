"""What would make a host bear what is wanted of it: sources that are there but not used. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from watcher.model.account import Watchlist
from watcher.model.platform import Platform, Source
from watcher.settings.pace import Load, loads
from watcher.settings.scalars import span_text

_GIVEN = "given"


def remedies(load: Load, platforms: Mapping[str, Platform]) -> tuple[str, ...]:
    """What to give or turn on so that all of the accounts are asked as often as is wanted; nothing where it is in vain.

    Each by itself: what helps only together with something else is not found.
    """
    accounts = {account.id: account for account in load.accounts}
    asked = {account.platform for account in load.accounts}
    return tuple(
        said
        for name in sorted(asked)
        for said, changed in _changes(platforms[name])
        if not any(
            after.is_too_much for after in loads(Watchlist(accounts=accounts, owners={}), {**platforms, name: changed})
        )
    )


def _changes(platform: Platform) -> Iterator[tuple[str, Platform]]:
    """The platform with one more credential, or with one more source turned on; how to say so."""
    needed = {source.credential: source for source in platform.sources if source.credential and not source.secret}
    for credential in sorted(needed):
        sources = tuple(
            replace(source, secret=_GIVEN) if source.credential == credential else source for source in platform.sources
        )
        first = next((s for s in sources if s.credential == credential and s.why_unusable is None), None)
        if first is not None:
            said = f"platforms: {{{platform.id}: {{credentials: {{{credential}: …}}}}}} would do, {_how(first)}"
            yield said, replace(platform, sources=sources)
    for off in platform.sources:
        on = replace(off, enabled=True)
        if off.why_unusable is not None and on.why_unusable is None:
            sources = tuple(on if source is off else source for source in platform.sources)
            said = f"platforms: {{{platform.id}: {{sources: {{{off.name}: {{enabled: true}}}}}}}} would do, {_how(on)}"
            yield said, replace(platform, sources=sources)


def _how(source: Source) -> str:
    per = f"{source.pace.requests} per {span_text(source.pace.per)}"
    return f"by source '{source.name}' ({f'{source.batch.room} accounts a request, ' if source.batch else ''}{per})"
