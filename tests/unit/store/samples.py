"""Accounts, states, outages and what is told of them, to fill stores with; and any such values for properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import strategies as st

from watcher.model.account import Account, Severity
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Refused, Stamp, Verdict, verdict_of
from watcher.model.notification import (
    Delivery,
    Incident,
    IncidentKind,
    Notification,
    NotificationKind,
    NotificationState,
)
from watcher.model.outage import AccountState, EndCause, Outage, Phase, Transition, TransitionKind
from watcher.store.values import Body, Commit

T0 = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
LEASE = timedelta(seconds=60)
PAGE = "Désolé, cette page n'existe pas".encode()
PAGE_HASH = sha256(PAGE).hexdigest()
BODY = Body(sha256=PAGE_HASH, content=PAGE)


def after(seconds: float) -> datetime:
    """So many seconds after T0."""
    return T0 + timedelta(seconds=seconds)


def stamp(seconds: float) -> Stamp:
    """A window of 300 ms that begins so many seconds after T0."""
    return Stamp(earliest=after(seconds), latest=after(seconds + 0.3))


def account(name: str = "potus") -> Account:
    """A watched account of that handle."""
    return Account(
        id=f"x:{name}",
        platform="x",
        instance="",
        handle=name,
        display_handle=name.upper(),
        url=f"https://x.com/{name}",
        labels={"desk": "politics"},
    )


def finding(seconds: float = 0, reason: Reason = Reason.NOT_FOUND, body: str | None = None) -> Finding:
    """What a look so many seconds after T0 said."""
    return Finding(
        verdict=verdict_of(reason),
        reason=reason,
        certainty=Certainty.SHOWN,
        source="page",
        vantage="local",
        at=after(seconds + 0.3),
        seen=stamp(seconds),
        evidence=Evidence(step="phrases", rule="missing.fr", quote=PAGE.decode(), language="fr", body_sha256=body),
    )


def outage(name: str = "potus", number: int = 1, seconds: float = 0) -> Outage:
    """The open outage of that number; it began so many seconds after T0."""
    return Outage(
        id=f"{name}-{number}",
        account_id=f"x:{name}",
        handle_then=name,
        severity_then=Severity.CRITICAL,
        reason=Reason.NOT_FOUND,
        certainty=Certainty.SHOWN,
        last_present=after(seconds - 60),
        began=stamp(seconds),
        confirmed_at=after(seconds + 20),
        last_absent=stamp(seconds + 20),
        quote=PAGE.decode(),
        language="fr",
    )


def closed(opened: Outage, seconds: float) -> Outage:
    """That outage, ended so many seconds after T0."""
    return replace(opened, ended=stamp(seconds), closed_at=after(seconds + 10), end_cause=EndCause.RECOVERED)


def state(name: str = "potus", phase: Phase = Phase.UP, n: int = 0, outage: Outage | None = None) -> AccountState:
    """A state of that account."""
    return AccountState(account_id=f"x:{name}", phase=phase, since=T0, n=n, outage=outage, last_probe_at=T0)


def transition(kind: TransitionKind, seconds: float, of: Outage, body: str | None = None) -> Transition:
    """Something that happened to the account of that outage."""
    return Transition(
        kind=kind, at=after(seconds), account_id=of.account_id, finding=finding(seconds, body=body), outage=of
    )


def incident(of: Outage) -> Incident:
    """The incident of that outage."""
    return Incident(
        id=of.id,
        kind=IncidentKind.ACCOUNT,
        key=of.account_id,
        severity=of.severity_then,
        opened_at=of.confirmed_at,
        detail="two controls answered",
    )


def alert(of: str, channel: str = "slack", seconds: float = 20, seq: int = 0) -> Notification:
    """An ALERT row of that incident, due so many seconds after T0."""
    return Notification(
        incident_id=of,
        route="newsroom",
        channel=channel,
        kind=NotificationKind.ALERT if seq == 0 else NotificationKind.UPDATE,
        dedup_key=f"{of}/{channel}/{seq}",
        due_at=after(seconds),
        event_at=after(seconds),
        seq=seq,
    )


def opening(of: Outage, channels: tuple[str, ...] = ("slack",)) -> Commit:
    """The commit that opens an outage, with its incident, its alerts and the page."""
    return Commit(
        states=(AccountState(account_id=of.account_id, phase=Phase.DOWN, since=of.began.earliest, n=3, outage=of),),
        transitions=(
            Transition(
                kind=TransitionKind.OUTAGE_OPENED,
                at=of.confirmed_at,
                account_id=of.account_id,
                finding=finding(20, body=PAGE_HASH),
                outage=of,
            ),
        ),
        opened=(incident(of),),
        notifications=tuple(alert(of.id, channel) for channel in channels),
        bodies=(BODY,),
    )


def closing(of: Outage, seconds: float = 660) -> Commit:
    """The commit that closes it so many seconds after T0."""
    over = closed(of, seconds)
    return Commit(
        states=(AccountState(account_id=of.account_id, phase=Phase.UP, since=after(seconds), outages_total=1),),
        transitions=(transition(TransitionKind.OUTAGE_CLOSED, seconds + 10, over),),
        closed=((of.id, after(seconds + 10)),),
    )


def delivery(notification: Notification, outcome: str = "delivered", seconds: float = 21) -> Delivery:
    """An attempt to send it."""
    return Delivery(
        notification_id=notification.id,
        at=after(seconds),
        outcome=outcome,
        answer="ok",
        latency=timedelta(milliseconds=120),
    )


def delivered(notification: Notification, seconds: float = 21) -> Notification:
    """The notification as it stands after it went through."""
    return replace(notification, state=NotificationState.DELIVERED, delivered_at=after(seconds))


instants = st.datetimes(
    min_value=datetime(1970, 1, 1),
    max_value=datetime(2999, 12, 31),
    timezones=st.just(UTC),
)
spans = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=365_000))
# What PageText replaces is shown elsewhere.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
stamps = st.builds(Stamp, earliest=instants, latest=instants)
counts = st.integers(min_value=0, max_value=2**31 - 1)
evidences = st.builds(
    Evidence,
    step=texts,
    rule=texts,
    detail=texts,
    quote=st.none() | st.text(max_size=30),
    language=st.none() | texts,
    status=st.none() | st.integers(min_value=100, max_value=599),
    final_url=st.none() | texts,
    body_sha256=st.none() | texts,
)
findings = st.builds(
    Finding,
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(Reason),
    certainty=st.sampled_from(Certainty),
    source=texts,
    vantage=texts,
    at=instants,
    seen=stamps,
    evidence=evidences,
    stable_id=st.none() | texts,
    handle=st.none() | texts,
    refused=st.none() | st.builds(Refused, verdict=st.sampled_from(Verdict), reason=st.sampled_from(Reason), why=texts),
)


def outages(account_id: str) -> st.SearchStrategy[Outage]:
    """Any outage of that account; its id is of that account too."""
    return st.builds(
        Outage,
        id=st.uuids().map(lambda number: f"{account_id}/{number}"),
        account_id=st.just(account_id),
        handle_then=texts,
        severity_then=st.sampled_from(Severity),
        reason=st.sampled_from(Reason),
        certainty=st.sampled_from(Certainty),
        last_present=instants,
        began=stamps,
        confirmed_at=instants,
        last_absent=stamps,
        ended=st.none() | stamps,
        closed_at=st.none() | instants,
        end_cause=st.none() | st.sampled_from(EndCause),
        unobserved=spans,
        quote=st.none() | texts,
        language=st.none() | texts,
        previous_id=st.none() | texts,
    )


def states(account_id: str) -> st.SearchStrategy[AccountState]:
    """Any state of that account."""
    moments = st.none() | instants
    windows = st.none() | stamps
    return st.builds(
        AccountState,
        account_id=st.just(account_id),
        phase=st.sampled_from(Phase),
        since=instants,
        n=counts,
        r=counts,
        last_counted=moments,
        last_seen=moments,
        observed_until=moments,
        last_probe_at=moments,
        last_verdict_at=moments,
        verdict=st.none() | st.sampled_from(Verdict),
        reason=st.none() | st.sampled_from(Reason),
        source=st.none() | texts,
        inconclusive=counts,
        stable_id=st.none() | texts,
        handle=st.none() | texts,
        last_present=moments,
        began=windows,
        last_absent=windows,
        returned=windows,
        next_reason=st.none() | st.sampled_from(Reason),
        blind_since=moments,
        outage=st.none() | outages(account_id),
        previous_outage_id=st.none() | texts,
        last_outage=st.none() | spans,
        outages_total=counts,
        outage_closed=spans,
        unobserved=spans,
    )


def transitions(account_id: str) -> st.SearchStrategy[Transition]:
    """Any transition of that account."""
    return st.builds(
        Transition,
        kind=st.sampled_from(TransitionKind),
        at=instants,
        account_id=st.just(account_id),
        finding=st.none() | findings,
        outage=st.none() | outages(account_id),
        detail=st.dictionaries(texts, texts, max_size=3),
    )
