"""The description of the API: a valid one, of every route, and what the real server answers fits it."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.fakes.eleven import TOKEN, Served, eleven_minutes, served
from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.model.annotation import Annotation
from watcher.model.silence import Matcher, Silence
from watcher.store.values import Commit
from watcher.web.openapi import OPERATIONS
from watcher.web.pages.apipage import served as routes_of
from watcher.web.pages.apipage import undescribed

BEARER = {"Authorization": f"Bearer {TOKEN}"}
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Served]:
    """The evening of 2017, with a note and a silence on it."""
    async with served(eleven_minutes(tmp_path)) as made:
        outage = made.worker.store.outage(made.outage_id)
        assert outage is not None
        at = outage.confirmed_at
        made.worker.store.annotate(Annotation(outage_id=outage.id, at=at, by="desk", cause="human error"))
        matcher = Matcher(name="platform", value="x")
        made.worker.store.add_silence(
            Silence(
                id="s-1",
                matchers=(matcher,),
                starts_at=at,
                ends_at=outage.last_absent.latest,
                by="desk",
                comment="known",
            )
        )
        yield made


@pytest.fixture
async def web(desk: Served) -> AsyncIterator[aiohttp.ClientSession]:
    """A program that asks."""
    async with aiohttp.ClientSession(desk.url) as session:
        yield session


async def document(session: aiohttp.ClientSession) -> dict[str, Any]:
    """The description, as it is served."""
    async with session.get("/api/openapi.json") as answer:
        assert answer.content_type == "application/json"
        found: dict[str, Any] = json.loads(await answer.text())
    return found


def assert_fits(described: Mapping[str, Any], method: str, path: str, status: int, content: Any) -> None:
    """That this answer is as that operation says. A schema outside of `components` finds those by their references."""
    answer = described["paths"][path][method]["responses"][str(status)]
    schema = {**answer["content"]["application/json"]["schema"], "components": described["components"]}
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(content)


async def test_the_description_is_valid(web: aiohttp.ClientSession) -> None:
    """OpenAPI 3.1; every operation has a name of its own, every object is used."""
    described = await document(web)
    assert [str(error) for error in OpenAPIV31SpecValidator(described).iter_errors()] == []
    operations = [each for methods in described["paths"].values() for each in methods.values()]
    names = [each["operationId"] for each in operations]
    assert len(set(names)) == len(names)
    text = json.dumps(described)
    for name in described["components"]["schemas"]:
        assert f'"#/components/schemas/{name}"' in text, name


def test_every_route_is_described(tmp_path: Path) -> None:
    """Of the server as the whole program builds it, each route but none that it has not; also those that change."""

    async def story() -> None:
        async with World(tmp_path, watching("https://x.com/potus")) as world:
            app = world.app.web._runner.app  # type: ignore[union-attr]  # it runs
            assert undescribed(app) == set()
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{world.app.web.url}api/openapi.json") as answer,
            ):
                described = await answer.json()
            shown = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
            assert shown == routes_of(app)
            assert {method for method, _ in shown} == {"GET", "POST", "DELETE"}

    run_virtual(story())


async def test_what_is_read_fits(desk: Served, web: aiohttp.ClientSession) -> None:
    """Every answer in JSON: lists, single ones, what is not there, and what is asked wrongly."""
    described, outage = await document(web), quote(desk.outage_id, safe="")
    asked = (
        ("/api/v1/accounts", "/api/v1/accounts", 200),
        ("/api/v1/accounts", "/api/v1/accounts?platform=x", 400),
        ("/api/v1/accounts/{id}", "/api/v1/accounts/x%3Arealdonaldtrump", 200),
        ("/api/v1/accounts/{id}", "/api/v1/accounts/x%3Arealdonaldtrump?open=true", 400),
        ("/api/v1/accounts/{id}", "/api/v1/accounts/x:nobody", 404),
        ("/api/v1/outages", "/api/v1/outages", 200),
        ("/api/v1/outages", "/api/v1/outages?limit=0", 400),
        ("/api/v1/incidents", "/api/v1/incidents", 200),
        ("/api/v1/incidents", "/api/v1/incidents?kind=x", 400),
        ("/api/v1/incidents/{id}", f"/api/v1/incidents/{outage}", 200),
        ("/api/v1/incidents/{id}", "/api/v1/incidents/nothing", 404),
        ("/api/v1/incidents/{id}", f"/api/v1/incidents/{outage}?open=true", 400),
        ("/api/v1/silences", "/api/v1/silences?expired=true", 200),
        ("/api/v1/silences", "/api/v1/silences?x=1", 400),
        ("/outages/{id}.json", f"/outages/{outage}.json", 200),
        ("/outages/{id}.json", "/outages/nothing.json", 404),
    )
    for path, url, status in asked:
        async with web.get(url) as answer:
            assert answer.status == status, url
            content = await answer.json()
        assert content, url
        assert_fits(described, "get", path, status, content)


async def test_what_is_changed_fits(web: aiohttp.ClientSession) -> None:
    """What is taken and given by those that change something: done, refused, and made no sense of."""
    described = await document(web)
    wanted = {"matchers": ['platform="x"'], "for": "2h", "comment": "known", "by": "desk"}
    body = {**described["components"]["schemas"]["NewSilence"], "components": described["components"]}
    Draft202012Validator(body).validate(wanted)
    silences = "/api/v1/silences"
    for sent, headers, status in ((wanted, {}, 401), ({**wanted, "for": "x"}, BEARER, 400), (wanted, BEARER, 201)):
        async with web.post(silences, json=sent, headers=headers) as answer:
            assert answer.status == status
            made = await answer.json()
        assert_fits(described, "post", silences, status, made)
    for silence_id, status in ((made["id"], 200), ("nothing", 404)):
        async with web.delete(f"{silences}/{silence_id}", headers=BEARER) as answer:
            assert answer.status == status
            assert_fits(described, "delete", f"{silences}/{{id}}", status, await answer.json())
    path = "/api/v1/incidents/{id}/ack"
    for incident, content, status in (("nothing", {}, 404), ("nothing", {"x": 1}, 400)):
        async with web.post(f"/api/v1/incidents/{incident}/ack", json=content, headers=BEARER) as answer:
            assert answer.status == status
            assert_fits(described, "post", path, status, await answer.json())


async def test_an_incident_that_is_over_or_taken_fits(desk: Served, web: aiohttp.ClientSession) -> None:
    """To acknowledge what is over is refused; one that lasts is given back with who has taken it."""
    described, path = await document(web), "/api/v1/incidents/{id}/ack"
    own = await desk.worker.call(desk.worker.store.incident, desk.outage_id)
    assert own is not None
    lasting = replace(own.incident, id="i-2", key="x:potus", closed_at=None)
    await desk.worker.call(desk.worker.store.commit, Commit(opened=(lasting,)))
    for incident, status in ((desk.outage_id, 409), ("i-2", 200)):
        url = f"/api/v1/incidents/{quote(incident, safe='')}/ack"
        async with web.post(url, json={"by": "desk", "comment": "on it"}, headers=BEARER) as answer:
            assert answer.status == status
            assert_fits(described, "post", path, status, await answer.json())


async def test_a_server_without_a_desk_describes_what_it_has(web: aiohttp.ClientSession) -> None:
    """What is described by hand and is not there is left out: the page and the document are of this server."""
    described = await document(web)
    shown = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert shown < OPERATIONS.keys()
    assert ("GET", "/probe") not in shown
    async with web.get("/api") as answer:
        page = await answer.text()
    for _, path in shown:
        assert f"<code>{path}</code>" in page
