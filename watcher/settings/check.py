"""What a valid configuration will not do: accounts that cannot alert, intervals that cannot be met.

Pure: values in, remarks out; no file is read and nothing is asked.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from watcher.judge.policy import severities_of
from watcher.model.account import Account, Severity, Watchlist
from watcher.model.calendar import Calendar, QuietHours
from watcher.model.finding import Reason
from watcher.model.platform import Platform
from watcher.model.route import Route, Subject, every, taken
from watcher.settings.homoglyphs import host_lookalike, lookalike
from watcher.settings.overridden import apply_overrides
from watcher.settings.pace import loads, too_fast
from watcher.settings.policies import at_densest
from watcher.settings.values import LogChannel, Settings, SlackChannel
from watcher.settings.visibility import visibility, why_blind
from watcher.settings.weburl import is_loopback
from watcher.settings.wording import near

_WANTED_POSITIVES: Final = 2


class Level(StrEnum):
    """How bad it is."""

    CANNOT_ALERT = "cannot_alert"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something that the operator should know. `account_id` is None when it is about the whole."""

    account_id: str | None
    level: Level
    message: str


def remarks(watchlist: Watchlist, platforms: Mapping[str, Platform], settings: Settings) -> tuple[Remark, ...]:
    """All remarks, those about the whole last. The operator's changes may be applied to `platforms` already, or not."""
    applied = apply_overrides(platforms, settings)
    accounts = watchlist.accounts.values()
    neighbours: dict[tuple[str, str], set[str]] = defaultdict(set)
    for account in accounts:
        neighbours[account.platform, account.instance].add(account.handle)
    unseen = {name: _on_platform(applied[name]) for name in {account.platform for account in accounts}}
    found: list[Remark] = []
    for account in accounts:
        platform = applied[account.platform]
        if (remark := unseen[account.platform]) is not None:
            found.append(replace(remark, account_id=account.id))
        found += _on_handle(account, platform)
        found += _on_controls(account, platform, neighbours[account.platform, account.instance])
        found += _on_routes(account, platform, settings)
    found += _on_skipped(watchlist, applied)
    found += _on_contact(settings)
    found += _on_channels(settings)
    found += _on_idle_channels(settings)
    found += _on_blindness(watchlist, applied, settings)
    found += _on_matches(watchlist, settings)
    found += _on_groups(watchlist, settings)
    found += _on_windows(watchlist)
    found += _on_quiet_hours(settings)
    found += _on_paces(watchlist, applied)
    return tuple(found)


def _on_platform(platform: Platform) -> Remark | None:
    """What is to be said of every account of a platform that cannot be asked or shows nothing; None of others."""
    if not platform.usable_sources:
        reasons = "; ".join(f"source '{source.name}' {source.why_unusable}" for source in platform.sources)
        otherwise = "" if platform.decidable else f"; {why_blind(platform)}"
        message = f"no usable source on {platform.title}: {reasons}{otherwise}"
        return Remark(account_id=None, level=Level.CANNOT_ALERT, message=message)
    seen = visibility(platform)
    if not seen.showing:
        return Remark(account_id=None, level=Level.CANNOT_ALERT, message=_shows_nobody(platform))
    if not seen.is_decidable:
        return Remark(account_id=None, level=Level.WARNING, message=why_blind(platform))
    return None


def _shows_nobody(platform: Platform) -> str:
    """No absence is admitted beside controls of which none is ever present."""
    names = [f"'{source.name}'" for source in platform.usable_sources]
    which = f"source {names[0]}" if len(names) == 1 else f"sources {', '.join(names[:-1])} and {names[-1]}"
    return (
        f"nothing in {which} of {platform.title} ever shows an account as present, without which no absence is "
        "believed; write a rule with present:, identity:, or similarity: true"
    )


def _on_handle(account: Account, platform: Platform) -> Iterator[Remark]:
    """Letters that look like others, where the platform allows them."""
    if (odd := lookalike(account.display_handle)) is not None:
        message = f"{odd}; {platform.title} may have it, but it is not the account that it looks like"
        yield Remark(account_id=account.id, level=Level.WARNING, message=message)
    if "xn--" not in account.url.lower():
        return
    if (odd := host_lookalike(urlsplit(account.url).hostname or "")) is not None:
        message = f"{odd}; it is not the site that it looks like"
        yield Remark(account_id=account.id, level=Level.WARNING, message=message)


