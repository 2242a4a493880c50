"""What memory is kept, and when Python looks for garbage: young each half second, all only once there is much more.

Left to itself it looks when there are more objects than before. Accounts that are given new states give back as many as
they take, so that it looks seldom, and then at all of them: of a hundred thousand accounts for 0.3 s, in which nobody
else runs. Next to nothing of what is made is garbage that only the collector finds: one object in five looks.
"""

import ctypes
import gc
import sys
from collections.abc import Callable
from typing import Final

_EVERY: Final = 0.5
_SOON: Final = 20
_SOME_MORE: Final = 1.01
_GROWN: Final = 1.005  # of that, what no look at all takes away
_MUCH_MORE: Final = 1.25
_M_MMAP_THRESHOLD: Final = -3  # as malloc.h of glibc has it
_M_TRIM_THRESHOLD: Final = -1
_LARGE: Final = 128 * 1024


def part_large_blocks() -> None:
    """Have the C library keep blocks of 128 KiB and more, a connection's buffers, apart from all others from now on.

    Apart, only what is used of a block takes memory, and all of it goes back with the block. glibc begins so, but
    gives it up for blocks as large as any that was let go of, and keeps twice as much for itself: 10 MB of the 130 that
    ten thousand accounts took, for which a look takes 7 % more of the processor. Of another library nothing is asked.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
        mallopt(_M_TRIM_THRESHOLD, _LARGE)


def settle() -> None:
    """Look at all, once what stays is built; from now on only when `tend` says so, and not at what is here now."""
    gc.disable()
    gc.collect()
    gc.freeze()


def tend(later: Callable[[float, Callable[[], None]], object], *, blocks: int = 0, ago: int = 0) -> None:
    """Collect what is young, now and each half second from now on: `later` is the loop's `call_later`.

    All that came since the last time is looked at where more than a quarter more blocks of memory are in use than
    after that; `blocks` were, 0 if nobody counted. Where memory grows fast, in a first round, a hundredth more is
    enough: little has come since, and it is not left to be looked at in one go. It did so `ago` half seconds ago. Mere
    garbage is no growth: with each look at all, what is in use just then is never looked at again.
    """
    gc.collect(0)
    in_use = sys.getallocatedblocks()
    if blocks and in_use > blocks * (_SOME_MORE if ago < _SOON else _MUCH_MORE):
        settle()
        in_use, before = sys.getallocatedblocks(), blocks
        blocks, ago = in_use, 0 if in_use > _GROWN * before else ago
    later(_EVERY, lambda: tend(later, blocks=blocks or in_use, ago=ago + 1))
