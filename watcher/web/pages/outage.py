"""The page of an outage: its record as a page, as Markdown and as JSON, and the form by which people note its cause."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from http import HTTPStatus
from itertools import groupby
from typing import Final

from aiohttp import web

from watcher.model.errors import WatcherError
from watcher.model.snapshot import Snapshot
from watcher.notify import format_stamp
from watcher.record import Case, Entry, Kind, Names, OutageRecord, assemble
from watcher.record.data import data_of
from watcher.record.markdown import markdown_of
from watcher.record.note import FIELDS, note_of
from watcher.settings.values import Secret
from watcher.store.values import Amended
from watcher.web.answers import json_error, whole
from watcher.web.cases import Cases
from watcher.web.guard import TOKEN_SETTING, given_refusal
from watcher.web.pages.drawing import BAR, NARROW, WIDE, drawings
from watcher.web.pages.forms import form_of
from watcher.web.pages.shell import Shell
from watcher.web.pages.words import Look, outage_path

_NOBODY: Final = "web"
_TELL: Final = "tell"
_NONE: Final = "There is no such outage, or it is kept no more."
MARKS: Final = {
    Kind.SEEN: Look("seen", "good", "seen"),
    Kind.MISSING: Look("missing", "bad", "missing"),
    Kind.UNCLEAR: Look("unclear", "warn", "unclear"),
    Kind.UNOBSERVED: Look("not observed", "dim", "unobserved"),
    Kind.TOLD: Look("told", "dim", "told"),
    Kind.NOTED: Look("noted", "dim", "noted"),
}
"""How the entries of the timeline look."""


@dataclass(frozen=True, slots=True)
class NoteForm:
    """The form as it is shown: what was filled in and what is wrong with it; `said` is what came of it."""

    fields: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys((*FIELDS, _TELL), ""))
    wrong: Mapping[str, str] = field(default_factory=dict)
    said: str = ""


def names_of(snapshot: Snapshot) -> Names:
    """What things are called."""
    return Names(
        titles={name: platform.title for name, platform in snapshot.platforms.items()},
        owners={slug: owner.name for slug, owner in snapshot.owners.items()},
    )


def by_day(entries: Sequence[Entry]) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """The entries under the days on which they were, both in order."""
    days = groupby(entries, key=lambda entry: entry.at.astimezone(UTC).date())
    return tuple((format_stamp(found[0].at).rsplit(" ", 2)[0], found) for _, some in days for found in (tuple(some),))


def view_of(record: OutageRecord) -> Mapping[str, object]:
    """What the template shows."""
    case = record.case
    return {
        "record": record,
        "days": by_day(record.entries),
        "drawn": [(w, drawings(case.outage, record.moments, case.unobserved, w)) for w in (WIDE, NARROW)],
        "bar": BAR,
        "marks": MARKS,
        "here": outage_path(case.outage.id),
        "hides": bool(case.unobserved),
    }


class OutagePages:
    """The handlers. A change needs `token`; None: nothing can be changed."""

    def __init__(self, shell: Shell, cases: Cases, token: Secret | None, snapshot: Callable[[], Snapshot]) -> None:
        self._shell = shell
        self._cases = cases
        self._token = token
        self._snapshot = snapshot

    def routes(self) -> list[web.RouteDef]:
        """What is served, and by which handler. The ends .md and .json come first: an id never has them."""
        return [
            web.get("/outages/{id}.md", self.markdown),
            web.get("/outages/{id}.json", self.data),
            web.get("/outages/{id}", self.page),
            web.post("/outages/{id}/annotate", self.annotate),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The record for people; with `?print` everything on it is open."""
        return await self._page(request, NoteForm(), HTTPStatus.OK)

    async def markdown(self, request: web.Request) -> web.Response:
        """The record as Markdown."""
        record = await self._record(request)
        if isinstance(record, web.Response):
            return record

        def made() -> web.Response:
            return whole(request, ("\n".join(markdown_of(record)) + "\n").encode(), "text/markdown")

        return await asyncio.to_thread(made)

    async def data(self, request: web.Request) -> web.Response:
        """The record as JSON."""
        try:
            case = await self._cases.case(request.match_info["id"], self._snapshot().at)
        except WatcherError as error:
            return json_error(HTTPStatus.SERVICE_UNAVAILABLE, f"the store does not answer at present: {error}")
        if case is None:
            return json_error(HTTPStatus.NOT_FOUND, "there is no such outage; /api/v1/outages lists the latest")
        names = names_of(self._snapshot())

        def made() -> web.Response:
            text = json.dumps(data_of(assemble(case, names)), indent=2, ensure_ascii=False)
            return whole(request, text.encode(errors="replace"), "application/json")

        return await asyncio.to_thread(made)

    async def annotate(self, request: web.Request) -> web.Response:
        """Keep a note on the outage. What was filled in wrongly is shown again, and nothing of it is lost."""
        form = await form_of(request, (*FIELDS, _TELL))
        if (refusal := given_refusal(form.token, self._token)) is not None:
            said = "Type the token." if self._token is not None and not form.token else f"{refusal[1].capitalize()}."
            return await self._page(request, NoteForm(form.fields, {"token": said}), refusal[0])
        outage_id = request.match_info["id"]
        note, wrong = note_of(outage_id, self._snapshot().at, form.fields, _NOBODY)
        if note is None:
            return await self._page(request, NoteForm(form.fields, wrong), HTTPStatus.BAD_REQUEST)
        try:
            result = await asyncio.shield(self._cases.annotate(note, tell=bool(form[_TELL])))
        except WatcherError as error:
            said = f"It was not kept, since the store does not answer: {error}. Send it again later."
            return await self._page(request, NoteForm(form.fields, said=said), HTTPStatus.SERVICE_UNAVAILABLE)
        if result is Amended.UNKNOWN:
            return await self._nothing(request)
        return web.Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{outage_path(outage_id)}#notes"})

    async def _record(self, request: web.Request) -> OutageRecord | web.Response:
        """The record, or the answer where there is none."""
        found = await self._found(request)
        if not isinstance(found, Case):
            return found
        return await asyncio.to_thread(assemble, found, names_of(self._snapshot()))

    async def _found(self, request: web.Request) -> Case | web.Response:
        try:
            case = await self._cases.case(request.match_info["id"], self._snapshot().at)
        except WatcherError as error:
            why = f"The record cannot be read at present: {error}. Watching goes on; the board is made of memory."
            return await self._shell.refusal(request, HTTPStatus.SERVICE_UNAVAILABLE, why)
        return case if case is not None else await self._nothing(request)

    async def _page(self, request: web.Request, form: NoteForm, status: HTTPStatus) -> web.Response:
        record = await self._record(request)
        if isinstance(record, web.Response):
            return record
        return await self._shell.answer(
            request,
            "outage.html.j2",
            status=status,
            form=form,
            can_note=self._token is not None,
            token_setting=TOKEN_SETTING,
            is_print="print" in request.query,
            **view_of(record),
        )

    async def _nothing(self, request: web.Request) -> web.Response:
        return await self._shell.refusal(request, HTTPStatus.NOT_FOUND, _NONE)
