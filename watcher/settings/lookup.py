"""Whom a person means by a word on the command line: a watched account, or any other that could be watched. Pure."""

from dataclasses import replace
from typing import Final

from watcher.model.account import Account
from watcher.model.errors import ConfigError, Fault
from watcher.settings.loaded import Loaded
from watcher.settings.watchlistfile import build_watchlist, read_watchlist
from watcher.settings.weburl import GENERIC, near_platform
from watcher.settings.wording import near, quoted
from watcher.settings.yamlfile import Document

_ARGUMENT: Final = "argument"


def account_for(text: str, loaded: Loaded) -> Account:
    """The account meant by `text`: the id of a watched account, a profile URL, or `platform:handle`.

    One that is watched comes as the watchlist has it, whichever way it was named; any other under the standard
    policy. Raises ConfigError with one fault, at 1:1 of the file "argument", when the text names nobody.
    """
    watched = loaded.watchlist.accounts
    if text in watched:
        return watched[text]
    account = _account(text, loaded)
    for known in watched.values():
        named = (known.platform, known.instance, known.handle)
        # A generic page whose entry says which part of its address is the handle is still known by the address.
        if named == (account.platform, account.instance, account.handle) or known.url == account.url:
            return known
    return account


def account_id_for(text: str, loaded: Loaded) -> str | None:
    """The id of the account meant by `text`, watched or not; None where it names nobody."""
    try:
        return account_for(text, loaded).id
    except ConfigError:
        return None


def _account(text: str, loaded: Loaded) -> Account:
    """What an entry of the watchlist that says just this would watch: the same words, the same refusals."""
    reading = read_watchlist(Document(file=_ARGUMENT, data={"accounts": [_entry(text, loaded)]}))
    watchlist = build_watchlist([reading], loaded.platforms)
    if reading.faults or watchlist is None:
        # The path is that of an entry which nobody wrote.
        raise ConfigError([replace(fault, path="") for fault in reading.faults])
    return next(iter(watchlist.accounts.values()))


def _entry(text: str, loaded: Loaded) -> str | dict[str, str]:
    if "://" in text:
        return text
    watched = loaded.watchlist.accounts
    platform, _, handle = text.partition(":")
    if not handle:
        raise _nobody(
            f"{quoted(text)} names no account; give a profile URL, platform:handle, or the id of a watched account"
        )
    if platform == GENERIC:
        instead = near(text, watched, otherwise="give the URL of the page")
        raise _nobody(f"{quoted(text)} is not watched; {instead}")
    if platform not in loaded.platforms:
        raise _nobody(f"{quoted(platform)} is no platform; {near_platform(platform, loaded.platforms)}")
    return {"platform": platform, "handle": handle}


def _nobody(message: str) -> ConfigError:
    return ConfigError([Fault(file=_ARGUMENT, line=1, column=1, path="", message=message)])
