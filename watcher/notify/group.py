"""What is said of several outages that a route tells of together. Pure.

Of one alone the texts are those of its account; this is about two or more. It says how things stand, so that a message
that was missed leaves nothing untold.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from watcher.model.account import Severity
from watcher.model.finding import Reason
from watcher.model.notification import Message, NotificationKind, Quote
from watcher.model.outage import Outage
from watcher.notify.view import View, compose
from watcher.notify.wording import format_between, format_duration, format_stamp, short_hash

_SHOWN: Final = 10
_WEIGHT: Final = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_REASONS: Final[Mapping[Reason, str]] = {
    Reason.NOT_FOUND: "does not exist",
    Reason.GONE: "gone (HTTP 410)",
    Reason.DEACTIVATED: "deactivated",
    Reason.SUSPENDED: "suspended",
    Reason.WITHHELD: "withheld here",
}


def alone(view: View, outage: Outage) -> View:
    """The view of one outage of a group, as if the message were about it alone."""
    return replace(view, outage=outage, account=view.accounts.get(outage.account_id))


def render_group(view: View, subject: str, quote: Quote | None) -> Message:
    """Several outages as they stand: who is missing, who is back. `quote` is what visitors see of the first."""
    missing = tuple(outage for outage in view.outages if outage.is_open)
    facts = [_fact(view, outage) for outage in (*missing, *(o for o in view.outages if not o.is_open))]
    rest = len(facts) - _SHOWN
    return compose(
        replace(view, incident=replace(view.incident, severity=_severity(view.outages))),
        headline=_headline(view, len(missing)),
        subject=subject,
        sentences=_sentences(view, missing),
        facts=(
            *facts[:_SHOWN],
            *((("More", f"{rest} others"),) if rest > 0 else ()),
            *((("Evidence hash", short_hash(view.digest)),) if view.digest else ()),
        ),
        quote=quote,
    )


def _headline(view: View, missing: int) -> str:
    count = len(view.outages)
    whose, where = _whose(view), _where(view)
    who = f"{'All ' if count > 1 and count == view.watched_there else ''}{count} accounts{whose}"
    if view.is_over:
        verb = "are back" if view.kind is not NotificationKind.ALERT else "were not available"
        return f"{who} {verb}{where}"
    if missing < count:
        return f"{missing} of {count} accounts{whose} {_are(missing)} still not available{where}"
    return f"{who} are {'still ' if view.kind is NotificationKind.REMINDER else ''}not available{where}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _whose(view: View) -> str:
    return f" of {view.owner}" if view.owner else ""


def _where(view: View) -> str:
    places = {alone(view, outage).place for outage in view.outages}
    return f" on {next(iter(places))}" if len(places) == 1 else ""


def _sentences(view: View, missing: Sequence[Outage]) -> tuple[str, ...]:
    back = [outage for outage in view.outages if not outage.is_open]
    if not missing:
        return (f"Logged-out visitors see these profiles again, or they are no longer watched: {_names(view, back)}.",)
    seen = f"Logged-out visitors no longer see {_names(view, missing)}."
    return (seen, f"Seen again: {_names(view, back)}.") if back else (seen,)


def _names(view: View, outages: Sequence[Outage]) -> str:
    shown = [_name(view, outage) for outage in outages[:_SHOWN]]
    more = len(outages) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _name(view: View, outage: Outage) -> str:
    its = alone(view, outage)
    return f"{its.name} on {its.place}"


def _fact(view: View, outage: Outage) -> tuple[str, str]:
    why = _REASONS.get(outage.reason, "not available")
    if outage.is_open:
        began = format_between(outage.last_present, outage.began.latest)
        return _name(view, outage), f"{why}, missing since {began}; so far {format_duration(outage.duration)}"
    if outage.ended is None:
        return _name(view, outage), f"{why}, no longer watched since {format_stamp(outage.last_absent.latest)}"
    return _name(view, outage), f"back after {format_duration(outage.duration)} ({why})"


def _severity(outages: Sequence[Outage]) -> Severity:
    return min((outage.severity_then for outage in outages), key=_WEIGHT.index, default=Severity.WARNING)
