"""Set up structlog: one line a decision, short and readable on a terminal, JSON with everything elsewhere.

Only importer of its processors. What is logged, and when, is the caller's.
"""

import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, TextIO

import structlog
from structlog.typing import EventDict, Processor

from watcher.redact import Redaction
from watcher.text import clean

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_WATCHER: Final = logging.getLogger("watcher")
_COLOURS: Final = {"warning": "\x1b[33m", "error": "\x1b[31m", "critical": "\x1b[31m"}
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
_INDENT: Final = " " * 10
# On a terminal: said in the line itself, kept for JSON (the line has a time; ids are for programs), on lines below.
_BARE: Final = ("account", "reason", "quote")
_LEFT_OUT: Final = ("at", "outage", "dedup_key", "channel", "severity", "level", "timestamp", "event")
_BELOW: Final = ("said", "facts", "links", "hosts", "hint", "exception")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _safe(_logger: object, _method: str, event: EventDict) -> EventDict:
    # Names and quotes come from pages that anybody can write: no terminal escapes, no direction overrides.
    for key, value in event.items():
        if key == "exception":
            event[key] = "\n".join(clean(line) for line in str(value).splitlines())
        elif isinstance(value, str):
            event[key] = clean(value)
    return event


class _TerminalRenderer:
    """`18:58:11  outage opened  x:nasa  not_found  «…»`; what is long stands below, indented."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _logger: object, _method: str, event: EventDict) -> str:
        level = str(event["level"])
        label = "" if level in ("info", "debug") else f"{level}: "
        line = "  ".join((str(event["timestamp"]), label + _words(str(event["event"])), *_parts(event)))
        lines = [self._painted(line, _COLOURS.get(level, _DIM if level == "debug" else ""))]
        for key in _BELOW:
            if key in event:
                below = str(event[key]).splitlines()
                lines += [self._painted(f"{_INDENT}{part}", _DIM) for part in below]
        return "\n".join(lines)

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours and colour else text


def _words(event: str) -> str:
    """`OutageOpened` and `look_failed` as words; a sentence as it is."""
    if " " in event:
        return event
    return _CAMEL.sub(" ", event).replace("_", " ").lower()


def _parts(event: EventDict) -> Iterator[str]:
    for key in _BARE:
        if key in event:
            yield f"«{event[key]}»" if key == "quote" else str(event[key])
    for key, value in event.items():
        if key not in (*_BARE, *_LEFT_OUT, *_BELOW):
            yield f"{key}={value}"


class _Lines:
    """Writes lines to `stream`. One that cannot be written (closed, no room) is lost: nobody could be told of it.

    What is logged on the way must never keep the caller from what it does.
    """

    def __init__(self, stream: TextIO, hide: Redaction) -> None:
        self._printer = structlog.PrintLogger(stream)
        self._hide = hide

    def msg(self, line: str) -> None:
        """Write one line, or lose it."""
        with suppress(OSError, ValueError):
            self._printer.msg(self._hide.text(line))

    debug = info = warning = error = critical = msg


class _Others(logging.Handler):
    """What libraries log, from warnings on, and Python's own warnings: as lines like all the others."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        name = record.levelname.lower() if record.levelname.lower() in _LEVELS else "error"
        told: dict[str, object] = {"logger": record.name}
        if record.exc_info:
            told["exc_info"] = record.exc_info
        getattr(structlog.get_logger(), name)(record.getMessage().strip(), **told)


def _heed_others() -> None:
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if isinstance(handler, _Others)]:
        root.removeHandler(handler)
    root.addHandler(_Others(logging.WARNING))
    logging.captureWarnings(capture=True)


def is_told(level: str) -> bool:
    """True when what is logged at this level is written. For what is logged often and is dear to put together."""
    return _WATCHER.isEnabledFor(_LEVELS[level])


def configure(
    level: str = "info", stream: TextIO | None = None, json: bool | None = None, hide: Redaction | None = None
) -> None:
    """Log to `stream` (standard error) from `level` on; as JSON when it is not a terminal, unless `json` says.

    `hide` is applied to each line: what goes wrong in a library may quote what it was given.
    """
    out = stream if stream is not None else sys.stderr
    as_json = not out.isatty() if json is None else json
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else _TerminalRenderer(colours=out.isatty() and not os.environ.get("NO_COLOR"))
    )
    lines = _Lines(out, hide or Redaction())
    _WATCHER.setLevel(_LEVELS[level])
    _heed_others()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=True),
            structlog.processors.format_exc_info,
            _safe,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_args: lines,
        cache_logger_on_first_use=False,
    )
