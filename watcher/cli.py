"""The command line: parse, call, print; nothing else. What is to be said is made in `summary`, `explain` and `demo`.

Exit statuses: 0 all is well; 1 the answer is no (a faulty file, an account that is gone); 2 a wrong call, or a store
that cannot be used; 3 a probe that says neither yes nor no.
"""

import asyncio
import errno
import json
import os
import signal
import ssl
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from watcher import __version__
from watcher.ending import Ending
from watcher.model.errors import ConfigError, StoreError, WatcherError
from watcher.redact import Redaction
from watcher.store.base import Store
from watcher.text import clean

_LEVELS: Final = ("debug", "info", "warning", "error")
_PORT: Final = 11102
_PROBED: Final = {"present": (0, "green"), "absent": (1, "red"), "inconclusive": (3, "yellow")}
_TONES: Final[dict[str, dict[str, Any]]] = {
    "title": {"bold": True},
    "soft": {"dim": True},
    "truth": {"fg": "cyan"},
    "warning": {"fg": "yellow"},
    "bad": {"fg": "red"},
    "good": {"fg": "green"},
}

_config = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=Path("config/watcher.yaml"),
    show_default=True,
    help="The settings file. It names the watchlist and the state_dir.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


def _epilog(*examples: str, ends: str = "") -> str:
    return "\b\nExamples:\n" + "".join(f"  {example}\n" for example in examples) + (f"\n{ends}" if ends else "")


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_epilog("watcher demo", "watcher check && watcher run", "watcher COMMAND --help"),
)
@click.pass_context
def main(context: click.Context) -> None:
    """Watch public profile pages: say when one is gone, and for how long.

    New here? `watcher demo` plays an outage of 2017 on this machine. Then list your accounts in
    config/watchlist.yaml, try `watcher check`, and leave `watcher run` running.
    """
    if os.environ.get("NO_COLOR"):
        context.color = False


@main.command(
    epilog=_epilog(
        "watcher run",
        "watcher run --config /etc/watcher/watcher.yaml --log-level warning",
        ends=(
            "Ends with 0 within ten seconds after Ctrl-C or SIGTERM (another one, a second later or more, ends it at "
            "once, as a crash would); 1 when the configuration is faulty or the port is taken; 2 when the store cannot "
            "be used, or when what was seen last could not be stored."
        ),
    )
)
@_config
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", show_default=True, help="How much to log.")
def run(config: Path, log_level: str) -> None:
    """Watch the accounts of the watchlist until stopped.

    Tells the channels when one is gone and when it is back, keeps what it knows in the state_dir, and serves a
    page, an API and metrics. The log goes to standard error. Changed files are taken up within a few seconds, and at
    once on SIGHUP or `watcher reload`; faulty ones change nothing.
    """
    with _faults_told(), Ending() as ending:
        _watch(config, log_level, ending)


def _watch(config: Path, log_level: str, ending: Ending) -> None:
    from watcher.app import App, Surroundings
    from watcher.clock import SystemClock
    from watcher.logs import configure
    from watcher.schedule import ApsTicker
    from watcher.settings import Loaded, load_all
    from watcher.settings.values import secrets_of
    from watcher.store.sql import SqlStore
    from watcher.summary import started

    configure(log_level)
    loaded = load_all(config, os.environ)
    secrets = set(secrets_of(loaded.settings))
    configure(log_level, hide=Redaction(secrets))

    def adopt(changed: Loaded) -> None:
        secrets.update(secrets_of(changed.settings))  # the old ones may still be on their way
        configure(log_level, hide=Redaction(secrets))

    async def watch() -> None:
        clock, hangup = SystemClock(), asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        around = Surroundings(
            clock=clock, ticker=ApsTicker(clock), store=SqlStore(loaded.settings.state_dir), adopted=adopt
        )
        async with ending.by_signal() as stop:
            await App(loaded, around).run(stop, lambda app: _say_all(started(loaded, app.web.url)), hangup)

    asyncio.run(watch())


@main.command(
    epilog=_epilog(
        "watcher reload",
        "watcher reload --force",
        ends="Ends with 0 when the configuration was taken; 1 when it was refused; 2 when nobody answers.",
    )
)
@_config
@click.option("--force", is_flag=True, help="Take a watchlist that removes a large part of the accounts, too.")
def reload(config: Path, force: bool) -> None:
    """Have a running `watcher run` read its files anew.

    It does so by itself when files change. This says what came of it; and only this takes a watchlist that removes
    more than half of the accounts, or several that are gone right now.
    """
    from watcher.manual import ask_reload
    from watcher.settings import load_settings

    with _faults_told():
        settings = load_settings(config, os.environ)
    taken, said = asyncio.run(ask_reload(settings.web, force=force))
    if taken is None:
        _fail(said, 2)
    for line in said.splitlines():
        click.echo(clean(line), err=not taken)
    sys.exit(0 if taken else 1)


