"""The account's page: what is known of it; one look now; silence, with a token."""

import asyncio
import uuid
from collections.abc import Awaitable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, TypeVar, assert_never

from aiohttp import web

from watcher.model.errors import WatcherError
from watcher.model.seen import Seen, Unanswered
from watcher.model.silence import Matcher, Silence
from watcher.model.snapshot import Snapshot
from watcher.text import clean
from watcher.web.guard import TOKEN_SETTING, given_refusal
from watcher.web.pages.account import Dossier, Stored, dossier
from watcher.web.pages.behind import Behind
from watcher.web.pages.forms import Form, form_of, see_other
from watcher.web.pages.shell import Shell
from watcher.web.pages.wall import Wall
from watcher.web.pages.words import account_path
from watcher.words.attention import moment_to_come, new_silence

_T = TypeVar("_T")
_OUTAGES: Final = 50
_EVENTS: Final = 100
_SAMPLES: Final = 200
_LONGEST: Final = 500
_PATIENCE: Final = timedelta(seconds=30)
_FIELDS: Final = ("for", "comment", "by")
_NOBODY: Final = "the page"


class AccountPage:
    """`/accounts/ID` and what is sent from there."""

    def __init__(self, behind: Behind, wall: Wall, shell: Shell) -> None:
        self._behind = behind
        self._wall = wall
        self._shell = shell

    def routes(self) -> list[web.RouteDef]:
        """What is served. Ids are one part of the path."""
        return [
            web.get("/accounts/{id}", self.get),
            web.post("/accounts/{id}/look", self.look),
            web.post("/accounts/{id}/silence", self.silence),
        ]

    async def get(self, request: web.Request) -> web.Response:
        """What is known of the account."""
        return await self._answer(request)

    async def look(self, request: web.Request) -> web.Response:
        """Look at it now, for who asks: that feeds no judge. One look at a time, and none within ten seconds of one."""
        probe = self._behind.probe
        if probe is None:
            return await self._shell.refusal(request, HTTPStatus.NOT_FOUND, "nobody can ask for a look here")
        seen = await probe.look(request.match_info["id"], _PATIENCE)
        if isinstance(seen, Unanswered):
            return await self._unanswered(request, seen)
        said = [clean(line) for line in probe.explain(seen)]
        return await self._answer(request, seen=seen, said=said)

    async def silence(self, request: web.Request) -> web.Response:
        """Have nobody told of it for a while. Whoever has not the token gets the form back as it was."""
        form = await form_of(request, _FIELDS)
        if self._behind.desk is None or self._behind.token is None:
            said = f"nothing can be changed here: {TOKEN_SETTING}"
            return await self._shell.refusal(request, HTTPStatus.FORBIDDEN, said)
        if (refused := given_refusal(form.token, self._behind.token)) is not None:
            return await self._answer(request, status=refused[0], form=form, fault=refused[1])
        account_id, now = request.match_info["id"], self._behind.now
        if account_id not in self._behind.snapshot().accounts:
            return await self._answer(request)
        try:
            await self._behind.desk.add_silence(_silence_of(form, account_id, now), once=True)
        except ValueError as error:
            return await self._answer(request, status=HTTPStatus.BAD_REQUEST, form=form, fault=str(error))
        except WatcherError as error:
            fault = f"the store does not answer at present, nothing was changed: {error}"
            return await self._answer(request, status=HTTPStatus.SERVICE_UNAVAILABLE, form=form, fault=fault)
        return see_other(f"{account_path(account_id)}#silences")

    async def _unanswered(self, request: web.Request, why: Unanswered) -> web.Response:
        match why:
            case Unanswered.NOT_WATCHED:
                return await self._answer(request)
            case Unanswered.TIMED_OUT:
                said = ["no answer in time: the platform, or the pace of its host, takes longer"]
                return await self._answer(request, said=said)
            case Unanswered.STOPPING:
                return await self._shell.refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, "watcher is stopping")
            case _:
                assert_never(why)

    async def _answer(
        self,
        request: web.Request,
        *,
        status: int = HTTPStatus.OK,
        form: Form | None = None,
        fault: str = "",
        seen: Seen | None = None,
        said: list[str] | None = None,
    ) -> web.Response:
        account_id, snapshot = request.match_info["id"], self._behind.snapshot()
        found = await self._found(account_id, snapshot)
        if found is None:
            why = "No such account is watched (any more)."
            return await self._shell.refusal(request, HTTPStatus.NOT_FOUND, why)
        return await self._shell.answer(
            request,
            "account.html.j2",
            status=status,
            page=found,
            seen=seen,
            said=said,
            fault=fault,
            filled=form.fields if form is not None else _EMPTY,
            may=self._may,
        )

    @property
    def _may(self) -> Mapping[str, Any]:
        """What can be done here."""
        has_desk = self._behind.desk is not None
        return {
            "look": self._behind.probe is not None,
            "silence": has_desk and self._behind.token is not None,
            "setting": TOKEN_SETTING,
        }

    async def _found(self, account_id: str, snapshot: Snapshot) -> Dossier | None:
        row = await self._wall.row(snapshot, account_id)
        if row is None:
            return None
        stored = await self._stored(account_id, snapshot.at)
        upcoming = self._behind.upcoming(account_id)
        return await asyncio.to_thread(dossier, row, snapshot, stored, upcoming)

    async def _stored(self, account_id: str, now: datetime) -> Stored:
        """What the store has; what cannot be read is said, and all else is shown."""
        records, faults = self._behind.records, list[str]()

        async def read(what: str, asking: Awaitable[tuple[_T, ...]]) -> tuple[_T, ...]:
            try:
                return await asking
            except WatcherError as error:
                faults.append(f"{what} cannot be read at present: {error}")
                return ()

        outages = records.outages(account_id=account_id, open_only=False, limit=_OUTAGES, retracted=True)
        return Stored(
            outages=await read("outages", outages),
            transitions=await read("what happened", records.transitions(account_id, _EVENTS)),
            samples=await read("the looks", records.samples(account_id, _SAMPLES)),
            silences=await read("silences", self._behind.desk.silences(now)) if self._behind.desk is not None else (),
            faults=tuple(faults),
        )


_EMPTY: Final = dict.fromkeys(_FIELDS, "")


def _silence_of(form: Form, account_id: str, now: datetime) -> Silence:
    """What the form asks for. ValueError with what to write instead."""
    comment, by = clean(form["comment"]).strip(), clean(form["by"]).strip()
    for name, text in (("why", comment), ("your name", by)):
        if len(text) > _LONGEST:
            raise ValueError(f"{name}: longer than {_LONGEST} characters")
    if not comment:
        raise ValueError("why: say it in a few words; others will ask themselves")
    try:
        until = moment_to_come(form["for"].strip(), now)
    except ValueError as error:
        raise ValueError(f"how long: {error}") from None
    matchers = (Matcher(name="account", value=account_id),)
    return new_silence(uuid.uuid4().hex[:12], matchers, now, until, now, by or _NOBODY, comment)