def _on_skipped(watchlist: Watchlist, platforms: Mapping[str, Platform]) -> Iterator[Remark]:
    """Sources that would be asked if this machine had what they need, where others are asked in their stead."""
    for name in sorted({account.platform for account in watchlist.accounts.values()}):
        platform = platforms[name]
        for source in platform.sources if platform.usable_sources else ():
            if source.missing is not None and source.why_unusable == source.missing:
                message = f"{platform.title}: source '{source.name}' is skipped, it {source.missing}"
                yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_controls(account: Account, platform: Platform, neighbours: AbstractSet[str]) -> Iterator[Remark]:
    """Accounts that always exist: the entry's, the platform's, and the watched ones beside it."""
    present = platform.controls.present
    given = {*account.controls, *present.get(account.instance, ()), *present.get("*", ())} - {account.handle}
    # The neighbours may be many: of each account only so many are gone through as make a difference.
    others = (handle for handle in neighbours if handle != account.handle and handle not in given)
    positives = given.union(islice(others, _WANTED_POSITIVES))
    if not positives:
        message = "nothing to compare with: give controls.present, handles beside this one that always exist"
        yield Remark(account_id=account.id, level=Level.CANNOT_ALERT, message=message)
    elif len(positives) < _WANTED_POSITIVES:
        message = f"only '{min(positives)}' to compare with: name a second handle in controls.present"
        yield Remark(account_id=account.id, level=Level.WARNING, message=message)


def _on_routes(account: Account, platform: Platform, settings: Settings) -> Iterator[Remark]:
    """Whether somebody is told of an outage, with each severity that it may have."""
    quiet = {channel.name for channel in settings.channels if isinstance(channel, LogChannel)}
    for severity, why in _severities(account, platform):
        channels = _channels_for(settings.routes, severity, account.platform, account)
        if not channels:
            message = f"no route takes its outage of severity '{severity}'{why}"
            yield Remark(account_id=account.id, level=Level.CANNOT_ALERT, message=message)
            return
        if account.severity is Severity.CRITICAL and channels <= quiet:
            message = f"is critical, but no route leads it to a channel other than the log{why}"
            yield Remark(account_id=account.id, level=Level.WARNING, message=message)
            return


def _severities(account: Account, platform: Platform) -> Iterator[tuple[Severity, str]]:
    """Those of an outage of the account, each with what to say of why; a withholding is left out, as it is named."""
    sure, *lower = severities_of(account.severity, Reason.NOT_FOUND, platform)
    yield sure, ""
    for lowered in lower:
        yield lowered, f" (on {platform.title} little is sure: '{account.severity}' becomes '{lowered}')"


def _on_blindness(watchlist: Watchlist, platforms: Mapping[str, Platform], settings: Settings) -> Iterator[Remark]:
    """What cannot be observed is told as a warning about the platform, or about no platform where all fail."""
    watched = sorted({account.platform for account in watchlist.accounts.values()})
    named = {platform: platforms[platform].title for platform in watched} | {"": "anything at all"}
    untold = [
        name for platform, name in named.items() if not _channels_for(settings.routes, Severity.WARNING, platform)
    ]
    if untold:
        message = (
            f"nobody is told when {' or '.join(untold)} cannot be observed: "
            "give a route for severity 'warning' that matches no owner and no labels"
        )
        yield Remark(account_id=None, level=Level.WARNING, message=message)


def _channels_for(
    routes: Sequence[Route], severity: Severity, platform: str, account: Account | None = None
) -> set[str]:
    subject = Subject(
        platform=platform,
        owner=account.owner if account else None,
        severity=severity,
        account=account.id if account else None,
        labels=account.labels if account else {},
    )
    return {channel for route in taken(routes, subject) for channel in route.channels}


