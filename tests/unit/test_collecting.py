"""What memory is kept, and when garbage is looked for: what is young soon, all else only once there is much more."""

import ctypes
import gc
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator

import pytest

from watcher.collecting import settle, tend

BLOCKS_A_RING = 2  # itself and its attributes
# How many blocks the C library keeps apart for fifty large ones, after a larger one was let go of.
APART = """
import ctypes
from watcher.collecting import part_large_blocks

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("a", "b", "c", "hblks", *"efghij")]

counted = ctypes.CDLL(None).mallinfo2
counted.restype = Mallinfo
part_large_blocks()
bytearray(20_000_000)
before = counted().hblks
kept = [bytearray(200_000) for _ in range(50)]
print(counted().hblks - before)
"""


class Later:
    """Keeps what a loop is to call later."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.next: Callable[[], None] = lambda: None

    def __call__(self, delay: float, call: Callable[[], None]) -> None:
        """Keep it."""
        self.delay, self.next = delay, call


class Ring:
    """Refers to itself: only the collector finds that nobody else does."""

    def __init__(self) -> None:
        self.itself = self


def dropped() -> weakref.ref[Ring]:
    """What tells whether a ring that nobody needs is still there."""
    return weakref.ref(Ring())


def no_longer_young(later: Later, *, ago: int) -> weakref.ref[Ring]:
    """A ring that was in use while the young ones were looked at, long after the last look at all or not."""
    settle()
    ring = Ring()
    tend(later, blocks=sys.getallocatedblocks(), ago=ago)
    return weakref.ref(ring)


def whole_looks() -> int:
    """How often all was looked at."""
    return int(gc.get_stats()[2]["collections"])


@pytest.fixture
def later() -> Iterator[Later]:
    """What is to be called later; in the end the collector is as before."""
    yield Later()
    gc.unfreeze()
    gc.enable()


def test_young_garbage_goes_and_goes_again(later: Later) -> None:
    """Not by itself, but each time it is tended, and then is to be tended again."""
    settle()
    first = dropped()
    assert first() is not None
    tend(later)
    assert first() is None
    second = dropped()
    assert 0 < later.delay <= 1
    later.next()
    assert second() is None


def test_old_garbage_waits_until_there_is_much_more(later: Later) -> None:
    """To look at all takes long; so it is done when it is worth it, and only then."""
    old = no_longer_young(later, ago=1000)
    later.next()
    assert old() is not None
    more = [[number] for number in range(2_000_000)]
    later.next()
    assert old() is None
    assert len(more) == 2_000_000


def test_where_memory_grows_fast_all_is_looked_at_again_and_again(later: Later) -> None:
    """Soon after the last time a little more is enough: little has come since. Later it is not."""
    old = no_longer_young(later, ago=0)
    more = [[number] for number in range(sys.getallocatedblocks() // 20)]
    later.next()
    assert old() is None
    old = no_longer_young(later, ago=1000)
    more += [[number] for number in range(sys.getallocatedblocks() // 20)]
    later.next()
    assert old() is not None


@pytest.mark.parametrize(("share", "is_held", "most"), [(0.03, False, 0), (0.004, True, 20), (0.007, True, 45)])
def test_mere_garbage_is_no_growth(later: Later, share: float, is_held: bool, most: int) -> None:
    """However much comes and goes: what is in use at a look at all is not looked at again, so that many would leak."""
    settle()
    tend(later)
    before, rings = whole_looks(), list[Ring]()
    for _ in range(60):
        rings = [Ring() for _ in range(int(sys.getallocatedblocks() * share / BLOCKS_A_RING))]
        if not is_held:
            rings.clear()  # it is young
        later.next()
    assert whole_looks() - before <= most


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="the C library is not glibc, 2.33 or later")
def test_large_blocks_stay_apart() -> None:
    """Also after a larger one was let go of, at which glibc would keep all that are smaller among the others."""
    ended = subprocess.run([sys.executable, "-c", APART], capture_output=True, text=True, check=True, timeout=50)
    assert int(ended.stdout) == 50


def test_what_stays_is_not_looked_at_again(later: Later) -> None:
    """What is there when all is built does not make each look longer."""
    frozen = gc.get_freeze_count()
    settle()
    assert gc.get_freeze_count() > frozen
    tend(later)
    assert not gc.isenabled()
