"""Questions about one account and about many: the URL and the body that are sent."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watcher.model.exchange import Purpose, Target, Task
from watcher.model.platform import Answers, Batch, ControlHandles, HandleSyntax, Platform, Source, SourceKind

NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
BATCH = Batch(size=10, member="who={handle}&id={stable_id}", join="&", items=())
MANY = Source(
    name="many",
    kind=SourceKind.BATCH,
    url="https://{instance}/all?v=1&{members}",
    answers=Answers.JSON,
    batch=BATCH,
)
ALICE = Target(handle="alice", instance="big.example", stable_id="did:plc:1")
ODD = Target(handle='{members}"é&x=1', instance="big.example")


def task(source: Source, target: Target, *members: Target) -> Task:
    """A question."""
    platform = Platform(
        id="x",
        title="X",
        profile="https://x.example/{handle}",
        recognise=(),
        handle=HandleSyntax(pattern=".*"),
        sources=(source,),
        controls=ControlHandles(),
    )
    return Task(
        purpose=Purpose.ROUTINE,
        platform=platform,
        source=source,
        target=target,
        due=NOW,
        max_age=timedelta(minutes=1),
        timeout=timedelta(seconds=10),
        members=members,
    )


def test_the_members_stand_in_the_url() -> None:
    """Each as the batch writes it, percent-encoded, so that no handle adds anything to the question."""
    asked = task(MANY, ALICE, ALICE, ODD)
    odd = "%7Bmembers%7D%22%C3%A9%26x%3D1"
    assert asked.url == f"https://big.example/all?v=1&who=alice&id=did:plc:1&who={odd}&id="
    assert (asked.host, asked.asked_about, asked.body("secret")) == ("big.example", (ALICE, ODD), None)


def test_a_batch_without_members_is_about_its_target() -> None:
    """A batch of one."""
    asked = task(MANY, ALICE)
    assert asked.url == "https://big.example/all?v=1&who=alice&id=did:plc:1"
    assert asked.asked_about == (ALICE,)


def test_the_members_stand_in_the_body() -> None:
    """Escaped as a text within a text, and numbered; the credential is filled in."""
    batch = replace(BATCH, member='a{n}: user(login: "{handle}")', join=" ")
    source = replace(
        MANY, url="https://x.example/q", batch=batch, body={"query": "{ {members} }", "key": "{credential}"}
    )
    body = json.loads(task(source, ALICE, ALICE, ODD).body("s3cr3t") or "")
    assert body["key"] == "s3cr3t"
    assert body["query"] == '{ a0: user(login: "alice") a1: user(login: "{members}\\"é&x=1") }'


def test_the_body_of_a_single_look_up() -> None:
    """Holds the handle in the same way."""
    source = Source(name="one", url="https://x.example/q", answers=Answers.JSON, body={"login": "{handle}"})
    assert json.loads(task(source, Target(handle='a"b', instance="")).body("") or "") == {"login": 'a\\"b'}
