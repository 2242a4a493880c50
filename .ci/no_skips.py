"""A plugin for pytest in CI, where every system part is installed: a test that was skipped is a failure.

Elsewhere tests whose system part is absent are skipped with a reason.
"""

import pytest


def _skipped(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return 0 if reporter is None else len(reporter.stats.get("skipped", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that passed but for tests that did not run."""
    if session.exitstatus == pytest.ExitCode.OK and _skipped(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say why."""
    if skipped := _skipped(config):
        terminalreporter.write_line(f"{skipped} skipped: in CI every test must run", red=True)
