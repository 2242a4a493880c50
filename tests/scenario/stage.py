"""The demo's platform with a front door that a story can change: what stands before all pages, and looks alike."""

from collections.abc import Callable, Sequence
from datetime import datetime

from aiohttp import web

from watcher.demo.answers import Flavour
from watcher.demo.platform import Request, ScriptedPlatform

Front = Callable[[str], web.Response | None]
"""What somebody who asks for a handle gets instead of any page; None lets them in."""


class Stage(ScriptedPlatform):
    """Serves what the ScriptedPlatform serves, unless `front` has an answer of its own. Both are in `requests`.

    `batch` answers in place of it those who ask about many at once.

    `at_work` is how many requests have come in and are not answered yet.
    """

    front: Front | None = None
    batch: Callable[[], web.Response] | None = None
    at_work = 0

    def asked(self, *handles: str, since: datetime | None = None) -> list[Request]:
        """The requests for these handles, from `since` on."""
        return [item for item in self.requests if item.handle in handles and (since is None or item.at >= since)]

    def asked_of_others(self, *handles: str, since: datetime | None = None) -> list[Request]:
        """The requests for anybody but these handles, robots.txt apart, from `since` on."""
        known = {*handles, ""}
        return [item for item in self.requests if item.handle not in known and (since is None or item.at >= since)]

    async def _serve(
        self, request: web.Request, handle: str, flavour: Flavour, others: Sequence[str] = ()
    ) -> web.Response:
        handles = (handle, *others)
        if self.batch is not None and request.path.endswith("getProfiles"):
            self._note_request(request, handles)
            return self.batch()
        answer = next((a for a in map(self.front, handles) if a is not None), None) if self.front is not None else None
        if answer is None:
            self.at_work += 1
            try:
                return await super()._serve(request, handle, flavour, others)
            finally:
                self.at_work -= 1
        self._note_request(request, handles)
        return answer
