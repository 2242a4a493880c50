"""The demo as a person sees it: one line for each thing that happens, in the story's time. Plays nothing itself.

What to say is here; how to show it (a terminal's colours) is the caller's, who is given each line and its tone.
"""

import textwrap
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import quote

from watcher.app import App
from watcher.demo.answers import Page
from watcher.demo.sink import Received
from watcher.demo.story import ACCOUNT, HANDLE, Ending, Narrator, Story
from watcher.look.examining import Examined
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.finding import Certainty, Evidence
from watcher.model.outage import AccountState, Decision, Outage, Phase, Transition, TransitionKind
from watcher.notify import format_bounds, format_duration, format_span
from watcher.notify.wording import language_name, name_of, place_of
from watcher.text import clean

WIDTH: Final = 100
_WHO: Final = 12
_INDENT: Final = " " * (len("23:00:17") + 2 + _WHO)
_MESSAGE: Final = " " * len("23:00:17  ") + "| "
_MINUTE: Final = timedelta(minutes=1)
_SURE: Final = {
    Certainty.STATED: "the platform says so by a code or a field",
    Certainty.SHOWN: "the page itself says so",
    Certainty.RESEMBLES: "the page looks like that of an account that does not exist",
}


class Tone(StrEnum):
    """How a line is meant. Every line can be understood without it."""

    PLAIN = "plain"
    TITLE = "title"
    SOFT = "soft"
    TRUTH = "truth"
    WARNING = "warning"
    BAD = "bad"
    GOOD = "good"


Say = Callable[[str, Tone], None]


