"""What programs are told: the alerts of a piece of news, as Alertmanager speaks of them. Pure.

The labels of an alert are its identity: who gets one with other labels takes it for another alert, and the first one
never ends. So they are what cannot change while it lasts: the account's as they were listed when it began (stored with
the incident), the severity that was frozen in the outage. What may change (the reason, the handle) is in the
annotations. Each outage is an alert of its own, also where people are told of several together.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, assert_never
from urllib.parse import quote as percent

from watcher.model.account import Account
from watcher.model.notification import Alert, Incident, IncidentKind, NotificationKind
from watcher.model.outage import EndCause, Outage
from watcher.notify.view import View, alone
from watcher.notify.wording import format_between, format_bounds, format_duration, format_span, format_stamp
from watcher.text import clean, cut

NOTICE_LASTS: Final = timedelta(minutes=5)
"""What has no end ends so long after it is told."""

_LONG: Final = 1000
_NOT_OF_A_NAME: Final = re.compile(r"[^a-zA-Z0-9_]")
_ONCE: Final = (IncidentKind.NOTICE, IncidentKind.DIGEST)
_TOGETHER: Final = (IncidentKind.COHORT, IncidentKind.GROUP)


def labels_of(account: Account) -> dict[str, str]:
    """The labels of what is about `account`, as it is listed now. Its own win over the watchlist's of the same name.

    What Alertmanager does not take in a name becomes `_`.
    """
    own = {
        "account": account.id,
        "platform": account.platform,
        "instance": account.instance,
        "owner": account.owner or "",
    }
    listed = {_name(name): value for name, value in sorted(account.labels.items())}
    return _stated({**listed, **_stated(own)})


def alerts_of(view: View) -> tuple[Alert, ...]:
    """One alert an outage, or one for what is about none; of two with the same labels the later."""
    if view.incident.kind in _TOGETHER:
        found = (_of_outage(alone(view, outage), outage) for outage in view.outages)
    elif view.incident.kind is IncidentKind.ACCOUNT and view.outage is not None:
        found = (_of_outage(view, outage) for outage in (view.outage,))
    else:
        return (_of_incident(view),)
    return latest(found)


def latest(alerts: Iterable[Alert]) -> tuple[Alert, ...]:
    """Of several with the same labels the last: an account that is gone again is not back.

    It is the one that lasts, or else that began last: the clock may have been set back in between.
    """
    found: dict[tuple[tuple[str, str], ...], Alert] = {}
    for alert in alerts:
        key = tuple(sorted(alert.labels.items()))
        known = found.get(key)
        if known is None or _rank(known) <= _rank(alert):
            found[key] = alert
    return tuple(found.values())


def _rank(alert: Alert) -> tuple[bool, datetime]:
    return alert.ends_at is None, alert.starts_at


def is_firing(alert: Alert, now: datetime) -> bool:
    """Whether it lasts at `now`."""
    return alert.ends_at is None or alert.ends_at > now


def _of_outage(view: View, outage: Outage) -> Alert:
    known = view.incident.labels if view.incident.kind is IncidentKind.ACCOUNT else view.labels.get(outage.id, {})
    # An outage that an earlier version opened has none.
    known = known or {"account": outage.account_id, "platform": outage.account_id.partition(":")[0]}
    began = outage.began.latest
    ended = outage.ended.latest if outage.ended is not None else outage.closed_at
    return Alert(
        labels=_labels("AccountUnavailable", known, outage.severity_then),
        annotations=_annotations(
            summary=_headline(view, outage),
            description=_course(outage),
            reason=outage.reason,
            certainty=outage.certainty,
            quote=outage.quote or "",
            language=outage.language or "",
            evidence=view.digest if view.incident.kind is IncidentKind.ACCOUNT else view.digests.get(outage.id, ""),
            profile=view.account.url if view.account is not None else "",
            correction=_correction(view, outage),
            **_acknowledged(view.incident),
        ),
        starts_at=began,
        ends_at=max(began, ended) if ended is not None and not outage.is_open else None,
        url=None if view.public_url is None else _page(view.public_url, f"/outages/{_part(outage.id)}"),
    )


def _headline(view: View, outage: Outage) -> str:
    who = f"{view.name} on {view.place}"
    if outage.is_open:
        return f"{view.name} is not available on {view.place}"
    match outage.end_cause:
        case EndCause.RECOVERED | None:
            return f"{view.name} is back on {view.place} after {format_duration(outage.duration)}"
        case EndCause.REREGISTERED:
            return f"A different account now holds {who}"
        case EndCause.RENAMED:
            return f"{who} was renamed"
        case EndCause.UNWATCHED:
            return f"{who} is no longer watched"
        case _:
            assert_never(outage.end_cause)


def _course(outage: Outage) -> str:
    since = format_between(outage.last_present, outage.began.latest)
    if outage.is_open:
        return f"A logged-out visitor no longer sees the profile. Missing since {since}."
    lasted = f"A logged-out visitor did not see the profile for {format_bounds(outage.duration)}. Missing since {since}"
    if outage.ended is None:
        return f"{lasted}."
    return f"{lasted}; seen again {format_between(outage.last_absent.earliest, outage.ended.latest)}."


def _correction(view: View, outage: Outage) -> str:
    if outage.is_retracted:
        return f"Taken back as a false alarm: {outage.retraction or 'no reason was given'}"
    if view.kind is NotificationKind.CORRECTION and view.annotations:
        return f"Cause, says {view.annotations[-1].by}: {view.annotations[-1].cause}"
    return ""


def _of_incident(view: View) -> Alert:
    incident = view.incident
    name, known, summary = _told(view)
    ends_at = incident.closed_at
    if incident.kind in _ONCE:
        # However late it is told, there is time to hear of it.
        ends_at = max(incident.opened_at, view.now) + NOTICE_LASTS
    return Alert(
        labels=_labels(name, known, incident.severity),
        annotations=_annotations(
            summary=summary,
            description=_detail(incident),
            evidence=view.digest,
            **_acknowledged(incident),
        ),
        starts_at=incident.opened_at,
        ends_at=ends_at,
        url=_record_url(view, incident.labels.get("account")),
    )


def _told(view: View) -> tuple[str, Mapping[str, str], str]:
    """The alert's name, its labels beside that, and what it says first."""
    incident, is_over = view.incident, view.incident.closed_at is not None
    match incident.kind:
        case IncidentKind.PLATFORM:
            platform, _, instance = incident.key.partition("@")
            place = view.titles.get(platform, platform) + (f" ({instance})" if instance else "")
            said = f"{place} {'can be observed again' if is_over else 'cannot be observed'}"
            return "PlatformNotObserved", {"platform": platform, "instance": instance}, said
        case IncidentKind.EGRESS:
            said = "watcher reaches something again" if is_over else "watcher reaches nothing: no account can be seen"
            return "NetworkDown", {"vantage": incident.key}, said
        case IncidentKind.META:
            said = f"watcher has {'no more trouble' if is_over else 'trouble'} of its own: {incident.key}"
            return "WatcherFault", {"part": incident.key}, said
        case IncidentKind.FLAPPING:
            said = f"{view.name} on {view.place} {'has stopped coming and going' if is_over else 'comes and goes'}"
            return "AccountFlapping", _of_account(incident), said
        case IncidentKind.DIGEST:
            return "WatcherDigest", {}, "What was watched, and how it stood"
        case IncidentKind.NOTICE | IncidentKind.ACCOUNT | IncidentKind.COHORT | IncidentKind.GROUP:
            return "AccountNotice", _of_account(incident), incident.detail or f"News of {view.name} on {view.place}"
        case _:
            assert_never(incident.kind)


