"""What the words of a route mean: reasons of an outage, how long its first news wait, how often people are reminded.

Text in, value or ValueError out, as in `scalars`.
"""

from datetime import timedelta
from typing import Final

from watcher.model.finding import REASONS, Reason, Verdict
from watcher.settings.scalars import span, text
from watcher.settings.wording import near

LONGEST_WAIT: Final = timedelta(minutes=10)
NEVER: Final = timedelta(0)
_LONGEST_PACE: Final = timedelta(days=1)
_LEAST_REPEAT: Final = timedelta(minutes=1)


def reason(value: object) -> Reason:
    """Why an account may be gone: not_found, suspended and so on."""
    written = text(value)
    words = sorted(REASONS[Verdict.ABSENT])
    if written not in words:
        raise ValueError(f"is no reason of an outage; {near(written, words)}")
    return Reason(written)


def wait(value: object) -> timedelta:
    """How long the first news may wait for others: `0s`, `30s`, at most ten minutes, lest nobody hear of it."""
    if text(value) == "0s":
        return timedelta(0)
    waited = span(value)
    if waited > LONGEST_WAIT:
        raise ValueError("is longer than 10m: nobody would hear of it in time; write 10m or less")
    return waited


def pace(value: object) -> timedelta:
    """How long news of a group are gathered: `5m`, at most a day."""
    gathered = span(value)
    if gathered > _LONGEST_PACE:
        raise ValueError("is longer than 1d, too late to hear of it; write 1d or less")
    return gathered


def repeat(value: object) -> timedelta:
    """How often people are reminded: `1h`, a minute at least; `never` as NEVER."""
    if text(value) == "never":
        return NEVER
    every = span(value)
    if every < _LEAST_REPEAT:
        raise ValueError("is shorter than 1m; write 1m or more, or never")
    return every
