"""What a notification says, as things are at the moment of sending. Pure; never raises, whatever the page wrote.

The texts claim no more than was seen: ABSENT means that a logged-out visitor no longer sees the profile. All text is
cleaned of control characters here, and escaped by the channel, each for its medium.
"""

from dataclasses import replace
from typing import Final, assert_never
from urllib.parse import quote as percent

from watcher.model.account import Account
from watcher.model.finding import Certainty, Reason
from watcher.model.notification import IncidentKind, Message, NotificationKind, Quote
from watcher.model.outage import AccountState, EndCause, Outage, Phase
from watcher.notify.alerts import alerts_of
from watcher.notify.blindness import render_egress, render_platform
from watcher.notify.correction import render_correction, retraction
from watcher.notify.digest import render_digest
from watcher.notify.flapping import render_flapping
from watcher.notify.group import alone, render_group
from watcher.notify.mass import render_mass
from watcher.notify.meta import render_meta
from watcher.notify.view import View, compose
from watcher.notify.wording import (
    at_handle,
    format_about,
    format_between,
    format_bounds,
    format_duration,
    format_span,
    format_stamp,
    language_name,
    name_of,
    place_of,
    short_hash,
)
from watcher.text import clean, cut

_QUOTE_LENGTH = 300
_OTHERS = 8

# What the platform does now, and did then; "{}" is the platform.
_REASONS: Final[dict[Reason, tuple[str, str]]] = {
    Reason.NOT_FOUND: (
        "{} answers as it does for an account that does not exist",
        "{} answered as it does for an account that does not exist",
    ),
    Reason.GONE: ("{} says that the page is gone (HTTP 410)", "{} said that the page was gone (HTTP 410)"),
    Reason.DEACTIVATED: ("{} shows that the account is deactivated", "{} showed that the account was deactivated"),
    Reason.SUSPENDED: ("{} shows that the account is suspended", "{} showed that the account was suspended"),
    Reason.WITHHELD: (
        "{} shows that the account is withheld from visitors here",
        "{} showed that the account was withheld from visitors here",
    ),
    Reason.UNAVAILABLE: (
        "{} says that the profile is not available, without saying why",
        "{} said that the profile was not available, without saying why",
    ),
}
_CERTAINTY: Final[dict[Certainty, str]] = {
    Certainty.STATED: "the platform's API says so",
    Certainty.SHOWN: "the page says so",
    Certainty.RESEMBLES: "the page looks like that of an account that does not exist",
}


def render(view: View) -> Message:
    """What to say of `view`, to people and to programs: the news, or the whole story when it is already over."""
    return replace(_said(view), alerts=alerts_of(view))


def _said(view: View) -> Message:  # noqa: C901, PLR0911 - one answer a kind
    match view.incident.kind:
        case IncidentKind.ACCOUNT if view.outage is not None and view.kind is NotificationKind.CORRECTION:
            return render_correction(view, view.outage, _subject(view), _links(view))
        case IncidentKind.ACCOUNT | IncidentKind.GROUP if view.outage is not None:
            return _over(view, view.outage) if view.is_over else _down(view, view.outage)
        case IncidentKind.FLAPPING:
            return render_flapping(view)
        case IncidentKind.ACCOUNT | IncidentKind.NOTICE:
            return _notice(view)
        case IncidentKind.DIGEST:
            return render_digest(view)
        case IncidentKind.GROUP:
            return _together(view)
        case IncidentKind.COHORT:
            return render_mass(view)
        case IncidentKind.PLATFORM:
            return render_platform(view)
        case IncidentKind.EGRESS:
            return render_egress(view)
        case IncidentKind.META:
            return render_meta(view)
        case _:
            assert_never(view.incident.kind)


def _down(view: View, outage: Outage) -> Message:
    still = "" if view.kind is NotificationKind.ALERT else "still "
    after = f" after {format_about(view.now - outage.began.latest)}" if view.kind is NotificationKind.REMINDER else ""
    now, _then = _REASONS.get(outage.reason, _REASONS[Reason.UNAVAILABLE])
    return compose(
        view,
        headline=f"{view.name} is {still}not available on {view.place}{after}",
        subject=_subject(view),
        sentences=(
            f"A logged-out visitor no longer sees the profile: {now.format(view.place)}.",
            *_others(view, still="still "),
        ),
        facts=(
            _since(outage),
            ("Confirmed", format_stamp(outage.confirmed_at)),
            ("So far", format_duration(outage.duration)),
            *_proof(view, outage),
        ),
        quote=_quote(outage),
        links=_links(view),
    )


def _over(view: View, outage: Outage) -> Message:
    _now, then = _REASONS.get(outage.reason, _REASONS[Reason.UNAVAILABLE])
    ended = outage.ended
    back = () if ended is None else (("Seen again", format_between(outage.last_absent.earliest, ended.latest)),)
    return compose(
        view,
        headline=_end_headline(view, outage),
        subject=_subject(view),
        sentences=(
            *retraction(outage),
            _course(outage),
            f"{then.format(view.place)}.",
            *_ending(view, outage),
            *_others(view, still=""),
        ),
        facts=(
            ("Missing since", format_between(outage.last_present, outage.began.latest)),
            *back,
            *_proof(view, outage),
        ),
        quote=_quote(outage),
        links=_links(view),
    )


def _together(view: View) -> Message:
    """A group of several. Its subject is that of the first all the while, since a thread of mail is known by it."""
    first = alone(view, view.outages[0]) if view.outages else view
    missing = next((outage for outage in view.outages if outage.is_open), None) or first.outage
    return render_group(view, _subject(first), _quote(missing) if missing is not None else None)