def _of_account(incident: Incident) -> Mapping[str, str]:
    return incident.labels or {"account": incident.key, "platform": incident.key.partition(":")[0]}


def _detail(incident: Incident) -> str:
    if incident.kind is IncidentKind.FLAPPING and incident.detail and incident.closed_at is None:
        return f"What a logged-out visitor sees of it changed {incident.detail} times within 21 looks."
    return incident.detail if incident.detail and incident.kind is not IncidentKind.FLAPPING else _since(incident)


def _since(incident: Incident) -> str:
    since = f"Since {format_stamp(incident.opened_at)}"
    if incident.closed_at is None:
        return f"{since}."
    return f"{since}, for {format_span(incident.closed_at - incident.opened_at)}."


def _acknowledged(incident: Incident) -> dict[str, str]:
    if incident.acked_at is None:
        return {}
    return {"acknowledged_by": incident.acked_by or "somebody", "acknowledged_at": format_stamp(incident.acked_at)}


def _labels(name: str, known: Mapping[str, str], severity: str) -> dict[str, str]:
    return _stated({**known, "alertname": name, "severity": severity})


def _annotations(**said: str) -> dict[str, str]:
    return _stated({name: cut(clean(str(value)).strip(), _LONG) for name, value in said.items()})


def _stated(values: Mapping[str, str]) -> dict[str, str]:
    """Those that say something: an empty label is none."""
    return {name: clean(str(value)) for name, value in values.items() if clean(str(value))}


def _name(listed: str) -> str:
    name = _NOT_OF_A_NAME.sub("_", listed)
    return f"_{name}" if name[:1].isdigit() else name


def _record_url(view: View, account_id: str | None) -> str | None:
    if view.public_url is None:
        return None
    return _page(view.public_url, "" if account_id is None else f"/outages?account={_part(account_id)}")


def _page(base: str, path: str) -> str:
    return f"{base.rstrip('/')}{path}"


def _part(text: str) -> str:
    return percent(clean(text), safe="")
