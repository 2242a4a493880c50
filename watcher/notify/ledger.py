"""The store as the outbox asks it: what was sent is noted however long the store fails, and that is said once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, Protocol

import structlog

from watcher.clock import Clock
from watcher.model.errors import ContradictionError, StoreError
from watcher.store.base import Store

_AGAIN: Final = timedelta(seconds=1)


class Worker(Protocol):
    """The asynchronous face of the store: each call runs to its end in the store's own thread, in order."""

    @property
    def store(self) -> Store:
        """The store that is called."""
        ...

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run `function` and return what it returned. Raises StoreError."""
        ...


class Ledger:
    """Calls `store`. That it fails is logged once, until `works` says that it does not any more."""

    def __init__(self, worker: Worker, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock
        self._is_failing = False
        self._log = structlog.get_logger("watcher.notify")

    @property
    def store(self) -> Store:
        """The store whose methods are called."""
        return self._worker.store

    async def ask(self, function: Callable[..., Any], *args: Any) -> Any:
        """What it returns. Raises StoreError."""
        return await self._worker.call(function, *args)

    async def insist(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call the store until it answers: what was sent must not be forgotten because of a full disk."""
        while True:
            try:
                return await self._worker.call(function, *args)
            except ContradictionError:
                raise
            except StoreError as error:
                self.fails(error)
                await self._clock.sleep(_AGAIN)

    def fails(self, error: Exception) -> None:
        """It did not answer."""
        if not self._is_failing:
            self._log.warning("the store failed; notifications wait", error=f"{type(error).__name__}: {error}")
        self._is_failing = True

    def works(self) -> None:
        """It answers again: the next failure is news."""
        self._is_failing = False
