"""Stories for the judge: one account, one evening, told in seconds since 23:00, and findings as admitted."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.judge.machine import fall_silent, step
from watcher.judge.watching import resume, rewatch, unwatch
from watcher.model.account import Account, Policy, Repeat
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, verdict_of
from watcher.model.outage import AccountState, Decision, Outage, Phase, Transition, TransitionKind, Unobserved

EVENING = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
ME = "me"
OTHER = "somebody else"
TRUMP = Account(
    id="x:realdonaldtrump",
    platform="x",
    instance="",
    handle="realdonaldtrump",
    display_handle="realDonaldTrump",
    url="https://x.example/realDonaldTrump",
)
KEY = ControlKey(platform="x", instance="", source="page", vantage="local")


def seconds(count: float) -> timedelta:
    """A span."""
    return timedelta(seconds=count)


def at(second: float) -> datetime:
    """The instant so many seconds after 23:00."""
    return EVENING + seconds(second)


def window(earliest: float, latest: float) -> Stamp:
    """A stamp, in seconds after 23:00."""
    return Stamp(earliest=at(earliest), latest=at(latest))


def policy(confirm: int = 3, recover: int = 2, every: float = 60, again: float = 10) -> Policy:
    """Thresholds and intervals (seconds)."""
    return Policy(
        interval=seconds(every),
        confirm=Repeat(threshold=confirm, interval=seconds(again)),
        recover=Repeat(threshold=recover, interval=seconds(again)),
    )


def found(
    reason: Reason,
    second: float,
    *,
    took: float = 1,
    age: float | None = None,
    certainty: Certainty = Certainty.SHOWN,
    quote: str | None = None,
    **sides: Any,
) -> Finding:
    """A finding whose answer was complete at `second`, after `took` seconds, from a cache that had it for `age`.

    Its window is that of `Exchange.seen`: an Age may be a second too small.
    """
    copied, rounding = (0.0, 0.0) if age is None else (age, 1.0)
    return Finding(
        verdict=verdict_of(reason),
        reason=reason,
        certainty=certainty,
        source="page",
        vantage="local",
        at=at(second),
        seen=window(second - took - copied - rounding, second - copied),
        evidence=Evidence(step="phrase", rule="test", quote=quote, language=quote and "fr"),
        **sides,
    )


def control(reason: Reason, second: float, handle: str = "NASA", **sides: Any) -> ControlFinding:
    """One look at one control handle."""
    return ControlFinding(handle=handle, finding=found(reason, second, **sides))


def report(
    positives: tuple[ControlFinding, ...] = (), negatives: tuple[ControlFinding, ...] = (), key: ControlKey = KEY
) -> ControlReport:
    """What the controls of the tests' only source said."""
    return ControlReport(key=key, positives=positives, negatives=negatives)


@dataclass(kw_only=True)
class Story:
    """An account watched since 23:00, all that happened to it, and all that was not observed."""

    account: Account = TRUMP
    state: AccountState = field(default_factory=lambda: AccountState(account_id=TRUMP.id, since=EVENING))
    happened: list[Transition] = field(default_factory=list)
    unobserved: list[Unobserved] = field(default_factory=list)

    @classmethod
    def under(cls, the_policy: Policy) -> "Story":
        """A story judged by a policy of its own."""
        return cls(account=replace(TRUMP, policy=the_policy))

    @classmethod
    def up(cls, second: float = 0, the_policy: Policy | None = None, **sides: Any) -> "Story":
        """A story of an account that was seen at `second`."""
        story = cls.under(the_policy or Policy())
        story.see(Reason.PROFILE, second, **sides)
        story.happened.clear()
        return story

    @classmethod
    def down(cls, the_policy: Policy | None = None, **sides: Any) -> "Story":
        """A story of an account seen at 0 and missing at 60, 70 and 80 (or until the policy is content)."""
        story = cls.up(0, the_policy, **sides)
        for second in range(60, 60 + 10 * story.account.policy.confirm.threshold, 10):
            story.see(Reason.NOT_FOUND, second)
        story.happened.clear()
        return story

    @classmethod
    def recovering(cls, the_policy: Policy | None = None, **sides: Any) -> "Story":
        """The same account, back for the first time at 660."""
        story = cls.down(the_policy, **sides)
        for second in range(90, 660, 10):
            story.see(Reason.NOT_FOUND, second)
        story.see(Reason.PROFILE, 660)
        story.happened.clear()
        return story

    @property
    def phase(self) -> Phase:
        """Where the account stands."""
        return self.state.phase

    @property
    def outage(self) -> Outage:
        """The open outage."""
        assert self.state.outage is not None
        return self.state.outage

    @property
    def kinds(self) -> list[TransitionKind]:
        """What happened, in order."""
        return [transition.kind for transition in self.happened]

    def see(self, reason: Reason, second: float, **sides: Any) -> list[TransitionKind]:
        """Judge one finding, described as in `found`; what happened by it."""
        return self.judge(found(reason, second, **sides))

    def judge(self, finding: Finding) -> list[TransitionKind]:
        """Judge one finding; what happened by it."""
        return self.take(step(self.state, finding, self.account))

    def wait(self, second: float) -> list[TransitionKind]:
        """Nothing comes until `second`; what happened by that."""
        return self.take(fall_silent(self.state, at(second), self.account))

    def leave(self, second: float) -> list[TransitionKind]:
        """The account is taken off the watchlist."""
        return self.take(unwatch(self.state, at(second)))

    def come_back(self, second: float) -> list[TransitionKind]:
        """The account is put on the watchlist again."""
        return self.take(rewatch(self.state, at(second)))

    def restart(self, second: float, since: float | None = None) -> None:
        """The program starts at `second`; its last heartbeat was at `since`."""
        self.state = resume(self.state, at(second), None if since is None else at(since))

    def take(self, decision: Decision) -> list[TransitionKind]:
        """Go on from a decision; what happened by it."""
        self.state = decision.state
        self.happened += decision.transitions
        self.unobserved += decision.unobserved
        return [transition.kind for transition in decision.transitions]
