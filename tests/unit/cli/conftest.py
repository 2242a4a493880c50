"""For every test of a command."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command logs to the standard error of its test, which is closed after it; in colours, if the test has any."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield
    structlog.reset_defaults()
