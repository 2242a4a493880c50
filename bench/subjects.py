"""What is measured: pages of ordinary size, an account, ten thousand states."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bench import profiles
from watcher.classify import Classified, classify, members_of
from watcher.judge.machine import step
from watcher.model.account import Account
from watcher.model.control import References
from watcher.model.exchange import Exchange, Purpose, Response, Target, Task
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import AccountState
from watcher.model.platform import Answers, Batch, Field, FieldKind, Items, Match, Platform, Rule
from watcher.settings.load import load_platforms

_NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
_TITLE = "Alice Doe (@alice) / X"
_PAGE = 30_000
_LARGE = 1_000_000


class Subjects:
    """Everything that a figure needs, made once."""

    def __init__(self) -> None:
        platforms = load_platforms(None)
        document = {"did": "did:plc:alice", "handle": "alice.example", "description": "x" * 1000}
        self.json_present = _exchange(platforms["bluesky"], "alice.example", json.dumps(document), "application/json")
        scripted, marked_up = profiles.scripted, profiles.marked_up
        profile, missing, x = profiles.PROFILE, profiles.MISSING, platforms["x"]
        # GitHub's page is told by its head alone; X's own only once its error container says nothing of protection.
        self.page_head = _exchange(platforms["github"], "alice", scripted(_TITLE, "alice", profile, size=_PAGE))
        self.page_present = _exchange(x, "alice", scripted(_TITLE, "alice", profile, size=_PAGE))
        self.page_present_tags = _exchange(x, "alice", marked_up(_TITLE, "alice", profile))
        self.page_missing = _exchange(x, "alice", scripted("X", None, missing, size=_PAGE))
        self.page_missing_tags = _exchange(x, "alice", marked_up("X", None, missing))
        self.page_present_large = _exchange(x, "alice", scripted(_TITLE, "alice", profile, size=_LARGE))
        self.page_missing_large = _exchange(x, "alice", scripted("X", None, missing, size=_LARGE))
        self.page_hostile = _exchange(x, "alice", "<div a=1 b='2'><h1>" * 60_000)
        negative = classify(_exchange(x, "zzqqxx", scripted("X", None, missing, size=_PAGE))).features
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


def everything_asked(body: bytes, *, is_json: bool) -> Callable[[], Classified]:
    """A look at an answer by rules that ask for all that there is, its features computed as well."""
    kind = FieldKind.JSON if is_json else FieldKind.META
    fields = [Field(FieldKind.TEXT), Field(FieldKind.ERROR), Field(kind, "og:title"), Field(FieldKind.CANONICAL)]
    rules = tuple(
        Rule(id=str(field), when=(Match(field, ("no such *",)),), verdict=Verdict.ABSENT, reason=Reason.NOT_FOUND)
        for field in fields
    )
    x = load_platforms(None)["x"]
    page = next(source for source in x.sources if source.answers is Answers.HTML)
    answers = Answers.JSON if is_json else Answers.HTML
    source = replace(page, rules=rules, answers=answers, similarity=True, credential=None)
    asked = _exchange(replace(x, sources=(source,)), "alice", body)

    def look() -> Classified:
        classified = classify(asked)
        assert classified.features is None or classified.features.status
        return classified

    return look


def taken_apart(body: bytes) -> Callable[[], object]:
    """A look at what the answer to a batch says of one account."""
    asked = _exchange(load_platforms(None)["bluesky"], "alice", body, "application/json")
    items = Items(list_="items", names=("name", "id{id}"))
    source = replace(asked.task.source, batch=Batch(size=3, member="{handle}", join=",", items=(items,)))
    whole = replace(asked, task=replace(asked.task, source=source))
    return lambda: [classify(part) for part in members_of(whole)]


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


def _exchange(platform: Platform, handle: str, body: str | bytes, kind: str = "text/html; charset=utf-8") -> Exchange:
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
    raw = body.encode() if isinstance(body, str) else body
    response = Response(status=200, url=task.url, headers={"content-type": kind}, body=raw)
    return Exchange(task=task, sent_at=_NOW, received_at=_NOW + timedelta(seconds=1), outcome=response)
