"""Snapshots to show: the evening of 2 November 2017, with one account in every state, and some hostile ones."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from watcher.model.account import Account, Owner, Severity
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Health, VantageState
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.outage import AccountState, Outage, Phase
from watcher.model.snapshot import Snapshot

NOW = datetime(2017, 11, 2, 23, 10, 40, tzinfo=UTC)
QUOTE = "Désolé, cette page n'existe pas"
HOSTILE = "<script>alert(1)</script>\"'\u202e\r\n\x1b[31m\ud800&"


def ago(**span: float) -> datetime:
    """The instant so long before NOW."""
    return NOW - timedelta(**span)


def stamp(at: datetime, seconds: float = 2) -> Stamp:
    """A window of so many seconds from `at` on."""
    return Stamp(earliest=at, latest=at + timedelta(seconds=seconds))


def account(handle: str, platform: str = "x", owner: str | None = None, **more: str) -> Account:
    """An account as the watchlist gives it."""
    return Account(
        id=more.get("id", f"{platform}:{handle.lower()}"),
        platform=platform,
        instance=more.get("instance", ""),
        handle=handle.lower(),
        display_handle=more.get("display", f"@{handle}"),
        url=more.get("url", f"https://{platform}.example/{handle}"),
        owner=owner,
        labels={"desk": "politics"},
    )


def outage(**changes: object) -> Outage:
    """The open outage of @realDonaldTrump, confirmed 20 s after the first absence."""
    opened = Outage(
        id="o-1",
        account_id="x:realdonaldtrump",
        handle_then="realdonaldtrump",
        severity_then=Severity.CRITICAL,
        reason=Reason.NOT_FOUND,
        certainty=Certainty.SHOWN,
        last_present=ago(minutes=11),
        began=stamp(ago(minutes=10)),
        confirmed_at=ago(minutes=9, seconds=38),
        last_absent=stamp(ago(seconds=4)),
        quote=QUOTE,
        language="fr",
    )
    return replace(opened, **changes)  # type: ignore[arg-type]  # the tests name real fields


def closed(**changes: object) -> Outage:
    """The same outage once it has ended, eleven minutes after it began."""
    return outage(**{"ended": stamp(NOW), "closed_at": NOW + timedelta(seconds=12), **changes})


def state(of: Account, phase: Phase = Phase.UP, **changes: object) -> AccountState:
    """A state as the judge leaves it: seen ten seconds ago."""
    made = AccountState(
        account_id=of.id,
        phase=phase,
        since=ago(hours=3, minutes=20),
        last_probe_at=ago(seconds=10),
        last_verdict_at=ago(seconds=10),
        verdict=Verdict.PRESENT,
        reason=Reason.PROFILE,
        source="page",
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name real fields


def finding(reason: Reason, verdict: Verdict) -> Finding:
    """A finding of a control."""
    return Finding(
        verdict=verdict,
        reason=reason,
        certainty=Certainty.STATED,
        source="page",
        vantage="local",
        at=ago(seconds=30),
        seen=stamp(ago(seconds=32)),
        evidence=Evidence(step="status", rule="profile"),
    )


@dataclass(frozen=True)
class SeenOnce:
    """A look on demand that is over."""

    finding: Finding
    began_at: datetime
    ended_at: datetime


SEEN_ONCE = SeenOnce(finding(Reason.NOT_FOUND, Verdict.ABSENT), ago(seconds=31), ago(seconds=29))

KEY = ControlKey(platform="x", instance="", source="page", vantage="local")
SEEN = ControlFinding(handle="always", finding=finding(Reason.PROFILE, Verdict.PRESENT))
MISSED = ControlFinding(handle="never", finding=finding(Reason.NOT_FOUND, Verdict.ABSENT))
WALLED = ControlFinding(handle="always", finding=finding(Reason.LOGIN_WALL, Verdict.INCONCLUSIVE))

TRUMP = account("realDonaldTrump", owner="trump")
POTUS = account("POTUS", owner="trump")
MASTODON = account("newsroom", "mastodon", instance="social.example", url="https://social.example/@newsroom")
BLIND = account("walled", "bluesky")
RECOVERING = account("back", "github")
SUSPECTED = account("wobbly", "youtube")
UNSEEN = account("typo", "github")
FRESH = account("fresh", "bluesky")

ROWS: tuple[tuple[Account, AccountState], ...] = (
    (POTUS, state(POTUS, last_outage=timedelta(minutes=4), outages_total=1, outage_closed=timedelta(minutes=4))),
    (
        TRUMP,
        state(
            TRUMP,
            Phase.DOWN,
            since=ago(minutes=9, seconds=38),
            verdict=Verdict.ABSENT,
            reason=Reason.NOT_FOUND,
            outage=outage(),
            outages_total=1,
            unobserved=timedelta(seconds=90),
        ),
    ),
    (MASTODON, state(MASTODON)),
    (
        BLIND,
        state(BLIND, verdict=Verdict.INCONCLUSIVE, reason=Reason.LOGIN_WALL, blind_since=ago(minutes=5)),
    ),
    (
        RECOVERING,
        state(RECOVERING, Phase.RECOVERING, outage=outage(id="o-2", account_id=RECOVERING.id, quote=None)),
    ),
    (SUSPECTED, state(SUSPECTED, Phase.SUSPECT, since=ago(seconds=12))),
    (UNSEEN, state(UNSEEN, Phase.NEVER_SEEN, verdict=Verdict.ABSENT, reason=Reason.NOT_FOUND)),
    (FRESH, AccountState(account_id=FRESH.id, since=ago(seconds=3))),
)


def snapshot(rows: tuple[tuple[Account, AccountState], ...] = ROWS, **changes: object) -> Snapshot:
    """What the app would show: everything reached, the controls of X in order."""
    made = Snapshot(
        at=NOW,
        started_at=ago(hours=5),
        accounts={account.id: account for account, _ in rows},
        states={state.account_id: state for _, state in rows},
        owners={"trump": Owner(id="trump", name="Donald J. Trump")},
        platforms={},
        health={KEY: Health.OK},
        reports={KEY: ControlReport(key=KEY, positives=(SEEN, WALLED), negatives=(MISSED,))},
        vantage=VantageState.ONLINE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the tests name real fields


def hostile() -> Snapshot:
    """A snapshot in which every text that others may write tries to break out."""
    who = account("evil", id=HOSTILE, display=HOSTILE, url=f"javascript:{HOSTILE}", instance=HOSTILE, owner="evil")
    owners: Mapping[str, Owner] = {"evil": Owner(id="evil", name=HOSTILE)}
    broken = outage(account_id=who.id, quote=HOSTILE, language='"><script>')
    rows = ((who, state(who, Phase.DOWN, outage=broken, handle=HOSTILE)),)
    return snapshot(rows, owners=owners, not_ready=(HOSTILE,))
