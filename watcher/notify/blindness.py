"""What is said when we see nothing: a platform that cannot be observed, our own network down. Pure.

Neither is an outage of the accounts, and the texts say so.
"""

from watcher.model.notification import Message, NotificationKind
from watcher.notify.view import View, compose
from watcher.notify.wording import format_span, format_stamp
from watcher.text import clean, cut

_DETAIL_LENGTH = 1000


def render_platform(view: View) -> Message:
    """A platform that cannot be observed, or that could not for a while. The incident's key is `platform@instance`."""
    incident = view.incident
    platform, _, instance = incident.key.partition("@")
    title = view.titles.get(platform, platform) + (f" ({instance})" if instance else "")
    why = _why(view)
    since = format_stamp(incident.opened_at)
    if incident.closed_at is None:
        told = "; ".join((*why, *_without_verdict(view), "this is not an outage of the accounts"))
        return compose(
            view,
            headline=f"{title} {_still(view)}cannot be observed",
            subject=f"{title} cannot be observed",
            sentences=(f"{title} {_still(view)}cannot be observed: {told}.",),
            facts=(("Since", since),),
        )
    span = format_span(incident.closed_at - incident.opened_at)
    if not view.is_watched:
        return compose(
            view,
            headline=f"{title} is no longer watched",
            subject=f"{title} cannot be observed",
            sentences=(
                f"It could not be observed from {since} on, for {span}; none of its accounts is watched any more.",
            ),
        )
    again = view.kind is NotificationKind.RESOLVED
    because = "".join(f": {reason}" for reason in why)
    return compose(
        view,
        headline=f"{title} can be observed again after {span}" if again else f"{title} was not observed for {span}",
        subject=f"{title} cannot be observed",
        sentences=(
            f"{title} could not be observed from {since} to {format_stamp(incident.closed_at)}{because}.",
            "This was not an outage of the accounts.",
        ),
    )


def render_egress(view: View) -> Message:
    """Our own network: nothing is known of anybody while it is down."""
    incident = view.incident
    since = format_stamp(incident.opened_at)
    because = tuple(f"{reason}." for reason in _why(view))
    if incident.closed_at is None:
        headline = f"watcher's own network is {_still(view)}down"
        course = f"watcher's own network is down since {since}; nothing is observed."
    else:
        until = format_stamp(incident.closed_at)
        headline = f"watcher's own network was down for {format_span(incident.closed_at - incident.opened_at)}"
        course = f"watcher's own network was down from {since} to {until}; nothing was observed."
    return compose(view, headline=headline, subject="watcher's own network is down", sentences=(course, *because))


def _still(view: View) -> str:
    return "still " if view.kind is NotificationKind.REMINDER else ""


def _why(view: View) -> tuple[str, ...]:
    why = cut(clean(view.incident.detail), _DETAIL_LENGTH).strip().rstrip(".")
    return (why,) if why else ()


def _without_verdict(view: View) -> tuple[str, ...]:
    count = view.without_verdict
    return (f"{count} account{'' if count == 1 else 's'} without a verdict",) if count else ()
