"""`/probe?account=ID`: one look at one watched account, now, for whoever asks; as metrics, or explained.

In the manner of Prometheus' multi-target exporters: a registry of its own for each request, and an answer within the
scraper's time. How a look is made, and explained, comes in by callables.
"""

import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final, Generic, TypeVar, assert_never

from aiohttp import web
from multidict import MultiMapping
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from watcher.model.finding import Verdict
from watcher.model.seen import Seen, Unanswered
from watcher.text import clean
from watcher.web.guard import site_refusal
from watcher.web.lines import label_value
from watcher.web.scrape import Exporter

S = TypeVar("S", bound=Seen)

_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"
_HEADROOM: Final = timedelta(seconds=0.5)
_UNTOLD: Final = timedelta(seconds=30)
_LONGEST: Final = timedelta(seconds=120)
_NOT_WATCHED: Final = "no such account is watched; /api/v1/accounts lists them all"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeQuery:
    """Whom to look at, and whether to explain instead of giving metrics."""

    account_id: str
    debug: bool = False


class ProbePage(Generic[S]):
    """The handler of `/probe`.

    `look` is called with the account's id and the time there is; `explain` gives the lines on what it saw, in which
    pages may have written anything.
    """

    def __init__(
        self, look: Callable[[str, timedelta], Awaitable[S | Unanswered]], explain: Callable[[S], Iterable[str]]
    ) -> None:
        self.look = look
        self.explain = explain

    async def get(self, request: web.Request) -> web.Response:
        """200 with what was seen, be it nothing in time; else a short text that says what to do."""
        if (why := site_refusal(request.headers)) is not None:  # a look costs requests: other people's pages have none
            return _said(HTTPStatus.FORBIDDEN, why)
        try:
            query = parse_probe_query(request.query)
            patience = patience_of(request.headers)
        except ValueError as error:
            return _said(HTTPStatus.BAD_REQUEST, str(error))
        seen = await self.look(query.account_id, patience)
        if isinstance(seen, Unanswered):
            return await _unanswered(request, seen, query, patience)
        return self._explained(seen) if query.debug else await _metrics(request, seen)

    def _explained(self, seen: S) -> web.Response:
        shown = generate_latest(_registry(seen)).decode()
        lines = "".join(f"{clean(line)}\n" for line in self.explain(seen))
        return web.Response(text=f"{lines}\nmetrics\n{shown}")


def parse_probe_query(parameters: MultiMapping[str]) -> ProbeQuery:
    """What the parameters of a URL ask for. Raises ValueError with a text for the asker."""
    for name in parameters:
        if name not in ("account", "debug"):
            raise ValueError(f"unknown parameter {name[:40]!a}: account and debug are known")
        if len(parameters.getall(name)) > 1:
            raise ValueError(f"{name}: given more than once")
    account, debug = parameters.get("account", ""), parameters.get("debug", "false")
    if not account:
        raise ValueError("account: missing; give the id of a watched account, as in /probe?account=x:potus")
    if debug not in ("true", "false"):
        raise ValueError(f"debug: {debug[:40]!a} is neither true nor false")
    return ProbeQuery(account_id=account, debug=debug == "true")


def patience_of(headers: Mapping[str, str]) -> timedelta:
    """How long an answer may take: half a second less than the scraper waits. Raises ValueError for no number."""
    told = headers.get(_HEADER)
    if told is None:
        return _UNTOLD
    try:
        seconds = float(told)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise ValueError(f"{_HEADER}: {told[:40]!a} is not a number of seconds above 0")
    longest = (_LONGEST + _HEADROOM).total_seconds()
    return max(timedelta(0), timedelta(seconds=min(seconds, longest)) - _HEADROOM)


async def _unanswered(request: web.Request, why: Unanswered, query: ProbeQuery, patience: timedelta) -> web.Response:
    match why:
        case Unanswered.NOT_WATCHED:
            return _said(HTTPStatus.NOT_FOUND, _NOT_WATCHED)
        case Unanswered.STOPPING:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, "watcher is stopping")
        case Unanswered.TIMED_OUT if query.debug:
            within = f"{patience.total_seconds():g} s"
            return _said(
                HTTPStatus.OK, f"no answer within {within}: the platform, or the pace of its host, takes longer"
            )
        case Unanswered.TIMED_OUT:
            return await _metrics(request, None)
        case _:
            assert_never(why)


def _said(status: HTTPStatus, text: str) -> web.Response:
    return web.Response(status=status, text=f"{clean(text)}\n")


async def _metrics(request: web.Request, seen: Seen | None) -> web.Response:
    accept = ",".join(request.headers.getall("Accept", ()))
    encoding = ",".join(request.headers.getall("Accept-Encoding", ()))
    return (await Exporter(_registry(seen)).expose(None, accept, encoding)).response()


def _registry(seen: Seen | None) -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(ProbeCollector(seen))
    return registry


class ProbeCollector(Collector):
    """The metrics of one look; `None` is one that was not over in time."""

    def __init__(self, seen: Seen | None) -> None:
        self._seen = seen

    def collect(self) -> Iterable[Metric]:
        """The families with their samples."""
        finding = None if self._seen is None else self._seen.finding
        yield _gauge(
            "watcher_probe_success",
            "1 if the look reached a verdict, present or absent; 0 if it was inconclusive or not over in time. Which "
            "verdict: watcher_probe_verdict.",
            float(finding is not None and finding.is_conclusive),
        )
        yield _verdicts(Verdict.INCONCLUSIVE if finding is None else finding.verdict)
        yield _gauge(
            "watcher_probe_timed_out",
            "1 if the time of the scrape was over before the look was.",
            float(finding is None),
        )
        if self._seen is not None:
            yield from _times(self._seen)
            yield _info(self._seen)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _verdicts(verdict: Verdict) -> Metric:
    family = GaugeMetricFamily(
        "watcher_probe_verdict",
        "1 for what this one look says, 0 for the others. It is not confirmed: an outage takes several looks.",
        labels=("verdict",),
    )
    for each in Verdict:
        family.add_metric((each,), float(each is verdict))
    return family


def _times(seen: Seen) -> Iterator[Metric]:
    yield _gauge(
        "watcher_probe_elapsed_seconds",
        "How long the look took, with waiting for the pace of the host and for the controls.",
        (seen.ended_at - seen.began_at).total_seconds(),
    )
    yield _gauge(
        "watcher_probe_answer_timestamp_seconds",
        "When the answer was complete. A look up to ten seconds old is shown again instead of another.",
        seen.finding.at.timestamp(),
    )


def _info(seen: Seen) -> Metric:
    finding = seen.finding
    family = InfoMetricFamily("watcher_probe", "What the verdict rests on; always 1.")
    facts = {
        "reason": str(finding.reason),
        "source": finding.source,
        "rule": finding.evidence.rule,
        "certainty": str(finding.certainty),
    }
    family.add_metric((), {name: label_value(value) for name, value in facts.items()})
    return family
