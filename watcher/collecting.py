"""When Python looks for garbage: young garbage each half second, all of it only once there is much more than there was.

Left to itself it looks when there are more objects than before. Accounts that are given new states give back as many as
they take, so that it looks seldom, and then at all of them: of a hundred thousand accounts for 0.3 s, in which nobody
else runs. Next to nothing of what is made is garbage that only the collector finds: one object in five looks.
"""

import gc
import sys
from collections.abc import Callable
from typing import Final

_EVERY: Final = 0.5
_MUCH_MORE: Final = 1.25


def settle() -> None:
    """Look at all, once what stays is built; from now on only when `tend` says so, and not at what is here now."""
    gc.disable()
    gc.collect()
    gc.freeze()


def tend(later: Callable[[float, Callable[[], None]], object], *, blocks: int = 0) -> None:
    """Collect what is young, now and each half second from now on: `later` is the loop's `call_later`.

    All that came since the last time is looked at where more than a quarter more blocks of memory are in use than after
    that; `blocks` were, 0 if nobody counted.
    """
    in_use = sys.getallocatedblocks()
    if blocks and in_use > _MUCH_MORE * blocks:
        settle()
        in_use = blocks = sys.getallocatedblocks()
    else:
        gc.collect(0)
    later(_EVERY, lambda: tend(later, blocks=blocks or in_use))