@main.command(
    epilog=_epilog(
        "watcher check",
        "watcher check --strict --json",
        ends="Ends with 0; 1 when a file is faulty or, with --strict, when an account cannot alert.",
    )
)
@_config
@click.option("--strict", is_flag=True, help="Fail when an account cannot alert.")
@_json
def check(config: Path, strict: bool, as_json: bool) -> None:
    """Check the configuration, without a network.

    Says every fault of every file at once, each with its line and column; and if there is none, which accounts
    could never alert, and why.
    """
    from watcher.settings import load_all
    from watcher.summary import can_all_alert, checked, checked_record, faults_record

    with _faults_told():
        try:
            loaded = load_all(config, os.environ)
        except ConfigError as error:
            if as_json:
                _print_json(faults_record(error))
                sys.exit(1)
            raise
    if as_json:
        _print_json(checked_record(loaded, strict=strict))
    else:
        _say_all(checked(loaded))
    sys.exit(1 if strict and not can_all_alert(loaded) else 0)


@main.command(
    epilog=_epilog(
        "watcher probe bluesky:bsky.app",
        "watcher probe https://bsky.app/profile/bsky.app --explain",
        "watcher probe mastodon:Mastodon@mastodon.social --json",
        ends="Ends with 0 when the account is there, 1 when it is not, 3 when that cannot be told, 2 for a wrong call.",
    )
)
@click.argument("url_or_id", metavar="URL_OR_ID")
@_config
@click.option("--explain", is_flag=True, help="Show what was fetched, which step decided, what the controls said.")
@_json
def probe(url_or_id: str, config: Path, explain: bool, as_json: bool) -> None:
    """Look at one account, once.

    URL_OR_ID is the id of a watched account, the URL of any profile page, or platform:handle. Nothing is stored
    and nobody is told.
    """
    from watcher.clock import SystemClock
    from watcher.explain import explanation, look_record, sentence
    from watcher.logs import configure
    from watcher.manual import look
    from watcher.settings import account_for, load_all

    configure("warning")
    with _faults_told(status=2):
        loaded = load_all(config, os.environ)
        try:
            account = account_for(url_or_id, loaded)
        except ConfigError as error:
            raise click.UsageError("; ".join(fault.message for fault in error.faults)) from None
        configure("warning", hide=_secrets(loaded.settings))
        seen = asyncio.run(look(account, loaded, SystemClock()))
    status, colour = _PROBED[seen.finding.verdict]
    if as_json:
        _print_json(look_record(seen))
    else:
        _say(sentence(seen), fg=colour)
        _say_all(explanation(seen) if explain else ())
    sys.exit(status)


@main.command(epilog=_epilog("watcher accounts", "watcher accounts --json"))
@_config
@_json
def accounts(config: Path, as_json: bool) -> None:
    """List the watched accounts and how they stand.

    Reads what `watcher run` has stored, whether it is running or not.
    """
    from watcher.clock import SystemClock
    from watcher.model.record import account_record
    from watcher.settings import load_all
    from watcher.summary import accounts_table, stands

    with _faults_told():
        loaded = load_all(config, os.environ)
        with _reading(loaded.settings.state_dir) as store:
            found = stands(loaded, store.load(), SystemClock().now())
    if as_json:
        _print_json([account_record(account, state) for account, state in found])
    else:
        _say_all(accounts_table(found))


