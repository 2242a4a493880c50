"""Long work on the loop, done in slices, so that all else on it hardly waits.

A thread would do worse: it holds the interpreter for five milliseconds whenever the loop wants it back.
"""

import asyncio
import time
from typing import Final

_SLICE: Final = 0.002
_OTHERS: Final = 5 * _SLICE
_IDLE: Final = 0.000_03  # a turn of the loop in which nobody else had anything to do


class Turns:
    """Made when the work begins; `give` is called after each small piece of it."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + _SLICE

    async def give(self) -> None:
        """Let others have their turn, if the slice is over: five times as long, for as long as they have work.

        Looks may need most of a core, and long work can wait; when nobody else has any, it does not.
        """
        now = time.perf_counter()
        if now < self._until:
            return
        enough = now + _OTHERS
        while now < enough:
            before = now
            await asyncio.sleep(0)
            now = time.perf_counter()
            if now - before < _IDLE:
                break
        self._until = now + _SLICE
