"""Silences: what nobody is to be told of for a while. What is silenced is watched and measured all the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_TWICE: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """One condition on what a piece of news is about, as Alertmanager writes them.

    `name="value"`, or `!=`, or `=~` and `!~` with a regular expression for the whole value. What the news does not have
    is empty. `value` is a valid expression where `is_pattern`.
    """

    name: str
    value: str
    is_pattern: bool = False
    is_negative: bool = False

    def holds(self, subject: Mapping[str, str]) -> bool:
        """Whether it holds of what has these attributes."""
        value = subject.get(self.name, "")
        matches = re.fullmatch(self.value, value) is not None if self.is_pattern else value == self.value
        return matches is not self.is_negative

    def __str__(self) -> str:
        sign = ("!~" if self.is_negative else "=~") if self.is_pattern else ("!=" if self.is_negative else "=")
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{sign}"{escaped}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """From `starts_at` until just before `ends_at` nobody is told of what all of `matchers` hold of."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    by: str = ""
    comment: str = ""

    def is_active(self, now: datetime) -> bool:
        """Whether it holds at `now`."""
        return self.starts_at <= now < self.ends_at

    @property
    def names_kind(self) -> bool:
        """Whether it says which kinds it is about: only then corrections, digests and watcher's own troubles are."""
        return any(matcher.name == "kind" and not matcher.is_negative for matcher in self.matchers)

    def is_of(self, account_id: str) -> bool:
        """Whether it names this account as what it is about."""
        return Matcher(name="account", value=account_id) in self.matchers

    def says_the_same(self, other: "Silence") -> bool:
        """True when the other one is the same, asked for twice: by a double click, they differ by a moment."""
        apart = max(abs(self.starts_at - other.starts_at), abs(self.ends_at - other.ends_at))
        mine = (self.matchers, self.by, self.comment)
        return mine == (other.matchers, other.by, other.comment) and apart < _TWICE

    def mutes(self, subject: Mapping[str, str]) -> bool:
        """Whether it is about what has these attributes."""
        return all(matcher.holds(subject) for matcher in self.matchers)
