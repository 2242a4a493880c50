"""The book: what is watched, and how each account stands. The truth while running; the store only keeps it.

Knows whom to ask and where, from state alone. Asks nobody and judges nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from watcher.judge.calibration import in_turn
from watcher.judge.cohort import LEAST, Absences, Cohort, began_at
from watcher.model.account import Account, Watchlist
from watcher.model.control import ControlKey, ControlReport, Health, control_key
from watcher.model.exchange import Purpose, Target, Task, host_asked
from watcher.model.finding import Finding
from watcher.model.notification import Incident
from watcher.model.outage import AccountState, Phase
from watcher.model.platform import Platform, Source, expand
from watcher.model.route import Route
from watcher.notify.grouping import Groups

VANTAGE: Final = "local"
_STAND_INS: Final = 1_000  # more than are asked about in one request
Healths = Callable[[ControlKey], Health]


def _unproven(_key: ControlKey) -> Health:
    return Health.UNPROVEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The accounts of a watchlist by place, and by platform and instance: whose errors have one cause."""

    places: Mapping[str, tuple[Account, ...]]
    beside: Mapping[tuple[str, str], tuple[Account, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """The handles of a list at one platform and instance: of its accounts, with their ids, and of their controls."""

    accounts: Mapping[str, str]
    controls: tuple[str, ...]


def whereabouts(watchlist: Watchlist) -> Whereabouts:
    """Where the accounts are. Pure; takes its time where there are very many."""
    beside: dict[tuple[str, str], list[Account]] = defaultdict(list)
    for account in watchlist.accounts.values():
        beside[account.platform, account.instance].append(account)
    together = {key: tuple(accounts) for key, accounts in beside.items()}
    places: dict[str, tuple[Account, ...]] = {}
    for accounts in together.values():
        place = place_of(accounts[0])  # one for all of an instance
        # Several instances make one place where only their paths differ; else the very same tuple serves twice.
        places[place] = (*places[place], *accounts) if place in places else accounts
    return Whereabouts(places=places, beside=together)


class Book:
    """The watchlist, the platforms, the routes, and the state of every account watched; the open incidents, by id.

    `members` are the outages of each open GROUP, by its id, `cohorts` how many accounts each open COHORT tells of.
    `places` are the accounts by platform (with `@instance`, see `place_of`). `timeout` bounds each question.
    """

    def __init__(
        self,
        *,
        watchlist: Watchlist,
        platforms: Mapping[str, Platform],
        routes: tuple[Route, ...],
        states: dict[str, AccountState],
        incidents: Iterable[Incident] = (),
        members: Mapping[str, frozenset[str]] = {},
        cohorts: Mapping[str, int] = {},
        timeout: timedelta,
    ) -> None:
        self.incidents = {incident.id: incident for incident in incidents}
        still_open = (state.outage.id for state in states.values() if state.outage is not None)
        self.groups = Groups(self.incidents.values(), members, still_open)
        self._timeout = timeout
        self._go_by(watchlist, whereabouts(watchlist), platforms, routes)
        self.states = states
        self._blind = {account_id for account_id, state in states.items() if state.blind_since is not None}
        self._renamed = {
            account.id for account in watchlist.accounts.values() if _is_renamed(account, states[account.id])
        }
        placed = ((place_of(account), states[account.id]) for account in watchlist.accounts.values())
        self.absences = Absences(placed, cohorts)

    def amend(
        self,
        watchlist: Watchlist,
        where: Whereabouts,
        platforms: Mapping[str, Platform],
        routes: tuple[Route, ...],
        gone: Iterable[str],
        states: Mapping[str, AccountState],
    ) -> None:
        """Go by another list, other platforms or routes from now on: those `gone` and those of `states` are touched.

        `where` are the whereabouts of the new list.
        """
        before = self.watchlist.accounts
        self._go_by(watchlist, where, platforms, routes)
        for account_id in gone:
            self.absences.forget(place_of(before[account_id]), account_id)
            del self.states[account_id]
            self._blind.discard(account_id)
            self._renamed.discard(account_id)
        for account_id, state in states.items():
            if account_id in before:
                self.absences.forget(place_of(before[account_id]), account_id)
            self.stand(watchlist.accounts[account_id], state)

    def _go_by(
        self, watchlist: Watchlist, where: Whereabouts, platforms: Mapping[str, Platform], routes: tuple[Route, ...]
    ) -> None:
        self.watchlist = watchlist
        self.platforms = platforms
        self.routes = routes
        self.places = where.places
        self._beside = where.beside
        self._names: dict[tuple[str, str], _Named] = {}

    def stand(self, account: Account, state: AccountState) -> None:
        """From now on the account stands so."""
        self.states[account.id] = state
        if state.blind_since is None:
            self._blind.discard(account.id)
        else:
            self._blind.add(account.id)
        if _is_renamed(account, state):
            self._renamed.add(account.id)
        else:
            self._renamed.discard(account.id)
        self.absences.note(place_of(account), state)

    def note(self, opened: Iterable[Incident], joined: Iterable[tuple[str, str]], closed: Iterable[str]) -> None:
        """These incidents are new, these (group, outage) pairs belong together from now on, and these have ended."""
        opened, closed = tuple(opened), tuple(closed)
        for incident in opened:
            if incident.closed_at is None:
                self.incidents.setdefault(incident.id, incident)
        for incident_id in closed:
            self.incidents.pop(incident_id, None)
        self.groups.note(opened, joined, closed)

    @property
    def blind_places(self) -> list[str]:
        """Where somebody cannot be seen, in the order of the watchlist."""
        watched = self.watchlist.accounts
        found = {place_of(watched[account_id]) for account_id in self._blind if account_id in watched}
        return [place for place in self.places if place in found]

    def flapping_since(self, account_id: str) -> datetime | None:
        """Since when the account comes and goes; None where it does not, or is not watched."""
        state = self.states.get(account_id)
        return state.flapping_since if state is not None else None

    def cohort(self, account: Account, finding: Finding) -> Cohort | None:
        """The mass event that an absence belongs to which may soon be confirmed; None where it is on its own."""
        state = self.states[account.id]
        if not finding.is_absent or state.phase not in (Phase.UP, Phase.SUSPECT):
            return None
        place = place_of(account)
        at = began_at(state) or finding.seen.latest
        return self.absences.cohort(place, account.id, at, len(self.places[place]))

    def company(self, account: Account) -> tuple[Account, ...]:
        """Whom else to look at soon, now that `account` is suspected: where two are missing, it may be a mass event.

        Nobody where too few are watched for one.
        """
        state, place = self.states[account.id], place_of(account)
        here = self.places.get(place, ())
        if state.phase is not Phase.SUSPECT or state.n != 1 or len(here) < LEAST:
            return ()
        if state.began is None or not self.absences.is_in_company(place, state.began.latest):
            return ()
        return tuple(other for other in here if self.states[other.id].phase is Phase.UP)

    def platform_of(self, account: Account) -> Platform:
        """The account's platform."""
        return self.platforms[account.platform]

    def sources(self, account: Account, health: Callable[[ControlKey], Health]) -> tuple[Source, ...]:
        """The usable sources in the order in which to ask them: those not blind first, if there is one that sees.

        An absence is not confirmed at a source whose answers are cached for minutes, if there is another. Where a batch
        fails and the source for single look-ups does not, these are made.
        """
        usable = self._fit(account)
        if len(usable) == 1:
            return usable
        said = {source.name: health(self.key(account, source)) for source in usable}
        single = next((source.name for source in usable if source.batch is None), None)
        sees = any(each not in (Health.BLIND, Health.SICK) for each in said.values())
        takes_over = single is not None and said[single] not in (Health.BLIND, Health.SICK)

        def is_last(source: Source) -> bool:
            is_sick = source.batch is not None and said[source.name] is Health.SICK
            return (said[source.name] is Health.BLIND and sees) or (is_sick and takes_over)

        return tuple(sorted(usable, key=is_last))

    def single_sources(self, account: Account, health: Callable[[ControlKey], Health]) -> tuple[Source, ...]:
        """Those of `sources` to ask about this account alone."""
        return single(self.sources(account, health))

    def batch_source(self, account: Account, health: Callable[[ControlKey], Health]) -> Source | None:
        """The source to ask about this account together with others; None: it is to be asked about alone."""
        return self.together(account, self.sources(account, health))

    def together(self, account: Account, ordered: tuple[Source, ...]) -> Source | None:
        """The same, where its `sources` are at hand.

        What may open or close an outage is asked about alone, and so is whoever is not to be had in a batch.
        """
        batch = ordered[0].batch if ordered else None
        if batch is None:
            return None
        state = self.states[account.id]
        return ordered[0] if is_calm(state) and batch.takes(state.handle or account.handle) else None

    def passed_over(self, account: Account, asked: tuple[Source, ...]) -> tuple[Source, ...]:
        """The sources before those `asked` that would be first if they were not blind, or failing: shells, say."""
        usable = self._fit(account)
        return usable[: usable.index(asked[0])] if asked and usable[0] is not asked[0] else ()

    def _fit(self, account: Account) -> tuple[Source, ...]:
        """The usable sources in the order of the platform file; while it is not up, those that confirm, if any."""
        usable = self.platform_of(account).usable_sources
        if self.states[account.id].phase is Phase.UP:
            return usable
        return tuple(source for source in usable if source.confirms) or usable

    def _confirming(self, account: Account) -> list[Source]:
        """The usable sources whose answers, about one account alone, are no old copies."""
        return [s for s in self.platform_of(account).usable_sources if s.confirms and s.batch is None]

    def second_task(self, account: Account, asked: str, now: datetime, health: Healths = _unproven) -> Task | None:
        """Another way than the source `asked` to find the account: by its stable id, or at the next source."""
        if self.states[account.id].stable_id is not None:
            for source in self._confirming(account):
                if source.url_by_id is not None:
                    return self.task(account, source, Purpose.CONFIRM, now, by_id=True)
        return self.elsewhere_task(account, asked, now, health)

    def elsewhere_task(self, account: Account, asked: str, now: datetime, health: Healths = _unproven) -> Task | None:
        """The question to the next source but `asked` whose answers are no old copies.

        One that is blind would say nothing, so that it is the last to be taken.
        """
        others = [s for s in self._confirming(account) if s.name != asked]
        others.sort(key=lambda source: health(self.key(account, source)) is Health.BLIND)
        return self.task(account, others[0], Purpose.CONFIRM, now) if others else None

    def host(self, account: Account, source: Source) -> str:
        """The host that `source` is asked at about the account."""
        return host_asked(source.url, account.instance, self.states[account.id].handle or account.handle)

    def url(self, account: Account, source: Source) -> str:
        """A URL at which `source` is asked about the account."""
        return expand(source.url, handle=self.states[account.id].handle or account.handle, instance=account.instance)

    @staticmethod
    def key(account: Account, source: Source) -> ControlKey:
        """Which controls share the account's errors when it is asked through `source`."""
        return control_key(account.platform, account.instance, source.name, VANTAGE)

    def task(self, account: Account, source: Source, purpose: Purpose, now: datetime, *, by_id: bool = False) -> Task:
        """The question about `account` to `source`. What confirms takes no old copy.

        What may open or close an outage is asked over a new connection; following one that is open need not be. What
        may open one comes with a picture, if the source can give one.
        """
        state = self.states[account.id]
        confirms = purpose is Purpose.CONFIRM
        may_change = state.phase in (Phase.NEW, Phase.SUSPECT) or account.policy.confirm.threshold == 1
        return Task(
            purpose=purpose,
            platform=self.platform_of(account),
            source=source,
            target=Target(
                handle=state.handle or account.handle,
                instance=account.instance,
                account_id=account.id,
                stable_id=state.stable_id,
                by_id=by_id,
            ),
            due=now,
            max_age=account.policy.confirm.interval if confirms else account.policy.interval,
            timeout=self._timeout,
            fresh=confirms and state.phase is not Phase.DOWN,
            screenshot=may_change,
        )

    def positives(self, key: ControlKey, turn: int = 0, dead: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Handles that should exist, in the order in which to ask them this `turn`; those known to be `dead` last.

        The entries' own, the platform file's, and where no more than one of these lives, accounts seen up after it. Not
        those that are watched and missing.
        """
        where = key.platform, key.instance
        declared, named = self.platforms[key.platform].controls.present, self._named(where)
        known = (*named.controls, *declared.get(key.instance, ()), *declared.get("*", ()))
        now_called = self._now_called(where)
        there = dict.fromkeys(
            handle
            for handle in known
            if self._may_be_there(now_called.get(handle) or named.accounts.get(handle), handle)
        )
        living = tuple(handle for handle in there if handle not in dead)
        if len(living) > 1:
            return in_turn(tuple(there), turn, dead)
        up = tuple(handle for handle in islice(self._up(where), _STAND_INS) if handle not in there)
        return (*living, *in_turn(up, turn, dead), *(handle for handle in there if handle in dead))

    def _may_be_there(self, account_id: str | None, handle: str) -> bool:
        """False of a handle that is an account's which is missing; not where the account has another one by now."""
        if account_id is None:
            return True
        state = self.states[account_id]
        return state.handle not in (None, handle) or state.phase in (Phase.UP, Phase.NEW)

    def _now_called(self, where: tuple[str, str]) -> dict[str, str]:
        """Those who were renamed there, by the handles that they have now."""
        renamed = [self.watchlist.accounts[account_id] for account_id in self._renamed]
        there = [account for account in renamed if (account.platform, account.instance) == where]
        return {handle: account.id for account in there if (handle := self.states[account.id].handle) is not None}

    def _up(self, where: tuple[str, str]) -> Iterator[str]:
        """The handles of those who are up there."""
        for account in self._beside.get(where, ()):
            state = self.states[account.id]
            if state.phase is Phase.UP:
                yield state.handle or account.handle

    def only_known(self, report: ControlReport) -> ControlReport:
        """The report without positive controls that nobody names any more: an account taken off the list, say."""
        platform = self.platforms.get(report.key.platform)
        declared = platform.controls.present if platform is not None else {}
        known = {*declared.get(report.key.instance, ()), *declared.get("*", ())}
        # Of the accounts, only those are looked for that the report names: there may be very many beside one another.
        sought: set[str] = set()

        def note(handle: str) -> bool:
            sought.add(handle)
            return True

        report.of(note)
        where = report.key.platform, report.key.instance
        sought -= known
        named = self._named(where)
        known |= sought.intersection(named.accounts) | sought.intersection(named.controls)
        known |= sought.intersection(self._now_called(where))
        return report.of(known.__contains__)

    def _named(self, where: tuple[str, str]) -> _Named:
        """The handles that the list names there; found out once for each list."""
        found = self._names.get(where)
        if found is None:
            around = self._beside.get(where, ())
            found = self._names[where] = _Named(
                accounts={account.handle: account.id for account in around},
                controls=tuple(handle for account in around for handle in account.controls),
            )
        return found


def _is_renamed(account: Account, state: AccountState) -> bool:
    return state.handle not in (None, account.handle)


def is_calm(state: AccountState) -> bool:
    """True while nothing is to be confirmed about an account: it is up, or was never seen, or was not looked at yet."""
    return state.phase in (Phase.UP, Phase.NEVER_SEEN) or (state.phase is Phase.NEW and not state.n)


def single(ordered: tuple[Source, ...]) -> tuple[Source, ...]:
    """Those for one account alone, which are batches only where there is no other."""
    return tuple([source for source in ordered if source.batch is None]) or ordered


def place_of(account: Account) -> str:
    """Where an account is, for people and incidents: its platform, with the instance's host where there are many."""
    if not account.instance:
        return account.platform
    host = account.instance.split("/")[2] if "://" in account.instance else account.instance
    return f"{account.platform}@{host}"
