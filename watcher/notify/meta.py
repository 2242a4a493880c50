"""What is said of watcher itself: a configuration that it refuses, a store that it cannot write. Pure."""

from typing import Final

from watcher.model.notification import Message
from watcher.notify.view import View, compose
from watcher.notify.wording import format_span, format_stamp

# By the incident's key: what is wrong, what that means, and what is said once it is over.
_TOLD: Final = {
    "configuration": (
        "watcher refuses its changed configuration",
        "It goes on with the configuration that it had.",
        "watcher takes its configuration again",
    ),
    "store": (
        "watcher cannot write to its store",
        "It goes on watching, but tells of nothing new; what it sees is kept in memory and is lost if it stops now.",
        "watcher writes to its store again",
    ),
    "channel": (
        "watcher cannot tell anybody through {}",
        "What is to be told through it waits, and it is tried again and again.",
        "watcher has no more trouble with {}",
    ),
    "schedule": (
        "watcher looks later than it should",
        "What vanishes meanwhile is noticed later. A greater pace, longer intervals or a faster machine would help.",
        "watcher looks in time again",
    ),
    "disk": (
        "The disk of watcher's state is nearly full",
        "When it is full nothing is stored, and nobody is told of anything new.",
        "The disk of watcher's state has room again",
    ),
}
_DISABLED: Final = (
    "It is disabled, since it takes nothing any more. What was to be told through it is told through another channel, "
    "and is kept: watcher notifications list --state dead."
)


def render_meta(view: View) -> Message:
    """Something of watcher's own that is wrong, or that was. The incident's detail has a fault a line."""
    incident = view.incident
    kind, _, name = incident.key.partition("/")
    unknown = (f"watcher: {incident.key}", "", f"watcher: {incident.key} is over")
    wrong, meanwhile, again = (text.replace("{}", name) for text in _TOLD.get(kind, unknown))
    if kind == "channel" and incident.detail.startswith("gone"):
        meanwhile = _DISABLED
    since = format_stamp(incident.opened_at)
    faults = tuple(line for line in incident.detail.splitlines() if line.strip())
    if incident.closed_at is None:
        return compose(
            view,
            headline=wrong,
            subject=wrong,
            sentences=tuple(filter(None, (*faults, meanwhile))),
            facts=(("Since", since),),
        )
    return compose(
        view,
        headline=again,
        subject=wrong,
        sentences=(f"From {since}, for {format_span(incident.closed_at - incident.opened_at)}: {wrong}.", *faults),
    )
