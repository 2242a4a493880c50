"""What every command shares: options, errors told in words, lines and JSON that give a terminal no orders."""

import errno
import json
import ssl
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from watcher.ending import BROKE_OFF
from watcher.model.errors import ConfigError, StoreError, WatcherError
from watcher.text import clean

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config/watcher.yaml"),
    show_default=True,
    help="The settings file. It names the watchlist and the state_dir.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def epilog(*examples: str, ends: str = "") -> str:
    """The end of a command's help: examples, and how it ends."""
    return "\b\nExamples:\n" + "".join(f"  {example}\n" for example in examples) + (f"\n{ends}" if ends else "")


@contextmanager
def faults_told(*, status: int = 1, taken: str = "") -> Iterator[None]:
    """End with a message, and with `status`, where the configuration or the machine is to blame; 2 for the store.

    `taken` is what to say of a port that somebody else has.
    """
    try:
        yield
    except ConfigError as error:
        for fault in error.faults:
            click.echo(clean(str(fault)), err=True)
        sys.exit(status)
    except StoreError as error:
        fail(str(error), 2)
    except WatcherError as error:
        cause = error.__cause__
        is_taken = isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE
        fail(taken if taken and is_taken else str(error), status)
    except ssl.SSLError as error:
        fail(f"probe.ca_file cannot be used: {error.reason or error}", status)


@contextmanager
def bugs_told() -> Iterator[None]:
    """End with a trace and `BROKE_OFF` where this program is to blame: 1 is for what another start does not mend."""
    try:
        yield
    except (WatcherError, ssl.SSLError):
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told as Python would
        sys.excepthook(type(error), error, error.__traceback__)
        sys.exit(BROKE_OFF)


def fail(message: str, status: int) -> NoReturn:
    """Say what is wrong on standard error, and end."""
    click.secho(f"watcher: {clean(message)}", err=True, fg="red")
    sys.exit(status)


def say(text: str, **style: Any) -> None:
    """One line on standard output. Pages may have written parts of it."""
    click.echo(click.style(clean(text), **style) if style else clean(text))


def say_all(lines: Iterable[str]) -> None:
    """Several lines."""
    for line in lines:
        say(line)


def print_json(value: Any) -> None:
    """JSON for people and programs: letters as they are, and nothing that a terminal would obey."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo("".join(c if c == "\n" or clean(c) == c else json.dumps(c)[1:-1] for c in text))
