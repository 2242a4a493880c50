"""Whom to ask and where, from state alone."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.virtual_time import START
from tests.unit.store.samples import finding
from tests.unit.town import API, MIRROR, SECOND, SITE, TOWN, account, book, key, state, visitor
from watcher.model.control import ControlFinding, ControlKey, ControlReport, Health
from watcher.model.exchange import Purpose
from watcher.model.finding import Reason, Stamp, Verdict
from watcher.model.outage import Phase
from watcher.model.platform import ControlHandles, Source

ALICE, BOB, CAROL = account("alice"), account("bob"), account("carol")
SHY_API = replace(API, confirms=False)
CALLED_OFF = replace(API, enabled=False)
MISSING = [Phase.NEVER_SEEN, Phase.SUSPECT, Phase.DOWN, Phase.RECOVERING]


def well(_key: ControlKey) -> Health:
    """Nothing is blind."""
    return Health.OK


def names(sources: tuple[Source, ...]) -> list[str]:
    """Their names."""
    return [source.name for source in sources]


# Sources.


def test_sources_are_asked_in_the_order_of_the_platform_file() -> None:
    """While nothing is known against one of them, preference is as written."""
    opened = book(ALICE, town=replace(TOWN, sources=(API, MIRROR)), states={"alice": state(ALICE)})
    assert names(opened.sources(ALICE, well)) == ["api", "mirror"]


def test_a_blind_source_is_asked_last() -> None:
    """A source whose controls tell nothing apart stays in reserve; one that is merely sick keeps its place.

    Where none sees, the first is asked: only so is it noticed at once when it sees again.
    """
    opened = book(ALICE, town=replace(TOWN, sources=(API, MIRROR)), states={"alice": state(ALICE)})
    for mirrors, order in ((Health.OK, ["mirror", "api"]), (Health.SICK, ["api", "mirror"])):
        health = {"api": Health.BLIND, "mirror": mirrors}.__getitem__
        assert names(opened.sources(ALICE, lambda asked: health(asked.source))) == order  # noqa: B023 - called at once
    assert names(opened.sources(ALICE, lambda _asked: Health.SICK)) == ["api", "mirror"]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.UP])
def test_a_source_with_old_answers_does_not_confirm(phase: Phase) -> None:
    """Whoever is not up is asked for only where answers are of now, but in plain routine the other may be asked."""
    town = replace(TOWN, sources=(SHY_API, MIRROR))
    assert names(book(ALICE, town=town, states={"alice": state(ALICE, phase)}).sources(ALICE, well)) == ["mirror"]
    assert names(book(ALICE, town=town, states={"alice": state(ALICE)}).sources(ALICE, well)) == ["api", "mirror"]


def test_a_source_with_old_answers_is_better_than_none() -> None:
    """Where no other can be asked, it confirms as well."""
    opened = book(ALICE, town=replace(TOWN, sources=(SHY_API,)), states={"alice": state(ALICE, Phase.SUSPECT)})
    assert names(opened.sources(ALICE, well)) == ["api"]


def test_a_source_that_is_turned_off_is_not_asked() -> None:
    """Where none is usable there is nobody to ask, and no second opinion."""
    opened = book(ALICE, town=replace(TOWN, sources=(CALLED_OFF,)), states={"alice": state(ALICE, stable_id="17")})
    assert opened.sources(ALICE, well) == ()
    assert opened.second_task(ALICE, "", START) is None


# The second opinion.


def test_the_second_opinion_is_asked_for_by_id() -> None:
    """Where the stable id is known and a source takes it, that is another way, even at the same source."""
    opened = book(ALICE, states={"alice": state(ALICE, Phase.SUSPECT, stable_id="17")})
    task = opened.second_task(ALICE, "api", START)
    assert task is not None
    assert task.url == "https://api.town.example/id/17"
    assert task.purpose is Purpose.CONFIRM


@pytest.mark.parametrize(
    ("sources", "stable_id"), [((API, MIRROR), None), ((replace(API, url_by_id=None), MIRROR), "17")]
)
def test_the_second_opinion_is_the_next_sources(sources: tuple[Source, ...], stable_id: str | None) -> None:
    """Without an id, or where no source takes one, another source is asked by the handle."""
    town = replace(TOWN, sources=sources)
    opened = book(ALICE, town=town, states={"alice": state(ALICE, Phase.SUSPECT, stable_id=stable_id)})
    task = opened.second_task(ALICE, "api", START)
    assert task is not None
    assert task.url == "https://mirror.town.example/alice"


@pytest.mark.parametrize("sources", [(API,), (API, replace(MIRROR, confirms=False))])
def test_there_may_be_no_second_opinion(sources: tuple[Source, ...]) -> None:
    """One source without an id, or another that cannot confirm, is no other way."""
    opened = book(ALICE, town=replace(TOWN, sources=sources), states={"alice": state(ALICE, Phase.SUSPECT)})
    assert opened.second_task(ALICE, "api", START) is None


# Tasks.


def test_routine_takes_any_copy_of_the_interval() -> None:
    """A routine look goes over a kept connection, and a copy as old as the interval is news enough."""
    opened = book(ALICE, states={"alice": state(ALICE, stable_id="17")})
    task = opened.task(ALICE, API, Purpose.ROUTINE, START)
    assert (task.fresh, task.max_age, task.timeout) == (False, ALICE.policy.interval, 10 * SECOND)
    assert (task.target.account_id, task.target.stable_id, task.url) == (
        ALICE.id,
        "17",
        "https://api.town.example/alice",
    )


@pytest.mark.parametrize(("phase", "fresh"), [(Phase.SUSPECT, True), (Phase.RECOVERING, True), (Phase.DOWN, False)])
def test_what_opens_or_closes_an_outage_is_asked_afresh(phase: Phase, fresh: bool) -> None:
    """Confirmations take a new connection; following an open outage does not. Neither takes an old copy."""
    opened = book(ALICE, states={"alice": state(ALICE, phase)})
    task = opened.task(ALICE, API, Purpose.CONFIRM, START)
    assert (task.fresh, task.max_age) == (fresh, ALICE.policy.confirm.interval)


def test_after_a_rename_the_new_handle_is_asked_for() -> None:
    """The state's handle goes before the watchlist's."""
    opened = book(ALICE, states={"alice": state(ALICE, handle="alicia")})
    assert opened.task(ALICE, API, Purpose.ROUTINE, START).url == "https://api.town.example/alicia"


def test_controls_are_those_of_the_instance() -> None:
    """The key names platform, instance, source and vantage: what shares an error with the account."""
    dora = visitor("dora")
    assert book(dora).key(dora, API) == key("api", "generic", SITE)


# Positive controls.


def test_declared_controls_are_the_entries_own_first() -> None:
    """An operator's word goes before the platform file's; nobody is named twice."""
    opened = book(account("alice", controls=("judge", "mayor")), BOB)
    assert opened.positives(key()) == ("judge", "mayor", "baker")


@pytest.mark.parametrize("phase", MISSING)
def test_a_missing_account_is_no_control(phase: Phase) -> None:
    """A control that is watched, and not up, proves nothing by its absence."""
    mayor = account("mayor")
    opened = book(mayor, ALICE, states={"mayor": state(mayor, phase)})
    assert opened.positives(key()) == ("baker",)


def test_a_control_that_is_watched_and_not_yet_seen_is_asked() -> None:
    """NEW says nothing against a control that was declared, as UP does not."""
    mayor, baker = account("mayor"), account("baker")
    opened = book(mayor, baker, states={"baker": state(baker)})
    assert opened.positives(key()) == ("mayor", "baker")


def test_where_controls_are_few_accounts_that_are_up_stand_in() -> None:
    """With one declared control, or none left, peers seen up are asked after it; those that are not up never."""
    town = replace(TOWN, controls=ControlHandles(present={"*": ("mayor",)}))
    states = {"alice": state(ALICE), "bob": state(BOB, Phase.DOWN)}
    assert book(ALICE, BOB, CAROL, town=town, states=states).positives(key()) == ("mayor", "alice")
    mayor = account("mayor")
    states["mayor"] = state(mayor, Phase.DOWN)
    assert book(ALICE, BOB, mayor, town=town, states=states).positives(key()) == ("alice",)


def test_peers_stand_in_for_a_control_that_went_missing() -> None:
    """Two declared controls of which one is watched and gone are one: peers that are up join it."""
    mayor = account("mayor")
    opened = book(mayor, ALICE, states={"mayor": state(mayor, Phase.DOWN), "alice": state(ALICE)})
    assert opened.positives(key()) == ("baker", "alice")


def test_peers_stand_in_for_controls_that_are_dead() -> None:
    """One that lives is few: should it go too, nothing else would be asked to tell the platform from an account."""
    opened = book(ALICE, states={"alice": state(ALICE)})
    assert opened.positives(key()) == ("mayor", "baker")
    for turn in range(3):
        assert opened.positives(key(), turn, ("mayor",)) == ("baker", "alice", "mayor")
    assert opened.positives(key(), 1, ("stranger",)) == ("baker", "mayor")


def test_a_renamed_peer_stands_in_under_its_new_handle() -> None:
    """The old handle is nobody's any more, and would be a rotten control."""
    town = replace(TOWN, controls=ControlHandles())
    opened = book(ALICE, town=town, states={"alice": state(ALICE, handle="alicia")})
    assert opened.positives(key()) == ("alicia",)


