"""What watcher.yaml says of when people are told: quiet hours, reminders, the digest, and who may change that."""

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.settings.samples import configure
from tests.unit.settings.test_settingsfile import refused, settings
from watcher.model.calendar import EVERY_DAY, Hours, QuietHours
from watcher.model.digest import DigestPlan
from watcher.settings.check import remarks
from watcher.settings.load import load_all
from watcher.settings.values import Secret

WEEKEND = frozenset({5, 6})
NIGHT = Hours(begins=time(22), ends=time(6))
BERLIN = ZoneInfo("Europe/Berlin")


def test_quiet_hours_and_reminders_are_read(tmp_path: Path) -> None:
    """On the readers' clocks; what an inner route does not say is as in the outer; [] and never take it away."""
    text = """\
routes:
  - name: outer
    channels: log
    timezone: Europe/Berlin
    mute: [{days: sat-sun}, {hours: "22:00-06:00"}]
    repeat_interval: 1h
    routes:
      - {name: same, match: {platform: x}}
      - {name: elsewhere, timezone: America/New_York, active: [{days: [mon, wed-fri]}]}
      - {name: loud, mute: [], repeat_interval: never}
"""
    [outer] = settings(tmp_path, text).routes
    same, elsewhere, loud = outer.routes
    assert outer.quiet == QuietHours(mute=(Hours(days=WEEKEND), NIGHT), timezone=BERLIN)
    assert (outer.repeat_interval, same.repeat_interval) == (timedelta(hours=1), timedelta(hours=1))
    assert same.quiet == outer.quiet
    assert elsewhere.quiet == QuietHours(
        mute=outer.quiet.mute, active=(Hours(days=frozenset({0, 2, 3, 4})),), timezone=ZoneInfo("America/New_York")
    )
    assert (loud.quiet, loud.repeat_interval) == (None, None)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "routes: [{name: a, channels: log, mute: [{}]}]",
            "routes[0].mute[0]: names neither days nor hours; write {days: sat-sun} or",
        ),
        ("routes: [{name: a, channels: log, mute: [{days: sun, hours: 25:00-26:00}]}]", "has no such time as 25:00"),
        ("routes: [{name: a, channels: log, mute: [{days: sunnday}]}]", "is no day; did you mean"),
        (
            "routes: [{name: a, channels: log, mute: [{days: daily}]}]",
            "routes[0]: is never to tell anything: mute (or what is outside of active) covers the whole week",
        ),
        ("routes: [{name: a, channels: log, repeat_interval: 10s}]", "is shorter than 1m; write 1m or more, or never"),
        ("digest: {channels: log}", "digest.at: is missing; this key is required"),
        ("digest: {at: 8, channels: log}", "digest.at: '8' is no time of the day; write it like 08:00"),
        ("digest: {at: '24:00', channels: log}", "digest.at: '24:00' is no time of the day"),
        ("digest: {at: '08:00', channels: lgo}", "digest.channels: 'lgo' is no channel; did you mean 'log'?"),
        ("digest: {at: '08:00', channels: []}", "digest.channels: no channels; name at least one"),
        ("web: {token: short}", "web.token: is shorter than 16 characters; make one with `openssl rand -hex 32`"),
        ("web: {token_file: nothing}", "web.token_file: names a file that does not exist"),
        ("web: {token: 0123456789abcdef, token_file: t}", "web: has both token and token_file; remove one of them"),
    ],
)
def test_faults_are_told_with_their_place(tmp_path: Path, text: str, fault: str) -> None:
    """What was wrong, and what to write instead; a secret is not shown."""
    [said] = refused(tmp_path, text)
    assert fault in said
    assert "short" not in said.replace("shorter", "")


def test_the_digest_is_read(tmp_path: Path) -> None:
    """With its days and clocks; every day, in UTC, where nothing else is said."""
    assert settings(tmp_path, "digest: {at: '08:00', channels: log}").digest == DigestPlan(
        at=time(8), timezone=ZoneInfo("UTC"), channels=("log",), days=EVERY_DAY
    )
    written = "digest: {at: 6:30, channels: [log], timezone: Europe/Berlin, days: mon-fri}"
    assert settings(tmp_path, written).digest == DigestPlan(
        at=time(6, 30), timezone=BERLIN, channels=("log",), days=EVERY_DAY - WEEKEND
    )
    assert settings(tmp_path, "web: {listen: 127.0.0.1:0}").digest is None


def test_the_token_is_read(tmp_path: Path) -> None:
    """From the file itself or from another; none where there is none."""
    (tmp_path / "token").write_text("0123456789abcdef\n", "utf-8")
    for written in ("{token: 0123456789abcdef}", "{token_file: token}"):
        assert settings(tmp_path, f"web: {written}").web.token == Secret("0123456789abcdef")
    assert settings(tmp_path, "web: {listen: 127.0.0.1:0}").web.token is None


def test_windows_that_change_nothing_are_named(tmp_path: Path) -> None:
    """Once, where routes inside have them too."""
    text = """\
contact: test@watcher.example
routes:
  - name: outer
    channels: log
    mute: [{hours: "22:00-06:00"}, {hours: "23:00-05:00"}]
    routes: [{name: inner, match: {platform: x}}]
"""
    loaded = load_all(configure(tmp_path, watcher=text), {})
    said = [remark.message for remark in remarks(loaded.watchlist, loaded.platforms, loaded.settings)]
    assert [each for each in said if "mute" in each] == [
        "route 'outer': mute[1] changes nothing beside the others; remove it"
    ]