@main.command(epilog=_epilog("watcher outages --open", "watcher outages --account x:realdonaldtrump --limit 5 --json"))
@_config
@click.option("--account", metavar="ID", help="Only those of this account.")
@click.option("--open", "open_only", is_flag=True, help="Only those that are not over.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="So many at most.")
@_json
def outages(config: Path, account: str | None, open_only: bool, limit: int, as_json: bool) -> None:
    """List the outages with their proven durations.

    The latest comes first. Reads what `watcher run` has stored, whether it is running or not.
    """
    from watcher.model.record import outage_record
    from watcher.settings import load_settings
    from watcher.summary import outages_table

    with _faults_told(), _reading(load_settings(config, os.environ).state_dir) as store:
        found = store.outages(account_id=account, open_only=open_only, limit=limit)
    if as_json:
        _print_json([outage_record(outage) for outage in found])
    else:
        _say_all(outages_table(found))


@main.command(
    "test-channel",
    epilog=_epilog("watcher test-channel newsroom", ends="Ends with 0 when the message was taken, 1 when it was not."),
)
@click.argument("name", metavar="NAME")
@_config
def test_channel(name: str, config: Path) -> None:
    """Send one test message through a channel.

    NAME is that of the channel in watcher.yaml. The message says that it is a test; what the channel answered is
    printed.
    """
    from watcher.clock import SystemClock
    from watcher.explain import outcome_sentence
    from watcher.logs import configure
    from watcher.manual import send_test
    from watcher.model.notification import Delivered
    from watcher.settings import load_settings

    with _faults_told():
        settings = load_settings(config, os.environ)
    configure("info", hide=_secrets(settings))
    channels = {channel.name: channel for channel in settings.channels}
    if name not in channels:
        _fail(f"there is no channel '{name}'; there is {', '.join(sorted(channels)) or 'none'}", 1)
    outcome = asyncio.run(send_test(channels[name], SystemClock()))
    delivered = isinstance(outcome, Delivered)
    _say(f"{name}: {outcome_sentence(outcome)}", fg="green" if delivered else "red")
    sys.exit(0 if delivered else 1)


@main.command(
    epilog=_epilog(
        "watcher demo",
        "watcher demo --speed 600 --once --json",
        ends="Ends with 0 when the truth lay within the measured bounds and both messages arrived, else with 1.",
    )
)
@click.option(
    "--speed",
    metavar="TIMES",
    type=click.FloatRange(1, 1000),
    default=60.0,
    help="So many times as fast as it was.  [default: 60]",
)
@click.option("--once", is_flag=True, help="End by itself when the story is over.")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    help=f"Where the page is served.  [default: {_PORT}; with --once any free one]",
)
@_json
def demo(speed: float, once: bool, port: int | None, as_json: bool) -> None:
    """See an outage and its alerts, without a network.

    Plays 2 November 2017: @realDonaldTrump disappears for eleven minutes. A small platform on this machine shows
    the pages, watcher watches them as it would watch real ones, and the messages are shown as they arrive.
    """
    from watcher.logs import configure

    configure("error")
    try:
        from watcher.demo.narrator import Teller
        from watcher.demo.story import Ending as Played
        from watcher.demo.story import Narrator, Story
    except ModuleNotFoundError as error:
        if error.name != "trustme":
            raise
        _fail("the demo needs the package trustme: pip install 'watcher[demo]', or in a checkout '.[demo]'", 1)
    where = port if port is not None else (0 if once else _PORT)
    narrator = (
        Narrator()
        if as_json
        else Teller(lambda line, tone: _say(line, **_TONES.get(tone, {})), speed=speed, stays=not once)
    )

    async def play() -> Played:
        async with Ending().by_signal() as stop:
            return await Story(speed=speed, port=where, narrator=narrator).play(once=once, stop=stop)

    with _faults_told(taken=f"port {where} is in use by another program: watcher demo --port 0 takes a free one"):
        played = asyncio.run(play())
    if as_json:
        _print_json(played.to_record())
    sys.exit(0 if played.is_good else 1)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"watcher {__version__}")


def _secrets(settings: object) -> Redaction:
    """What is to be hidden of these settings."""
    from watcher.settings.values import secrets_of

    return Redaction(secrets_of(settings))


@contextmanager
def _reading(state_dir: Path) -> Iterator[Store]:
    """The store of a run, opened to be read."""
    from watcher.store.sql import SqlStore

    store = SqlStore(state_dir, read_only=True)
    store.open()
    with closing(store):
        yield store


@contextmanager
def _faults_told(*, status: int = 1, taken: str = "") -> Iterator[None]:
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
        _fail(str(error), 2)
    except WatcherError as error:
        cause = error.__cause__
        is_taken = isinstance(cause, OSError) and cause.errno == errno.EADDRINUSE
        _fail(taken if taken and is_taken else str(error), status)
    except ssl.SSLError as error:
        _fail(f"probe.ca_file cannot be used: {error.reason or error}", status)


def _fail(message: str, status: int) -> NoReturn:
    click.secho(f"watcher: {clean(message)}", err=True, fg="red")
    sys.exit(status)


def _say(text: str, **style: Any) -> None:
    """One line on standard output. Pages may have written parts of it."""
    click.echo(click.style(clean(text), **style) if style else clean(text))


def _say_all(lines: Iterable[str]) -> None:
    for line in lines:
        _say(line)


def _print_json(value: Any) -> None:
    """JSON for people and programs: letters as they are, and nothing that a terminal would obey."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo("".join(c if c == "\n" or clean(c) == c else json.dumps(c)[1:-1] for c in text))