def test_peers_of_another_instance_do_not_stand_in() -> None:
    """What is up elsewhere shares no error with what is asked here."""
    here, elsewhere = visitor("dora"), account("emil", "generic", instance="https://other.example/{handle}")
    opened = book(here, elsewhere, states={"dora": state(here), "emil": state(elsewhere)})
    assert opened.positives(key("page", "generic", SITE)) == ("dora",)


def test_controls_of_an_instance_go_before_those_for_all() -> None:
    """A platform file may name controls of one instance, beside those of all."""
    town = replace(TOWN, controls=ControlHandles(present={"*": ("mayor",), "big": ("admin",)}))
    assert book(ALICE, town=town).positives(key(instance="big")) == ("admin", "mayor")


def test_controls_that_nobody_names_are_not_kept() -> None:
    """Who was taken off the list leaves the stored controls with it; declared, listed and renamed ones stay."""
    opened = book(replace(ALICE, controls=("clerk",)), BOB, states={"bob": state(BOB, handle="robert")})
    handles = ("mayor", "clerk", "alice", "robert", "carol")
    positives = tuple(ControlFinding(handle=handle, finding=finding(reason=Reason.PROFILE)) for handle in handles)
    report = ControlReport(key=key(), positives=positives)
    assert [control.handle for control in opened.only_known(report).positives] == list(handles[:-1])


