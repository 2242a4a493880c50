"""From watchlist.yaml to a Watchlist."""

from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.unit.settings.samples import CHIRP, FEDI, GENERIC, PLATFORMS, refused, refused_one, watch, watch_one
from watcher.model.account import Owner, Policy, Repeat, Severity
from watcher.model.calendar import EVERY_DAY, Calendar, Window
from watcher.model.errors import ConfigError
from watcher.settings.handles import meaning_of
from watcher.settings.load import load_platforms
from watcher.settings.weburl import near_platform

LONG = """\
defaults:
  interval: 90s
  severity: info
  confirm: {threshold: 5}
  recover: {interval: 20s}
  labels: {desk: politics, country: us}
owners:
  potus45: {name: Donald J. Trump}
  alice: Alice Example
accounts:
  - https://chirp.example/alice
  - platform: chirp
    handle: "@realDonaldTrump"
    owner: potus45
    severity: critical
    interval: 30s
    confirm: {threshold: 2, interval: 5s}
    recover: {threshold: 1}
    labels: {desk: Sport}
    controls: {present: [News, chirp]}
"""


def test_an_entry_takes_from_the_defaults_what_it_does_not_say(tmp_path: Path) -> None:
    """A bare URL has the policy, severity and labels of `defaults`; parts of them come from the program."""
    watchlist = watch(tmp_path, LONG)
    alice = watchlist.accounts["chirp:alice"]
    assert alice.policy == Policy(
        interval=timedelta(seconds=90),
        confirm=Repeat(threshold=5, interval=timedelta(seconds=10)),
        recover=Repeat(threshold=2, interval=timedelta(seconds=20)),
    )
    assert (alice.severity, alice.labels, alice.owner) == (Severity.INFO, {"desk": "politics", "country": "us"}, None)


def test_an_entry_may_say_everything_itself(tmp_path: Path) -> None:
    """The long form wins over `defaults`; labels are added to theirs."""
    watchlist = watch(tmp_path, LONG)
    trump = watchlist.accounts["chirp:realdonaldtrump"]
    assert (trump.handle, trump.display_handle) == ("realdonaldtrump", "realDonaldTrump")
    assert trump.url == "https://chirp.example/realDonaldTrump"
    assert trump.policy == Policy(
        interval=timedelta(seconds=30),
        confirm=Repeat(threshold=2, interval=timedelta(seconds=5)),
        recover=Repeat(threshold=1, interval=timedelta(seconds=20)),
    )
    assert trump.labels == {"desk": "Sport", "country": "us"}
    assert trump.severity is Severity.CRITICAL
    assert trump.controls == ("news", "chirp")
    assert watchlist.owners == {
        "potus45": Owner(id="potus45", name="Donald J. Trump"),
        "alice": Owner(id="alice", name="Alice Example"),
    }


WEEK = """\
defaults:
  interval: 10m
  timezone: Europe/Berlin
  windows:
    - {days: mon-fri, hours: "08:00-18:00", interval: 30s}
    - {hours: 22:00-06:00, interval: 1h}
accounts:
  - https://chirp.example/alice
  - {platform: chirp, handle: bob, interval: 5m, timezone: America/New_York}
  - {platform: chirp, handle: eve, windows: [{days: [sat, "mon,wed"], interval: 1m}]}
  - {platform: chirp, handle: mallory, windows: []}
"""


def test_windows_are_inherited_replaced_or_taken_away(tmp_path: Path) -> None:
    """An account has the windows of `defaults`, on its own clocks if it has some, or its own windows, or none."""
    accounts = watch(tmp_path, WEEK).accounts
    desk = (
        Window(days=frozenset(range(5)), begins=time(8), ends=time(18), interval=timedelta(seconds=30)),
        Window(days=EVERY_DAY, begins=time(22), ends=time(6), interval=timedelta(hours=1)),
    )
    usual, berlin = timedelta(minutes=10), ZoneInfo("Europe/Berlin")
    assert accounts["chirp:alice"].calendar == Calendar(usual=usual, windows=desk, timezone=berlin)
    assert accounts["chirp:bob"].calendar == Calendar(
        usual=timedelta(minutes=5), windows=desk, timezone=ZoneInfo("America/New_York")
    )
    own = Window(days=frozenset({0, 2, 5}), begins=time(0), ends=time(0), interval=timedelta(minutes=1))
    assert accounts["chirp:eve"].calendar == Calendar(usual=usual, windows=(own,), timezone=berlin)
    assert accounts["chirp:mallory"].calendar is None
    assert {account.policy.interval for account in accounts.values()} == {usual, timedelta(minutes=5)}


