"""`watcher backtest`: which alerts would have differed. Reads only."""

import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli.records import moment_of, opened
from watcher.cli.terminal import config_option, epilog, faults_told, json_option, print_json, say_all

if TYPE_CHECKING:
    from watcher.backtest import Past
    from watcher.settings import Loaded
    from watcher.store.sql import SqlStore

_BEFORE = timedelta(days=3650)


@click.command(
    epilog=epilog(
        "watcher backtest --since 7d",
        "watcher backtest --since 7d --config new/watcher.yaml --state-dir var",
        "watcher backtest --since 30d --platform-dir new/platforms --json",
        ends="Ends with 0, whatever would have differed; 1 for a faulty configuration, 2 when there is no store.",
    )
)
@config_option
@click.option(
    "--since", metavar="TIME", callback=moment_of, default="7d", help="From when on: 2017-11-02, or 7d.  [default: 7d]"
)
@click.option("--platform-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Other rules.")
@click.option("--state-dir", type=click.Path(path_type=Path), help="Where what was seen is kept.")
@json_option
def backtest(config: Path, since: datetime, platform_dir: Path | None, state_dir: Path | None, as_json: bool) -> None:
    """Try other rules or another policy on what was seen.

    Judges what is stored of the looks again, by the platform files, the watchlist and the policy of --config, with
    the controls as they answered then. Nothing is asked of any platform, nobody is told, nothing is changed.

    A sample of each change and of one look a day is kept; it stands for the looks up to the next one. What could not
    be judged again counts as it was, and is told with the reason.
    """
    from watcher.backtest import backtest as tested
    from watcher.backtest import record, said
    from watcher.clock import SystemClock
    from watcher.settings.load import load_all

    with faults_told():
        loaded = _with_platforms(load_all(config, os.environ), platform_dir)
        with opened(state_dir or loaded.settings.state_dir, read_only=True) as store:
            pasts, until = _pasts(store, since, SystemClock().now())
    found = tested(loaded.watchlist.accounts, loaded.platforms, pasts, since, until)
    if as_json:
        print_json(record(found))
    else:
        say_all(said(found))


def _with_platforms(loaded: "Loaded", directory: Path | None) -> "Loaded":
    from watcher.settings.load import load_platforms
    from watcher.settings.overridden import apply_overrides

    if directory is None:
        return loaded
    return replace(loaded, platforms=apply_overrides(load_platforms(directory), loaded.settings))


def _pasts(store: "SqlStore", since: datetime, now: datetime) -> "tuple[dict[str, Past], datetime]":
    """What is stored of each account, and until when looks were made."""
    from watcher.backtest import Past

    stored = store.load()
    histories = store.history(now - _BEFORE)
    pasts: dict[str, Past] = {}
    for account_id in stored.accounts:
        samples = tuple(reversed(store.samples(account_id, limit=None)))
        outages = tuple(reversed(store.outages(account_id=account_id, since=since, limit=None)))
        history = histories.get(account_id)
        pasts[account_id] = Past(
            samples=samples,
            outages=outages,
            unobserved=history.unobserved if history is not None else (),
            seen_since=history.seen_since if history is not None else None,
        )
    probed = (state.last_probe_at for state in stored.states.values() if state.last_probe_at is not None)
    return pasts, max(probed, default=now)
