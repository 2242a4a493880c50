"""`watcher plan`: what a watchlist costs, before anybody runs it."""

import os
import sys
from pathlib import Path

import click

from watcher.cli.terminal import config_option, epilog, faults_told, json_option, print_json, say_all
from watcher.model.errors import ConfigError


@click.command(
    epilog=epilog(
        "watcher plan",
        "watcher plan --accounts",
        "watcher plan --json",
        ends="Ends with 0, also when an interval cannot be kept; 1 when a file is faulty.",
    )
)
@config_option
@click.option("--accounts", "everyone", is_flag=True, help="Say of every account how late its outage is told.")
@json_option
def plan(config: Path, everyone: bool, as_json: bool) -> None:
    """Say what the watchlist will cost.

    How many requests a minute each host will get, and how many its pace allows; which intervals cannot be kept, and
    what would help; how long after a page disappears people are told, for half of the outages and at worst; what
    share of a processor core and how much memory it takes. Asks nobody and stores nothing.
    """
    from watcher.forecast import forecast
    from watcher.settings.load import load_all
    from watcher.words.planning import planned, planned_record
    from watcher.words.summary import refused_record

    with faults_told():
        try:
            loaded = load_all(config, os.environ)
        except ConfigError as error:
            if as_json:
                print_json(refused_record(error))
                sys.exit(1)
            raise
    found = forecast(loaded.watchlist, loaded.platforms, loaded.settings)
    if as_json:
        print_json(planned_record(found, everyone=everyone))
    else:
        say_all(planned(found, everyone=everyone))
