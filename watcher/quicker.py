"""The quicker parts, where they are installed (`pip install watcher[fast]`): uvloop as the loop, isal for gzip.

Without them everything works the same, and takes more of the processor.
"""

import asyncio

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


def runner() -> asyncio.Runner:
    """What runs the program's loop; bodies are unpacked by the quicker library from now on."""
    aiohttp.set_zlib_backend(zlib)
    return asyncio.Runner(loop_factory=_LOOP)
