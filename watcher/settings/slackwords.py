"""What the words of a Slack bot mean: its token, and the channel that it posts to. Text in, value or ValueError out."""

import re
from typing import Final

from watcher.settings.scalars import UnshownError, line, secret
from watcher.settings.values import Secret

_TOKEN: Final = re.compile(r"xoxb-[A-Za-z0-9-]{10,}")
_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{6,}|#?[^\s#@A-Z<>|]{1,80}")


def token(value: object) -> Secret:
    """The token of a bot, `xoxb-…`; no message shows it."""
    found = secret(value)
    if not _TOKEN.fullmatch(found.reveal()):
        hint = "copy the Bot User OAuth Token of your app's page OAuth & Permissions"
        raise UnshownError(f"is no token of a bot, which begins with xoxb-; {hint}")
    return found


def channel(value: object) -> str:
    """The id of a channel (`C0123ABCD`, which stays when it is renamed), or its name, with or without #."""
    written = line(value)
    if not _CHANNEL.fullmatch(written):
        raise ValueError(
            "is no channel; write its id like C0123ABCD (in Slack: the channel's name, About), or its name"
        )
    return written
