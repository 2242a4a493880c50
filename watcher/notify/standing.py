"""How the channels do: which takes nothing for now, and which never will as it is set. From the outcomes of sends.

Known to this process only; after a restart a channel that was told of as broken is in doubt until it takes something.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watcher.model.notification import Delivered, GaveUp, Notification, Outcome, RetryAfter
from watcher.notify.channels.base import Channel

MAY_FAIL: Final = timedelta(minutes=5)
GONE: Final = "gone"
_UNTRIED: Final = f"{GONE}: not tried, since the channel is disabled: "
# What says nothing of the channel: our own bugs, and that there is none of its name.
_OURS: Final = frozenset({"bug", "unknown_channel"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Since when nothing has gone through a channel, and what it said last; since when it is disabled, if it is."""

    failing_since: datetime | None = None
    reason: str = ""
    disabled_at: datetime | None = None

    def is_broken(self, now: datetime) -> bool:
        """True when people are to hear of it, and nobody is to be told of it by this channel."""
        if self.disabled_at is not None:
            return True
        return self.failing_since is not None and now - self.failing_since >= MAY_FAIL


WELL: Final = Standing()


def after(standing: Standing, outcome: Outcome, now: datetime) -> Standing:
    """How a channel stands after a try that ended at `now`. One message that is refused says nothing. Pure."""
    match outcome:
        case Delivered():
            return WELL
        case GaveUp(reason=reason):
            if not is_gone(outcome):
                return standing
            return Standing(failing_since=standing.failing_since or now, reason=reason, disabled_at=now)
        case RetryAfter(reason=reason, recipients=left):
            if left:
                return WELL  # others were reached by it
            if reason.partition(":")[0] in _OURS:
                return standing
            # One that was tried by hand while it was disabled has shown that it may come back.
            return Standing(failing_since=standing.failing_since or now, reason=reason)


def untried(standing: Standing) -> GaveUp:
    """What becomes of a row for a channel that is disabled."""
    return GaveUp(reason=f"{_UNTRIED}{standing.reason.removeprefix(f'{GONE}: ')}")


def is_gone(outcome: Outcome) -> bool:
    """True when the channel takes nothing any more, whether it said so or was not tried."""
    return isinstance(outcome, GaveUp) and outcome.reason.partition(":")[0] == GONE


def is_untried(outcome: Outcome) -> bool:
    """True of what `untried` made."""
    return isinstance(outcome, GaveUp) and outcome.reason.startswith(_UNTRIED)


def stand_in(channel: str, fallback: str, channels: Iterable[str], broken: Mapping[str, Standing]) -> str | None:
    """Who tells what `channel` cannot: the fallback, or else the first that works. None where all are gone. Pure.

    `broken` are those that are, by name. Where all others fail for the moment, the fallback has it when it is back.
    """
    others = [name for name in dict.fromkeys((fallback, *channels)) if name != channel]
    usable = [name for name in others if name not in broken or broken[name].disabled_at is None]
    return next((name for name in usable if name not in broken), next(iter(usable), None))


class Standings:
    """How each of `channels` stands, which is read anew each time: one whose settings were changed begins anew."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels
        self._known: dict[str, tuple[Channel, Standing]] = {}

    def of(self, name: str) -> Standing:
        """How it stands; one that is not there, well."""
        known = self._known.get(name)
        return known[1] if known is not None and known[0] is self._channels.get(name) else WELL

    def all(self) -> dict[str, Standing]:
        """Those of all channels that are there."""
        return {name: self.of(name) for name in self._channels}

    def broken(self, now: datetime) -> dict[str, Standing]:
        """Those of the channels that are broken."""
        return {name: standing for name, standing in self.all().items() if standing.is_broken(now)}

    def doubt(self, name: str, since: datetime, reason: str) -> None:
        """It was told of as broken before this process began: it is tried, and is well once it takes something."""
        if name in self._channels:
            self._known[name] = (self._channels[name], Standing(failing_since=since, reason=reason))

    def note(self, name: str, channel: Channel | None, outcome: Outcome, now: datetime) -> bool:
        """Learn from a try by `channel`; True when it is disabled by this. One that was replaced tells nothing."""
        if channel is None or channel is not self._channels.get(name) or is_untried(outcome):
            return False
        before, stands = self.of(name), after(self.of(name), outcome, now)
        self._known[name] = (channel, stands)
        return before.disabled_at is None and stands.disabled_at is not None

    def is_closed_to(self, row: Notification) -> bool:
        """True when `row` is not to be tried: its channel is disabled, and nobody has asked for it by hand since."""
        disabled_at = self.of(row.channel).disabled_at
        return disabled_at is not None and (row.resent_at is None or row.resent_at <= disabled_at)