def _on_contact(settings: Settings) -> Iterator[Remark]:
    if settings.probe.contact is None:
        message = "no contact: give an address in watcher.yaml, so that a platform can reach you before it blocks you"
        yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_channels(settings: Settings) -> Iterator[Remark]:
    """Whoever reads the URL of an incoming webhook on its way may write to the channel."""
    for channel in settings.channels:
        if not isinstance(channel, SlackChannel):
            continue
        url = urlsplit(channel.webhook_url.reveal())
        if url.scheme == "http" and not is_loopback(url.hostname or ""):
            message = f"channel '{channel.name}': its webhook, a secret, is sent in the clear; write https://"
            yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_idle_channels(settings: Settings) -> Iterator[Remark]:
    """Channels to people that no route leads to; the fallback is for when the others fail."""
    used = {channel for route in every(settings.routes) for channel in route.channels} | {settings.fallback}
    for channel in settings.channels:
        if channel.name not in used and not isinstance(channel, LogChannel):
            message = (
                f"channel '{channel.name}' is in no route, so that it tells of no outage; add it to the channels of one"
            )
            yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_matches(watchlist: Watchlist, settings: Settings) -> Iterator[Remark]:
    """A route for an owner, an account or a label that nobody has would never be taken."""
    accounts = watchlist.accounts.values()
    labels = {f"{name}: {value}" for account in accounts for name, value in account.labels.items()}
    for route in every(settings.routes):
        wanted = [f"{name}: {value}" for name, value in route.labels.items()]
        for what, named, known in (
            ("owner", route.owner, watchlist.owners.keys()),
            ("account", route.account, watchlist.accounts.keys()),
            ("label", wanted, labels),
        ):
            for name in sorted(set(named) - known):
                hint = near(name, sorted(known), otherwise="")
                message = f"route '{route.name}' is for the {what} '{name}', which the watchlist does not have"
                yield Remark(account_id=None, level=Level.WARNING, message=f"{message}; {hint}" if hint else message)


def _on_groups(watchlist: Watchlist, settings: Settings) -> Iterator[Remark]:
    """Grouping by what no account has makes no groups."""
    accounts = watchlist.accounts.values()
    known = {"platform", "severity", "reason", "account", *(name for account in accounts for name in account.labels)}
    known |= {"owner"} if any(account.owner for account in accounts) else set()
    for route in every(settings.routes):
        for name in sorted(set(route.group_by) - known):
            message = f"route '{route.name}' groups by '{name}', which no account has: {near(name, sorted(known))}"
            yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_quiet_hours(settings: Settings) -> Iterator[Remark]:
    """Windows of a route without which it would be quiet at the same times; once each, where it is inherited too."""
    told: set[QuietHours] = set()
    for route in every(settings.routes):
        if route.quiet is None or route.quiet in told:
            continue
        told.add(route.quiet)
        for key, places in zip(("mute", "active"), route.quiet.idle, strict=True):
            for place in places:
                message = f"route '{route.name}': {key}[{place}] changes nothing beside the others; remove it"
                yield Remark(account_id=None, level=Level.WARNING, message=message)


def _on_windows(watchlist: Watchlist) -> Iterator[Remark]:
    """Windows that never hold; those of the defaults are told of once for all accounts that have them."""
    shared: dict[Calendar, list[Account]] = defaultdict(list)
    for account in watchlist.accounts.values():
        if account.calendar is not None:
            shared[account.calendar].append(account)
    for calendar, accounts in shared.items():
        only = accounts[0].id if len(accounts) == 1 else None
        whose = "" if only else f"{len(accounts)} accounts, {accounts[0].id} the first: "
        for place in calendar.idle:
            message = (
                f"{whose}windows[{place}] never holds, as those before it cover all of its time: "
                "put it before them, or remove it"
            )
            yield Remark(account_id=only, level=Level.WARNING, message=message)


def _on_paces(watchlist: Watchlist, platforms: Mapping[str, Platform]) -> Iterator[Remark]:
    """Whether each host allows as many requests as the accounts on it want, in the densest of their windows."""
    for load in loads(at_densest(watchlist), platforms):
        if load.is_too_much:
            usual = watchlist.accounts
            is_dense = any(account.policy.interval < usual[account.id].policy.interval for account in load.accounts)
            yield Remark(account_id=None, level=Level.WARNING, message=too_fast(load, is_dense=is_dense))