def test_the_clocks_are_those_of_utc_where_nothing_is_said(tmp_path: Path) -> None:
    """So windows mean the same on whatever machine the program runs."""
    account = watch_one(tmp_path, "{platform: chirp, handle: a, windows: [{interval: 1m}]}")
    assert account.calendar is not None
    assert account.calendar.timezone == ZoneInfo("UTC")


def test_every_mistake_in_a_window_has_its_place(tmp_path: Path) -> None:
    """All of them at once, each at the text to blame, those of the defaults once for all accounts."""
    text = """\
defaults:
  timezone: Europe/Berln
  windows:
    - {days: mon-fry, hours: 08:00-25:00, interval: 30s}
    - {hours: 08:00-08:00}
    - {days: [], interval: 30s}
    - {days: [mon, tues], hour: 08:00-18:00, interval: "30"}
accounts:
  - https://chirp.example/alice
  - https://chirp.example/bob
  - {platform: chirp, handle: eve, windows: none}
  - {platform: chirp, handle: mallory, timezone: [UTC], windows: [{days: [], interval: 1m}, daily]}
"""
    assert refused(tmp_path, text) == [
        "2:13: defaults.timezone: 'Europe/Berln' is no time zone; did you mean 'Europe/Berlin'?",
        "4:14: defaults.windows[0].days: 'mon-fry' has 'fry', which is no day; did you mean 'fri'?",
        "4:30: defaults.windows[0].hours: '08:00-25:00' has no such time as 25:00; write between 00:00 and 24:00",
        "5:7: defaults.windows[1].interval: is missing; this key is required",
        (
            "5:15: defaults.windows[1].hours: '08:00-08:00' begins and ends at the same time; "
            "write 00:00-24:00 for the whole day"
        ),
        "6:14: defaults.windows[2].days: no days; name at least one, or remove the key for every day",
        "7:20: defaults.windows[3].days[1]: 'tues' is no day; did you mean 'tue'?",
        "7:27: defaults.windows[3].hour: unknown key; did you mean 'hours'?",
        "7:56: defaults.windows[3].interval: '30' has no unit; write 30s for seconds or 30m for minutes",
        "11:45: accounts[2].windows: must be a list, not text",
        "12:50: accounts[3].timezone: must be text, not a list",
        "12:74: accounts[3].windows[0].days: no days; name at least one, or remove the key for every day",
        "12:93: accounts[3].windows[1]: must be a mapping, not text",
    ]


@pytest.mark.parametrize("handle", ["no", "0123", "12_30", "null", "1e3"])
def test_handles_that_yaml_would_change_survive(tmp_path: Path, handle: str) -> None:
    """A handle is what is written."""
    assert watch_one(tmp_path, f"{{platform: chirp, handle: {handle}}}").handle == handle


@pytest.mark.parametrize(
    "url",
    [
        "https://chirp.example/Alice",
        "http://www.chirp.example/Alice/",
        "HTTPS://M.CHIRP.example:443/Alice?lang=en#top",
        "https://chirp.example/@Alice",
        "https://chirp.example/%41lice",
        "https://old.example/u/@Alice",
        "https://chirp.example./Alice",
    ],
)
def test_a_profile_is_recognised_however_its_url_was_copied(tmp_path: Path, url: str) -> None:
    """Scheme, prefixes of the host, a last slash, query, fragment and case do not matter."""
    account = watch_one(tmp_path, url)
    assert (account.id, account.display_handle, account.instance) == ("chirp:alice", "Alice", "")


