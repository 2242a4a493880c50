"""The commands about routes: who would be told of what."""

import os
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say
from watcher.model.account import Severity
from watcher.model.finding import REASONS, Reason, Verdict
from watcher.model.record import instant

if TYPE_CHECKING:
    from watcher.notify.ways import Way

_REASONS = sorted(str(reason) for reason in REASONS[Verdict.ABSENT])


@click.group(epilog=epilog("watcher routes test --account x:jack --reason suspended"))
def routes() -> None:
    """Say who is told of what."""


@routes.command(
    "test",
    epilog=epilog(
        "watcher routes test --account x:jack --reason suspended",
        "watcher routes test --account x:jack --severity info --json",
        ends="Ends with 0 when somebody is told, 1 when nobody is.",
    ),
)
@config_option
@json_option
@click.option("--account", "account_id", required=True, help="The id of an account of the watchlist, as in x:jack.")
@click.option(
    "--reason",
    type=click.Choice(_REASONS),
    default=str(Reason.NOT_FOUND),
    show_default=True,
    help="What its outage would be confirmed with.",
)
@click.option(
    "--severity",
    type=click.Choice([str(severity) for severity in Severity]),
    help="Another severity than the account's own.",
)
def test(config: Path, as_json: bool, account_id: str, reason: str, severity: str | None) -> None:
    """Say who would be told of an outage of an account, and when.

    By the configuration alone: silences are left aside.
    """
    from watcher.clock import SystemClock
    from watcher.notify.ways import ways_told
    from watcher.settings import load_all
    from watcher.settings.wording import near

    with faults_told():
        loaded = load_all(config, os.environ)
    account = loaded.watchlist.accounts.get(account_id)
    if account is None:
        hint = near(account_id, loaded.watchlist.accounts, otherwise="`watcher check` says what is on it")
        fail(f"{account_id} is not on the watchlist; {hint}", 1)
    wanted = Severity(severity) if severity else None
    ways = ways_told(account, Reason(reason), wanted, loaded.settings.routes, SystemClock().now())
    if as_json:
        print_json([_record(way) for way in ways])
    for way in () if as_json else ways:
        say(f"{way.channel}, by route '{way.route}', as {way.severity}: {way.when}")
    if not ways:
        fail(f"no route takes an outage of {account_id} with the reason '{reason}': nobody would be told", 1)


def _record(way: "Way") -> dict[str, object]:
    return {
        **asdict(way),
        "wait": way.wait.total_seconds(),
        "pace": _seconds(way.pace),
        "quiet_until": way.quiet_until and instant(way.quiet_until),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
