"""The part of the API by which people say when they are not to be told, and that they take care.

Reading is for whoever reaches the server, as the rest of it; changing needs the bearer token of watcher.yaml.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, Protocol

from aiohttp import web
from multidict import MultiMapping

from watcher.model.account import Account
from watcher.model.attention import incident_record, notification_record, silence_record
from watcher.model.errors import WatcherError
from watcher.model.matchers import MatcherError, parse_matchers
from watcher.model.notification import Delivery, Incident, IncidentKind
from watcher.model.record import outage_record
from watcher.model.silence import Matcher, Silence
from watcher.model.snapshot import Snapshot
from watcher.settings.scalars import span
from watcher.settings.values import Secret
from watcher.store.values import Amended, IncidentRecord
from watcher.web import parameters
from watcher.web.answers import json_error
from watcher.web.guard import token_refusal
from watcher.words.attention import doubts, known_of, late_start, moment_to_come, new_silence

_SILENCE_KEYS: Final = ("matchers", "starts_at", "ends_at", "for", "comment", "by")
_ACK_KEYS: Final = ("by", "comment")
_NOBODY: Final = "api"


class Desk(Protocol):
    """What is asked of the store, in its own words (see Store). Each raises StoreError."""

    async def silences(self, since: datetime | None, /) -> tuple[Silence, ...]:
        """The silences that end after `since`; None: all."""
        ...

    async def add_silence(self, silence: Silence, /, *, once: bool = False) -> Amended:
        """Keep a silence; with `once` none that says the same as one that lasts."""
        ...

    async def expire_silence(self, silence_id: str, at: datetime, /) -> Amended:
        """End a silence."""
        ...

    async def incidents(self, kind: IncidentKind | None, open_only: bool, limit: int, /) -> tuple[Incident, ...]:
        """Incidents, the latest first."""
        ...

    async def incident(self, incident_id: str, /) -> tuple[IncidentRecord, tuple[Delivery, ...]] | None:
        """One incident with every try to tell of it."""
        ...

    async def ack(self, incident_id: str, by: str, at: datetime, comment: str | None, /) -> Amended:
        """Somebody takes care of it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentQuery:
    """Which incidents are asked for."""

    kind: IncidentKind | None = None
    open_only: bool = False
    limit: int = parameters.DEFAULT


