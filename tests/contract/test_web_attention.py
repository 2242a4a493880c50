"""Silences, incidents and acknowledgements over HTTP: a real server on the loopback address, over a real store."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.fakes.clock import FakeClock
from tests.unit.store.samples import LEASE, T0, account, after, closing, delivered, delivery, opening, outage
from tests.unit.web import story
from watcher.metrics import Metrics
from watcher.model.errors import StoreError
from watcher.model.reload import Edit, Outcome, Reloaded
from watcher.settings.values import Secret, WebSettings
from watcher.store.desk import StoreDesk
from watcher.store.memory import MemoryStore
from watcher.store.reader import StoreReader
from watcher.store.worker import StoreWorker
from watcher.web import WebServer

TOKEN = "0123456789abcdef0123"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
OUTAGE = outage()
SILENCES, INCIDENTS = "/api/v1/silences", "/api/v1/incidents"
ONE = {"matchers": ["platform=x", 'owner=~"mayor|press"'], "for": "2h", "comment": "moving", "by": "mia"}

Ask = Callable[..., Awaitable[tuple[int, Any]]]


class FailingStore(MemoryStore):
    """A store that fails when it is told to."""

    failing = False

    def silences(self, since: Any = None) -> Any:
        if self.failing:
            raise StoreError("the disk is full")
        return super().silences(since)


@pytest.fixture
def store() -> FailingStore:
    """One outage, told by Slack, in the second try."""
    made = FailingStore()
    made.watch([account("potus")], T0)
    made.commit(opening(OUTAGE))
    [row] = made.claim(after(20), LEASE, 1)
    made.settle(row, delivery(row, "retry", 21))
    [row] = made.claim(after(90), LEASE, 1)
    made.settle(delivered(row, 91), delivery(row, seconds=91))
    return made


@pytest.fixture
def token() -> Secret | None:
    """What the settings say."""
    return Secret(TOKEN)


@pytest.fixture
async def ask(store: FailingStore, token: Secret | None) -> AsyncIterator[Ask]:
    """Send one request; its status and what its JSON says."""
    metrics = Metrics("1")
    worker = StoreWorker(store, FakeClock(story.NOW), metrics, threaded=False)
    settings = WebSettings(port=0, token=token)

    async def reload(_force: bool) -> Outcome:
        return Reloaded(edit=Edit())

    server = WebServer(
        settings, story.snapshot, StoreReader(worker), reload, metrics.registry, "1", desk=StoreDesk(worker)
    )
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:

        async def send(path: str, method: str = "GET", **more: Any) -> tuple[int, Any]:
            async with session.request(method, path, **{"headers": BEARER, **more}) as response:
                if response.status == 401:
                    assert response.headers["WWW-Authenticate"] == 'Bearer realm="watcher"'
                return response.status, json.loads(await response.text())

        yield send
    await server.stop()


async def test_a_silence_is_added_listed_and_ended(ask: Ask) -> None:
    """201 with the silence; in the list until it ends; ended once."""
    status, made = await ask(SILENCES, "POST", json=ONE)
    assert status == 201
    assert made.pop("warnings") == []
    assert made == {
        "id": made["id"],
        "state": "active",
        "matchers": ['platform="x"', 'owner=~"mayor|press"'],
        "starts_at": "2017-11-02T23:10:40.000Z",
        "ends_at": "2017-11-03T01:10:40.000Z",
        "by": "mia",
        "comment": "moving",
    }
    assert await ask(SILENCES) == (200, [made])
    one = f"{SILENCES}/{made['id']}"
    assert await ask(one, "DELETE") == (200, {"id": made["id"], "state": "expired", "changed": True})
    assert await ask(one, "DELETE") == (200, {"id": made["id"], "state": "expired", "changed": False})
    assert await ask(SILENCES) == (200, [])
    status, [ended] = await ask(f"{SILENCES}?expired=true")
    assert (status, ended["state"]) == (200, "expired")
    status, told = await ask(f"{SILENCES}/nothing", "DELETE")
    assert (status, told["error"].startswith("there is no such silence")) == (404, True)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"matchers": []}, "matchers: give one or more texts"),
        ({"matchers": [1]}, "matchers: give one or more texts"),
        ({"matchers": "jack"}, "matchers: column 5: 'jack' wants one of"),
        ({"matchers": ['account=~"x:.*|\ud800"']}, r"matchers: column 16: '\ud800' cannot be seen"),
        (
            {"matchers": "severity=warn"},
            "there is no severity 'warn', so that it matches nothing; did you mean 'warning'?",
        ),
        ({"for": "soon"}, "for: 'soon' is not a duration"),
        ({"ends_at": "2017-11-03T00:00"}, 'say how long: give exactly one of "for" (2h) and "ends_at"'),
        ({"starts_at": "soon"}, "starts_at: 'soon' is no time"),
        ({"comment": None}, "comment: say why, in a few words"),
        ({"comment": " "}, "comment: is no text that says something"),
        ({"comment": "x" * 4001}, "comment: is 4001 characters long"),
        ({"color": "red"}, "unknown key 'color': matchers, starts_at, ends_at, for, comment and by are known"),
    ],
)
async def test_a_faulty_silence_is_told_so(ask: Ask, changes: dict[str, Any], said: str) -> None:
    """400, with the key, what was wrong and what to write instead."""
    status, told = await ask(SILENCES, "POST", json=ONE | changes)
    assert status == 400
    assert said in told["error"]
    assert await ask(SILENCES) == (200, [])


async def test_a_silence_that_may_be_about_nothing_is_told(ask: Ask) -> None:
    """It is kept; what nobody knows, and a beginning that is past, is in `warnings`."""
    changes = {"matchers": ["account=x:patus", "owner=nobody"], "starts_at": "2017-11-02T22:00"}
    status, made = await ask(SILENCES, "POST", json=ONE | changes)
    assert status == 201
    past, account, owner = made.pop("warnings")
    assert past.startswith("2 Nov 2017 22:00:00 UTC is past: the silence begins now")
    assert account.startswith("no account 'x:patus' is known, so that the silence may be about nothing; did you mean")
    assert owner.startswith("no owner 'nobody' is known")
    assert await ask(SILENCES) == (200, [made])


@pytest.mark.parametrize("body", ["[1]", "{", "[" * 5000])
async def test_what_is_no_object_is_told_so(ask: Ask, body: str) -> None:
    """400 for any body."""
    status, told = await ask(SILENCES, "POST", data=body)
    assert status == 400
    assert told["error"].startswith("the body is no JSON")


@pytest.mark.parametrize(
    ("path", "method"), [(SILENCES, "POST"), (f"{SILENCES}/x", "DELETE"), (f"{INCIDENTS}/{OUTAGE.id}/ack", "POST")]
)
@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, "a change needs the header Authorization: Bearer TOKEN, that of web.token"),
        ({"Authorization": f"Basic {TOKEN}"}, "a change needs the header Authorization: Bearer TOKEN"),
        ({"Authorization": "Bearer nonsense"}, "that is not the token of web.token"),
        ({"Authorization": f"Bearer {TOKEN}0"}, "that is not the token of web.token"),
    ],
)
async def test_changes_need_the_token(
    ask: Ask, store: FailingStore, path: str, method: str, headers: dict[str, str], said: str
) -> None:
    """401 without it and with another one; nothing is changed."""
    status, told = await ask(path, method, headers=headers, json=ONE)
    assert status == 401
    assert said in told["error"]
    assert store.silences() == ()
    assert store.incidents()[0].acked_at is None


@pytest.mark.parametrize("token", [None])
async def test_without_a_token_configured_nothing_changes(ask: Ask) -> None:
    """403, and how to configure one; reading goes on."""
    status, told = await ask(SILENCES, "POST", json=ONE)
    assert status == 403
    assert told["error"].endswith("set web.token_file (or web.token) in watcher.yaml and start watcher anew")
    assert await ask(SILENCES) == (200, [])


async def test_other_sites_are_refused_even_with_the_token(ask: Ask) -> None:
    """The guard of all that changes something stays before this one."""
    foreign = {**BEARER, "Origin": "https://evil.example"}
    status, told = await ask(SILENCES, "POST", headers=foreign, json=ONE)
    assert (status, told) == (403, {"error": "refused: the request comes from another site (Origin)"})


async def test_incidents_are_listed(ask: Ask) -> None:
    """All, the open ones, those of a kind; what is not understood is told."""
    status, [incident] = await ask(INCIDENTS)
    assert status == 200
    assert incident["id"] == OUTAGE.id
    assert (incident["kind"], incident["open"], incident["acknowledged"]) == ("account", True, None)
    assert await ask(f"{INCIDENTS}?kind=digest") == (200, [])
    assert (await ask(f"{INCIDENTS}?open=true&limit=5"))[1] == [incident]
    status, told = await ask(f"{INCIDENTS}?kind=nonsense")
    assert status == 400
    assert "kind: 'nonsense' is none of account, notice" in told["error"]
    status, told = await ask(f"{INCIDENTS}?color=red")
    assert (status, told["error"]) == (400, "unknown parameter 'color': kind, limit and open are known")


async def test_an_incident_has_its_delivery_log(ask: Ask) -> None:
    """Each row with every try: when, what came of it, what was answered, how long it took."""
    status, told = await ask(f"{INCIDENTS}/{OUTAGE.id}")
    assert status == 200
    assert [each["id"] for each in told["outages"]] == [OUTAGE.id]
    [row] = told["notifications"]
    assert (row["kind"], row["channel"], row["state"], row["attempts"]) == ("alert", "slack", "delivered", 2)
    assert row["latency_seconds"] == 71
    assert row["deliveries"] == [
        {"at": "2017-11-02T23:00:21.000Z", "outcome": "retry", "answer": "ok", "latency_seconds": 0.12},
        {"at": "2017-11-02T23:01:31.000Z", "outcome": "delivered", "answer": "ok", "latency_seconds": 0.12},
    ]
    status, told = await ask(f"{INCIDENTS}/nothing")
    assert (status, told["error"].startswith("there is no such incident")) == (404, True)


async def test_an_incident_is_acknowledged(ask: Ask, store: FailingStore) -> None:
    """200 and who it was, also the second time; without a body it was the API."""
    ack = f"{INCIDENTS}/{OUTAGE.id}/ack"
    status, told = await ask(ack, "POST", json={"by": "mia", "comment": "I call them"})
    assert status == 200
    assert told["acknowledged"] == {"by": "mia", "at": "2017-11-02T23:10:40.000Z", "comment": "I call them"}
    assert (await ask(ack, "POST"))[1] == told
    store.unack(OUTAGE.id, story.NOW)
    assert (await ask(ack, "POST"))[1]["acknowledged"]["by"] == "api"
    assert (await ask(f"{INCIDENTS}/nothing/ack", "POST"))[0] == 404
    store.commit(closing(OUTAGE))
    status, told = await ask(ack, "POST")
    assert (status, told) == (409, {"error": "it is over: there is nothing left to take care of"})


async def test_a_store_that_fails_is_told_of(ask: Ask, store: FailingStore) -> None:
    """503, in JSON."""
    store.failing = True
    status, told = await ask(SILENCES)
    assert (status, told) == (503, {"error": "the store does not answer at present: the disk is full"})
