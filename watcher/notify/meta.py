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
}


def render_meta(view: View) -> Message:
    """Something of watcher's own that is wrong, or that was. The incident's detail has a fault a line."""
    incident = view.incident
    wrong, meanwhile, again = _TOLD.get(
        incident.key, (f"watcher: {incident.key}", "", f"watcher: {incident.key} is over")
    )
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
