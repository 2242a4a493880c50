"""Visit one URL: follow its redirects by hand, read the body to the cap, turn every failure into a value.

Knows nothing of tasks, platforms and verdicts. Each redirect is kept, for the way to a login page is evidence.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from aiohttp import ClientResponse
from multidict import CIMultiDictProxy
from yarl import URL

from watcher.model.exchange import FetchFailure, Hop, Response
from watcher.model.finding import Reason
from watcher.probe.body import read_capped
from watcher.probe.failures import failure_of
from watcher.probe.session import ProbeSession

MAX_HOPS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# What may be told to an origin that was not the one asked: nothing that could name or authorise us.
_HARMLESS: Final = frozenset({"accept", "accept-language", "sec-fetch-mode"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A URL to be asked for. `timeout` spans all of it; `max_body` is in bytes, decoded.

    `follows` says of the URL that a redirect names whether it is asked for as well. With `data`, that is posted: to
    where a redirect leads it is never sent.
    """

    url: str
    timeout: timedelta
    max_body: int
    headers: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    data: bytes | None = None
    follows: Callable[[str], bool] = lambda _url: True


async def go(session: ProbeSession, visit: Visit, on_hop: Callable[[str], None]) -> Response | FetchFailure:
    """Ask for `visit.url` and follow at most 5 redirects, to http and https only and never from https to http.

    A redirect that `visit.follows` does not want is the answer itself: its status and headers, no body, and as
    `url` the one that it names, which was not asked for. Headers beyond the harmless ones stay with the origin
    that they were meant for. `on_hop` is told the host of each further request. Raises nothing but CancelledError.
    """
    hops: list[Hop] = []
    try:
        async with asyncio.timeout(visit.timeout.total_seconds()):
            outcome = await _follow(session, visit, hops, on_hop)
    except Exception as error:  # noqa: BLE001 - hostile bytes must never become anything but a value
        outcome = failure_of(error)
    return replace(outcome, hops=tuple(hops)) if hops else outcome


async def _follow(
    session: ProbeSession, visit: Visit, hops: list[Hop], on_hop: Callable[[str], None]
) -> Response | FetchFailure:
    url = URL(visit.url)
    url = url.with_fragment(None) if "#" in visit.url else url
    headers = dict(visit.headers)
    while True:
        async with session.ask(url, headers, fresh=visit.fresh, data=visit.data) as response:
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or not location:
                return await _answer(response, url, visit.max_body)
            status, answered = response.status, headers_of(response.headers)
        hops.append(Hop(url=str(url), status=status, location=clean(location)))
        target = _next(url, location, hops)
        if isinstance(target, FetchFailure):
            return target
        if visit.data is not None or not visit.follows(str(target)):
            return Response(status=status, url=str(target), headers=answered, body=b"")
        if target.origin() != url.origin():
            headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
        url = target
        on_hop(url.host or "")


async def _answer(response: ClientResponse, url: URL, max_body: int) -> Response | FetchFailure:
    body = await read_capped(response, max_body)
    if isinstance(body, FetchFailure):
        return body
    return Response(status=response.status, url=str(url), headers=headers_of(response.headers), body=body)


def _next(url: URL, location: str, hops: list[Hop]) -> URL | FetchFailure:
    try:
        # Credentials in a Location would be sent on as an Authorization header.
        target = url.join(URL(location)).with_fragment(None)
        target = target.with_user(None) if target.host else target
    except ValueError:
        return _refused(hops, "to something that is no url")
    if target.scheme not in {"http", "https"} or not target.host:
        return _refused(hops, "to something other than http and https")
    if url.scheme == "https" and target.scheme == "http":
        return _refused(hops, "from https to http")
    if str(target) in {hop.url for hop in hops}:
        return _refused(hops, "in a loop")
    if len(hops) > MAX_HOPS:
        return _refused(hops, f"more than {MAX_HOPS} times")
    return target


def _refused(hops: list[Hop], how: str) -> FetchFailure:
    return FetchFailure(reason=Reason.REDIRECT, detail=f"redirected {how}", status=hops[-1].status)


def headers_of(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Headers as a Response has them."""
    joined: dict[str, str] = {}
    for header, value in headers.items():
        name, said = header.lower(), value if value.isascii() else clean(value)
        joined[name] = f"{joined[name]}, {said}" if name in joined else said
    return joined


def clean(value: str) -> str:
    """A header's value as text that can be stored."""
    # aiohttp hands undecodable bytes on as lone surrogates, which no store and no JSON would take.
    if value.isascii():
        return value
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
