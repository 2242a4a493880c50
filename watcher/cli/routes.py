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
        ends="Ends with 0 when somebody is told, 1 when nobody is, or not of what a likeness tells.",
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
    help="Another severity than the outage would have.",
)
def test(config: Path, as_json: bool, account_id: str, reason: str, severity: str | None) -> None:
    """Say who would be told of an outage of an account, and when.

    By the configuration alone: silences are left aside. Where a likeness of pages may decide, that outage is of lower
    severity: then both are said.
    """
    from watcher.clock import SystemClock
    from watcher.judge.policy import severities_of
    from watcher.notify.ways import ways_told
    from watcher.settings.load import load_all
    from watcher.settings.wording import near

    with faults_told():
        loaded = load_all(config, os.environ)
    account = loaded.watchlist.accounts.get(account_id)
    if account is None:
        hint = near(account_id, loaded.watchlist.accounts, otherwise="`watcher check` says what is on it")
        fail(f"{account_id} is not on the watchlist; {hint}", 1)
    platform, why = loaded.platforms[account.platform], Reason(reason)
    possible = (Severity(severity),) if severity else severities_of(account.severity, why, platform)
    now, routes = SystemClock().now(), loaded.settings.routes
    told = {each: ways_told(account, why, each, routes, now) for each in possible}
    if as_json:
        print_json([_record(way) for ways in told.values() for way in ways])
    for each, ways in () if as_json else told.items():
        if each is not possible[0] and ways:
            say(f"where only the likeness of pages tells it, which makes it '{each}':")
        for way in ways:
            say(f"{way.channel}, by route '{way.route}', as {way.severity}: {way.when}")
    _fail_untold(f"an outage of {account_id} with the reason '{reason}'", told, platform.title)


def _fail_untold(outage: str, told: "dict[Severity, tuple[Way, ...]]", title: str) -> None:
    """End with 1 where an outage of a severity that it may have would reach nobody."""
    untold = [severity for severity, ways in told.items() if not ways]
    if not untold:
        return
    if len(untold) == len(told):
        fail(f"no route takes {outage}: nobody would be told", 1)
    sure = next(iter(told))
    where = "" if sure in untold else f" (on {title} little is sure: '{sure}' becomes '{untold[0]}')"
    fail(f"no route takes {outage} as {untold[0]}{where}: then nobody would be told", 1)


def _record(way: "Way") -> dict[str, object]:
    return {
        **asdict(way),
        "wait": way.wait.total_seconds(),
        "pace": _seconds(way.pace),
        "quiet_until": way.quiet_until and instant(way.quiet_until),
    }


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
