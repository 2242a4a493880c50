"""The command line: parse, call, print; nothing else. What is to be said is made in `summary`, `explain` and so on.

Exit statuses: 0 all is well; 1 the answer is no (a faulty file, an account that is gone); 2 a wrong call, or a store
that cannot be used; 3 neither yes nor no: a probe that cannot tell, evidence of which pieces are not there.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any, Final

import click

from watcher import __version__
from watcher.cli.backtest import backtest
from watcher.cli.evidence import evidence
from watcher.cli.notifications import notifications
from watcher.cli.plan import plan
from watcher.cli.records import accounts, backup, forget, outages
from watcher.cli.routes import routes
from watcher.cli.schema import schema
from watcher.cli.selftest import selftest
from watcher.cli.silences import ack, silence, unack
from watcher.cli.template import template
from watcher.cli.terminal import (
    bugs_told,
    config_option,
    epilog,
    fail,
    faults_told,
    json_option,
    print_json,
    say,
    say_all,
)
from watcher.ending import BROKE_OFF, Ending
from watcher.model.errors import ConfigError
from watcher.redact import Redaction
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


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=epilog("watcher demo", "watcher check && watcher run", "watcher COMMAND --help"),
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
    epilog=epilog(
        "watcher run",
        "watcher run --config /etc/watcher/watcher.yaml --log-level warning",
        ends=(
            "Ends with 0 within ten seconds after Ctrl-C or SIGTERM (another one, a second later or more, ends it at "
            "once, as a crash would); 1 when the configuration is faulty or the port is taken; 2 when the store cannot "
            "be used, or when what was seen last could not be stored; 3 when a fault of the program or want of memory "
            "broke it off: start it again."
        ),
    )
)
@config_option
@click.option("--log-level", type=click.Choice(_LEVELS), default="info", show_default=True, help="How much to log.")
def run(config: Path, log_level: str) -> None:
    """Watch the accounts of the watchlist until stopped.

    Tells the channels when one is gone and when it is back, keeps what it knows in the state_dir, and serves a
    page, an API and metrics. The log goes to standard error. Changed files are taken up within a few seconds, and at
    once on SIGHUP or `watcher reload`; faulty ones change nothing.
    """
    with faults_told(), bugs_told(), Ending() as ending:
        _watch(config, log_level, ending)


def _watch(config: Path, log_level: str, ending: Ending) -> None:
    from watcher.app import App, Surroundings
    from watcher.clock import SystemClock
    from watcher.collecting import part_large_blocks, settle, tend
    from watcher.logs import configure
    from watcher.quicker import runner
    from watcher.schedule import ApsTicker
    from watcher.settings import Loaded, Reading, ReadingError
    from watcher.settings.values import secrets_of
    from watcher.store.sql import SqlStore
    from watcher.words.summary import started

    configure(log_level)
    part_large_blocks()
    try:
        loaded = Reading().load(config, os.environ)
    except ReadingError as error:
        fail(str(error), BROKE_OFF)
    secrets = set(secrets_of(loaded.settings))
    configure(log_level, hide=Redaction(secrets))

    def adopt(changed: Loaded) -> None:
        secrets.update(secrets_of(changed.settings))  # the old ones may still be on their way
        configure(log_level, hide=Redaction(secrets))

    def begun(app: App) -> None:
        settle()
        tend(asyncio.get_running_loop().call_later)
        say_all(started(loaded, app.web.url))

    async def watch() -> None:
        clock, hangup = SystemClock(), asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hangup.set)
        around = Surroundings(
            clock=clock, ticker=ApsTicker(clock), store=SqlStore(loaded.settings.state_dir), adopted=adopt
        )
        async with ending.by_signal() as stop:
            await App(loaded, around).run(stop, begun, hangup)

    with runner() as running:
        running.run(watch())


@main.command(
    epilog=epilog(
        "watcher reload",
        "watcher reload --force",
        ends="Ends with 0 when the configuration was taken; 1 when it was refused; 2 when nobody answers.",
    )
)
@config_option
@click.option("--force", is_flag=True, help="Take a watchlist that removes a large part of the accounts, too.")
def reload(config: Path, force: bool) -> None:
    """Have a running `watcher run` read its files anew.

    It does so by itself when files change. This says what came of it; and only this takes a watchlist that removes
    more than half of the accounts, or several that are gone right now.
    """
    from watcher.manual import ask_reload
    from watcher.settings.load import load_settings

    with faults_told():
        settings = load_settings(config, os.environ)
    taken, said = asyncio.run(ask_reload(settings.web, force=force))
    if taken is None:
        fail(said, 2)
    for line in said.splitlines():
        click.echo(clean(line), err=not taken)
    sys.exit(0 if taken else 1)


@main.command(
    epilog=epilog(
        "watcher check",
        "watcher check --strict --json",
        "watcher check --calibrate",
        ends="Ends with 0; 1 when a file is faulty or, with --strict, when an account cannot alert or, with "
        "--calibrate too, a platform cannot be seen from here.",
    )
)
@config_option
@click.option("--strict", is_flag=True, help="Fail when an account cannot alert.")
@click.option("--calibrate", is_flag=True, help="Ask the platforms' controls what can be seen from here.")
@json_option
def check(config: Path, strict: bool, calibrate: bool, as_json: bool) -> None:
    """Check the configuration.

    Says every fault of every file at once, each with its line and column; and if there is none, which accounts
    could never alert, and why. With --calibrate it asks, of every platform of the watchlist, accounts that always
    exist and handles that never do, within its pace, and says what this machine can and cannot see.
    """
    from watcher.look.outlook import is_each_seen, line, record
    from watcher.notify.trial import try_out
    from watcher.settings.load import load_all
    from watcher.words.summary import can_all_alert, checked, checked_record, faults_record

    with faults_told():
        try:
            loaded = load_all(config, os.environ)
            try_out(loaded.settings.channels)
        except ConfigError as error:
            if as_json:
                print_json(faults_record(error))
                sys.exit(1)
            raise
    outlooks = _calibrated(loaded) if calibrate else ()
    sees_all = is_each_seen(outlooks)
    if as_json:
        checks = checked_record(loaded, strict=strict)
        asked = {"calibration": [record(found) for found in outlooks]} if calibrate else {}
        print_json(checks | asked | {"ok": checks["ok"] and (sees_all or not strict)})
    else:
        say_all((*map(line, outlooks), *checked(loaded)))
    sys.exit(1 if strict and not (can_all_alert(loaded) and sees_all) else 0)


def _calibrated(loaded: Any) -> tuple[Any, ...]:
    """The outlooks of a configuration."""
    from watcher.clock import SystemClock
    from watcher.logs import configure
    from watcher.manual import calibrate

    configure("error", hide=_secrets(loaded.settings))
    with faults_told():
        return asyncio.run(calibrate(loaded, SystemClock()))


@main.command(
    epilog=epilog(
        "watcher probe bluesky:bsky.app",
        "watcher probe https://bsky.app/profile/bsky.app --explain",
        "watcher probe mastodon:Mastodon@mastodon.social --json",
        ends="Ends with 0 when the account is there, 1 when it is not, 3 when that cannot be told, 2 for a wrong call.",
    )
)
@click.argument("url_or_id", metavar="URL_OR_ID")
@config_option
@click.option("--explain", is_flag=True, help="Show what was fetched, which step decided, what the controls said.")
@json_option
def probe(url_or_id: str, config: Path, explain: bool, as_json: bool) -> None:
    """Look at one account, once.

    URL_OR_ID is the id of a watched account, the URL of any profile page, or platform:handle. Nothing is stored
    and nobody is told.
    """
    from watcher.clock import SystemClock
    from watcher.logs import configure
    from watcher.manual import look
    from watcher.settings.load import load_all
    from watcher.settings.lookup import account_for
    from watcher.words.explain import explanation, look_record, sentence

    configure("warning")
    with faults_told(status=2):
        loaded = load_all(config, os.environ)
        try:
            account = account_for(url_or_id, loaded)
        except ConfigError as error:
            raise click.UsageError("; ".join(fault.message for fault in error.faults)) from None
        configure("warning", hide=_secrets(loaded.settings))
        seen = asyncio.run(look(account, loaded, SystemClock()))
    status, colour = _PROBED[seen.finding.verdict]
    if as_json:
        print_json(look_record(seen))
    else:
        say(sentence(seen), fg=colour)
        say_all(explanation(seen) if explain else ())
    sys.exit(status)


main.add_command(plan)
main.add_command(accounts)
main.add_command(outages)
main.add_command(forget)
main.add_command(backup)
main.add_command(evidence)
main.add_command(backtest)
main.add_command(selftest)
main.add_command(routes)
main.add_command(silence)
main.add_command(ack)
main.add_command(unack)
main.add_command(notifications)
main.add_command(template)
main.add_command(schema)


@main.command(
    "test-channel",
    epilog=epilog("watcher test-channel newsroom", ends="Ends with 0 when the message was taken, 1 when it was not."),
)
@click.argument("name", metavar="NAME")
@config_option
def test_channel(name: str, config: Path) -> None:
    """Send one test message through a channel.

    NAME is that of the channel in watcher.yaml. The message says that it is a test; what the channel answered is
    printed.
    """
    from watcher.clock import SystemClock
    from watcher.logs import configure
    from watcher.manual import send_test
    from watcher.model.notification import Delivered
    from watcher.settings.load import load_settings
    from watcher.words.explain import outcome_sentence

    with faults_told():
        settings = load_settings(config, os.environ)
    configure("info", hide=_secrets(settings))
    channels = {channel.name: channel for channel in settings.channels}
    if name not in channels:
        fail(f"there is no channel '{name}'; there is {', '.join(sorted(channels)) or 'none'}", 1)
    outcome = asyncio.run(send_test(channels[name], SystemClock()))
    delivered = isinstance(outcome, Delivered)
    say(f"{name}: {outcome_sentence(outcome)}", fg="green" if delivered else "red")
    sys.exit(0 if delivered else 1)


@main.command(
    epilog=epilog(
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
@json_option
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
        fail("the demo needs the package trustme: pip install 'watcher[demo]', or in a checkout '.[demo]'", 1)
    where = port if port is not None else (0 if once else _PORT)
    narrator = (
        Narrator()
        if as_json
        else Teller(lambda line, tone: say(line, **_TONES.get(tone, {})), speed=speed, stays=not once)
    )

    async def play() -> Played:
        async with Ending().by_signal() as stop:
            return await Story(speed=speed, port=where, narrator=narrator).play(once=once, stop=stop)

    with faults_told(taken=f"port {where} is in use by another program: watcher demo --port 0 takes a free one"):
        played = asyncio.run(play())
    if as_json:
        print_json(played.to_record())
    sys.exit(0 if played.is_good else 1)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"watcher {__version__}")


def _secrets(settings: object) -> Redaction:
    """What is to be hidden of these settings."""
    from watcher.settings.values import secrets_of

    return Redaction(secrets_of(settings))
