"""`/probe` as a scraper and a person meet it: a real server, and looks that come out as a test says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.clock import FakeClock
from tests.unit.web import story
from tests.unit.web.story import SEEN_ONCE, SeenOnce
from watcher.metrics import Metrics
from watcher.model.finding import Reason, Verdict
from watcher.model.reload import Outcome
from watcher.model.seen import Unanswered
from watcher.settings.values import WebSettings
from watcher.store.memory import MemoryStore
from watcher.store.reader import StoreReader
from watcher.store.worker import StoreWorker
from watcher.web import ProbePage, WebServer

TIMEOUT = "X-Prometheus-Scrape-Timeout-Seconds"
ACCOUNT = "/probe?account=x:potus"


class Looking:
    """What the app would hand in: looks that give `answer`, and an explanation of them."""

    def __init__(self) -> None:
        self.answer: SeenOnce | Unanswered | Exception = SEEN_ONCE
        self.asked: list[tuple[str, float]] = []

    async def look(self, account_id: str, patience: timedelta) -> SeenOnce | Unanswered:
        """As OnDemand.look; fails where the test says so."""
        self.asked.append((account_id, patience.total_seconds()))
        await asyncio.sleep(0)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def explain(self, seen: SeenOnce) -> Iterator[str]:
        """Two lines, of which a page wrote one."""
        yield f"it is {seen.finding.verdict}"
        yield f"  it said {story.HOSTILE}"


@pytest.fixture
def looking() -> Looking:
    """An account that one look found absent."""
    return Looking()


Ask = Callable[..., Awaitable[tuple[aiohttp.ClientResponse, str]]]


@pytest.fixture
async def ask(looking: Looking) -> AsyncIterator[Ask]:
    """Send one request and give back the answer with its text."""

    async def reload(_force: bool) -> Outcome:
        raise AssertionError

    page = ProbePage(looking.look, looking.explain)
    metrics = Metrics("1")
    registry = metrics.registry
    reader = StoreReader(StoreWorker(MemoryStore(), FakeClock(), metrics, threaded=False))
    server = WebServer(WebSettings(port=0), story.snapshot, reader, reload, registry, "1", probe=page)
    await server.start()
    async with aiohttp.ClientSession(server.url) as session:

        async def send(path: str, method: str = "GET", **more: Any) -> tuple[aiohttp.ClientResponse, str]:
            async with session.request(method, path, **more) as response:
                return response, await response.text()

        yield send
    await server.stop()


def values(text: str) -> dict[str, float]:
    """Every sample, by its name and its only label's value, where it has one."""
    return {
        ":".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


VERDICTS = {f"watcher_probe_verdict:{verdict}": 0.0 for verdict in ("present", "absent", "inconclusive")}


async def test_an_absence_is_a_success_that_says_absent(ask: Ask) -> None:
    """The look reached a verdict; which one, what it rests on and how old it is have metrics of their own."""
    response, text = await ask(ACCOUNT, headers={"Accept-Encoding": "identity"})
    assert (response.status, response.content_type) == (200, "text/plain")
    assert values(text) == {
        "watcher_probe_success": 1,
        **VERDICTS,
        "watcher_probe_verdict:absent": 1,
        "watcher_probe_timed_out": 0,
        "watcher_probe_elapsed_seconds": 2,
        "watcher_probe_answer_timestamp_seconds": SEEN_ONCE.finding.at.timestamp(),
        "watcher_probe_info:stated:not_found:profile:page": 1,
    }


async def test_what_says_nothing_is_no_success(ask: Ask, looking: Looking) -> None:
    """Nor is it gone."""
    finding = story.finding(Reason.LOGIN_WALL, Verdict.INCONCLUSIVE)
    looking.answer = SeenOnce(finding, SEEN_ONCE.began_at, SEEN_ONCE.ended_at)
    found = values((await ask(ACCOUNT))[1])
    assert found["watcher_probe_success"] == 0
    assert {name: found[name] for name in VERDICTS} == VERDICTS | {"watcher_probe_verdict:inconclusive": 1}
    assert found["watcher_probe_timed_out"] == 0


async def test_no_answer_in_time_is_told_as_that(ask: Ask, looking: Looking) -> None:
    """In 200, as the scraper wants it; to a person in a sentence."""
    looking.answer = Unanswered.TIMED_OUT
    response, text = await ask(ACCOUNT, headers={TIMEOUT: "10"})
    assert response.status == 200
    assert values(text) == {
        "watcher_probe_success": 0,
        **VERDICTS,
        "watcher_probe_verdict:inconclusive": 1,
        "watcher_probe_timed_out": 1,
    }
    _, text = await ask(f"{ACCOUNT}&debug=true", headers={TIMEOUT: "10"})
    assert text.startswith("no answer within 9.5 s: ")


@pytest.mark.parametrize(
    ("told", "patience"),
    [("10", 9.5), ("0.7", 0.2), ("0.1", 0), ("1e9", 120), ("inf", 120), (None, 30)],
)
async def test_the_scrapers_time_is_kept(ask: Ask, looking: Looking, told: str | None, patience: float) -> None:
    """Half a second is left for the way back; without a word there is a limit all the same."""
    await ask(ACCOUNT, headers={} if told is None else {TIMEOUT: told})
    [(account, given)] = looking.asked
    assert account == "x:potus"
    assert given == pytest.approx(patience)


@pytest.mark.parametrize("told", ["", "ten", "0", "-1", "nan", "1_0s"])
async def test_a_time_that_is_none_is_refused(ask: Ask, looking: Looking, told: str) -> None:
    """With the header's name; nothing is asked."""
    response, text = await ask(ACCOUNT, headers={TIMEOUT: told})
    assert response.status == 400
    assert TIMEOUT in text
    assert looking.asked == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "account: missing; give the id of a watched account, as in /probe?account=x:potus"),
        ("?account=", "account: missing"),
        ("?account=a&account=b", "account: given more than once"),
        ("?account=a&debug=yes", "debug: 'yes' is neither true nor false"),
        ("?target=a", "unknown parameter 'target': account and debug are known"),
    ],
)
async def test_a_wrong_question_says_what_is_right(ask: Ask, looking: Looking, query: str, said: str) -> None:
    """400, and nobody is looked at."""
    response, text = await ask(f"/probe{query}")
    assert (response.status, response.content_type) == (400, "text/plain")
    assert text.startswith(said)
    assert looking.asked == []


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (Unanswered.NOT_WATCHED, 404, "no such account is watched; /api/v1/accounts lists them all\n"),
        (Unanswered.STOPPING, 503, "watcher is stopping\n"),
        (RuntimeError("the secret inside"), 500, "internal error; the log says more\n"),
    ],
)
@pytest.mark.parametrize("debug", ["", "&debug=true"])
async def test_failures_are_no_metrics(
    ask: Ask, looking: Looking, answer: Unanswered | Exception, status: int, said: str, debug: str
) -> None:
    """A scrape that fails shows in `up`; no figure is made up for it."""
    looking.answer = answer
    response, text = await ask(f"{ACCOUNT}{debug}")
    assert (response.status, text) == (status, said)