@pytest.mark.parametrize(
    "entry",
    [
        "https://Big.example/@Eve",
        "https://other.example/@Eve@big.example",
        '{platform: fedi, handle: "@Eve@Big.example"}',
        "{platform: fedi, handle: Eve@big.example}",
        '{url: "https://big.example/@eve", platform: fedi, handle: "@Eve"}',
    ],
)
def test_federated_handles_have_their_instance(tmp_path: Path, entry: str) -> None:
    """Host and handle are kept apart, and shown together."""
    account = watch_one(tmp_path, entry)
    assert (account.id, account.handle, account.instance) == ("fedi:eve@big.example", "eve", "big.example")
    assert account.display_handle.lower() == "eve@big.example"
    assert account.url.lower() == "https://big.example/@eve"


def test_an_instance_keeps_its_port_and_prefix(tmp_path: Path) -> None:
    """For a federated platform the host is part of the name."""
    assert watch_one(tmp_path, "https://m.example.org:8443/@eve").instance == "m.example.org:8443"


def test_patterns_with_a_host_of_their_own_go_first(tmp_path: Path) -> None:
    """A federated platform, though named first, does not take the profiles of sites that look like it."""
    assert watch_one(tmp_path, "https://cased.example/@Bob").platform == "cased"


def test_case_is_kept_where_it_matters(tmp_path: Path) -> None:
    """A platform that does not fold has two accounts where others have one."""
    watchlist = watch(tmp_path, "accounts: [https://cased.example/c/UCab, https://cased.example/c/UCAB]")
    assert list(watchlist.accounts) == ["cased:UCab", "cased:UCAB"]


@pytest.mark.parametrize(
    ("entry", "handle", "instance", "id_"),
    [
        ("https://Forum.example/u/Alice/", "Alice", "https://forum.example/u/{handle}/", "forum.example/u/Alice"),
        ("http://forum.example:8080/u/@al", "al", "http://forum.example:8080/u/@{handle}", "forum.example:8080/u/@al"),
        (
            "https://forum.example/u/jos%C3%A9#x",
            "josé",
            "https://forum.example/u/{handle}",
            "forum.example/u/jos%C3%A9",
        ),
        ("https://[2001:db8::1]/u/al", "al", "https://[2001:db8::1]/u/{handle}", "[2001:db8::1]/u/al"),
        (
            '{url: "https://forum.example/member.php?a=1&u=42&b=2", handle: 42}',
            "42",
            "https://forum.example/member.php?a=1&u={handle}&b=2",
            "forum.example/member.php?a=1&u=42&b=2",
        ),
        (
            "{url: https://forum.example/alice/posts/x, handle: alice}",
            "alice",
            "https://forum.example/{handle}/posts/x",
            "forum.example/alice/posts/x",
        ),
        (
            "{url: https://forum.example/members/alice.12/, handle: alice}",
            "alice",
            "https://forum.example/members/{handle}.12/",
            "forum.example/members/alice.12",
        ),
        (
            '{url: "https://forum.example/m?q=user-alice", handle: alice}',
            "alice",
            "https://forum.example/m?q=user-{handle}",
            "forum.example/m?q=user-alice",
        ),
        (
            "{url: https://chirp.example/alice/status/1, platform: generic, handle: alice}",
            "alice",
            "https://chirp.example/{handle}/status/1",
            "chirp.example/alice/status/1",
        ),
    ],
)
def test_any_other_page_is_generic(tmp_path: Path, entry: str, handle: str, instance: str, id_: str) -> None:
    """The URL with a hole in the handle's place serves for the account and for its controls."""
    account = watch_one(tmp_path, entry)
    assert (account.platform, account.handle, account.instance) == ("generic", handle, instance)
    assert account.id == f"generic:{id_}"


def test_an_id_may_be_given(tmp_path: Path) -> None:
    """After a rename the old id goes on."""
    account = watch_one(tmp_path, "{url: https://chirp.example/newname, id: chirp:oldname}")
    assert (account.id, account.handle) == ("chirp:oldname", "newname")


def test_every_fault_is_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Faults of shape and of meaning come together, each at its place."""
    text = """\
