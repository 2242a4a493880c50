"""The commands about when people are not told, and that somebody takes care: `silence`, `ack`, `unack`.

They write beside `watcher run`, which takes it up by itself.
"""

import os
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from watcher.cli.records import line_of, opened, user
from watcher.cli.terminal import config_option, epilog, fail, faults_told, json_option, print_json, say, say_all
from watcher.text import clean

if TYPE_CHECKING:
    from watcher.model.account import Account
    from watcher.model.platform import Platform
    from watcher.store.sql import SqlStore

_MOST: Final = 10_000
_BY = click.option("--by", callback=line_of, help="Who says so.  [default: who runs this]")


def moment_ahead(_context: click.Context, _parameter: click.Parameter, value: str | None) -> datetime | None:
    """The instant that somebody typed, of what is to come."""
    from watcher.clock import SystemClock
    from watcher.words.attention import moment_to_come

    if value is None:
        return None
    try:
        return moment_to_come(value, SystemClock().now())
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def span_of(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    """A span of time that somebody typed."""
    from watcher.settings.scalars import span

    if value is None:
        return None
    try:
        return span(value)
    except ValueError as error:
        raise click.BadParameter(f"{value[:40]!r} {error}") from None


@click.group(
    epilog=epilog(
        "watcher silence add platform=x --for 2h --comment 'X is moving house'",
        "watcher silence add 'owner=~\"mayor|press\"' --until 2026-12-01T08:00 --comment holidays",
        "watcher silence list",
        "watcher silence expire 3f2a9c81d04e",
    )
)
def silence() -> None:
    """Have nobody told of something for a while.

    What is silenced is watched and measured all the same. What is still gone when the silence ends is told then; what
    is over by then is not told at all.
    """


@silence.command(
    epilog=epilog(
        "watcher silence add platform=x --for 2h --comment 'X is moving house'",
        "watcher silence add account=x:jack --starts 2026-12-01T22:00 --for 4h --comment works",
        ends="Ends with 0 and prints the silence's id, with a warning where it may be about nothing; 2 when a matcher "
        "is faulty, or wants a severity, reason or kind that there is not.",
    )
)
@click.argument("matchers", metavar="MATCHERS", nargs=-1, required=True)
@config_option
@click.option("--for", "lasting", metavar="SPAN", callback=span_of, help="How long: 30m, 2h, 3d.")
@click.option("--until", metavar="TIME", callback=moment_ahead, help="Or until when: 2026-12-01T08:00 (UTC), or 2h.")
@click.option("--starts", metavar="TIME", callback=moment_ahead, help="From when on.  [default: now]")
@click.option("--comment", callback=line_of, required=True, help="Why, in a few words.")
@_BY
def add(
    matchers: tuple[str, ...],
    config: Path,
    lasting: timedelta | None,
    until: datetime | None,
    starts: datetime | None,
    comment: str,
    by: str | None,
) -> None:
    """Silence what all of the matchers hold of.

    A MATCHER is written as for Alertmanager: platform=x, owner=~"mayor|press", severity!=info. It may speak of account,
    platform, instance, owner, severity, reason, kind and the labels of the watchlist. What tells of several accounts
    together is silenced once all that are missing are. Corrections, digests and watcher's own troubles are silenced
    only where a matcher says kind=correction, kind=digest or kind=meta.
    """
    from watcher.clock import SystemClock
    from watcher.model.matchers import MatcherError, parse_matchers
    from watcher.settings.load import load_state_dir
    from watcher.words.attention import doubts, known_of, late_start, new_silence

    if (lasting is None) == (until is None):
        raise click.UsageError("say how long: give exactly one of --for and --until")
    try:
        parsed = parse_matchers(matchers)
    except MatcherError as error:
        raise click.UsageError(f"{' '.join(matchers)}: {error}") from None
    now = SystemClock().now()
    begins = max(starts, now) if starts is not None else now
    try:
        ends = until or begins + (lasting or timedelta())
        made = new_silence(uuid.uuid4().hex[:12], parsed, begins, ends, now, by or user(), comment)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        store.add_silence(made)
        stored = store.load().accounts
    watched, platforms = _listed(config)
    known = known_of((*stored.values(), *watched.values()), platforms)
    for doubt in (*late_start(starts, now), *doubts(parsed, known)):
        click.secho(f"watcher: {clean(doubt)}", err=True, fg="yellow")
    say(made.id)


def _listed(config: Path) -> "tuple[Mapping[str, Account], Mapping[str, Platform]]":
    """The accounts and platforms of the configuration; none while it is faulty, which must keep nobody from silence."""
    from watcher.model.errors import ConfigError
    from watcher.settings.load import load_all

    try:
        loaded = load_all(config, os.environ)
    except ConfigError:
        return {}, {}
    return loaded.watchlist.accounts, loaded.platforms


@silence.command("list", epilog=epilog("watcher silence list", "watcher silence list --expired --json"))
@config_option
@click.option("--expired", is_flag=True, help="Also those that have ended.")
@json_option
def list_them(config: Path, expired: bool, as_json: bool) -> None:
    """List the silences: those that hold, and those still to begin."""
    from watcher.clock import SystemClock
    from watcher.model.attention import silence_record
    from watcher.settings.load import load_state_dir
    from watcher.words.attention import silences_table

    now = SystemClock().now()
    with faults_told(), opened(load_state_dir(config, os.environ), read_only=True) as store:
        found = store.silences(None if expired else now)
    if as_json:
        print_json([silence_record(each, now) for each in found])
    else:
        say_all(silences_table(found, now))


@silence.command(
    epilog=epilog(
        "watcher silence expire 3f2a9c81d04e",
        ends="Ends with 0, also when it had ended; 1 when there is none of that ID.",
    )
)
@click.argument("silence_id", metavar="ID")
@config_option
def expire(silence_id: str, config: Path) -> None:
    """End a silence now.

    What waited is told within a minute, if it is still so.
    """
    from watcher.clock import SystemClock
    from watcher.settings.load import load_state_dir
    from watcher.store.values import Amended

    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        result = store.expire_silence(silence_id, SystemClock().now())
    if result is Amended.UNKNOWN:
        fail(f"there is no silence '{silence_id}'; `watcher silence list --expired` shows them all", 1)
    say(f"{silence_id}: " + ("expired" if result is Amended.DONE else "had ended already; nothing was changed"))


@click.command(
    epilog=epilog(
        "watcher ack x:potus-20171102T230040000 --comment 'I call them'",
        ends="Ends with 0, also when it was acknowledged before; 1 when there is no such incident or it is over.",
    )
)
@click.argument("incident_id", metavar="INCIDENT")
@config_option
@_BY
@click.option("--comment", callback=line_of, help="What you are doing about it.")
def ack(incident_id: str, config: Path, by: str | None, comment: str | None) -> None:
    """Say that you take care of an incident.

    Nobody is reminded of it any more. Later messages say who acknowledged it; channels that can show it in what they
    have told already do so, and no other is disturbed. INCIDENT is the id at the end of a mail, or an outage's.
    """
    from watcher.store.values import Amended

    who = by or user()
    _change(
        incident_id,
        config,
        lambda store, now: store.ack(incident_id, who, now, comment),
        {Amended.DONE: f"acknowledged by {who}", Amended.ALREADY: "was acknowledged already; nothing was changed"},
    )


@click.command(
    epilog=epilog(
        "watcher unack x:potus-20171102T230040000",
        ends="Ends with 0, also when nobody had acknowledged it; 1 when there is no such incident or it is over.",
    )
)
@click.argument("incident_id", metavar="INCIDENT")
@config_option
def unack(incident_id: str, config: Path) -> None:
    """Take an acknowledgement back.

    People are reminded of the incident again.
    """
    from watcher.store.values import Amended

    _change(
        incident_id,
        config,
        lambda store, now: store.unack(incident_id, now),
        {
            Amended.DONE: "nobody takes care of it any more",
            Amended.ALREADY: "was not acknowledged; nothing was changed",
        },
    )


def _change(incident_id: str, config: Path, change: Callable[..., object], told: dict[object, str]) -> None:
    from watcher.clock import SystemClock
    from watcher.settings.load import load_state_dir
    from watcher.store.values import Amended

    with faults_told(), opened(load_state_dir(config, os.environ), amends=True) as store:
        result = change(store, SystemClock().now())
        still_open = [incident.id for incident in store.incidents(open_only=True, limit=5)]
        beside = _told_in(store, incident_id)
    if result is Amended.UNKNOWN:
        known = f"open are {', '.join(still_open)}" if still_open else "none is open"
        fail(f"there is no incident '{incident_id}'; {known}", 1)
    if result is Amended.OVER:
        fail(f"{incident_id} is over: there is nothing left to take care of", 1)
    say(f"{incident_id}: {told[result]}")
    if beside:
        what = f"people are told of it in {' and '.join(beside)}, with others: that is reminded of by itself"
        click.secho(f"watcher: {what}; give that id to change it", err=True, fg="yellow")


def _told_in(store: "SqlStore", incident_id: str) -> list[str]:
    """The incidents that are open in which people are told of this outage together with others."""
    open_now = {incident.id for incident in store.incidents(open_only=True, limit=_MOST)}
    record = store.incident(incident_id)
    cohort_id = record.outage.cohort_id if record is not None and record.outage is not None else None
    groups = (group for group, outages in store.load().members.items() if incident_id in outages)
    return sorted({*groups, *((cohort_id,) if cohort_id else ())} & open_now)
