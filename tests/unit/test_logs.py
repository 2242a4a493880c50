"""The log: JSON with everything for programs, one short line a decision on a terminal."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog

from watcher.logs import configure


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test sets up is undone after it."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    yield
    structlog.reset_defaults()


def shown(stream: io.StringIO, level: str = "info") -> structlog.typing.FilteringBoundLogger:
    """A logger that writes to `stream`."""
    configure(level, stream)
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger


def plain(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal whose reader wants no colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    return Terminal()


def test_a_transition_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time, what happened, to whom, why, in whose words; ids and the second time are for programs."""
    out = plain(monkeypatch)
    quote = "Désolé, cette page n'existe pas"
    shown(out).info(
        "AccountSuspected", quote=quote, account="x:nasa", at="2017", reason="not_found", rule="missing", outage="o1"
    )
    [line] = out.getvalue().splitlines()
    time, rest = line.split("  ", 1)
    assert len(time) == len("23:00:17")
    assert rest == f"account suspected  x:nasa  not_found  «{quote}»  rule=missing"


def test_what_is_long_stands_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line stays short; a warning says that it is one."""
    out = plain(monkeypatch)
    shown(out).warning("nothing_can_be_reached", hosts="a.example, b.example", hint="no alert is raised from this")
    first, *rest = out.getvalue().splitlines()
    assert first.endswith("  warning: nothing can be reached")
    assert rest == ["          a.example, b.example", "          no alert is raised from this"]


def test_sentences_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A headline is the platform's and the account's own spelling."""
    out = plain(monkeypatch)
    shown(out).error("@realDonaldTrump is not available on X", channel="log", severity="critical", said="Gone.")
    first, second = out.getvalue().splitlines()
    assert first.endswith("  error: @realDonaldTrump is not available on X")
    assert second == "          Gone."


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings and errors are coloured, the rest is plain, and NO_COLOR is minded."""
    out = Terminal()
    logger = shown(out, "debug")
    logger.info("up")
    logger.warning("odd")
    logger.error("bad")
    logger.debug("probed")
    up, odd, bad, probed = out.getvalue().splitlines()
    assert "\x1b" not in up
    assert odd.startswith("\x1b[33m")
    assert bad.startswith("\x1b[31m")
    assert probed.startswith("\x1b[2m")
    out = plain(monkeypatch)
    shown(out).warning("odd")
    assert "\x1b" not in out.getvalue()


def test_a_pages_text_gives_the_terminal_no_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escapes, line breaks and direction overrides are gone, in texts and in tracebacks."""
    out = plain(monkeypatch)
    logger = shown(out)
    logger.info("seen", quote="\x1b[2Jred\nx\u202e", count=3)
    try:
        int("\x1b[2J")
    except ValueError:
        logger.exception("look_failed")
    text = out.getvalue()
    assert "«[2Jred x»  count=3" in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert any(line.startswith("          ValueError: invalid literal") for line in text.splitlines())


def test_programs_get_json_with_everything() -> None:
    """One object a line, in UTC, letters as they are."""
    out = io.StringIO()
    shown(out).warning("AccountSuspected", account="x:nasa", outage="o1", quote="Désolé")
    [line] = out.getvalue().splitlines()
    record = json.loads(line)
    assert record.pop("timestamp").endswith("Z")
    assert record == {
        "event": "AccountSuspected",
        "level": "warning",
        "account": "x:nasa",
        "outage": "o1",
        "quote": "Désolé",
    }
    assert "Désolé" in line


@pytest.mark.parametrize(("level", "lines"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_the_level_bounds_what_is_logged(level: str, lines: int) -> None:
    """From that level on."""
    out = io.StringIO()
    logger = shown(out, level)
    logger.debug("a")
    logger.info("b")
    logger.warning("c")
    logger.error("d")
    assert len(out.getvalue().splitlines()) == lines


class Broken(io.StringIO):
    """A stream that takes nothing until it is mended."""

    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self.fault: Exception | None = fault

    def write(self, text: str) -> int:
        if self.fault is not None:
            raise self.fault
        return super().write(text)


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "exception"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("I/O operation on closed file")])
def test_a_line_that_cannot_be_written_stops_nobody(level: str, fault: Exception) -> None:
    """A full disk or a closed stream loses lines and no more; they come again once it takes them."""
    out = Broken(fault)
    logger = shown(out, "debug")
    getattr(logger, level)("lost")
    out.fault = None
    getattr(logger, level)("written")
    assert [json.loads(line)["event"] for line in out.getvalue().splitlines()] == ["written"]


def test_standard_error_is_where_it_goes(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for results."""
    configure()
    structlog.get_logger().info("up")
    said = capsys.readouterr()
    assert said.out == ""
    assert json.loads(said.err)["event"] == "up"
