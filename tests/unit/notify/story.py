"""The evening of 2 November 2017 as values, for the tests of this room."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.model.account import Account, Severity
from watcher.model.finding import Certainty, Reason, Stamp
from watcher.model.notification import Incident, IncidentKind, NotificationKind
from watcher.model.outage import AccountState, EndCause, Outage, Phase
from watcher.notify.view import View

S = timedelta(seconds=1)
EVENING = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
TITLES = {"x": "X", "mastodon": "Mastodon"}


def account(platform: str, handle: str, *, instance: str = "", url: str = "", owner: str | None = "trump") -> Account:
    """An account of the owner."""
    return Account(
        id=f"{platform}:{handle.casefold()}",
        platform=platform,
        instance=instance,
        handle=handle.casefold(),
        display_handle=handle,
        url=url or f"https://{platform}.example/{handle}",
        owner=owner,
    )


def stamp(at: datetime) -> Stamp:
    """An answer that took no time."""
    return Stamp(earliest=at, latest=at)


TRUMP = account("x", "realDonaldTrump")
POTUS = account("x", "POTUS")

# Missing within [23:00:00, 23:00:40]; back within [23:11:00, 23:11:40].
OPEN = Outage(
    id="01OUTAGE",
    account_id=TRUMP.id,
    handle_then="realdonaldtrump",
    severity_then=Severity.CRITICAL,
    reason=Reason.NOT_FOUND,
    certainty=Certainty.SHOWN,
    last_present=EVENING,
    began=stamp(EVENING + 40 * S),
    confirmed_at=EVENING + 60 * S,
    last_absent=stamp(EVENING + 60 * S),
    quote="Désolé, cette page n'existe pas",
    language="fr",
)
CLOSED = replace(
    OPEN,
    last_absent=stamp(EVENING + 660 * S),
    ended=stamp(EVENING + 700 * S),
    closed_at=EVENING + 710 * S,
    end_cause=EndCause.RECOVERED,
)


def state(of: Account, phase: Phase, **others: Any) -> AccountState:
    """Where an account stands."""
    return AccountState(account_id=of.id, phase=phase, since=EVENING, **others)


def incident(outage: Outage | None = OPEN, **changes: Any) -> Incident:
    """The incident of an outage, closed with it."""
    return replace(
        Incident(
            id=OPEN.id,
            kind=IncidentKind.ACCOUNT,
            key=TRUMP.id,
            severity=Severity.CRITICAL,
            opened_at=EVENING + 60 * S,
            closed_at=outage.closed_at if outage else None,
        ),
        **changes,
    )


def view(outage: Outage | None = OPEN, kind: NotificationKind = NotificationKind.ALERT, **changes: Any) -> View:
    """What is to be told of the evening."""
    view = View(
        incident=incident(outage),
        kind=kind,
        dedup_key="01OUTAGE/slack/alert",
        now=EVENING + 720 * S,
        titles=TITLES,
        outage=outage,
        account=TRUMP,
        owner="Donald J. Trump",
        others=((POTUS, state(POTUS, Phase.UP)),),
        digest="5eed" * 16,
    )
    return replace(view, **changes)
