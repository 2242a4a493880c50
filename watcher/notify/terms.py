"""What the templates may speak of: plain values by name, the same for every language. Pure.

docs/texts.md lists them; a test holds it to this module.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote as percent
from urllib.parse import urlencode

from watcher.model.account import Account
from watcher.model.notification import IncidentKind, NotificationKind, Quote
from watcher.model.outage import AccountState, Duration, Outage
from watcher.notify.digest import digest_terms
from watcher.notify.locales import Locale
from watcher.notify.view import View, alone
from watcher.notify.wording import at_handle, language_name, name_of, place_named, place_of, short_hash
from watcher.text import clean, cut

_QUOTE_LENGTH: Final = 300
_OTHERS: Final = 8
_REMARKS: Final = 5

Terms = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another account of the owner. `standing` is "blind" where it cannot be observed, else "down" or its phase."""

    name: str
    place: str
    standing: str
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One outage of several that are told of together, and whose it is."""

    name: str
    place: str
    outage: Outage


def template_of(view: View) -> str:
    """The name of the template that says it."""
    kind = view.incident.kind
    if kind in (IncidentKind.ACCOUNT, IncidentKind.GROUP) and view.outage is not None:
        is_correction = kind is IncidentKind.ACCOUNT and view.kind is NotificationKind.CORRECTION
        return "correction" if is_correction else "account"
    return _TEMPLATES[kind]


_TEMPLATES: Final[Mapping[IncidentKind, str]] = {
    IncidentKind.ACCOUNT: "notice",
    IncidentKind.NOTICE: "notice",
    IncidentKind.GROUP: "group",
    IncidentKind.COHORT: "mass",
    IncidentKind.PLATFORM: "platform",
    IncidentKind.EGRESS: "egress",
    IncidentKind.META: "meta",
    IncidentKind.FLAPPING: "flapping",
    IncidentKind.DIGEST: "digest",
}


def terms_of(view: View, locale: Locale) -> Terms:
    """All that its template may speak of. `quote.language` is named in the language of the message."""
    own = _OWN.get(template_of(view))
    return {**_common(view, locale), **(own(view) if own is not None else {})}


def _quote(view: View, locale: Locale) -> Quote | None:
    """What visitors see instead of the profile, in the page's own words; of several the first that is missing."""
    outage = view.outage or next((each for each in view.outages if each.is_open), None)
    if outage is None and view.incident.kind is IncidentKind.GROUP:
        outage = next(iter(view.outages), None)
    is_told = view.incident.kind in (IncidentKind.ACCOUNT, IncidentKind.GROUP)
    if outage is None or not is_told or template_of(view) == "correction":
        return None
    text = cut(clean(outage.quote or "").strip(), _QUOTE_LENGTH)
    language = language_name(clean(outage.language), locale) if outage.language else None
    return Quote(text=text, language=language) if text else None


def _common(view: View, locale: Locale) -> Terms:
    incident = view.incident
    shown = view.others[:_OTHERS]
    return {
        "kind": str(view.kind),
        "is_over": view.is_over,
        "severity": str(incident.severity),
        "incident_id": incident.id,
        "key": incident.key,
        "notice": incident.labels.get("notice", ""),
        "detail": cut(clean(incident.detail), 1000).strip().rstrip("."),
        "now": view.now,
        "since": incident.opened_at,
        "until": incident.closed_at,
        "name": view.name,
        "place": view.place,
        "owner": view.owner or "",
        "outage": view.outage,
        "retraction": _bare(view.outage.retraction) if view.outage is not None else "",
        "new_name": at_handle(view.new_handle) if view.new_handle else "",
        "others": [_other(view, account, state) for account, state in shown],
        "others_left": len(view.others) - len(shown),
        "others_left_down": sum(state.is_down for _, state in view.others[_OTHERS:]),
        "digest": short_hash(view.digest) if view.digest else "",
        "quote": _quote(view, locale),
        "acknowledged": _acknowledged(view),
        "profile_url": view.account.url if view.account is not None else "",
        "record_url": _record_url(view),
    }


def _acknowledged(view: View) -> Terms | None:
    incident = view.incident
    if incident.acked_at is None:
        return None
    return {"by": incident.acked_by or "", "at": incident.acked_at, "comment": incident.ack_comment or ""}


