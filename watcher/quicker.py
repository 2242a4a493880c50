"""The quicker parts, where they are installed (`pip install watcher[fast]`): uvloop as the loop, isal for gzip.

Without them everything works the same, and takes more of the processor.
"""

import asyncio
import gc
from typing import Final

import aiohttp

try:
    import uvloop
except ImportError:
    _LOOP = None
else:
    _LOOP = uvloop.new_event_loop

try:
    from isal import isal_zlib as zlib
except ImportError:
    import zlib  # type: ignore[no-redef]

__all__ = ["runner", "settle", "zlib"]


# Few cycles are made that nothing but the collector would free, and to look for them takes the longer the more there
# is: a hundred thousand accounts have new states every minute.
_THRESHOLDS: Final = (50_000, 20, 100)


def settle() -> None:
    """Look for garbage once all is built that stays, and from now on seldom, and not in that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)


def runner() -> asyncio.Runner:
    """What runs the program's loop; bodies are unpacked by the quicker library from now on."""
    aiohttp.set_zlib_backend(zlib)
    return asyncio.Runner(loop_factory=_LOOP)
