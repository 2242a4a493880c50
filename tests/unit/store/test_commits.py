"""Merging commits: many written as one leave what they leave one after the other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.samples import T0, account, after, alert, closing, opening, outage, state
from watcher.model.notification import Incident, IncidentKind
from watcher.model.outage import Phase, Unobserved
from watcher.store.commits import first_of_each, merge, unobserved_key
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit

NAMES = ("potus", "realdonaldtrump")
PLATFORM = Incident(
    id="p", kind=IncidentKind.PLATFORM, key="x", severity=outage().severity_then, opened_at=T0, detail="walled"
)


def _story(name: str) -> list[Commit]:
    """What happens to one account, in order."""
    first, second = outage(name, 1), outage(name, 2, seconds=1000)
    grown = replace(second, last_absent=replace(second.last_absent, latest=closing(second, 1500).closed[0][1]))
    return [
        Commit(states=(state(name, Phase.UP),)),
        opening(first, channels=("slack", "log")),
        Commit(states=(state(name, Phase.DOWN, outage=replace(first, quote="gone")),)),
        closing(first),
        opening(second),
        Commit(states=(state(name, Phase.DOWN, outage=grown),)),
        closing(second, 1600),
    ]


def _stored(commits: list[Commit]) -> MemoryStore:
    store = MemoryStore()
    store.watch([account(name) for name in NAMES], T0)
    for commit in commits:
        store.commit(commit)
    return store


def _left(store: MemoryStore) -> tuple[object, ...]:
    records = [store.incident(item.id) for item in store.outages()]
    told = [
        (record.incident, record.outage, [replace(row, id=0) for row in record.notifications])
        for record in records
        if record is not None
    ]
    return store.load(), store.outages(), store.transitions(), told, store.verify_chain()


@given(st.data())
def test_merged_commits_leave_the_same(data: st.DataObject) -> None:
    """However a story is cut into portions, what is stored in the end is the same."""
    commits = [commit for pair in zip(*map(_story, NAMES), strict=True) for commit in pair]
    cuts = sorted(data.draw(st.sets(st.integers(1, len(commits) - 1))))
    portions = [merge(commits[start:end]) for start, end in zip([0, *cuts], [*cuts, len(commits)], strict=True)]
    assert _left(_stored(portions)) == _left(_stored(commits))


def test_incident_of_one_key_may_follow_another_within_a_portion() -> None:
    """The end of one and the beginning of the next stand in the right order after merging."""
    again = replace(PLATFORM, id="q")
    commits = [
        Commit(opened=(PLATFORM,), notifications=(alert("p"),)),
        Commit(closed=(("p", T0),)),
        Commit(opened=(again,)),
    ]
    store = _stored([merge(commits)])
    assert store.load().incidents == (again,)
    record = store.incident("p")
    assert record is not None
    assert len(record.notifications) == 2


def test_nothing_merges_to_nothing() -> None:
    """An empty list of commits is an empty commit."""
    assert merge([]) == Commit()


def test_of_repeated_transitions_the_first_stays() -> None:
    """Whether they come in one portion or one after the other, the one that was there first is not replaced."""
    (first,) = opening(outage()).transitions
    again, later = replace(first, detail={"told": "twice"}), replace(first, at=after(99))
    assert first_of_each([first, again, later, first]) == [first, later]
    commits = [Commit(transitions=(item,)) for item in (first, again, later)]
    assert _stored(commits).transitions() == _stored([merge(commits)]).transitions() == (later, first)


def test_unobserved_spans_are_of_all_or_of_one() -> None:
    """The scope says which."""
    span = Unobserved(account_id=None, from_at=T0, to_at=T0, cause="stopped")
    assert unobserved_key(span) == ("all", "", T0, "stopped")
    assert unobserved_key(replace(span, account_id="x:potus")) == ("account", "x:potus", T0, "stopped")