class Teller(Narrator):
    """Tells the story by `say`, line by line. `stays`: the demo goes on after the end, until it is stopped."""

    def __init__(self, say: Say, *, speed: float, stays: bool) -> None:
        self._say = say
        self._speed = speed
        self._stays = stays
        self._app: App
        self._story: Story
        self._latest: datetime | None = None
        self._told_down_at: datetime | None = None
        self._is_gap = True

    def ready(self, story: Story, app: App) -> None:
        """Who is watched, how, and where to look."""
        self._story, self._app = story, app
        self._title("watcher demo: the eleven minutes of 2 November 2017")
        for line in (
            "About 23:00 UTC @realDonaldTrump, followed by 41.7 million, was deactivated by a departing",
            "employee of the platform. Visitors saw «Désolé, cette page n'existe pas». Eleven minutes",
            "later it was back. A small platform on this machine plays that evening; watcher watches it.",
        ):
            self._put(f"  {line}", Tone.PLAIN)
        self._gap()
        for label, value in self._facts():
            self._put(f"  {label:<11}{value}", Tone.PLAIN)
        self._gap()

    def _facts(self) -> Iterator[tuple[str, str]]:
        accounts = list(self._app.book.watchlist.accounts.values())
        policy, web = accounts[0].policy, self._app.web.url
        owner = self._app.book.watchlist.owners[accounts[0].owner or ""].name
        names = " and ".join(name_of(account) for account in accounts)
        agree = (
            f"{policy.confirm.threshold} looks must agree that it is gone, {policy.recover.threshold} that it is back"
        )
        yield "watched", f"{names} on {self._place(accounts[0])}, both of {owner}, every {format_span(policy.interval)}"
        yield "told", f"{agree}, {format_span(policy.confirm.interval)} apart"
        yield "time", f"UTC of that evening, {self._speed:g} times as fast"
        yield "board", web
        yield "record", f"{web}outages"
        yield "metrics", f"{web}metrics"
        yield "the page", f"https://127.0.0.1:{self._story.platform.port}/{HANDLE} (the certificate is the demo's own)"

    def turned(self, at: datetime, page: Page) -> None:
        """The truth, which watcher does not know."""
        turn = "is there again" if page is Page.PRESENT else "disappears"
        self._gap()
        self._line(at, "THE TRUTH", f"@{HANDLE} {turn} (the platform's log; watcher does not know)", Tone.TRUTH)
        self._gap()

    def looked(self, account: Account, examined: Examined, decision: Decision) -> None:
        """What a look changed."""
        for transition in decision.transitions:
            self._happened(account, examined, decision.state, transition)
        if decision.transitions:
            return
        finding, state = examined.finding, decision.state
        if not finding.is_conclusive:
            why = finding.refused.why if finding.refused else finding.evidence.detail
            said = (
                f"{name_of(account)}: no verdict ({finding.reason}{': ' if why else ''}{why}); nothing follows from it"
            )
            self._line(finding.at, "watcher", said, Tone.SOFT)
        elif state.phase is Phase.SUSPECT and state.last_counted == finding.at:
            self._line(finding.at, "watcher", self._count(account, state), Tone.WARNING)
        elif state.phase is Phase.DOWN and state.outage is not None:
            self._still_down(account, state.outage, finding.at)

    def _happened(self, account: Account, examined: Examined, state: AccountState, what: Transition) -> None:
        name, at = name_of(account), examined.finding.at
        match what.kind:
            case TransitionKind.ACCOUNT_FIRST_SEEN:
                self._line(at, "watcher", f"{name} is there", Tone.PLAIN)
            case TransitionKind.ACCOUNT_SUSPECTED:
                self._suspected(account, examined, state)
            case TransitionKind.OUTAGE_OPENED if what.outage is not None:
                self._told_down_at = at
                threshold = account.policy.confirm.threshold
                self._line(at, "watcher", f"{threshold} of {threshold} looks agree: {name} is gone", Tone.BAD)
            case TransitionKind.RECOVERY_BEGAN:
                said = f"recovery: {name} is seen again, 1 of {account.policy.recover.threshold} looks"
                self._line(at, "watcher", said, Tone.WARNING)
            case TransitionKind.OUTAGE_CLOSED if what.outage is not None:
                self._closed(account, what.outage, at)
            case _:
                self._line(at, "watcher", f"{name}: {what.kind}", Tone.WARNING)

    def _suspected(self, account: Account, examined: Examined, state: AccountState) -> None:
        finding = examined.finding
        self._line(finding.at, "watcher", f"suspicion: the page of {name_of(account)} now says", Tone.WARNING)
        self._more(_quoted(finding.evidence) or str(finding.reason), Tone.WARNING)
        for number, said in enumerate(_controls(examined.report)):
            self._line(finding.at, "controls" if number == 0 else "", said, Tone.PLAIN)
        self._line(finding.at, "gate", f"admitted: {_SURE[finding.certainty]}, and the controls hold", Tone.PLAIN)
        self._line(finding.at, "watcher", self._count(account, state), Tone.WARNING)

    def _count(self, account: Account, state: AccountState) -> str:
        confirm = account.policy.confirm
        again = format_span(confirm.interval)
        return f"{state.n} of {confirm.threshold} looks agree; the next in {again}, over a new connection"

    def _still_down(self, account: Account, outage: Outage, at: datetime) -> None:
        if self._told_down_at is not None and at - self._told_down_at < _MINUTE:
            return
        self._told_down_at = at
        said = f"{name_of(account)} is gone for {format_duration(outage.duration)}; {self._others(account)}"
        self._line(at, "watcher", said, Tone.BAD)

    def _others(self, account: Account) -> str:
        book = self._app.book
        standing = (
            f"{name_of(other)} is {'up' if book.states[other.id].phase is Phase.UP else book.states[other.id].phase}"
            for other in book.watchlist.others_of(account)
        )
        return ", ".join(standing)

    def _closed(self, account: Account, outage: Outage, at: datetime) -> None:
        threshold = account.policy.recover.threshold
        lasted = format_duration(outage.duration)
        said = f"{threshold} of {threshold} looks agree: {name_of(account)} is back after {lasted}"
        self._line(at, "watcher", said, Tone.GOOD)
        self._more(f"what was seen proves {format_bounds(outage.duration)}", Tone.GOOD)

    def told(self, message: Received) -> None:
        """The message, whole, as its reader gets it."""
        self._gap()
        self._line(message.at, "slack", "a message arrives", Tone.TITLE)
        for line in message.lines:
            for part in textwrap.wrap(clean(line), WIDTH - len(_MESSAGE)) or [""]:
                self._put(f"{_MESSAGE}{part}", Tone.PLAIN)
        self._gap()

    def ended(self, ending: Ending) -> None:
        """The measure against the truth, and where to look now."""
        self._title("The end of the story")
        for line, tone in _verdict(ending):
            self._put(f"  {line}", tone)
        self._gap()
        for line in self._next(ending):
            self._put(f"  {line}", Tone.PLAIN)

    def _next(self, ending: Ending) -> Iterator[str]:
        if not self._stays:
            yield "`watcher demo` without --once stays open to look around; `watcher run` watches your own list."
            return
        web = self._app.web.url
        yield f"watcher goes on watching. The board: {web}"
        which = f"/{quote(ending.outage.id, safe='')}" if ending.outage is not None else ""
        yield f"The record: {web}outages{which}"
        yield f"The figures: curl -s {web}metrics | grep {ACCOUNT}"
        yield "Ctrl-C ends it. `watcher run` watches your own list."

    def _place(self, account: Account) -> str:
        return place_of(account, {p.id: p.title for p in self._app.book.platforms.values()})

    def _title(self, text: str) -> None:
        self._gap()
        self._put(text, Tone.TITLE)
        self._gap()

    def _line(self, at: datetime, who: str, text: str, tone: Tone) -> None:
        # A look that was under way when something else happened is told after it: time goes one way.
        at = self._latest = max(at, self._latest or at)
        first, *rest = _wrapped(text)
        self._put(f"{at:%H:%M:%S}  {who:<{_WHO}}{first}", tone)
        for part in rest:
            self._put(f"{_INDENT}{part}", tone)

    def _more(self, text: str, tone: Tone) -> None:
        for part in _wrapped(text):
            self._put(f"{_INDENT}{part}", tone)

    def _gap(self) -> None:
        """One empty line, however often it is asked for."""
        if not self._is_gap:
            self._put("", Tone.PLAIN)
            self._is_gap = True

    def _put(self, line: str, tone: Tone) -> None:
        self._is_gap = False
        self._say(line, tone)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(clean(text), WIDTH - len(_INDENT)) or [""]


