"""The commands about what was to be told: list it, show how it went, send again what was given up.

They work on what `watcher run` has stored, whether it is running or not.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli.records import opened, user
from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say, say_all
from watcher.model.notification import NotificationState

if TYPE_CHECKING:
    from watcher.store.sql import SqlStore

_LISTED = 50


@click.group(
    epilog=epilog(
        "watcher notifications list --state dead",
        "watcher notifications show 17",
        "watcher notifications resend --dead --channel newsroom",
    )
)
def notifications() -> None:
    """Look after what people were to be told.

    A notification is one piece of news for one channel. `dead` is what was given up: it is kept, and can be sent again.
    """


@notifications.command(
    "list",
    epilog=epilog(
        "watcher notifications list --state dead --channel newsroom",
        "watcher notifications list --json",
        ends="Ends with 0; 1 when there is no such channel.",
    ),
)
@config_option
@json_option
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in NotificationState]),
    help="Only those that stand so; may be given several times.",
)
@click.option("--channel", metavar="NAME", help="Only those for this channel.")
@click.option("--incident", "incident_id", metavar="ID", help="Only those about this incident or outage.")
@click.option("--limit", type=click.IntRange(1), default=_LISTED, show_default=True, help="So many at most.")
def list_(
    config: Path, as_json: bool, states: tuple[str, ...], channel: str | None, incident_id: str | None, limit: int
) -> None:
    """List the notifications, the latest first."""
    from watcher.settings.load import load_state_dir
    from watcher.words.letters import notification_record, notifications_table

    wanted = tuple(NotificationState(state) for state in states)
    with faults_told(), opened(load_state_dir(config, os.environ), read_only=True) as store:
        _require_known(channel, config, store)
        # One more than is listed, to know whether there are more.
        found = store.notifications(states=wanted, channel=channel, incident_id=incident_id, limit=limit + 1)
    shown = found[:limit]
    if as_json:
        print_json([notification_record(row) for row in shown])
        return
    say_all(notifications_table(shown))
    if len(found) > limit:
        say(f"there are more: --limit shows so many; here are {limit}")


@notifications.command(
    epilog=epilog("watcher notifications show 17", ends="Ends with 0; 1 when there is no such notification.")
)
@click.argument("number", metavar="ID", type=click.IntRange(1))
@config_option
@json_option
def show(number: int, config: Path, as_json: bool) -> None:
    """Show one, with every try to send it.

    Of each try: when, what came of it, what was answered, and how long that took.
    """
    from watcher.settings.load import load_state_dir
    from watcher.words.letters import notification_record, notification_told

    with faults_told(), opened(load_state_dir(config, os.environ), read_only=True) as store:
        found, tries = store.notifications(ids=(number,)), store.tries(number)
    if not found:
        fail(f"there is no notification {number}: `watcher notifications list` has the numbers", 1)
    if as_json:
        print_json(notification_record(found[0], tries))
    else:
        say_all(notification_told(found[0], tries))


@notifications.command(
    epilog=epilog(
        "watcher notifications resend 17 18",
        "watcher notifications resend --dead --channel newsroom",
        ends="Ends with 0, also when --dead finds none; 1 when one of those named cannot be sent again, or there is no "
        "such channel.",
    )
)
@click.argument("numbers", metavar="[IDS]", type=click.IntRange(1), nargs=-1)
@config_option
@click.option("--dead", is_flag=True, help="All that were given up.")
@click.option("--channel", metavar="NAME", help="With --dead: only those for this channel.")
def resend(numbers: tuple[int, ...], config: Path, dead: bool, channel: str | None) -> None:
    """Send again what was given up.

    It is due at once, under the key that it had, and is tried as if it were new: by `watcher run`, which need not be
    running now. What is over meanwhile tells the whole story in one message. A channel that is disabled is tried again
    with it. One that still waits is tried now.
    """
    from watcher.settings.load import load_state_dir

    if bool(numbers) == dead:
        raise click.UsageError("name what to send by its numbers, or say --dead for all that were given up")
    if channel is not None and not dead:
        raise click.UsageError("--channel goes with --dead")
    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        _require_known(channel, config, store)
        wanted = _dead(store, channel) if dead else numbers
        done, left = _resend(store, wanted)
    say(f"{len(done)} will be sent" if done else "nothing is to be sent")
    if left and not dead:
        fail("; ".join(left), 1)


def _require_known(channel: str | None, config: Path, store: "SqlStore") -> None:
    """End with 1 for a channel that is neither in the outbox nor in the settings."""
    from watcher.settings.load import load_settings
    from watcher.settings.wording import near

    if channel is None or store.notifications(channel=channel, limit=1):
        return
    names = [each.name for each in load_settings(config, os.environ).channels]
    if channel not in names:
        fail(f"there is no channel '{channel}'; {near(channel, names)}", 1)


def _dead(store: "SqlStore", channel: str | None) -> tuple[int, ...]:
    found = store.notifications(states=(NotificationState.DEAD,), channel=channel, limit=None)
    return tuple(row.id for row in found)


def _resend(store: "SqlStore", wanted: tuple[int, ...]) -> tuple[tuple[int, ...], list[str]]:
    """Those that will be sent, and of the others why not."""
    from watcher.clock import SystemClock
    from watcher.words.letters import not_resent

    done = store.resend(wanted, by=user(), at=SystemClock().now())
    left = [number for number in dict.fromkeys(wanted) if number not in done]
    known = {row.id: row for row in store.notifications(ids=left, limit=None)} if left else {}
    return done, [not_resent(number, known.get(number)) for number in left]