class AttentionApi:
    """The handlers. `token` is what a change needs; None: nothing can be changed."""

    def __init__(self, desk: Desk, token: Secret | None, snapshot: Callable[[], Snapshot]) -> None:
        self._desk = desk
        self._token = token
        self._snapshot = snapshot

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler. Ids may hold slashes."""
        return [
            web.get("/api/v1/silences", self._told(self.silences)),
            web.post("/api/v1/silences", self._told(self.add, changes=True)),
            web.delete("/api/v1/silences/{id}", self._told(self.expire, changes=True)),
            web.get("/api/v1/incidents", self._told(self.incidents)),
            web.post("/api/v1/incidents/{id:.+}/ack", self._told(self.ack, changes=True)),
            web.get("/api/v1/incidents/{id:.+}", self._told(self.incident)),
        ]

    def _told(self, handler: Any, *, changes: bool = False) -> Any:
        """The handler behind its guard, with what is wrong told as JSON."""

        async def handle(request: web.Request) -> web.Response:
            if changes and (refusal := token_refusal(request.headers, self._token)) is not None:
                return _refused(*refusal)
            try:
                answer: web.Response = await handler(request)
            except ValueError as error:
                return json_error(HTTPStatus.BAD_REQUEST, str(error))
            except WatcherError as error:
                return json_error(HTTPStatus.SERVICE_UNAVAILABLE, f"the store does not answer at present: {error}")
            return answer

        return handle

    async def silences(self, request: web.Request) -> web.Response:
        """The silences that hold or are still to begin; with `expired=true` also those that have ended."""
        parameters.only_known(request.query, ("expired",))
        now = self._snapshot().at
        found = await self._desk.silences(None if parameters.flag(request.query, "expired") else now)
        return web.json_response([silence_record(each, now) for each in found])

    async def add(self, request: web.Request) -> web.Response:
        """Silence something: 201 and the silence, with what may be wrong with it."""
        snapshot = self._snapshot()
        now, content = snapshot.at, await request.read()
        made, asked = parse_silence(content, uuid.uuid4().hex[:12], now)
        await self._desk.add_silence(made)
        doubtful = await asyncio.to_thread(_doubts, made, tuple(snapshot.accounts.values()), snapshot)
        warnings = [*late_start(asked, now), *doubtful]
        return web.json_response({**silence_record(made, now), "warnings": warnings}, status=HTTPStatus.CREATED)

    async def expire(self, request: web.Request) -> web.Response:
        """End a silence; one that had ended stays as it is."""
        silence_id = request.match_info["id"]
        result = await self._desk.expire_silence(silence_id, self._snapshot().at)
        if result is Amended.UNKNOWN:
            return json_error(
                HTTPStatus.NOT_FOUND, "there is no such silence; /api/v1/silences?expired=true lists them all"
            )
        return web.json_response({"id": silence_id, "state": "expired", "changed": result is Amended.DONE})

    async def incidents(self, request: web.Request) -> web.Response:
        """Incidents, the latest first: `open=true`, `kind` and `limit` (1 to 1000) narrow them down."""
        query = parse_incident_query(request.query)
        found = await self._desk.incidents(query.kind, query.open_only, query.limit)
        return web.json_response([incident_record(each) for each in found])

    async def incident(self, request: web.Request) -> web.Response:
        """One incident, with its outages and with all that was told of it: every try, its answer, how long it took."""
        parameters.only_known(request.query, ())
        found = await self._desk.incident(request.match_info["id"])
        if found is None:
            return _no_incident()
        record, deliveries = found
        tries: defaultdict[int, list[Delivery]] = defaultdict(list)
        for each in deliveries:
            tries[each.notification_id].append(each)
        outages = (*((record.outage,) if record.outage is not None else ()), *record.outages)
        return web.json_response(
            incident_record(record.incident)
            | {
                "outages": [outage_record(outage) for outage in outages],
                "notifications": [notification_record(row, tries[row.id]) for row in record.notifications],
            }
        )

    async def ack(self, request: web.Request) -> web.Response:
        """Acknowledge an incident: 200 and the incident, also when somebody had before."""
        incident_id, body = request.match_info["id"], parameters.body_of(await request.read(), _ACK_KEYS)
        by, comment = parameters.words(body, "by") or _NOBODY, parameters.words(body, "comment")
        result = await self._desk.ack(incident_id, by, self._snapshot().at, comment)
        if result is Amended.OVER:
            return json_error(HTTPStatus.CONFLICT, "it is over: there is nothing left to take care of")
        found = await self._desk.incident(incident_id) if result is not Amended.UNKNOWN else None
        return _no_incident() if found is None else web.json_response(incident_record(found[0].incident))


def parse_silence(content: bytes, silence_id: str, now: datetime) -> tuple[Silence, datetime | None]:
    """The silence that a body asks for, and when it asks to begin."""
    body = parameters.body_of(content, _SILENCE_KEYS)
    asked = _instant(body, "starts_at", now)
    starts_at = asked or now
    lasting, ends_at = _span(body), _instant(body, "ends_at", now)
    if (lasting is None) == (ends_at is None):
        raise ValueError('say how long: give exactly one of "for" (2h) and "ends_at" (2026-12-01T08:00Z)')
    comment = parameters.words(body, "comment")
    if comment is None:
        raise ValueError("comment: say why, in a few words")
    made = new_silence(
        silence_id,
        _matchers(body),
        max(starts_at, now),
        ends_at or max(starts_at, now) + (lasting or timedelta()),
        now,
        parameters.words(body, "by") or _NOBODY,
        comment,
    )
    return made, asked


def _matchers(body: Mapping[str, Any]) -> tuple[Matcher, ...]:
    given = body.get("matchers")
    several = [given] if isinstance(given, str) else given
    if not isinstance(several, list) or not several or not all(isinstance(each, str) for each in several):
        raise ValueError('matchers: give one or more texts, such as ["platform=x", "owner=~\\"mayor|press\\""]')
    try:
        return parse_matchers(several)
    except MatcherError as error:
        raise ValueError(f"matchers: {error}") from None


def _instant(body: Mapping[str, Any], key: str, now: datetime) -> datetime | None:
    text = parameters.words(body, key)
    if text is None:
        return None
    try:
        return moment_to_come(text, now)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None


def _span(body: Mapping[str, Any]) -> timedelta | None:
    text = parameters.words(body, "for")
    if text is None:
        return None
    try:
        return span(text)
    except ValueError as error:
        raise ValueError(f"for: {text[:40]!a} {error}") from None


def parse_incident_query(query: MultiMapping[str]) -> IncidentQuery:
    """The query that the parameters of a URL ask for."""
    parameters.only_known(query, ("kind", "limit", "open"))
    kind = query.get("kind")
    if kind is not None and kind not in set(IncidentKind):
        raise ValueError(f"kind: {kind[:40]!a} is none of {', '.join(IncidentKind)}")
    return IncidentQuery(
        kind=IncidentKind(kind) if kind is not None else None,
        open_only=parameters.flag(query, "open") or False,
        limit=parameters.limit(query),
    )


def _doubts(made: Silence, accounts: tuple[Account, ...], snapshot: Snapshot) -> tuple[str, ...]:
    return tuple(doubts(made.matchers, known_of(accounts, snapshot.platforms)))


def _refused(status: HTTPStatus, why: str) -> web.Response:
    response = json_error(status, why)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="watcher"'
    return response


def _no_incident() -> web.Response:
    return json_error(HTTPStatus.NOT_FOUND, "there is no such incident; /api/v1/incidents lists the latest")
