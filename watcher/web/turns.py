"""Long work on the loop, done in slices, so that all else on it hardly waits.

A thread would do worse: it holds the interpreter for five milliseconds whenever the loop wants it back.
"""

import asyncio
import time
from typing import Final

_SLICE: Final = 0.002


class Turns:
    """Made when the work begins; `give` is called after each small piece of it."""

    def __init__(self) -> None:
        self._until = time.perf_counter() + _SLICE

    async def give(self) -> None:
        """Let others have their turn, if the slice is over."""
        if time.perf_counter() >= self._until:
            await asyncio.sleep(0)
            self._until = time.perf_counter() + _SLICE