def _other(view: View, account: Account, state: AccountState) -> Other:
    name = at_handle(state.handle) if state.handle else name_of(account)
    place = place_of(account, view.titles)
    if state.blind_since is not None and not state.is_down:
        return Other(name=name, place=place, standing="blind", since=state.blind_since)
    since = state.outage.began.latest if state.outage is not None else None
    return Other(name=name, place=place, standing=str(state.phase), since=since)


def _record_url(view: View) -> str:
    if view.public_url is None or view.outage is None:
        return ""
    return f"{view.public_url.rstrip('/')}/outages/{percent(clean(view.outage.id), safe='')}"


def _bare(text: str | None) -> str:
    """The text as the end of a sentence wants it."""
    return clean(text or "").strip().rstrip(".")


def _correction(view: View) -> Terms:
    notes = view.annotations
    links = dict.fromkeys(each.link for each in notes[-_REMARKS:] if each.link is not None)
    return {
        "note": notes[-1] if notes else None,
        "earlier_notes": notes[-2 : -2 - _REMARKS : -1],
        "sources": list(links),
    }


def _newest_first(view: View) -> Sequence[Outage]:
    """The outages that are told of together. In an update those who joined last lead: the others were named before."""
    if view.kind is not NotificationKind.UPDATE:
        return view.outages
    return sorted(view.outages, key=lambda outage: outage.confirmed_at, reverse=True)


def _began(view: View) -> datetime:
    return min((outage.began.latest for outage in view.outages), default=view.incident.opened_at)


def _together(view: View) -> Terms:
    """What there is to say of several, however they belong together."""
    return {
        "count": len(view.outages),
        "reasons": Counter(str(outage.reason) for outage in view.outages).most_common(),
        "outages_url": _outages_url(view),
    }


def _outages_url(view: View) -> str:
    """The page that lists them all, the latest first."""
    if view.public_url is None:
        return ""
    platforms = {outage.account_id.partition(":")[0] for outage in view.outages}
    asked = {"platform": platforms.pop()} if len(platforms) == 1 else {}
    since = f"{_began(view).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
    return f"{view.public_url.rstrip('/')}/outages?{urlencode({**asked, 'since': since}, safe=':')}"


def _member(view: View, outage: Outage) -> Member:
    its = alone(view, outage)
    return Member(name=its.name, place=its.place, outage=outage)


def _group(view: View) -> Terms:
    members = [_member(view, outage) for outage in _newest_first(view)]
    places = {member.place for member in members}
    return {
        **_together(view),
        "is_all": 1 < len(members) == view.watched_there,
        "missing": [member for member in members if member.outage.is_open],
        "back": [member for member in members if not member.outage.is_open],
        "common_place": places.pop() if len(places) == 1 else "",
        # A thread of mail is known by its subject: that of the first, all the while.
        "first": _member(view, view.outages[0]) if members else view,
    }


def _mass(view: View) -> Terms:
    lasted = sorted((o.duration for o in view.outages if o.duration.max is not None), key=_best)
    differ = len(lasted) > 1 and _best(lasted[0]) != _best(lasted[-1])
    outages = _newest_first(view)
    return {
        **_together(view),
        "place": place_named(view.incident.place, view.titles),
        "watched_there": view.watched_there,
        "checking": view.checking,
        "began": _began(view),
        "names": _handles(outages),
        "missing": _handles(outage for outage in outages if outage.is_open),
        "shortest": lasted[0] if differ else None,
        "longest": lasted[-1] if lasted else None,
    }


def _best(duration: Duration) -> Any:
    return duration.best


def _handles(outages: Iterable[Outage]) -> list[str]:
    return [at_handle(outage.handle_then) for outage in outages]


def _platform(view: View) -> Terms:
    return {
        "place": place_named(view.incident.key, view.titles),
        "without_verdict": view.without_verdict,
        "is_watched": view.is_watched,
    }


def _meta(view: View) -> Terms:
    topic, _, name = view.incident.key.partition("/")
    return {
        "topic": topic,
        "topic_name": name,
        "is_disabled": view.incident.detail.startswith("gone"),
        "faults": [line for line in view.incident.detail.splitlines() if line.strip()],
    }


def _digest(view: View) -> Terms:
    return digest_terms(view.incident.detail)


_OWN: Final = {
    "correction": _correction,
    "group": _group,
    "mass": _mass,
    "platform": _platform,
    "meta": _meta,
    "digest": _digest,
}