def _controls(report: ControlReport | None) -> Iterator[str]:
    if report is None:
        return
    for control in report.positives[:1]:
        yield f"@{control.handle}, which always exists: {_answered(control)}"
    for control in report.negatives[:1]:
        yield f"@{control.handle}, which nobody has: {_answered(control)}"


def _answered(control: ControlFinding) -> str:
    finding = control.finding
    if finding.is_conclusive:
        return str(finding.verdict)
    return f"not to be seen ({finding.reason})"


def _quoted(evidence: Evidence) -> str:
    if evidence.quote is None:
        return ""
    return f"«{evidence.quote}»" + (f" ({language_name(evidence.language)})" if evidence.language else "")


def _verdict(ending: Ending) -> Iterator[tuple[str, Tone]]:
    outage, truth = ending.outage, ending.truth
    if outage is None or truth is None:
        yield "No outage was measured from its beginning to its end.", Tone.BAD
        return
    off = format_span(abs(outage.duration.best - truth))
    yield f"measured   {format_duration(outage.duration)}, proven {format_bounds(outage.duration)}", Tone.PLAIN
    yield f"the truth  {format_span(truth)}, by the platform's own log: the best estimate is off by {off}", Tone.TRUTH
    if ending.is_good:
        yield "The truth lies within the bounds, and both messages arrived.", Tone.GOOD
    else:
        yield "This is not as it should be: the truth is not within the bounds, or a message is missing.", Tone.BAD
