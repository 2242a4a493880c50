"""What is said of an outage after it was told: that it was a false alarm, or what caused it. Pure."""

from typing import Final

from watcher.model.annotation import Annotation
from watcher.model.notification import Message
from watcher.model.outage import Outage
from watcher.notify.view import View, compose
from watcher.notify.wording import format_between, format_duration, format_stamp
from watcher.text import clean, cut

_CAUSE: Final = 200
_MOST: Final = 5


def render_correction(view: View, outage: Outage, subject: str, links: tuple[tuple[str, str], ...]) -> Message:
    """The correction of what was told of `outage`, as things are now: taken back, or explained."""
    headline, sentences = _taken_back(view, outage) if outage.is_retracted else _explained(view, outage)
    return compose(
        view,
        headline=headline,
        subject=subject,
        sentences=sentences,
        facts=(*_about(outage), *_remarks(view.annotations)),
        links=(*links, *_sources(view.annotations)),
    )


def retraction(outage: Outage) -> tuple[str, ...]:
    """The sentence for a message that goes out although the outage was taken back meanwhile."""
    return (_why(outage),) if outage.is_retracted else ()


def _taken_back(view: View, outage: Outage) -> tuple[str, tuple[str, ...]]:
    return (
        f"Correction: {view.name} on {view.place} was not gone; the report is taken back",
        (_why(outage), "The outage stays in the log, but counts neither in the record nor in the uptime."),
    )


def _why(outage: Outage) -> str:
    reason = cut(clean(outage.retraction or "").strip().rstrip("."), _CAUSE)
    at = f" on {format_stamp(outage.retracted_at)}" if outage.retracted_at is not None else ""
    return f"Taken back{at}: {reason}." if reason else f"Taken back{at}."


def _explained(view: View, outage: Outage) -> tuple[str, tuple[str, ...]]:
    last = view.annotations[-1] if view.annotations else None
    lasted = "" if outage.is_open else f" for {format_duration(outage.duration)}"
    what = f"{view.name} {'is' if outage.is_open else 'was'} not available on {view.place}{lasted}"
    if last is None:
        return f"More is known of why {what}", ()
    cause, more = cut(clean(last.cause).strip(), _CAUSE), clean(last.text).strip()
    return f"Why {what}: {cause}", (f"Cause, says {clean(last.by)}: {cause}.", *((more,) if more else ()))


def _about(outage: Outage) -> tuple[tuple[str, str], ...]:
    began = ("Missing since", format_between(outage.last_present, outage.began.latest))
    if outage.ended is None:
        return (began,)
    return began, ("Seen again", format_between(outage.last_absent.earliest, outage.ended.latest))


def _remarks(annotations: tuple[Annotation, ...]) -> tuple[tuple[str, str], ...]:
    """Earlier remarks, the latest of them first."""
    return tuple(
        ("Noted before", f"{cut(clean(each.cause).strip(), _CAUSE)} ({clean(each.by)}, {format_stamp(each.at)})")
        for each in annotations[-2 : -2 - _MOST : -1]
    )


def _sources(annotations: tuple[Annotation, ...]) -> tuple[tuple[str, str], ...]:
    given = dict.fromkeys(each.link for each in annotations[-_MOST:] if each.link is not None)
    return tuple((f"Source {place}", link) for place, link in enumerate(given, start=1))