defaults: {interval: 10}
owners:
  Bad Slug: x
  alice: {nmae: A}
accounts:
  - platform: chirp
    intervall: 30s
  - {platform: chrip, handle: a, owner: alise}
  - {handle: a}
  - {url: https://chirp.example/a, confirm: {threshold: 0}}
  - [https://chirp.example/a]
  - {platform: chirp, handle: b, severity: loud, severity: info}
  - {platform: chirp, handle: c, labels: {Desk: a, b: c d}}
"""
    assert refused(tmp_path, text) == [
        "1:22: defaults.interval: '10' has no unit; write 10s for seconds or 10m for minutes",
        "3:3: owners.Bad…: this key is not a slug; use lower-case letters, digits, - and _ (63 at most)",
        "4:10: owners.alice.name: is missing; this key is required",
        "4:11: owners.alice.nmae: unknown key; did you mean 'name'?",
        "7:5: accounts[0].intervall: unknown key; did you mean 'interval'?",
        "8:16: accounts[1].platform: 'chrip' is no platform; did you mean 'chirp'?",
        "8:41: accounts[1].owner: 'alise' is no owner; did you mean 'alice'?",
        "9:5: accounts[2].platform: is missing; a handle alone could be anywhere: give platform or url too",
        "10:57: accounts[3].confirm.threshold: '0' is not a whole number from 1; write it like 3",
        "11:5: accounts[4]: must be a mapping, not a list",
        "12:44: accounts[5].severity: 'loud' is unknown; write one of critical, warning, info",
        "12:50: accounts[5].severity: duplicate key; line 12 has it already",
        "13:43: accounts[6].labels.Desk: this key is not a slug; use lower-case letters, digits, - and _ (63 at most)",
        "13:55: accounts[6].labels.b: 'c d' is not a slug; use letters, digits, ., - and _ (63 at most)",
    ]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{platform: chirp}", "accounts[0].handle: is missing; give handle or url"),
        ("{interval: 10s}", "accounts[0]: names no account; give url, or platform and handle"),
        ("{platform: generic, handle: a}", "accounts[0].url: is missing; a generic account is known by its url"),
        ("{platform: fedi, handle: eve}", "accounts[0].handle: 'eve' does not say on which instance"),
        ('{platform: fedi, handle: "eve@b/x"}', "accounts[0].handle: 'eve@b/x' names no valid instance: 'b/x' is"),
        ("{platform: fedi, handle: e-e@b.example}", "accounts[0].handle: 'e-e@b.example' is no handle of Fedi: it has"),
        ("{platform: chirp, handle: a b}", "accounts[0].handle: 'a b' contains characters that no handle has"),
        ('{platform: chirp, handle: "a\\u200bb"}', "accounts[0].handle: 'a\\u200bb' contains characters that"),
        ('{platform: chirp, handle: "a\\tb"}', "accounts[0].handle: 'a b' must be a single line"),
        (
            "{platform: chirp, handle: Тrump}",
            "accounts[0].handle: 'Тrump' is no handle of Chirp: 'Т' is CYRILLIC CAPITAL LETTER TE, write 'T'?",
        ),
        (
            '{platform: chirp, handle: "\\u212Aate"}',
            "accounts[0].handle: '\u212aate' is no handle of Chirp: '\u212a' is KELVIN SIGN, write 'K'?",
        ),
        (
            "{platform: chirp, handle: a-b}",
            "accounts[0].handle: 'a-b' is no handle of Chirp: it has 1 to 15 characters",
        ),
        (f"{{platform: chirp, handle: {'a' * 256}}}", f"accounts[0].handle: '{'a' * 60}…' is 256 characters long"),
        ("https://chirp.example/a-b", "accounts[0]: 'https://chirp.example/a-b' ('a-b') is no handle of Chirp"),
        ("https://chirp.example/..", "accounts[0]: 'https://chirp.example/..' ('..') contains characters that no"),
        (
            "https://chirp.example/a/status/1",
            "accounts[0]: 'https://chirp.example/a/status/1' is a page of Chirp but no",
        ),
        ("https://chirp.example/", "accounts[0]: 'https://chirp.example/' is a page of Chirp but no profile"),
        ("https://old.example/@a", "accounts[0]: 'https://old.example/@a' is a page of Chirp but no profile"),
        ("https://forum.example/", "accounts[0]: does not show which part names the account; add handle:"),
        ("https://forum.example/m.php?u=1", "accounts[0]: does not show which part names the account"),
        (
            "https://forum.example/a%20b",
            "accounts[0]: 'https://forum.example/a%20b' contains characters that no handle",
        ),
        ("{url: https://forum.example/u/a, handle: b}", "accounts[0].handle: 'b' does not occur in the url"),
        (
            "{url: https://forum.example/u/a, handle: a/b}",
            "accounts[0].handle: 'a/b' is no handle of Web page: it must",
        ),
        (
            "{url: https://chirp.example/a, handle: b}",
            "accounts[0].handle: 'b' differs from the url, which is that of 'a'",
        ),
        ("{url: https://chirp.example/a, handle: b-}", "accounts[0].handle: 'b-' is no handle of Chirp"),
        (
            "{url: https://chirp.example/a, platform: fedi}",
            "accounts[0].url: 'https://chirp.example/a' is no profile of",
        ),
        ("alice", "accounts[0]: 'alice' is not a profile URL; write https://… or {platform: …, handle: …}"),
        ("mailto:a@b.example", "accounts[0]: 'mailto:a@b.example' is not a profile URL"),
        ("ftp://forum.example/a", "accounts[0]: 'ftp://forum.example/a' has the scheme 'ftp'"),
        ("https://me:pw@forum.example/a", "accounts[0]: has a user name before the host; remove it"),
        ('"https://forum.example/{handle}"', "accounts[0]: 'https://forum.example/{handle}' contains a character that"),
        ('"https://forum.example/a\\u202eb"', "accounts[0]: 'https://forum.example/a\\u202eb' contains a character"),
        ("https://forum.example:99999/a", "accounts[0]: 'https://forum.example:99999/a' is not a valid URL"),
        ("https://fоrum.example/a", "accounts[0]: 'https://fоrum.example/a' has a host that is not ASCII"),
        ("https:///a", "accounts[0]: 'https:///a' has no valid host"),
        ("{platform: chirp, handle: a, owner: b}", "accounts[0].owner: 'b' is no owner; add owners: {b: NAME}"),
        ("{platform: chirp, handle: a, owner: }", "accounts[0].owner: is empty; write a value or remove the key"),
        ("{platform: chirp, handle: a, controls: {}}", "accounts[0].controls.present: is missing"),
        (
            "{platform: chirp, handle: a, controls: {present: A}}",
            "accounts[0].controls.present: 'A' is the account itself",
        ),
        (
            '{platform: chirp, handle: "${HANDLE}"}',
            "accounts[0].handle: holds a variable; ${…} works in watcher.yaml only",
        ),
        ("{platform: chirp, handle: a, interval: 500ms}", "accounts[0].interval: '500ms' is shorter than 1s"),
        ("{platform: chirp, handle: {a: b}}", "accounts[0].handle: must be text, not a mapping"),
        ("{platform: chirp, handle: a, labels: x}", "accounts[0].labels: must be a mapping, not text"),
        ('"https://chirp.example/a\\0"', "accounts[0]: contains the control character U+0000; remove it"),
    ],
)
def test_an_entry_that_names_nobody_is_refused(tmp_path: Path, entry: str, message: str) -> None:
    """One fault each, at the key to blame, with what to write instead."""
    assert refused_one(tmp_path, entry).startswith(message)


def test_what_is_no_instance_is_refused(tmp_path: Path) -> None:
    """Another platform's host, one below it, and one that the file names are no instances; the others are."""
    fedi = replace(FEDI, not_instances=frozenset({"blog.example"}))
    platforms = {**PLATFORMS, "fedi": fedi}
    for host in ("chirp.example", "pics.chirp.example", "blog.example", "my.blog.example"):
        with pytest.raises(ConfigError, match=f"names no instance of Fedi: '{host}' is none"):
            watch_one(tmp_path, f"{{platform: fedi, handle: '@alice@{host}'}}", platforms)
    assert watch_one(tmp_path, "https://pics.chirp.example/@alice", platforms).platform == "generic"
    assert watch_one(tmp_path, "https://my.blog.example/@alice", platforms).platform == "generic"
    assert watch_one(tmp_path, "https://notblog.example/@alice", platforms).platform == "fedi"


def test_the_pages_of_the_platform_itself_are_no_profiles(tmp_path: Path) -> None:
    """Those that the file names, in any case, as an address, a handle or a control; `generic` still takes them."""
    platforms = {**PLATFORMS, "chirp": replace(CHIRP, not_handles=frozenset({"search"}))}
    for url in ("https://chirp.example/search", "https://www.chirp.example/Search/?q=a"):
        with pytest.raises(ConfigError, match="is a page of Chirp but no profile; write https:"):
            watch_one(tmp_path, f"'{url}'", platforms)
    for entry in (
        "{platform: chirp, handle: Search}",
        "{platform: chirp, handle: '@search'}",
        "{platform: chirp, handle: alice, controls: {present: [search]}}",
    ):
        with pytest.raises(ConfigError, match="is no profile of Chirp, but a page of its own"):
            watch_one(tmp_path, entry, platforms)
    with pytest.raises(ConfigError, match="is no profile of Chirp; these look like"):
        watch_one(tmp_path, "{platform: chirp, url: https://chirp.example/search}", platforms)
    assert watch_one(tmp_path, "https://chirp.example/searching", platforms).id == "chirp:searching"
    generic = "{platform: generic, url: https://chirp.example/search}"
    assert watch_one(tmp_path, generic, platforms).platform == "generic"


@pytest.mark.parametrize(
    "url",
    [
        "https://x.com/search?q=watcher",
        "https://x.com/home",
        "https://x.com/explore",
        "https://twitter.com/i",
        "https://github.com/features",
        "https://github.com/search?q=a",
        "https://www.instagram.com/explore/",
        "https://www.facebook.com/watch",
        "https://t.me/joinchat",
        "https://www.twitch.tv/directory",
    ],
)
def test_the_shipped_platforms_know_their_own_pages(tmp_path: Path, url: str) -> None:
    """What people paste by mistake becomes no account."""
    with pytest.raises(ConfigError, match="but no profile"):
        watch_one(tmp_path, f"'{url}'", load_platforms(None))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("twitter", "x"),
        ("Twitter", "x"),
        ("twitter.com", "x"),
        ("www.twitter.com", "x"),
        ("fb", "facebook"),
        ("t.me", "telegram"),
        ("ycombinator", "hackernews"),
        ("twitchh", "twitch"),
        ("githup", "github"),
    ],
)
def test_a_platform_is_found_by_the_name_of_its_site(word: str, meant: str) -> None:
    """Before those that are merely spelt like it."""
    assert near_platform(word, load_platforms(None)) == f"did you mean '{meant}'?"


