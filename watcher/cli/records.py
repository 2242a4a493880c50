"""The commands about what is kept: list it, hand it out, put it right, forget it, back it up.

They work on what `watcher run` has stored, whether it is running or not.
"""

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say, say_all
from watcher.text import clean

if TYPE_CHECKING:
    from watcher.store.sql import SqlStore

_LISTED: Final = 50
_LONGEST: Final = 4000


def moment_of(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """The instant that somebody typed."""
    from watcher.clock import SystemClock
    from watcher.words.export import moment

    if value is None:
        return None
    try:
        return moment(value, SystemClock().now())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def line_of(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """One line of bounded length that says something."""
    if value is None:
        return None
    text = clean(value).strip()
    if not text:
        raise click.BadParameter("says nothing: write a few words")
    if len(text) > _LONGEST:
        raise click.BadParameter(f"is {len(text)} characters long; {_LONGEST} are the most")
    return text


def _web_address(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    text = line_of(context, parameter, value)
    if text is None:
        return None
    try:
        is_web = urlsplit(text).scheme in ("http", "https") and bool(urlsplit(text).hostname)
    except ValueError:
        is_web = False
    if not is_web or " " in text:
        raise click.BadParameter(f"{text[:80]!r} is no web address: write it with https://")
    return text


@click.command(epilog=epilog("watcher accounts", "watcher accounts --json"))
@config_option
@json_option
def accounts(config: Path, as_json: bool) -> None:
    """List the watched accounts and how they stand.

    Reads what `watcher run` has stored, whether it is running or not. Uptime is the part of the observed time of
    the last 30 days in which the profile was there; what was not observed counts as neither.
    """
    from watcher.clock import SystemClock
    from watcher.model.uptime import UPTIME_SPAN
    from watcher.settings.load import load_all
    from watcher.words.summary import account_with_past, accounts_table, pasts, stands

    with faults_told():
        loaded = load_all(config, os.environ)
        now = SystemClock().now()
        with opened(loaded.settings.state_dir, read_only=True) as store:
            stored = store.load()
            histories = store.history(now - UPTIME_SPAN)
    found = stands(loaded, stored, now)
    past = pasts(found, histories, stored, now)
    if as_json:
        print_json([account_with_past(account, state, past.get(account.id)) for account, state in found])
    else:
        say_all(accounts_table(found, past))


@click.group(
    invoke_without_command=True,
    epilog=epilog(
        "watcher outages --open",
        "watcher outages --account x:realdonaldtrump --limit 5 --json",
        "watcher outages --since 2017-11-01 --until 2017-12-01 --format csv",
        "watcher outages show ID > record.md",
        "watcher outages annotate ID --cause 'a departing employee' --tell",
        "watcher outages retract ID --reason 'the platform was being tested'",
        ends="Ends with 0; 1 when no such account is known.",
    ),
)
@config_option
@click.option("--account", metavar="ID", help="Only those of this account, or of this profile URL.")
@click.option("--open", "open_only", is_flag=True, help="Only those that are not over.")
@click.option(
    "--since",
    metavar="TIME",
    callback=moment_of,
    help="Only those that were going on then or later: 2017-11-02, or 30d.",
)
@click.option("--until", metavar="TIME", callback=moment_of, help="Only those that began before.")
@click.option("--limit", type=click.IntRange(1), help=f"So many at most.  [default: {_LISTED} in the table, else all]")
@click.option("--retracted", is_flag=True, help="Also those that were taken back (the table and md show them anyway).")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv", "md"]), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def outages(context: click.Context, /, config: Path, form: str, as_json: bool, **asked: Any) -> None:
    """List the outages with their proven durations.

    The latest comes first. Reads what `watcher run` has stored, whether it is running or not.
    """
    if context.invoked_subcommand is not None:
        # `watcher outages --config FILE annotate …` means that file.
        context.default_map = {name: {"config": config} for name in ("annotate", "retract", "show")}
        return
    _list_outages(config, "json" if as_json else form, **asked)


def _list_outages(
    config: Path,
    form: str,
    *,
    account: str | None,
    open_only: bool,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    retracted: bool,
) -> None:
    from watcher.model.record import outage_record
    from watcher.settings.load import load_state_dir
    from watcher.words.export import csv_rows, markdown
    from watcher.words.summary import outages_table

    # One more than is listed, to know whether there are more.
    most = (limit or _LISTED) + 1 if form == "table" else limit
    with faults_told(), opened(load_state_dir(config, os.environ), read_only=True) as store:
        found = store.outages(
            account_id=account_id_of(account, config, store),
            open_only=open_only,
            limit=most,
            since=since,
            until=until,
            retracted=retracted or form in ("table", "md"),
        )
        notes = store.annotations([outage.id for outage in found])
    match form:
        case "json":
            print_json([outage_record(outage, notes.get(outage.id, ())) for outage in found])
        case "csv":
            for row in csv_rows(found, notes):
                click.echo(row, nl=False)
        case "md":
            say_all(markdown(found, notes))
        case _:
            say_all(outages_table(found[: (limit or _LISTED)]))
            if len(found) == most:
                say(f"there are more: --limit shows so many, --format csv all; here are {limit or _LISTED}")


@outages.command(
    epilog=epilog(
        "watcher outages show x:potus-20171102T230040000 > record.md",
        "watcher outages show x:potus-20171102T230040000 --format json",
        ends="Ends with 0; 1 when there is no such outage.",
    )
)
@click.argument("outage_id", metavar="ID")
@config_option
@click.option("--format", "form", type=click.Choice(["md", "json"]), default="md", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def show(outage_id: str, config: Path, form: str, as_json: bool) -> None:
    """Write the record of one outage.

    What happened minute by minute, what visitors saw, how long with its bounds, how it is known and what is not: the
    same as on the page of the outage, to be published from.
    """
    from watcher.clock import SystemClock
    from watcher.record import Names, assemble
    from watcher.record.data import data_of
    from watcher.record.gather import whole
    from watcher.record.markdown import markdown_of
    from watcher.settings.load import load_all
    from watcher.words.summary import no_outage

    with faults_told():
        loaded = load_all(config, os.environ)
        with opened(loaded.settings.state_dir, read_only=True) as store:
            case = whole(store, outage_id, SystemClock().now())
    if case is None:
        fail(no_outage(outage_id), 1)
    titles = {name: platform.title for name, platform in loaded.platforms.items()}
    owners = {slug: owner.name for slug, owner in loaded.watchlist.owners.items()}
    record = assemble(case, Names(titles=titles, owners=owners))
    if as_json or form == "json":
        print_json(data_of(record))
    else:
        say_all(markdown_of(record))


@outages.command(
    epilog=epilog(
        "watcher outages annotate x:potus-20171102T230040000 --cause 'a departing employee'",
        "watcher outages annotate x:potus-20171102T230040000 --cause 'human error' --tell",
        ends="Ends with 0; 1 when there is no such outage.",
    )
)
@click.argument("outage_id", metavar="ID")
@config_option
@click.option("--cause", callback=line_of, required=True, help="Why it was gone, in a few words.")
@click.option("--text", callback=line_of, default=None, help="More of it.")
@click.option("--link", callback=_web_address, help="Where to read on.")
@click.option("--by", callback=line_of, help="Who says so.  [default: who runs this]")
@click.option("--tell", is_flag=True, help="Tell the channels that were told of the outage, in the same thread.")
def annotate(
    outage_id: str, config: Path, cause: str, text: str | None, link: str | None, by: str | None, tell: bool
) -> None:
    """Note what is known of an outage.

    An outage may have several notes. They are shown wherever its record is; nothing else changes by them.
    """
    from watcher.clock import SystemClock
    from watcher.model.annotation import Annotation
    from watcher.settings.load import load_state_dir
    from watcher.store.values import Amended
    from watcher.words.summary import amended

    annotation = Annotation(
        outage_id=outage_id, at=SystemClock().now(), by=by or user(), cause=cause, text=text or "", link=link
    )
    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        result = store.annotate(annotation, tell=tell)
    told = "noted; the channels that were told of it are told" if tell else "noted"
    _say_amended(amended(result, outage_id, done=told, already="noted already"), is_known=result is not Amended.UNKNOWN)


@outages.command(
    epilog=epilog(
        "watcher outages retract x:potus-20171102T230040000 --reason 'the platform was being tested'",
        ends="Ends with 0, also when it was taken back before; 1 when there is no such outage or it is still open.",
    )
)
@click.argument("outage_id", metavar="ID")
@config_option
@click.option("--reason", callback=line_of, required=True, help="Why it is taken back.")
@click.option("--by", callback=line_of, help="Who takes it back.  [default: who runs this]")
def retract(outage_id: str, config: Path, reason: str, by: str | None) -> None:
    """Take an outage back that was none.

    Who was told of it is told, in the same thread. It stays in the log, and counts neither in the record nor in the
    uptime. Only an outage that is over can be taken back.
    """
    from watcher.clock import SystemClock
    from watcher.settings.load import load_state_dir
    from watcher.store.values import Amended
    from watcher.words.summary import amended

    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        result = store.retract(outage_id, reason, by=by or user(), at=SystemClock().now())
    done = "taken back; the channels that were told of it are told"
    _say_amended(
        amended(result, outage_id, done=done, already="was taken back already; nothing was changed"),
        is_known=result in (Amended.DONE, Amended.ALREADY),
    )


@click.command(
    epilog=epilog(
        "watcher forget x:potus",
        "watcher forget x:potus --yes",
        ends="Ends with 0; 1 when the account is still watched, nothing is kept of it, or the answer was no.",
    )
)
@click.argument("account_id", metavar="ID")
@config_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(account_id: str, config: Path, yes: bool) -> None:
    """Erase all that is kept of an account.

    Its outages, its log, its pages and what was told of it. Take it off the watchlist first. Messages that were
    sent, logs, backups and what Prometheus has stored are elsewhere and stay.
    """
    from watcher.settings.load import load_all
    from watcher.store.values import Forgotten

    with faults_told():
        loaded = load_all(config, os.environ)
        if account_id in loaded.watchlist.accounts:
            fail(f"{account_id} is on the watchlist: take it off, let `watcher run` reload, then forget it", 1)
        if not yes:
            click.confirm(clean(f"Erase everything that is kept of {account_id}? It cannot be undone."), abort=True)
        with opened(loaded.settings.state_dir, amends=True) as store:
            result = store.forget(account_id, even_watched=store.is_alone())
            if result is Forgotten.STILL_WATCHED:
                fail(f"{account_id} is off the list, but still watched by the run: let it reload (SIGHUP) first", 1)
            # Also when nothing was found: whoever erased it may have died before this.
            is_clean = store.scrub()
    if result is Forgotten.UNKNOWN:
        fail(f"nothing is kept of '{account_id}'", 1)
    say(f"{account_id}: forgotten")
    if not is_clean:
        fail("others used the database all the time, so that its file may still hold bytes of it: try again", 1)


@click.command(
    epilog=epilog(
        "watcher backup /var/backups/watcher-monday",
        ends="Ends with 0; 1 when something was lost or changed before the backup; 2 when it could not be made.",
    )
)
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@config_option
def backup(directory: Path, config: Path) -> None:
    """Copy the state to an empty folder.

    Also while `watcher run` writes to it. The copy is checked, and is a complete state_dir. The configuration is not
    in it.
    """
    from watcher.settings.load import load_state_dir
    from watcher.store.backup import copy_state
    from watcher.words.summary import backed_up

    with faults_told():
        copied = copy_state(load_state_dir(config, os.environ), directory)
    say_all(backed_up(copied, directory))
    sys.exit(1 if copied.lost or copied.changed is not None else 0)


def _say_amended(sentence: str, *, is_known: bool) -> None:
    if not is_known:
        fail(sentence, 1)
    say(sentence)


def user() -> str:
    """Who runs this, as the machine calls them."""
    try:
        return clean(getpass.getuser()).strip() or "unknown"
    except (OSError, KeyError, ImportError):
        return "unknown"  # a user without a name, as in some containers


def account_id_of(text: str | None, config: Path, store: "SqlStore") -> str | None:
    """The id of the account that somebody named by it or by a profile URL; ends with 1 where nobody knows of any."""
    from watcher.model.errors import ConfigError
    from watcher.settings.load import load_all
    from watcher.settings.lookup import account_id_for
    from watcher.settings.wording import near

    if text is None or store.known([text]).accounts:
        return text
    try:
        loaded = load_all(config, os.environ)
    except ConfigError:  # what is kept can be read without a watchlist
        watched, named = frozenset[str](), None
    else:
        watched, named = frozenset(loaded.watchlist.accounts), account_id_for(text, loaded)
    if named is None or not (named in watched or store.known([named]).accounts):
        known = sorted({*watched, *store.load().accounts})
        fail(f"no account '{text}' is known; {near(text, known, otherwise='`watcher accounts` lists them')}", 1)
    return named


@contextmanager
def opened(state_dir: Path, *, read_only: bool = False, amends: bool = False) -> Iterator["SqlStore"]:
    """The store of a run, beside which we read or write."""
    from watcher.store.sql import SqlStore

    store = SqlStore(state_dir, read_only=read_only, amends=amends)
    store.open()
    with closing(store):
        yield store