# Company.

CROWD = tuple(account(f"member{number}") for number in range(6))


def suspected(second: float) -> dict[str, Any]:
    """Missing since then."""
    seen = Stamp(earliest=START + second * SECOND, latest=START + second * SECOND)
    return {"phase": Phase.SUSPECT, "n": 1, "began": seen}


def test_the_second_suspect_of_a_place_has_company() -> None:
    """Everybody else there who is up is to be looked at soon; not for the first suspect, nor on a short list."""
    for many, company in ((6, 4), (4, 0)):
        accounts = CROWD[:many]
        states = {a.handle: state(a) for a in accounts} | {"member0": state(accounts[0], **suspected(1))}
        opened = book(*accounts, states=states)
        assert opened.company(accounts[0]) == ()
        opened.stand(accounts[1], state(accounts[1], **suspected(20)))
        assert len(opened.company(accounts[1])) == company


def test_the_absence_of_long_ago_is_no_company() -> None:
    """Five minutes and more before."""
    states = {a.handle: state(a) for a in CROWD} | {"member0": state(CROWD[0], **suspected(1))}
    opened = book(*CROWD, states=states)
    opened.stand(CROWD[1], state(CROWD[1], **suspected(302)))
    assert opened.company(CROWD[1]) == ()


def test_a_mass_event_is_seen_from_the_states() -> None:
    """Five who turn absent within minutes; what one of them is found to be next belongs to it, unless it is there."""
    states = {a.handle: state(a, **suspected(number)) for number, a in enumerate(CROWD[:4])}
    opened = book(*CROWD, states=states | {a.handle: state(a) for a in CROWD[4:]})
    now, later = (replace(finding(), seen=suspected(second)["began"]) for second in (30, 3000))
    assert opened.cohort(CROWD[4], now) is not None
    assert opened.cohort(CROWD[4], replace(now, verdict=Verdict.PRESENT)) is None
    assert opened.cohort(CROWD[4], later) is None


@pytest.mark.parametrize(("phase", "there"), [(Phase.UP, ("baker", "mayor")), (Phase.DOWN, ("baker",))])
def test_a_control_that_a_renamed_account_is_called_now(phase: Phase, there: tuple[str, ...]) -> None:
    """It counts as that account stands; the one of its old handle is nobody's any more."""
    bob = replace(BOB, controls=("baker", "mayor"))
    town = replace(TOWN, controls=ControlHandles())
    opened = book(bob, town=town, states={"bob": state(bob, phase, handle="mayor")})
    assert opened.positives(key()) == there
    opened.stand(bob, state(bob, phase))
    assert opened.positives(key()) == ("baker", "mayor")


def test_there_are_as_many_stand_ins_as_one_request_can_need() -> None:
    """Of ten thousand accounts that are up not all are gone through."""
    crowd = [account(f"guest{number}") for number in range(1_200)]
    town = replace(TOWN, controls=ControlHandles())
    opened = book(*crowd, town=town, states={each.handle: state(each) for each in crowd})
    assert opened.positives(key()) == tuple(each.handle for each in crowd[:1_000])
