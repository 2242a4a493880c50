"""Threads for work that blocks and that nothing can end early. They keep no process from ending.

Those of a ThreadPoolExecutor would: Python waits for each of them before it ends.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from threading import Lock, Thread
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Threads(Executor):
    """Does `most` pieces of work at once, each in a thread called `name`; what is beyond that waits its turn."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = Lock()
        self._running = 0
        self._waiting: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._is_shut = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Begin the work, or have it wait. Raises RuntimeError after a shutdown."""
        future: Future[T] = Future()
        work = partial(fn, *args, **kwargs)
        with self._lock:
            if self._is_shut:
                raise RuntimeError("no work is begun after a shutdown")
            if self._running == self._most:
                self._waiting.append((future, work))
            else:
                Thread(target=self._run, args=(future, work), name=self._name, daemon=True).start()
                self._running += 1
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - as Executor's
        """Take no more work, and call off what waits if `cancel_futures`. Whatever `wait` says, waits for nothing."""
        called_off: tuple[Future[Any], ...] = ()
        with self._lock:
            self._is_shut = True
            if cancel_futures:
                called_off = tuple(future for future, _ in self._waiting)
                self._waiting.clear()
        for future in called_off:
            future.cancel()

    def _run(self, future: Future[Any], work: Callable[[], Any]) -> None:
        while True:
            _do(future, work)
            with self._lock:
                if not self._waiting:
                    self._running -= 1
                    return
                future, work = self._waiting.popleft()


def _do(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - who waits for it is told
        future.set_exception(error)
    else:
        future.set_result(result)