def test_an_entry_of_a_site_by_another_name_is_told_the_platform(tmp_path: Path) -> None:
    """The one with pages there."""
    with pytest.raises(ConfigError, match=r"'twitter' is no platform; did you mean 'x'\?"):
        watch_one(tmp_path, "{platform: twitter, handle: alice}", load_platforms(None))


def test_a_handle_may_stand_in_the_query(tmp_path: Path) -> None:
    """Where a platform's addresses have it there, whatever else the query holds."""
    chirp = replace(CHIRP, recognise=("https://chirp.example/user?id={handle}", "https://*.chirp.example/{handle}"))
    platforms = {**PLATFORMS, "chirp": chirp}
    for url in ("https://www.chirp.example/user?p=2&id=Alice", "https://de.chirp.example/ALICE/"):
        assert watch_one(tmp_path, f"'{url}'", platforms).id == "chirp:alice"
    for url in ("https://chirp.example/user?p=2", "https://chirp.example/user?id=", "https://chirp.example/user"):
        with pytest.raises(ConfigError, match="is a page of Chirp but no profile"):
            watch_one(tmp_path, f"'{url}'", platforms)


def test_an_account_can_be_watched_once_only(tmp_path: Path) -> None:
    """Doubles are found by what they are, however written, and by their ids; the first one's line is named."""
    text = """\
accounts:
  - https://chirp.example/alice
  - {platform: chirp, handle: ALICE}
  - {platform: chirp, handle: alice, id: chirp:other}
  - {platform: chirp, handle: bob, id: chirp:alice}
  - https://forum.example/u/alice
  - http://forum.example/u/alice/
"""
    assert refused(tmp_path, text) == [
        "3:5: accounts[1]: 'chirp:alice' is watched already, by the entry on line 2",
        "4:5: accounts[2]: 'chirp:other' is watched already, by the entry on line 2",
        "5:5: accounts[3]: 'chirp:alice' is watched already, by the entry on line 2",
        "7:5: accounts[5]: 'generic:forum.example/u/alice' is watched already, by the entry on line 6",
    ]


