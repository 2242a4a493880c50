"""For every test of a command."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
import structlog

from tests.unit.store.samples import T0, account, opening, outage
from watcher.store.sql import SqlStore

Told = Callable[..., AbstractContextManager[SqlStore]]


@pytest.fixture
def potus_down(tmp_path: Path) -> Told:
    """A store in which @POTUS is down, of which the channels that are named are to be told."""

    @contextmanager
    def opened(*channels: str) -> Iterator[SqlStore]:
        with closing(SqlStore(tmp_path / "state")) as store:
            store.open()
            store.watch([account("potus")], T0)
            store.commit(opening(outage(), *([channels] if channels else [])))
            yield store

    return opened


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command logs to the standard error of its test, which is closed after it; in colours, if the test has any."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield
    structlog.reset_defaults()
