"""Set up structlog: one line a decision, readable on a terminal, JSON elsewhere. Only importer of its processors."""

import logging
import sys
from typing import TextIO

import structlog

from watcher.text import clean

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def _safe(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    # Names and quotes come from pages that anybody can write: no terminal escapes, no direction overrides.
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = clean(value)
    return event


def configure(level: str = "info", stream: TextIO | None = None, json: bool | None = None) -> None:
    """Log to `stream` (standard error) from `level` on; as JSON when it is not a terminal, unless `json` says."""
    out = stream if stream is not None else sys.stderr
    as_json = not out.isatty() if json is None else json
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso" if as_json else "%H:%M:%S", utc=True),
            structlog.processors.format_exc_info,
            _safe,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
