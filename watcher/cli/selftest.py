"""`watcher selftest`: the platform files against their examples, and their controls as they answer now."""

import asyncio
import os
import sys
from pathlib import Path

import click
from click.core import ParameterSource

from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say_all


@click.command(
    epilog=epilog(
        "watcher selftest",
        "watcher selftest bluesky --live",
        "watcher selftest --platform-dir new/platforms --strict --json",
        "watcher selftest bluesky --sketch > new/platforms/examples/bluesky.yaml",
        ends=(
            "Ends with 0; 1 when an example is not understood, a source that was asked does not tell its controls "
            "apart, or, with --strict, a rule has no example."
        ),
    )
)
@click.argument("platform", metavar="[PLATFORM]", required=False)
@config_option
@click.option("--platform-dir", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Other files.")
@click.option("--live", is_flag=True, help="Ask the sources for their controls, too.")
@click.option("--strict", is_flag=True, help="Fail when a rule has no example.")
@click.option("--sketch", is_flag=True, help="Print examples to begin with, for the rules that have none.")
@json_option
@click.pass_context
def selftest(
    context: click.Context,
    /,
    platform: str | None,
    config: Path,
    platform_dir: Path | None,
    live: bool,
    strict: bool,
    sketch: bool,
    as_json: bool,
) -> None:
    """Hold every platform file against its examples.

    The shipped files and those of platform_dir; the examples stand in the folder `examples` beside each. Each rule
    must be hit by one. With --live, every usable source is asked for an account that exists and for a handle that
    cannot, within its pace, and it is said whether the two are told apart from here. Nothing is stored.

    A watchlist is not needed: where there is one, --live asks for its controls, too. With --platform-dir no settings
    file is needed either.
    """
    from watcher.clock import SystemClock
    from watcher.logs import configure
    from watcher.manual import ask_controls
    from watcher.model.control import Health
    from watcher.selftest import record, said
    from watcher.selftest import selftest as tested
    from watcher.settings.examples import load_examples
    from watcher.settings.load import load_for_test
    from watcher.sketch import sketches

    configure("error")
    with faults_told():
        is_named = context.get_parameter_source("config") is not ParameterSource.DEFAULT
        is_alone = platform_dir is not None and not is_named and not config.exists()
        loaded = load_for_test(None if is_alone else config, os.environ, platform_dir, listed=live)
        examples = load_examples(loaded.settings.platform_dir, loaded.platforms)
        platforms = {name: each for name, each in loaded.platforms.items() if platform in (None, name)}
        if not platforms:
            fail(f"there is no platform '{platform}'; there is {', '.join(sorted(loaded.platforms))}", 1)
        found = tested(platforms, examples)
        if sketch:
            say_all(line for each in platforms.values() for line in sketches(each, found.untried))
            return
        answers = asyncio.run(ask_controls(loaded, platforms, SystemClock())) if live else ()
    if as_json:
        print_json(record(found, answers))
    else:
        say_all(said(found, answers))
    is_blind = any(each.health in (Health.BLIND, Health.SICK) for each in answers)
    sys.exit(1 if found.missed or is_blind or (strict and found.untried) else 0)
