"""What cannot be seen, and what people are told of it: a platform, or everything when our own network is down.

Reads the book, the controls and the reachability; asks nobody.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from watcher.judge.gate import describe
from watcher.judge.policy import is_overdue
from watcher.look.book import VANTAGE, Book
from watcher.look.controls import Controls
from watcher.model.account import Account
from watcher.model.control import Health, VantageState
from watcher.model.finding import Finding, Reason
from watcher.model.notification import IncidentKind
from watcher.notify import announce
from watcher.notify.announce import News, blindness, tell
from watcher.notify.wording import format_stamp
from watcher.probe import Reachability

_TRANSPORT: Final = frozenset({Reason.DNS, Reason.CONNECT, Reason.TLS, Reason.TIMEOUT})


class Sight:
    """Tells our own blindness from a platform's, and a platform's from that of a single account.

    `left_alone` says until when a host is not asked; None where it is.
    """

    def __init__(self, book: Book, controls: Controls, reachability: Reachability, now: datetime) -> None:
        self._book = book
        self._controls = controls
        self._reachability = reachability
        self._began_at = self._cut_off_at = now
        self._noticed: dict[str, datetime] = {}
        self.left_alone: Callable[[str], datetime | None] = lambda _host: None

    def is_our_fault(self, finding: Finding, now: datetime) -> bool:
        """True when a fetch failed and nothing else is reached either."""
        return finding.reason in _TRANSPORT and self._reachability.state(now) is VantageState.OFFLINE

    def stood_still(self, now: datetime) -> None:
        """Nobody was looked at until now: as after a start, no platform is blamed before it had time to be seen."""
        self._cut_off_at = now

    def news(self, now: datetime) -> News:
        """The incidents to open and to close: one for all while nothing is reached, else one a platform.

        An account that alone cannot be seen is a notice, once, when that has lasted as long again.
        """
        told = {(incident.kind, incident.key) for incident in self._book.incidents.values()}
        offline = self._is_cut_off(now, told=(IncidentKind.EGRESS, VANTAGE) in told)
        blind: dict[str, str] = {}
        notices = News()
        for place in self._book.blind_places:
            accounts = self._book.places[place]
            unseen = [a for a in accounts if self._book.states[a.id].blind_since is not None]
            if offline or (IncidentKind.PLATFORM, place) in told or self._is_the_platform(accounts, unseen, now):
                blind[place] = self._why(unseen)
            else:
                notices += self._notices(unseen, now)
        vantage = VantageState.OFFLINE if offline else VantageState.ONLINE
        return notices + blindness(blind, self._book.incidents.values(), (VANTAGE, vantage), self._book.routes, now)

    def _is_the_platform(self, accounts: tuple[Account, ...], unseen: list[Account], now: datetime) -> bool:
        """False where one account's trouble is its own: the controls hold and most of the others are seen."""
        if all(self._is_excused(account, now) for account in unseen):
            return False
        return 2 * len(unseen) > len(accounts) or not all(self._is_healthy(account) for account in unseen)

    def _notices(self, unseen: list[Account], now: datetime) -> News:
        news = News()
        for account in unseen:
            since = self._book.states[account.id].blind_since
            if since is None or self._noticed.get(account.id) == since or self._is_excused(account, now):
                continue
            if is_overdue(since, now, account.policy):
                self._noticed[account.id] = since
                title = self._book.platform_of(account).title
                news += tell(announce.unseen(account, since, title, self._why([account])), self._book.routes, account)
        return news

    def _is_healthy(self, account: Account) -> bool:
        sources = self._book.sources(account, self._controls.health)[:1]
        return any(self._controls.health(self._book.key(account, source)) is Health.OK for source in sources)

    def _is_cut_off(self, now: datetime, *, told: bool) -> bool:
        """True while nothing is reached; after a start also if that was told of, until somebody is seen."""
        if self._reachability.state(now) is VantageState.OFFLINE:
            self._cut_off_at = now
            return True
        accounts = self._book.watchlist.accounts.values()
        return told and all(
            self._book.states[account.id].blind_since is not None and self._is_excused(account, now)
            for account in accounts
        )

    def _is_excused(self, account: Account, now: datetime) -> bool:
        """True where a platform had no time yet to be seen since we reached nothing, stood still, or began.

        After a start one answer without a verdict is enough: the time before it counts (see `AccountState.unseen`).
        """
        if is_overdue(self._cut_off_at, now, account.policy):
            return False
        return self._cut_off_at > self._began_at or not self._was_barred(account)

    def _was_barred(self, account: Account) -> bool:
        """True where an answer has come since the start, and said nothing."""
        state = self._book.states[account.id]
        is_answer = state.reason not in _TRANSPORT and state.reason is not Reason.LOCAL_NETWORK
        is_since = state.last_probe_at is not None and state.last_probe_at > self._began_at
        return is_since and is_answer and state.inconclusive > 0

    def _why(self, unseen: list[Account]) -> str:
        """What is known of why these cannot be seen, from one of them that was asked about if there is one."""
        asked = [account for account in unseen if self._was_asked(account)]
        unclear = [account for account in asked if self._book.states[account.id].inconclusive]
        account = (unclear or asked or unseen)[0]
        state = self._book.states[account.id]
        source = next(iter(self._book.sources(account, self._controls.health)), None)
        if source is None:
            return "no source can be asked"
        positives = self._controls.report(self._book.key(account, source)).positives
        # What a control said before the last verdict says nothing of the time since.
        since = state.observed_until or state.since
        controls = describe(tuple(control for control in positives if control.finding.at >= since))
        if not asked:
            return f"{self._unasked(self._book.host(account, source))}; controls: {controls}"
        return f"the last answers were {state.reason if unclear else 'old copies'}; controls: {controls}"

    def _was_asked(self, account: Account) -> bool:
        """True where an answer came since the last verdict, or since a restart if that was later."""
        state = self._book.states[account.id]
        if state.last_probe_at is None:
            return False
        return state.observed_until is None or state.last_probe_at > state.observed_until

    def _unasked(self, host: str) -> str:
        until = self.left_alone(host)
        if until is None:
            return "nothing was asked lately"
        why = f"{host} is left alone until {format_stamp(until)}, as it asked us to wait or failed too often"
        return f"nothing was asked lately: {why}"
