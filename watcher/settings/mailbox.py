"""What an e-mail address may be: text in, Mailbox or ValueError out, as in `scalars`.

Narrower than RFC 5322 on purpose: no comments, no quoted local parts, no address literals. What passes here can be
put into a header and into an SMTP command as it is.
"""

import re
from typing import Final

from watcher.settings.scalars import line
from watcher.settings.values import Mailbox

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\x80-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_LONGEST_LOCAL: Final = 64
_LONGEST_DOMAIN: Final = 253
_WANTED: Final = "write it like desk@newsroom.example"


def address(value: object) -> Mailbox:
    """An address alone, such as `desk@newsroom.example`."""
    written = line(value)
    if "<" in written:
        raise ValueError("has a name with it, which is for 'from' only; write the address alone, without < and >")
    return _mailbox(written)


def sender(value: object) -> Mailbox:
    """An address, with a name or without: `watcher <watcher@newsroom.example>`."""
    written = line(value)
    match = _NAMED.fullmatch(written)
    name = match["name"].strip().strip('"').strip() if match else ""
    if not name.isprintable() or "=?" in name:
        raise ValueError("has a name that cannot stand in a header; write its letters as they are, on one line")
    found = _mailbox(match["address"].strip() if match else written, name)
    if not found.local.isascii():
        raise ValueError("is not ASCII before the @; servers that cannot answer to it refuse it, so write another one")
    return found


def _mailbox(written: str, name: str = "") -> Mailbox:
    local, at, domain = written.rpartition("@")
    if not at or "@" in local:
        raise ValueError(f"is not an e-mail address; {_WANTED}")
    if not (_LOCAL.fullmatch(local) and local.isprintable() and len(local.encode()) <= _LONGEST_LOCAL):
        raise ValueError(f"is not an e-mail address: what is before the @ cannot be; {_WANTED}")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    if not _DOMAIN.fullmatch(ascii_domain) or len(ascii_domain) > _LONGEST_DOMAIN:
        raise ValueError(f"is not an e-mail address: what is after the @ is no domain; {_WANTED}")
    return Mailbox(local=local, domain=ascii_domain, name=name)
