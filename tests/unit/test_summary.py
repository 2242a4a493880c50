"""What is said of a configuration, a run and a store."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.newsroom import configure
from tests.unit.store.samples import T0, account, after, closed, outage, stamp, state
from watcher.model.errors import ConfigError, Fault
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import EndCause, Phase
from watcher.settings import Loaded, load_all
from watcher.store.base import Stored
from watcher.summary import (
    accounts_table,
    can_all_alert,
    checked,
    checked_record,
    faults_record,
    outages_table,
    stands,
    started,
)

WATCHLIST = "accounts: [https://x.com/POTUS, https://github.com/python]\n"


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
        "hint      `watcher demo` (make demo) shows on this machine what an outage looks like; Ctrl-C ends this run",
    ]


def test_a_run_says_who_cannot_alert(unable: Loaded) -> None:
    """And what else the configuration will not do."""
    lines = list(started(unable, "http://127.0.0.1:11102/"))
    assert any(line.startswith("no alert  x:potus: no usable source on X: ") for line in lines)
    assert any(line.startswith("warning   no contact: ") for line in lines)


def test_a_check_ends_with_a_summary(able: Loaded, tmp_path: Path) -> None:
    """One line when all is well; one is not many."""
    assert list(checked(able)) == ["2 accounts on 2 platforms; none cannot alert"]
    one = load_all(configure(tmp_path, watchlist="accounts: [https://x.com/POTUS]\n"), {})
    assert list(checked(one)) == ["1 account on 1 platform; none cannot alert"]
    assert can_all_alert(able)


def test_a_check_names_who_cannot_alert(unable: Loaded) -> None:
    """Before the summary, with the reason."""
    lines = list(checked(unable))
    assert lines[0].startswith("cannot alert: x:potus: no usable source on X: source 'api' needs the credential")
    assert lines[1].startswith("warning: no contact: ")
    assert lines[-1] == "2 accounts on 2 platforms; 1 cannot alert"
    assert not can_all_alert(unable)


def test_a_check_as_data(able: Loaded, unable: Loaded) -> None:
    """`ok` is what the exit status says: an account that cannot alert counts only when asked to be strict."""
    assert checked_record(able, strict=True) == {"ok": True, "faults": [], "remarks": [], "accounts": 2}
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
    assert list(accounts_table(found)) == [
        "ACCOUNT  STATE      SINCE                    LAST LOOK          OUTAGES  NOW GONE FOR",
        "x:potus  down       2 Nov 2017 23:00:00 UTC  absent, not_found  0        at least 19 s",
        "x:un     up, blind  2 Nov 2017 23:00:00 UTC  present            2",
        "x:nasa   new                                 none yet           0",
    ]


def test_a_table_of_outages() -> None:
    """With the bounds that are proven; an open one has no end yet, an unwatched one never had one."""
    over = replace(closed(outage(), 660), last_absent=stamp(650))
    unwatched = replace(outage(), closed_at=after(90), end_cause=EndCause.UNWATCHED)
    assert list(outages_table((outage(), over, unwatched))) == [
        "ACCOUNT  BEGAN ABOUT              DURATION            REASON            SEVERITY  ENDED",
        "x:potus  2 Nov 2017 22:59:30 UTC  at least 19 s       not_found, shown  critical  open",
        "x:potus  2 Nov 2017 22:59:30 UTC  11 min 25 s ± 36 s  not_found, shown  critical  recovered",
        "x:potus  2 Nov 2017 22:59:30 UTC  at least 19 s       not_found, shown  critical  unwatched",
    ]


def test_no_outages() -> None:
    """An empty table says so."""
    assert list(outages_table(())) == ["no outages"]
