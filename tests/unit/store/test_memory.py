"""What only the store in memory can show: its inside."""

from dataclasses import replace

from tests.unit.store.samples import T0, account, after, closing, opening, outage
from watcher.model.outage import Unobserved
from watcher.store.memory import MemoryStore
from watcher.store.values import Commit


def test_broken_chain_names_the_first_broken_row() -> None:
    """A transition that was changed afterwards is found."""
    store = MemoryStore()
    store.watch([account()], T0)
    store.commit(opening(outage()))
    store.commit(closing(outage()))
    changed = store._chain[1].transition
    assert changed is not None
    store._chain[1] = replace(store._chain[1], transition=replace(changed, at=after(1)))
    assert store.verify_chain() == 2


def test_unobserved_span_is_kept_once() -> None:
    """The same span committed twice is one."""
    store = MemoryStore()
    span = Unobserved(account_id=None, from_at=T0, to_at=after(5), cause="stopped")
    store.commit(Commit(unobserved=(span, span)))
    store.commit(Commit(unobserved=(span,)))
    assert list(store._unobserved.values()) == [span]


def test_an_unobserved_span_may_only_grow() -> None:
    """A start that died before its first heartbeat leaves a span that the next start knows to be longer."""
    store = MemoryStore()
    spans = [Unobserved(account_id=None, from_at=T0, to_at=after(n), cause="stopped") for n in (5, 9, 7)]
    for span in spans:
        store.commit(Commit(unobserved=(span,)))
    assert list(store._unobserved.values()) == [spans[1]]
