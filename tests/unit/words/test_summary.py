"""What is said of a configuration, a run and a store."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.newsroom import configure
from tests.unit.store.samples import T0, account, after, closed, outage, stamp, state
from watcher.model.errors import ConfigError, Fault
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import EndCause, Phase
from watcher.model.record import Record
from watcher.model.uptime import History, Uptime
from watcher.settings import Loaded, why_blind
from watcher.settings.load import load_all, load_platforms
from watcher.store.values import Amended, Copied, Stored
from watcher.words.summary import (
    Past,
    account_with_past,
    accounts_table,
    amended,
    backed_up,
    can_all_alert,
    checked,
    checked_record,
    faults_record,
    outages_table,
    pasts,
    stands,
    started,
)

WATCHLIST = "accounts: [https://x.com/POTUS, https://github.com/python]\n"
BLIND = why_blind(load_platforms(None)["x"])


def seen_as(account_id: str, sources: list[str], blind: list[str], tells: list[str]) -> Record:
    """What a check says, as data, of an account that is decided by `sources`."""
    expected = None if sources else BLIND
    seen = {"decidable": bool(sources), "sources": sources, "blind_sources": blind}
    return {"account": account_id, **seen, "tells": tells, "tells_by_text": [], "expect": expected}


@pytest.fixture
def able(tmp_path: Path) -> Loaded:
    """Two accounts on two platforms that can alert."""
    return load_all(configure(tmp_path, watchlist=WATCHLIST), {})


@pytest.fixture
def unable(tmp_path: Path) -> Loaded:
    """The same, but robots.txt keeps the one on X from being asked; nobody can be reached for complaints."""
    path = configure(tmp_path, watchlist=WATCHLIST, asked="")
    path.write_text(path.read_text().replace("contact: test@watcher.example\n", ""))
    return load_all(path, {})


def test_a_run_says_what_it_does(able: Loaded) -> None:
    """What is watched, where the state is, where to look, and where to see an outage."""
    assert list(started(able, "http://127.0.0.1:11102/")) == [
        "watching  2 accounts on 2 platforms",
        f"state     {able.settings.state_dir}",
        "page      http://127.0.0.1:11102/",
        f"warning   x:potus: {BLIND}",
        "hint      `watcher demo` (make demo) shows on this machine what an outage looks like; Ctrl-C ends this run",
    ]


def test_a_run_says_who_cannot_alert(unable: Loaded) -> None:
    """And what else the configuration will not do."""
    lines = list(started(unable, "http://127.0.0.1:11102/"))
    assert any(line.startswith("no alert  x:potus: no usable source on X: ") for line in lines)
    assert any(line.startswith("warning   no contact: ") for line in lines)


def test_a_check_ends_with_a_summary(able: Loaded, tmp_path: Path) -> None:
    """One line when all is well; one is not many."""
    assert list(checked(able)) == [
        f"warning: x:potus: {BLIND}",
        "sees: github:python: by page; tells not_found",
        "2 accounts on 2 platforms; none cannot alert",
    ]
    one = load_all(configure(tmp_path, watchlist="accounts: [https://x.com/POTUS]\n"), {})
    assert list(checked(one))[-1] == "1 account on 1 platform; none cannot alert"
    assert can_all_alert(able)


def test_a_check_names_who_cannot_alert(unable: Loaded) -> None:
    """Before the summary, with the reason."""
    lines = list(checked(unable))
    assert lines[0].startswith("cannot alert: x:potus: no usable source on X: source 'batch' needs the credential")
    assert BLIND in lines[0]
    assert lines[1].startswith("warning: no contact: ")
    assert lines[-1] == "2 accounts on 2 platforms; 1 cannot alert"
    assert not can_all_alert(unable)


def test_a_check_as_data(able: Loaded, unable: Loaded) -> None:
    """`ok` is what the exit status says: an account that cannot alert counts only when asked to be strict."""
    assert checked_record(able, strict=True) == {
        "ok": True,
        "faults": [],
        "remarks": [{"account": "x:potus", "level": "warning", "message": BLIND}],
        "accounts": 2,
        "sight": [seen_as("x:potus", [], ["page"], []), seen_as("github:python", ["page"], [], ["not_found"])],
    }
    record = checked_record(unable, strict=False)
    assert record["ok"]
    assert not checked_record(unable, strict=True)["ok"]
    assert [(remark["account"], remark["level"]) for remark in record["remarks"]] == [
        ("x:potus", "cannot_alert"),
        (None, "warning"),
    ]
    assert json.loads(json.dumps(record)) == record


def test_faults_as_data() -> None:
    """Each with its place, in the same shape."""
    fault = Fault(file="w.yaml", line=6, column=5, path="accounts[0].intervall", message="unknown key")
    assert faults_record(ConfigError([fault])) == {
        "ok": False,
        "faults": [
            {"file": "w.yaml", "line": 6, "column": 5, "path": "accounts[0].intervall", "message": "unknown key"}
        ],
        "remarks": [],
        "accounts": 0,
        "sight": [],
    }


def test_accounts_stand_as_stored(able: Loaded) -> None:
    """In the order of the watchlist; one that no run has seen is new, one no longer watched is left out."""
    up = state("potus")
    found = stands(able, Stored(states={"x:potus": up, "x:gone": state("gone")}), after(60))
    assert [(account.id, state.phase) for account, state in found] == [
        ("x:potus", Phase.UP),
        ("github:python", Phase.NEW),
    ]
    assert found[0][1] is up
    assert found[1][1].since == after(60)


def test_a_table_of_accounts() -> None:
    """Aligned; what there is not is left empty."""
    gone = replace(state("potus", Phase.DOWN, outage=outage()), verdict=Verdict.ABSENT, reason=Reason.NOT_FOUND)
    blind = replace(state("un"), verdict=Verdict.PRESENT, reason=Reason.PROFILE, blind_since=T0, outages_total=2)
    new = replace(state("nasa", Phase.NEW), last_probe_at=None)
    found = tuple((account(each.account_id.removeprefix("x:")), each) for each in (gone, blind, new))
    hour = timedelta(hours=1)
    part = Uptime(since=T0, until=T0 + 3 * hour, present=hour - timedelta(milliseconds=1), unobserved=2 * hour)
    past = {
        "x:potus": Past(uptime=replace(part, absent=timedelta(milliseconds=1))),
        "x:un": Past(uptime=replace(part, present=hour), retracted=1),
        "x:nasa": Past(uptime=Uptime(since=T0, until=T0)),
    }
    head, *lines = accounts_table(found, past)
    assert head.split("  ")[-3:] == ["UPTIME 30 D", "NOT OBSERVED", "NOW GONE FOR"]
    assert [" ".join(line.split()) for line in lines] == [
        "x:potus down 2 Nov 2017 23:00:00 UTC absent, not_found 0 99.99 % 2 h at least 19 s",
        "x:un up, blind 2 Nov 2017 23:00:00 UTC present 1 100.00 % 2 h",
        "x:nasa new none yet 0",
    ]
    assert {line.find("2 h") for line in lines[:2]} == {head.find("NOT OBSERVED")}


def test_the_past_of_accounts(able: Loaded) -> None:
    """Up to now while the run lives; what nobody saw since its last sign of life is not observed."""
    up = replace(state("potus"), last_present=T0)
    stored = Stored(states={"x:potus": up}, heartbeat_at=after(1000))
    histories = {"x:potus": History(seen_since=T0, retracted=2)}
    past = pasts(stands(able, stored, after(1010)), histories, stored, after(1010))
    assert past == {"x:potus": Past(uptime=Uptime(since=T0, until=after(1010), present=after(1010) - T0), retracted=2)}
    later = pasts(stands(able, stored, after(3000)), histories, stored, after(3000))["x:potus"].uptime
    assert (later.present, later.unobserved) == (after(1000) - T0, timedelta(seconds=2000))
    record = account_with_past(account(), up, past["x:potus"])
    assert (record["uptime_30d"]["ratio"], record["outages_retracted"]) == (1.0, 2)
    assert account_with_past(account(), up, None)["uptime_30d"] is None


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (Amended.DONE, "o-1: noted"),
        (Amended.ALREADY, "o-1: noted already"),
        (Amended.STILL_OPEN, "o-1 is still open and cannot be taken back: wait until it is over"),
        (Amended.UNKNOWN, "there is no outage 'o-1'"),
    ],
)
def test_what_came_of_amending(result: Amended, said: str) -> None:
    """And what to do where it cannot be."""
    assert amended(result, "o-1", done="noted", already="noted already").startswith(said)


def test_what_a_backup_holds() -> None:
    """How to restore it, and what was wrong before it was made."""
    good = Copied(outages=1, pages=2, bytes=4096)
    assert list(backed_up(good, Path("/b"))) == [
        "backup    /b: 1 outage, 2 pages, 4096 bytes; checked",
        "restore   stop `watcher run`, put /b in the place of the state_dir, start it again",
    ]
    bad = list(backed_up(replace(good, lost=("ab" * 32,), changed=7), Path("/b")))[2:]
    assert [line.split()[0] for line in bad] == ["lost", "changed"]
    assert "transition 7 " in bad[1]


def test_a_table_of_outages() -> None:
    """With the bounds that are proven; an open one has no end yet, an unwatched one never had one."""
    over = replace(closed(outage(), 660), last_absent=stamp(650))
    unwatched = replace(outage(), closed_at=after(90), end_cause=EndCause.UNWATCHED)
    taken_back = replace(over, retracted_at=after(900))
    assert list(outages_table((taken_back,)))[1].endswith("recovered, retracted")
    assert list(outages_table((outage(), over, unwatched))) == [
        "ACCOUNT  BEGAN ABOUT              DURATION            REASON            SEVERITY  ENDED",
        "x:potus  2 Nov 2017 22:59:30 UTC  at least 19 s       not_found, shown  critical  open",
        "x:potus  2 Nov 2017 22:59:30 UTC  11 min 25 s ± 36 s  not_found, shown  critical  recovered",
        "x:potus  2 Nov 2017 22:59:30 UTC  at least 19 s       not_found, shown  critical  unwatched",
    ]


def test_no_outages() -> None:
    """An empty table says so."""
    assert list(outages_table(())) == ["no outages"]
