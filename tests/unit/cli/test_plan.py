"""`watcher plan`: what is said of a watchlist before anybody runs it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from watcher.cli import main
from watcher.forecast import forecast
from watcher.model.account import Watchlist
from watcher.settings.values import Settings
from watcher.words.planning import planned, planned_record

WATCHER = """\
watchlist: watchlist.yaml
channels: [{name: log, kind: log}]
routes: [{name: default, channels: [log]}]
"""
BLUESKY = "".join(f"  - https://bsky.app/profile/user{n}.example\n" for n in range(50))


def run(tmp_path: Path, watchlist: str, *words: str, settings: str = "") -> tuple[int, str]:
    """How the command ends, and what it says."""
    (tmp_path / "watcher.yaml").write_text(WATCHER + settings)
    (tmp_path / "watchlist.yaml").write_text(watchlist)
    result = CliRunner().invoke(main, ["plan", "--config", str(tmp_path / "watcher.yaml"), *words])
    return result.exit_code, result.output


def lines(tmp_path: Path, watchlist: str, *words: str, settings: str = "") -> list[str]:
    """The lines of a plan, with single spaces."""
    status, said = run(tmp_path, watchlist, *words, settings=settings)
    assert status == 0, said
    return [" ".join(line.split()) for line in said.splitlines()]


def record(tmp_path: Path, watchlist: str, *words: str, settings: str = "") -> Any:
    """The plan as data."""
    status, said = run(tmp_path, watchlist, "--json", *words, settings=settings)
    assert status == 0, said
    return json.loads(said)


def test_a_table_by_platform_and_host(tmp_path: Path) -> None:
    """Fifty in three batches a minute; one of them alone has another interval; what cannot be asked is named."""
    others = "  - {platform: bluesky, handle: rare.example, interval: 1h}\n  - https://x.com/NASA\n"
    said = lines(tmp_path, f"accounts:\n{BLUESKY}{others}")
    assert said[:4] == [
        "PLATFORM WHERE ACCOUNTS EVERY A MINUTE LIMIT USED TOLD AFTER AT WORST",
        "bluesky public.api.bsky.app 51 1m 3.0 3000 per 5m 1 % 55s 1m26s",
        "bluesky:rare.example 1 1h 30m25s 1h26s",
        "no usable source 1 cannot alert",
    ]
    assert said[4] == ""
    assert said[5].startswith(
        "cannot alert: x:nasa: no usable source on X: source 'batch' needs the credential 'token'"
    )
    assert said[6:] == [
        "`watcher check` says more of each",
        (
            "an account that vanishes: 8 requests more until that is told, then up to 12 a minute for 15m, "
            "within the limit; where many vanish they share the controls"
        ),
        "told after: half of the outages, from the page to the message, where a site answers within 0.5 s",
        "in all: 52 accounts on 1 host, 3.0 requests a minute; about 0.11 % of a core and 100 MB",
    ]


def test_what_cannot_be_kept_and_what_would_help(tmp_path: Path) -> None:
    """The interval that the program will keep to, the one that fits, and the credential that makes batches of them."""
    watchlist = "accounts:\n" + "".join(f"  - https://github.com/user{n}\n" for n in range(60))
    said = lines(tmp_path, watchlist)
    assert said[1].startswith("github github.com 60 6m32s, not 1m 9.6 10 per 1m 96 %")
    assert said[3:5] == [
        (
            "cannot be kept: github.com: 60 accounts with controls want 60.8 requests a minute, the pace is 10 per "
            "1m: an interval of 6m32s can be met; until then each is looked at 6.5 times as seldom"
        ),
        (
            "platforms: {github: {credentials: {token: …}}} would do, by source 'batch' "
            "(48 accounts a request, 2000 per 1h)"
        ),
    ]
    helped = "platforms: {github: {credentials: {token: secret}}}\n"
    assert not [line for line in lines(tmp_path, watchlist, settings=helped) if "cannot" in line]


def test_check_says_the_same(tmp_path: Path) -> None:
    """One arithmetic: the sentence of the plan is that of the check."""
    watchlist = "accounts:\n" + "".join(f"  - https://github.com/user{n}\n" for n in range(60))
    [kept] = (line for line in lines(tmp_path, watchlist) if line.startswith("cannot be kept: "))
    sentence = kept.removeprefix("cannot be kept: ").split("; until then")[0]
    checked = CliRunner().invoke(main, ["check", "--config", str(tmp_path / "watcher.yaml")])
    assert f"warning: {sentence}\n" in checked.output


def test_a_wide_watchlist_is_a_few_lines(tmp_path: Path) -> None:
    """Two hundred instances of Mastodon are one line, but for the one that is asked too much."""
    few = "".join(
        f'  - {{platform: mastodon, handle: "@a{n}@m{n}.example", controls: {{present: [b, c]}}}}\n' for n in range(200)
    )
    many = "".join(f'  - {{platform: mastodon, handle: "@u{n}@big.example"}}\n' for n in range(80))
    said = lines(tmp_path, f"defaults: {{interval: 1m}}\naccounts:\n{few}{many}")
    assert len(said) < 12
    assert said[1].startswith("mastodon big.example 80 1m22s, not 1m")
    assert said[2].startswith("200 more hosts 200 1m 280.0 each its own ≤ 3 % ≤ 55s ≤ 1m26s")


def test_every_account_on_demand(tmp_path: Path) -> None:
    """Each with the interval that is kept and its delay, sorted by id, those without a source at the end."""
    said = lines(tmp_path, f"accounts:\n  - https://x.com/NASA\n{BLUESKY}", "--accounts")
    assert said[0] == "ACCOUNT WHERE EVERY TOLD AFTER AT WORST"
    assert said[1] == "bluesky:user0.example public.api.bsky.app 1m 55s 1m26s"
    assert said[51] == "x:nasa no usable source cannot alert"
    assert [line.split()[0] for line in said[1:51]] == sorted(f"bluesky:user{n}.example" for n in range(50))


def test_the_same_as_data(tmp_path: Path) -> None:
    """Spans in seconds, requests a minute; accounts only where they are asked for."""
    watchlist = f"accounts:\n{BLUESKY}  - https://x.com/NASA\n  - https://github.com/python\n"
    plan = record(tmp_path, watchlist)
    assert (plan["ok"], plan["faults"], plan["accounts"], plan["without_source"]) == (True, [], 52, 1)
    assert [(h["host"], h["requests_per_minute"], h["of_which_controls"]) for h in plan["hosts"]] == [
        ("public.api.bsky.app", 3.0, 0),
        ("github.com", 1.4, 0.4),
    ]
    [bluesky, _] = plan["hosts"]
    assert (bluesky["limit_per_minute"], bluesky["used"], bluesky["keeps_intervals"]) == (600, 0.005, True)
    assert bluesky["groups"] == [
        {
            "accounts": 50,
            "platform": "bluesky",
            "interval": 60,
            "interval_kept": 60,
            "can_alert": True,
            "expect_blind": False,
            "told_after": bluesky["groups"][0]["told_after"],
            "told_after_at_worst": bluesky["groups"][0]["told_after_at_worst"],
        }
    ]
    assert [each["account"] for each in plan["cannot_alert"]] == ["x:nasa"]
    assert "delays" not in plan
    delays = record(tmp_path, watchlist, "--accounts")["delays"]
    assert len(delays) == 52
    assert delays[-1] == {**delays[-1], "account": "x:nasa", "host": None, "can_alert": False, "told_after": None}


def test_a_platform_that_shows_nothing_is_promised_nothing(tmp_path: Path) -> None:
    """X asked against its robots.txt answers with a shell of scripts: no delay is told of what is not seen."""
    settings = "platforms: {x: {sources: {page: {robots: override}}}}\n"
    said = lines(tmp_path, "accounts: [https://x.com/NASA]\n", settings=settings)
    assert said[1] == "x x.com 1 1m 1.4 10 per 1m 14 % expect blind"
    [group] = record(tmp_path, "accounts: [https://x.com/NASA]\n", settings=settings)["hosts"][0]["groups"]
    assert (group["expect_blind"], group["told_after"]) == (True, None)


def test_who_is_told_together_is_told_later(tmp_path: Path) -> None:
    """A route that groups waits for half a minute; not with what is critical."""
    alone = "accounts: [https://bsky.app/profile/a.example]\n"
    before = record(tmp_path, alone)["hosts"][0]["groups"][0]["told_after"]
    (tmp_path / "grouped").mkdir()
    loud = "  - {url: https://bsky.app/profile/b.example, severity: critical}\n"
    watchlist = f"accounts:\n  - https://bsky.app/profile/a.example\n{loud}"
    grouped = WATCHER.replace("channels: [log]}", "channels: [log], group_by: platform}")
    (tmp_path / "grouped/watcher.yaml").write_text(grouped)
    (tmp_path / "grouped/watchlist.yaml").write_text(watchlist)
    words = ["plan", "--json", "--accounts", "--config", str(tmp_path / "grouped/watcher.yaml")]
    plan = json.loads(CliRunner().invoke(main, words).output)
    assert [row["told_after"] for row in plan["delays"]] == [pytest.approx(before + 30), pytest.approx(before)]


def test_windows_are_reckoned_at_both_ends(tmp_path: Path) -> None:
    """Requests by the shortest interval, the worst delay by the longest."""
    watchlist = (
        "defaults: {interval: 10m, windows: [{days: mon-fri, interval: 30s}]}\n"
        "accounts: [https://bsky.app/profile/a.example]\n"
    )
    plan = record(tmp_path, watchlist)
    [host] = plan["hosts"]
    assert (plan["within_windows"], host["requests_per_minute"]) == (True, 2.0)
    [group] = host["groups"]
    assert (group["interval"], group["told_after"] < 45, group["told_after_at_worst"] > 600) == (30, True, True)
    assert "windows: reckoned with the shortest interval of each account; at worst with its longest" in lines(
        tmp_path, watchlist
    )


def test_an_empty_watchlist_costs_nothing() -> None:
    """All there is to say is that."""
    nothing = Watchlist(accounts={}, owners={})
    found = forecast(nothing, {}, Settings(watchlist=(Path("w"),), state_dir=Path("s")))
    last = list(planned(found))[-1]
    assert last == "in all: 0 accounts on 0 hosts, 0.0 requests a minute; about 0 % of a core and 100 MB"
    assert planned_record(found)["hosts"] == []


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_faulty_file_is_told_as_by_check(tmp_path: Path, words: list[str]) -> None:
    """With its place, and with status 1."""
    status, said = run(tmp_path, "accounts: [https://bsky.app/profile/a.example]\nacounts: []\n", *words)
    assert status == 1
    if words:
        [fault] = json.loads(said)["faults"]
        assert (json.loads(said)["ok"], fault["line"], "acounts" in fault["message"] + fault["path"]) == (
            False,
            2,
            True,
        )
    else:
        assert "watchlist.yaml:2:1: acounts" in said
