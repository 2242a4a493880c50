"""What is measured: pages of ordinary size, an account, ten thousand states."""

import json
from datetime import UTC, datetime, timedelta

from watcher.classify import classify
from watcher.demo import pages
from watcher.judge.machine import step
from watcher.model.account import Account
from watcher.model.control import References, VantageState
from watcher.model.exchange import Exchange, Purpose, Response, Target, Task
from watcher.model.outage import AccountState
from watcher.model.platform import Platform
from watcher.model.snapshot import Snapshot
from watcher.settings import load_platforms

_NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
_FILLER = "<div class='tweet js-stream-item' data-item-id='1'><a href='/x'>a <b>word</b></a><p>some text</p></div>\n"


class Subjects:
    """Everything that a figure needs, made once."""

    def __init__(self) -> None:
        platforms = load_platforms(None)
        timeline = _FILLER * 220
        present = pages.profile(handle="alice", name="Alice", bio="", stable_id="1").replace(
            "</ol>", f"{timeline}</ol>"
        )
        missing = pages.missing("fr").replace("</body>", f"{timeline}</body>")
        other = pages.missing("fr")
        document = {"did": "did:plc:alice", "handle": "alice.example", "description": "x" * 1000}
        self.json_present = _exchange(platforms["bluesky"], "alice.example", json.dumps(document), "application/json")
        self.page_present = _exchange(platforms["x"], "alice", present)
        self.page_missing = _exchange(platforms["x"], "alice", missing)
        self.page_hostile = _exchange(platforms["x"], "alice", "<div a=1 b='2'><h1>" * 60_000)
        negative = classify(_exchange(platforms["x"], "zzqqxx", other)).features
        self.references = References(negatives=(negative,) if negative is not None else ())
        self.accounts = [_account(number) for number in range(10_000)]
        self.account = self.accounts[0]
        self.finding_present = classify(self.json_present).finding
        first = AccountState(account_id=self.account.id, since=_NOW - timedelta(hours=1))
        up = step(first, self.finding_present, self.account).state
        self.state_up = AccountState(
            account_id=up.account_id, since=up.since, phase=up.phase, stable_id=up.stable_id, last_present=_NOW
        )
        self.states = tuple(AccountState(account_id=a.id, since=_NOW, phase=up.phase) for a in self.accounts)

    def snapshot(self) -> Snapshot:
        """Ten thousand accounts, as the collector shows them."""
        return Snapshot(
            at=_NOW,
            started_at=_NOW,
            accounts=tuple(zip(self.accounts, self.states, strict=True)),
            owners={},
            platforms={},
            health={},
            reports={},
            vantage=VantageState.ONLINE,
        )


def _account(number: int) -> Account:
    handle = f"user{number}.example"
    return Account(
        id=f"bluesky:{handle}",
        platform="bluesky",
        instance="",
        handle=handle,
        display_handle=handle,
        url=f"https://bsky.app/profile/{handle}",
    )


def _exchange(platform: Platform, handle: str, body: str, kind: str = "text/html; charset=utf-8") -> Exchange:
    source = next(s for s in platform.sources if s.credential is None and s.batch is None)
    task = Task(
        purpose=Purpose.ROUTINE,
        platform=platform,
        source=source,
        target=Target(handle=handle, instance=""),
        due=_NOW,
        max_age=timedelta(minutes=1),
        timeout=timedelta(seconds=10),
    )
    response = Response(status=200, url=task.url, headers={"content-type": kind}, body=body.encode())
    return Exchange(task=task, sent_at=_NOW, received_at=_NOW + timedelta(seconds=1), outcome=response)
