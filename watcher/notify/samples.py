"""News as it might come, of each kind: by these a template is tried out before anybody is told through it. Pure.

What is shown is the evening of 2 November 2017, with other names beside it.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.model.account import Account, Severity
from watcher.model.annotation import Annotation
from watcher.model.finding import Certainty, Reason, Stamp
from watcher.model.notification import Incident, IncidentKind, NotificationKind
from watcher.model.outage import AccountState, EndCause, Outage, Phase, TransitionKind
from watcher.model.uptime import History
from watcher.notify.digest import Day, digest_of
from watcher.notify.view import View

_EVENING: Final = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
_TITLES: Final = {"x": "X", "bluesky": "Bluesky"}


def _at(minutes: float) -> datetime:
    return _EVENING + timedelta(minutes=minutes)


def _account(handle: str, platform: str = "x") -> Account:
    return Account(
        id=f"{platform}:{handle.lower()}",
        platform=platform,
        instance="",
        handle=handle.lower(),
        display_handle=handle,
        url=f"https://{platform}.example/{handle}",
        owner="example",
    )


_GONE: Final = _account("realDonaldTrump")
_THERE: Final = _account("POTUS")
_OPEN: Final = Outage(
    id="01SAMPLE",
    account_id=_GONE.id,
    handle_then=_GONE.display_handle,
    severity_then=Severity.CRITICAL,
    reason=Reason.NOT_FOUND,
    certainty=Certainty.SHOWN,
    last_present=_at(0),
    began=Stamp(earliest=_at(0.7), latest=_at(0.7)),
    confirmed_at=_at(1.2),
    last_absent=Stamp(earliest=_at(1.2), latest=_at(1.2)),
    quote="Désolé, cette page n'existe pas",
    language="fr",
)
_CLOSED: Final = replace(
    _OPEN,
    last_absent=Stamp(earliest=_at(11), latest=_at(11)),
    ended=Stamp(earliest=_at(11.7), latest=_at(11.7)),
    closed_at=_at(12),
    end_cause=EndCause.RECOVERED,
)
_OTHER: Final = replace(_OPEN, id="02SAMPLE", account_id=_THERE.id, handle_then="POTUS", reason=Reason.SUSPENDED)
_NOTE: Final = Annotation(
    outage_id=_OPEN.id,
    at=_at(90),
    by="desk",
    cause="deactivated by an employee on the last day of work",
    text="The platform says so.",
    link="https://news.example/eleven-minutes",
)


def _incident(kind: IncidentKind, key: str, *, closed: bool = False, detail: str = "", notice: str = "") -> Incident:
    return Incident(
        id="01SAMPLE",
        kind=kind,
        key=key,
        severity=Severity.CRITICAL if kind is IncidentKind.ACCOUNT else Severity.WARNING,
        opened_at=_at(1.2),
        closed_at=_at(12) if closed else None,
        detail=detail,
        labels={"notice": notice} if notice else {},
    )


def _view(incident: Incident, kind: NotificationKind = NotificationKind.ALERT) -> View:
    return View(
        incident=incident,
        kind=kind,
        dedup_key=f"{incident.id}/sample/{kind}",
        now=_at(61),
        titles=_TITLES,
        account=_GONE,
        owner="Donald J. Trump",
        digest="5eed" * 16,
        public_url="https://watcher.example",
    )


def _of_account(outage: Outage, kind: NotificationKind = NotificationKind.ALERT) -> View:
    incident = _incident(IncidentKind.ACCOUNT, _GONE.id, closed=not outage.is_open)
    state = AccountState(account_id=_THERE.id, phase=Phase.UP, since=_at(0))
    return replace(_view(incident, kind), outage=outage, others=((_THERE, state),))


def _acknowledged(view: View) -> View:
    taken = replace(view.incident, acked_by="mia", acked_at=_at(20), ack_comment="calling them")
    return replace(view, incident=taken)


def _several(kind: IncidentKind, told: NotificationKind, *outages: Outage) -> View:
    closed = all(not outage.is_open for outage in outages)
    key = "x#20171102T230040000" if kind is IncidentKind.COHORT else "all"
    return replace(
        _view(_incident(kind, key, closed=closed), told),
        account=None,
        outages=outages,
        accounts={_GONE.id: _GONE, _THERE.id: _THERE},
        watched_there=20 if kind is IncidentKind.COHORT else 2,
        checking=3,
    )


def _own(kind: IncidentKind, key: str, detail: str, *, closed: bool = False) -> View:
    told = NotificationKind.RESOLVED if closed else NotificationKind.ALERT
    incident = _incident(kind, key, closed=closed, detail=detail)
    return replace(_view(incident, told), account=None, owner=None, without_verdict=7)


def _notice(notice: TransitionKind, detail: str) -> View:
    return _view(_incident(IncidentKind.NOTICE, _GONE.id, closed=True, detail=detail, notice=notice))


def _day() -> str:
    blind = AccountState(account_id=_THERE.id, phase=Phase.UP, since=_at(0), blind_since=_at(200))
    gone = AccountState(account_id=_GONE.id, phase=Phase.DOWN, since=_at(0), outage=_OPEN)
    return digest_of(
        Day(
            since=_at(-900),
            now=_at(540),
            accounts=((_GONE, gone), (_THERE, blind)),
            titles=_TITLES,
            outages=(_OPEN, replace(_CLOSED, id="0"), replace(_CLOSED, id="3", end_cause=EndCause.RENAMED)),
            notes={"0": (_NOTE,)},
            incidents=(_incident(IncidentKind.PLATFORM, "x"),),
            histories={_THERE.id: History()},
        )
    )


_RESOLVED, _REMINDER = NotificationKind.RESOLVED, NotificationKind.REMINDER
_CORRECTION: Final = NotificationKind.CORRECTION
_RETRACTED: Final = replace(_CLOSED, retracted_at=_at(100), retraction="our own mistake")

SAMPLES: Final[Mapping[str, tuple[tuple[str, View], ...]]] = {
    "account": (
        ("gone", _of_account(_OPEN)),
        ("still gone", _acknowledged(_of_account(_OPEN, _REMINDER))),
        ("back", _of_account(_CLOSED, _RESOLVED)),
        ("told late", _of_account(_CLOSED)),
        *(
            (cause.value, replace(_of_account(replace(_CLOSED, end_cause=cause), _RESOLVED), new_handle="djt"))
            for cause in (EndCause.REREGISTERED, EndCause.RENAMED)
        ),
        ("unwatched", _of_account(replace(_CLOSED, end_cause=EndCause.UNWATCHED, ended=None), _RESOLVED)),
    ),
    "correction": (
        ("taken back", _of_account(_RETRACTED, _CORRECTION)),
        ("explained", replace(_of_account(_CLOSED, _CORRECTION), annotations=(_NOTE, _NOTE))),
    ),
    "notice": (
        ("never seen", _notice(TransitionKind.ACCOUNT_NEVER_SEEN, "@realDonaldTrump on X was not there (not_found)")),
        ("appeared", _notice(TransitionKind.ACCOUNT_APPEARED, "@realDonaldTrump has appeared on X")),
        ("renamed", replace(_notice(TransitionKind.ACCOUNT_RENAMED, "@realDonaldTrump is @djt"), new_handle="djt")),
        ("another account", _notice(TransitionKind.ACCOUNT_REREGISTERED, "@realDonaldTrump is another account now")),
        ("unseen", _notice(TransitionKind.ACCOUNT_BLIND, "@realDonaldTrump on X cannot be seen")),
    ),
    "group": (
        ("gone", _several(IncidentKind.GROUP, NotificationKind.ALERT, _OPEN, _OTHER)),
        ("one is back", _several(IncidentKind.GROUP, NotificationKind.UPDATE, _CLOSED, _OTHER)),
        ("back", _several(IncidentKind.GROUP, _RESOLVED, _CLOSED, replace(_CLOSED, account_id=_THERE.id))),
    ),
    "mass": (
        ("gone", _several(IncidentKind.COHORT, NotificationKind.ALERT, _OPEN, _OTHER)),
        ("one is back", _several(IncidentKind.COHORT, NotificationKind.UPDATE, _CLOSED, _OTHER)),
        ("still gone", _several(IncidentKind.COHORT, _REMINDER, _OPEN, _OTHER)),
        ("back", _several(IncidentKind.COHORT, _RESOLVED, _CLOSED, replace(_CLOSED, began=_CLOSED.last_absent))),
    ),
    "platform": (
        ("blind", _own(IncidentKind.PLATFORM, "x", "login_wall")),
        ("seen again", _own(IncidentKind.PLATFORM, "x", "login_wall", closed=True)),
        ("unwatched", replace(_own(IncidentKind.PLATFORM, "x", "login_wall", closed=True), is_watched=False)),
    ),
    "egress": (
        ("down", _own(IncidentKind.EGRESS, "local", "nothing was reached from here")),
        ("up again", _own(IncidentKind.EGRESS, "local", "nothing was reached from here", closed=True)),
    ),
    "meta": (
        ("configuration", _own(IncidentKind.META, "configuration", "watchlist.yaml:3:5: no such platform")),
        ("channel", _own(IncidentKind.META, "channel/slack", "connect: ClientConnectorError")),
        ("channel disabled", _own(IncidentKind.META, "channel/slack", "gone: 404 no_team")),
        ("disk", _own(IncidentKind.META, "disk", "99 % used", closed=True)),
    ),
    "flapping": (
        ("begun", _own(IncidentKind.FLAPPING, _GONE.id, "9")),
        ("ended", _own(IncidentKind.FLAPPING, _GONE.id, "9", closed=True)),
    ),
    "digest": (("a day", _view(_incident(IncidentKind.DIGEST, "2017-11-03", closed=True, detail=_day()))),),
}
"""By the name of a template: what may be the matter, and the view of it."""
