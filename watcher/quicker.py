"""The quicker parts, where they are installed (`pip install watcher[fast]`): uvloop as the loop, isal for gzip.

Without them everything works the same, and takes more of the processor.
"""

import asyncio
import sys
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

__all__ = ["runner", "zlib"]

# How long a thread may keep the interpreter while another waits for it, in seconds. Python has ten times as much.
_TURN: Final = 0.0005


def runner() -> asyncio.Runner:
    """What runs the program's loop; bodies are unpacked by the quicker library from now on.

    The loop lets go of the interpreter each time it reads or writes, a few thousand times a second. While the store's
    thread is at work it would wait for as long as a thread may keep it, each time.
    """
    aiohttp.set_zlib_backend(zlib)
    sys.setswitchinterval(_TURN)
    return asyncio.Runner(loop_factory=_LOOP)