async def test_debug_explains(ask: Ask) -> None:
    """The lines, made harmless, and what would have been scraped."""
    response, text = await ask(f"{ACCOUNT}&debug=true")
    assert (response.status, response.content_type) == (200, "text/plain")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    explained, _, metrics = text.partition("\n\nmetrics\n")
    assert explained.splitlines()[0] == "it is absent"
    assert len(explained.splitlines()) == 2
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert values(metrics)["watcher_probe_success"] == 1


async def test_nothing_but_the_look_is_shown(ask: Ask) -> None:
    """The program's own figures are on /metrics only, and the other way round."""
    _, text = await ask(ACCOUNT)
    assert all(name.startswith("watcher_probe_") for name in values(text))
    _, text = await ask("/metrics")
    assert "watcher_probe_success" not in text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_other_sites_cannot_make_it_look(ask: Ask, looking: Looking, headers: dict[str, str]) -> None:
    """A look costs requests: an image in somebody's page causes none, though it is a GET."""
    response, text = await ask(ACCOUNT, headers=headers)
    assert response.status == 403
    assert "another site" in text
    assert looking.asked == []
    response, _ = await ask(ACCOUNT, headers={"Host": "evil.example"})
    assert response.status == 421


async def test_openmetrics_and_gzip_where_asked_for(ask: Ask) -> None:
    """As on /metrics."""
    wants = {"Accept": "application/openmetrics-text;version=1.0.0", "Accept-Encoding": "gzip"}
    response, text = await ask(ACCOUNT, headers=wants)
    assert response.content_type == "application/openmetrics-text"
    assert response.headers["Content-Encoding"] == "gzip"
    assert text.endswith("# EOF\n")


async def test_only_reading_methods(ask: Ask, looking: Looking) -> None:
    """A POST is none of its business."""
    response, _ = await ask(ACCOUNT, "POST")
    assert response.status == 405
    assert looking.asked == []