def _end_headline(view: View, outage: Outage) -> str:
    name, place, lasted = view.name, view.place, format_duration(outage.duration)
    match outage.end_cause:
        case EndCause.RECOVERED | None:
            if view.kind is NotificationKind.RESOLVED:
                return f"{name} is back on {place} after {lasted}"
            return f"{name} was not available on {place} for {lasted}"
        case EndCause.REREGISTERED:
            return f"A different account now holds {name} on {place}"
        case EndCause.RENAMED:
            return f"{name} on {place} was renamed" + (f" to {at_handle(view.new_handle)}" if view.new_handle else "")
        case EndCause.UNWATCHED:
            return f"{name} on {place} is no longer watched"
        case _:
            assert_never(outage.end_cause)


def _course(outage: Outage) -> str:
    lasted = format_bounds(outage.duration)
    began = format_stamp(outage.last_present + (outage.began.latest - outage.last_present) / 2)
    if outage.ended is None:
        return f"A logged-out visitor did not see the profile from about {began} on: {lasted}."
    least = outage.last_absent.earliest
    ended = format_stamp(least + (outage.ended.latest - least) / 2)
    return f"A logged-out visitor did not see the profile from about {began} to about {ended}: {lasted}."


def _ending(view: View, outage: Outage) -> tuple[str, ...]:
    match outage.end_cause:
        case EndCause.RECOVERED | None:
            return ()
        case EndCause.REREGISTERED:
            return ("The account seen now has another id than the one watched: the handle changed hands.",)
        case EndCause.RENAMED:
            return (
                f"The account itself is there, as {at_handle(view.new_handle)}."
                if view.new_handle
                else "The account itself is there, under another handle.",
            )
        case EndCause.UNWATCHED:
            return ("It was taken off the watchlist before it came back; when the outage ends is not known.",)
        case _:
            assert_never(outage.end_cause)


def _since(outage: Outage) -> tuple[str, str]:
    return "Missing since", format_between(outage.last_present, outage.began.latest)


def _proof(view: View, outage: Outage) -> tuple[tuple[str, str], ...]:
    hidden = f"{format_span(outage.unobserved)} of this time" if outage.unobserved else ""
    facts = (
        ("How sure", _CERTAINTY[outage.certainty]),
        ("Not observed", hidden),
        ("Controls", view.incident.detail),
        ("Owner", view.owner or ""),
        ("Evidence hash", short_hash(view.digest)),
    )
    return tuple((label, value) for label, value in facts if value)


def _others(view: View, *, still: str) -> tuple[str, ...]:
    if not view.others:
        return ()
    shown = [_other(view, account, state, still) for account, state in view.others[:_OTHERS]]
    rest = len(view.others) - len(shown)
    if rest:
        down = sum(state.is_down for _, state in view.others[_OTHERS:])
        shown.append(f"{rest} more, {down} of them not available")
    whose = f"Other accounts of {view.owner}" if view.owner else "Other accounts of the same owner"
    return (f"{whose}: {'; '.join(shown)}.",)


def _other(view: View, account: Account, state: AccountState, still: str) -> str:
    name = at_handle(state.handle) if state.handle else name_of(account)
    who = f"{name} on {place_of(account, view.titles)}"
    return f"{who} {_standing(state, still)}"


def _standing(state: AccountState, still: str) -> str:  # noqa: PLR0911 - one answer a phase
    if state.blind_since is not None and not state.is_down:
        return f"cannot be observed since {format_stamp(state.blind_since)}"
    match state.phase:
        case Phase.DOWN:
            since = f" since {format_stamp(state.outage.began.latest)}" if state.outage else ""
            return f"is not available either{since}"
        case Phase.RECOVERING:
            return "seems to be coming back"
        case Phase.NEW:
            return "was not looked at yet"
        case Phase.NEVER_SEEN:
            return "was never seen"
        case Phase.SUSPECT:
            return "may be missing too and is being checked"
        case Phase.UP:
            return f"is {still}up"
        case _:
            assert_never(state.phase)


def _subject(view: View) -> str:
    return f"{view.name} ({view.place}) unavailable"


def _notice(view: View) -> Message:
    headline = clean(view.incident.detail).strip() or f"News of {view.name} on {view.place}"
    return compose(
        view,
        headline=headline,
        subject=headline,
        sentences=(f"This is about {view.name} on {view.place}.", *_others(view, still="")),
        facts=(
            ("When", format_stamp(view.incident.opened_at)),
            *((("Owner", view.owner),) if view.owner else ()),
            *((("Evidence hash", short_hash(view.digest)),) if view.digest else ()),
        ),
        links=_links(view),
    )


def _links(view: View) -> tuple[tuple[str, str], ...]:
    links = []
    if view.account is not None:
        links.append(("Profile", view.account.url))
    if view.public_url is not None and view.outage is not None:
        base = view.public_url.rstrip("/")
        account_id = percent(clean(view.outage.account_id), safe="")
        also = "&retracted=true" if view.outage.is_retracted else ""
        links.append(("Outage record", f"{base}/api/v1/outages?account={account_id}{also}"))
    return tuple(links)


def _quote(outage: Outage) -> Quote | None:
    text = cut(clean(outage.quote or "").strip(), _QUOTE_LENGTH)
    language = language_name(clean(outage.language)) if outage.language else None
    return Quote(text=text, language=language) if text else None