@pytest.mark.parametrize("text", ["accounts: []", "accounts:", "owners: {a: A}\naccounts: []"])
def test_a_watchlist_without_accounts_is_an_error(tmp_path: Path, text: str) -> None:
    """An emptied list must not silently end all watching."""
    (fault,) = refused(tmp_path, text)
    assert fault.endswith("accounts: no accounts; list at least one profile URL")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("owners: {a: A}", "1:1: accounts: is missing; this key is required"),
        ("- https://chirp.example/a", "1:1: must be a mapping, not a list"),
        ("https://chirp.example/a", "1:1: must be a mapping, not text"),
    ],
)
def test_the_file_must_be_a_mapping_with_accounts(tmp_path: Path, text: str, message: str) -> None:
    """The commonest slips of a first try are named."""
    assert refused(tmp_path, text) == [message]


def test_faulty_controls_are_named_one_by_one(tmp_path: Path) -> None:
    """A control must be another account, of the same instance, named once."""
    entry = "{platform: fedi, handle: eve@b.example, controls: {present: [eve, a@c.example, a@b.example, A, -]}}"
    assert [fault.split(": ", 2)[2] for fault in refused(tmp_path, f"accounts:\n  - {entry}\n")] == [
        "'eve' is the account itself; a control must be another account that always exists",
        "'a@c.example' is on another instance; a control of this account must be on b.example",
        "'A' is named twice; remove one",
        "'-' is no handle of Fedi: it has letters and _",
    ]


