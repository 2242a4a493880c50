"""`watcher silence`, `ack` and `unack`: what they print, what they keep, and the status that they end with."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.newsroom import configure
from tests.unit.cli.conftest import Told
from tests.unit.cli.test_records import call
from tests.unit.store.samples import closing as ending
from tests.unit.store.samples import incident, outage
from watcher.clock import SystemClock
from watcher.model.notification import IncidentKind
from watcher.model.silence import Silence
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

OUTAGE = outage()
WHY = ("--comment", "why")


@pytest.fixture
def config(tmp_path: Path, potus_down: Told) -> Path:
    """The configuration, and a store in which @POTUS is down."""
    made = configure(tmp_path, watchlist="accounts: [https://x.com/POTUS]\n")
    with potus_down():
        return made


def kept(config: Path) -> tuple[Silence, ...]:
    """The silences stored."""
    with closing(SqlStore(config.parent / "state", read_only=True)) as store:
        store.open()
        return store.silences()


@pytest.mark.parametrize("until", ["0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "9999-01-01", "1999-01-01"])
def test_a_time_beyond_all_calendars_is_no_time(config: Path, until: str) -> None:
    """A mistyped year, or a zone at the ends of the calendar: status 2 and a word, nothing kept."""
    refused = call("silence", "add", "--config", config, "platform=x", "--until", until, "--comment", "moving")
    assert refused.exit_code == 2
    assert "is no time" in refused.stderr or "years away: is the year right?" in refused.stderr
    assert kept(config) == ()


def test_a_silence_from_its_beginning_to_its_end(config: Path) -> None:
    """Added, listed, expired; listed then only when asked for."""
    added = call(
        "silence", "add", "--config", config, "platform=x", "desk=politics", "--for", "2h", "--comment", "moving"
    )
    assert (added.exit_code, added.stderr) == (0, "")
    [silence] = kept(config)
    assert added.stdout.strip() == silence.id
    assert silence.ends_at - silence.starts_at == timedelta(hours=2)
    assert [str(matcher) for matcher in silence.matchers] == ['platform="x"', 'desk="politics"']
    listed = call("silence", "list", "--config", config)
    assert listed.stdout.splitlines()[0].split() == ["ID", "STATE", "STARTS", "ENDS", "BY", "MATCHERS", "COMMENT"]
    assert f"{silence.id}  active" in listed.stdout
    assert 'platform="x", desk="politics"' in listed.stdout
    ended = call("silence", "expire", "--config", config, silence.id)
    assert (ended.exit_code, ended.stdout) == (0, f"{silence.id}: expired\n")
    again = call("silence", "expire", "--config", config, silence.id)
    assert (again.exit_code, again.stdout) == (0, f"{silence.id}: had ended already; nothing was changed\n")
    assert call("silence", "list", "--config", config).stdout == "no silences\n"
    [record] = json.loads(call("silence", "list", "--config", config, "--expired", "--json").stdout)
    assert (record["id"], record["state"], record["comment"]) == (silence.id, "expired", "moving")


def test_maintenance_is_a_silence_to_come(config: Path) -> None:
    """It is listed as pending, and lasts as long as was said from its beginning on."""
    window = ("--starts", "1h", "--for", "30m", "--comment", "maintenance", "--by", "mia")
    assert call("silence", "add", "--config", config, "account=x:potus", *window).exit_code == 0
    [silence] = kept(config)
    assert silence.starts_at > SystemClock().now() + timedelta(minutes=59)
    assert silence.ends_at - silence.starts_at == timedelta(minutes=30)
    assert silence.by == "mia"
    assert "pending" in call("silence", "list", "--config", config).stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["platform=x"], "say how long: give exactly one of --for and --until"),
        (["platform=x", "--for", "1h", "--until", "2h"], "say how long: give exactly one of --for and --until"),
        (["jack", "--for", "1h"], "jack: column 5: 'jack' wants one of =, !=, =~ and !~ after it"),
        (["platform=x", "--for", "soon"], "'soon' is not a duration; write it like 10s, 1m, 1h30m or 2d"),
        (["platform=x", "--until", "soon"], "'soon' is no time: write 2026-12-01, 2026-12-01T08:00 (UTC), or 2h"),
        (["platform=x", "--until", "2017-11-02"], "it would have ended already, 2 Nov 2017 00:00:00 UTC"),
        (["platform=x", "--starts", "2h", "--until", "1h"], "it would end before it begins"),
        (["platform=x", "--until", f"{SystemClock().now() + timedelta(days=500):%Y-%m-%d}"], "longer than 366 days"),
        (["platform=x", "--until", "2999-01-01"], "is more than 10 years away: is the year right?"),
        (
            ["severity=warn", "--for", "1h"],
            "there is no severity 'warn', so that it matches nothing; did you mean 'war",
        ),
        (["kind=cohorte", "--for", "1h"], "there is no kind 'cohorte', so that it matches nothing; did you mean 'coho"),
        (["reason=timeout", "--for", "1h"], "there is no reason 'timeout', so that it matches nothing; write one of d"),
    ],
)
def test_what_makes_no_sense_is_refused(config: Path, arguments: list[str], said: str) -> None:
    """With status 2, in words, and nothing is kept."""
    result = call("silence", "add", "--config", config, *arguments, "--comment", "why")
    assert result.exit_code == 2
    assert said in result.stderr
    assert kept(config) == ()


def test_a_typing_error_in_a_name_is_told(config: Path) -> None:
    """It is kept, since a label may come; but who wrote it is told what there is."""
    result = call("silence", "add", "--config", config, "platfrom=x", "--for", "1h", "--comment", "why")
    assert result.exit_code == 0
    assert "nothing has the name 'platfrom', so that the silence may be about nothing; did you mean 'platform'?" in (
        result.stderr
    )


@pytest.mark.parametrize(
    ("matcher", "said"),
    [
        (
            "platform=blueski",
            "no platform 'blueski' is known, so that the silence may be about nothing; did you mean 'blu",
        ),
        (
            "account=x:POTUS",
            "no account 'x:POTUS' is known, so that the silence may be about nothing; did you mean 'x:po",
        ),
        (
            "instance=mastodon.sozial",
            "no instance 'mastodon.sozial' is known, so that the silence may be about nothing;",
        ),
        ("owner=mayor", "no owner 'mayor' is known, so that the silence may be about nothing; is it written as in the"),
        (
            "severity!=warn",
            "no severity 'warn' is known, so that this matcher holds of everything; did you mean 'warni",
        ),
    ],
)
def test_a_typing_error_in_a_value_is_told(config: Path, matcher: str, said: str) -> None:
    """It is kept, as what is meant may come; with the one that is known and most like it."""
    result = call("silence", "add", "--config", config, "instance!=z", "platform=~.+", matcher, "--for", "1h", *WHY)
    assert (result.exit_code, len(kept(config))) == (0, 1)
    assert said in result.stderr


@pytest.mark.parametrize(
    "matcher", ["platform=x", "account=x:potus", "kind=correction", "reason=suspended", "owner=~nobody", 'owner=""']
)
def test_what_is_known_is_taken_without_a_word(config: Path, matcher: str) -> None:
    """Also what is no single value."""
    result = call("silence", "add", "--config", config, "platform=x", matcher, "--for", "1h", *WHY)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_platform_is_known_by_the_name_of_its_site(config: Path) -> None:
    """Also where another one is spelt more like it."""
    result = call("silence", "add", "--config", config, "platform=twitter", "--for", "1h", *WHY)
    assert "so that the silence may be about nothing; did you mean 'x'?" in result.stderr


def test_a_faulty_watchlist_keeps_nobody_from_silence(config: Path, tmp_path: Path) -> None:
    """Then what the run has stored says what is known."""
    (tmp_path / "watchlist.yaml").write_text("accounts: [nobody]\n")
    result = call("silence", "add", "--config", config, "platform=zzz", "account=x:potus", "--for", "1h", *WHY)
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_beginning_that_is_past_is_told(config: Path) -> None:
    """It begins now: what was told is told."""
    arguments = ("platform=x", "--starts", "2026-01-01", "--for", "1h", *WHY)
    result = call("silence", "add", "--config", config, *arguments)
    assert result.exit_code == 0
    assert "1 Jan 2026 00:00:00 UTC is past: the silence begins now" in result.stderr


def test_no_such_silence(config: Path) -> None:
    """Status 1."""
    result = call("silence", "expire", "--config", config, "nothing")
    assert result.exit_code == 1
    assert "there is no silence 'nothing'" in result.stderr


def test_acknowledged_and_taken_back(config: Path) -> None:
    """Each of both once; who it was is kept."""
    done = call("ack", "--config", config, OUTAGE.id, "--by", "mia", "--comment", "I call them")
    assert (done.exit_code, done.stdout) == (0, f"{OUTAGE.id}: acknowledged by mia\n")
    again = call("ack", "--config", config, OUTAGE.id, "--by", "tom")
    assert (again.exit_code, again.stdout) == (0, f"{OUTAGE.id}: was acknowledged already; nothing was changed\n")
    back = call("unack", "--config", config, OUTAGE.id)
    assert (back.exit_code, back.stdout) == (0, f"{OUTAGE.id}: nobody takes care of it any more\n")
    assert "was not acknowledged" in call("unack", "--config", config, OUTAGE.id).stdout


def test_of_what_is_told_with_others_the_others_are_named(config: Path) -> None:
    """To acknowledge the outage alone keeps nobody from being reminded of its group."""
    with closing(SqlStore(config.parent / "state")) as store:
        store.open()
        group = replace(incident(OUTAGE), id=f"desk-{OUTAGE.id}", kind=IncidentKind.GROUP, key='desk{owner="potus"}')
        store.commit(Commit(opened=(group,), joined=((group.id, OUTAGE.id),)))
    done = call("ack", "--config", config, OUTAGE.id, "--by", "mia")
    assert done.exit_code == 0
    assert f"people are told of it in {group.id}, with others" in done.stderr
    assert call("ack", "--config", config, group.id, "--by", "mia").stderr == ""


def test_nothing_to_acknowledge(config: Path) -> None:
    """No such incident, and one that is over: status 1."""
    unknown = call("ack", "--config", config, "nothing")
    assert unknown.exit_code == 1
    assert f"there is no incident 'nothing'; open are {OUTAGE.id}" in unknown.stderr
    with closing(SqlStore(config.parent / "state")) as store:
        store.open()
        store.commit(ending(OUTAGE))
    over = call("ack", "--config", config, OUTAGE.id)
    assert over.exit_code == 1
    assert "is over: there is nothing left to take care of" in over.stderr
