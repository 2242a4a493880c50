"""Whom an entry of the watchlist is about: from a profile URL, or from a platform and a handle. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from watcher.model.platform import Platform, expand
from watcher.settings.handles import fold_handle
from watcher.settings.scalars import UnshownError
from watcher.settings.schema import AccountEntry
from watcher.settings.weburl import GENERIC, Profile, Recogniser, WebUrl, near_platform, parse_url, template_of
from watcher.settings.wording import quoted

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_INSTANCE: Final = "{instance}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The account of an entry, before its policy is known. The fields are those of Account."""

    id: str
    platform: Platform
    instance: str
    handle: str
    display_handle: str
    url: str


class RefusedError(Exception):
    """An entry names nobody. `key` is the key of the entry to blame ("" for all of it), `reason` the message."""

    def __init__(self, key: str, reason: str | ValueError) -> None:
        super().__init__(str(reason))
        self.key = key
        self.reason = reason


def identify(entry: AccountEntry, platforms: Mapping[str, Platform], recogniser: Recogniser) -> Identity:
    """Whom `entry` is about; raises RefusedError."""
    if entry.platform is not None and entry.platform not in platforms:
        message = f"{quoted(entry.platform)} is no platform; {near_platform(entry.platform, platforms)}"
        raise RefusedError("platform", message)
    if entry.url is None:
        return _by_handle(entry, platforms, recogniser)
    try:
        url = parse_url(entry.url)
    except ValueError as error:
        raise RefusedError("url", error) from None
    found = None if entry.platform == GENERIC else recogniser.profile(url, entry.platform)
    if found is not None:
        return _by_profile(entry, found)
    if entry.platform not in (None, GENERIC):
        platform = platforms[entry.platform or ""]
        raise RefusedError("url", ValueError(f"is no profile of {platform.title}; these look like {platform.profile}"))
    owner = recogniser.owner_of(url)
    if owner is not None and entry.platform is None:
        example = owner.profile.replace("{handle}", "HANDLE")
        message = f"is a page of {owner.title} but no profile; write {example}, or add platform: generic"
        raise RefusedError("url", ValueError(message))
    if GENERIC not in platforms:
        raise RefusedError("url", ValueError("is recognised by no platform; write platform: and handle:"))
    return _generic(entry, url, platforms[GENERIC])


def is_federated(platform: Platform) -> bool:
    """True when handles are `user@host`: the platform has many instances."""
    return _INSTANCE in platform.profile and platform.id != GENERIC


def split_handle(written: str, platform: Platform) -> tuple[str, str]:
    """A handle without its `@`, and the instance named in it ("" when none is)."""
    bare = written.removeprefix("@")
    if not is_federated(platform):
        return bare, ""
    handle, _, instance = bare.partition("@")
    return handle, instance.lower()


def _by_handle(entry: AccountEntry, platforms: Mapping[str, Platform], recogniser: Recogniser) -> Identity:
    if entry.platform is None and entry.handle is None:
        raise RefusedError("", "names no account; give url, or platform and handle")
    if entry.platform is None:
        raise RefusedError("platform", "is missing; a handle alone could be anywhere: give platform or url too")
    if entry.platform == GENERIC:
        raise RefusedError("url", "is missing; a generic account is known by its url")
    if entry.handle is None:
        raise RefusedError("handle", "is missing; give handle or url")
    platform = platforms[entry.platform]
    handle, instance = split_handle(entry.handle, platform)
    if is_federated(platform) and not instance:
        message = f"does not say on which instance; write it like @{handle}@mastodon.example"
        raise RefusedError("handle", ValueError(message))
    if instance and not recogniser.is_instance(instance, platform):
        raise RefusedError("handle", ValueError(f"names no instance of {platform.title}: {quoted(instance)} is none"))
    return _make(entry, Profile(platform=platform, handle=handle, instance=instance), "handle")


def _by_profile(entry: AccountEntry, found: Profile) -> Identity:
    handle, instance = split_handle(found.handle, found.platform)
    named = Profile(platform=found.platform, handle=handle, instance=instance or found.instance)
    identity = _make(entry, named, "url")
    if entry.handle is None:
        return identity
    handle, instance = split_handle(entry.handle, found.platform)
    try:
        folded = fold_handle(handle, found.platform)
    except ValueError as error:
        raise RefusedError("handle", error) from None
    if (folded, instance or identity.instance) != (identity.handle, identity.instance):
        message = f"differs from the url, which is that of {quoted(identity.display_handle)}; keep one of them"
        raise RefusedError("handle", ValueError(message))
    return identity


def _make(entry: AccountEntry, profile: Profile, blame: str) -> Identity:
    platform = profile.platform
    instance = profile.instance
    if instance and not _HOST.fullmatch(instance):
        raise RefusedError(blame, ValueError(f"names no valid instance: {quoted(instance)} is not a host"))
    try:
        folded = fold_handle(profile.handle, platform)
    except ValueError as error:
        reason = ValueError(f"({quoted(profile.handle)}) {error}") if blame == "url" else error
        raise RefusedError(blame, reason) from None
    full = f"{folded}@{instance}" if instance else folded
    shown = f"{profile.handle}@{instance}" if instance else profile.handle
    return Identity(
        id=entry.id or f"{platform.id}:{full}",
        platform=platform,
        instance=instance,
        handle=folded,
        display_handle=folded if shown == folded else shown,  # one object where they say the same: it is kept
        url=expand(platform.profile, handle=profile.handle, instance=instance),
    )


def _generic(entry: AccountEntry, url: WebUrl, platform: Platform) -> Identity:
    blame = "url" if entry.handle is None else "handle"
    written = _last_segment(url) if entry.handle is None else entry.handle.removeprefix("@")
    try:
        folded = fold_handle(written, platform)
    except ValueError as error:
        raise RefusedError(blame, error) from None
    template = template_of(url, written)
    if template is None:
        raise RefusedError(
            "handle", ValueError("does not occur in the url; write the part of it that names the account")
        )
    return Identity(
        id=entry.id or f"{platform.id}:{url.name}",
        platform=platform,
        instance=template,
        handle=folded,
        display_handle=written,
        url=str(url),
    )


def _last_segment(url: WebUrl) -> str:
    """The part of the path that names the account; where that is a guess, refuse to make it."""
    if url.query or not url.segments:
        raise RefusedError(
            "url", UnshownError("does not show which part names the account; add handle: with that part")
        )
    return url.last_segment