def test_a_platform_set_without_generic_refuses_unknown_pages(tmp_path: Path) -> None:
    """Nothing is watched by rules that are not there."""
    path = tmp_path / "w.yaml"
    with pytest.raises(Exception, match="is recognised by no platform; write platform: and handle:"):
        watch_one(tmp_path, "https://forum.example/u/a", {"chirp": CHIRP})
    assert path.exists()
    assert GENERIC.id in PLATFORMS


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("[a-z0-9_]{1,15}", "it has 1 to 15 characters out of a-z 0-9 _"),
        ("[a-z]{,9}", "it has 0 to 9 characters out of a-z"),
        (r"[A-Za-z\.-]+", "it is made of A-Z a-z . -"),
        ("[a-z]{3,}", "it is made of a-z"),
        ("UC[a-z]+", "it must match UC[a-z]+"),
    ],
)
def test_simple_patterns_are_said_in_words(pattern: str, words: str) -> None:
    """Whoever mistyped a handle need not read regular expressions."""
    assert meaning_of(pattern) == words


def test_non_ascii_handles_pass_where_the_platform_has_them(tmp_path: Path) -> None:
    """A pattern decides, not the alphabet."""
    assert watch_one(tmp_path, "{platform: cased, handle: é}").handle == "é"
    fault = refused_one(tmp_path, "{platform: cased, handle: é-}")
    assert fault.startswith("accounts[0].handle: 'é-' is no handle of Cased: 'é' is LATIN SMALL LETTER E WITH ACUTE")
