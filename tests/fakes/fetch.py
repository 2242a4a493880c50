"""A Fetch that puts no question to anybody: it answers from a script, in the clock's time, and keeps the tasks."""

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from watcher.clock import Clock
from watcher.model.exchange import Exchange, FetchFailure, Response, Task
from watcher.model.finding import Reason

_JSON: Mapping[str, str] = {"content-type": "application/json"}
_HTML: Mapping[str, str] = {"content-type": "text/html; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back: an outcome after `takes`, with an Age header or without. `fault` is raised instead: a bug."""

    outcome: Response | FetchFailure | None = None
    takes: timedelta = timedelta(0)
    age: timedelta | None = None
    fault: Exception | None = None


def says(status: int, value: Any, **rest: Any) -> Reply:
    """An answer in JSON."""
    return Reply(outcome=_response(status, json.dumps(value).encode(), _JSON), **rest)


def shows(status: int, html: str, **rest: Any) -> Reply:
    """A page."""
    return Reply(outcome=_response(status, html.encode(), _HTML), **rest)


def fails(reason: Reason, **rest: Any) -> Reply:
    """No answer at all."""
    return Reply(outcome=FetchFailure(reason=reason, detail="as scripted"), **rest)


def _response(status: int, body: bytes, headers: Mapping[str, str]) -> Response:
    return Response(status=status, url="", headers=headers, body=body)


class ScriptedFetch:
    """`say` gives the replies to one URL, one each and the last for ever; whoever else is asked for gets `otherwise`.

    `tasks` are those put, with the instant at which each was.
    """

    def __init__(self, clock: Clock, otherwise: Reply) -> None:
        self.otherwise = otherwise
        self.tasks: list[tuple[datetime, Task]] = []
        self._clock = clock
        self._script: dict[str, deque[Reply]] = defaultdict(deque)

    def say(self, url: str, *replies: Reply) -> None:
        """From now on this is what `url` answers."""
        self._script[url] = deque(replies)

    def asked(self, *urls: str) -> int:
        """How often these were asked for."""
        return sum(task.url in urls for _, task in self.tasks)

    @property
    def handles(self) -> list[str]:
        """Whom the tasks were about, in order."""
        return [task.target.handle for _, task in self.tasks]

    def since(self, at: datetime) -> Iterable[Task]:
        """The tasks put from `at` on."""
        return [task for put_at, task in self.tasks if put_at >= at]

    async def __call__(self, task: Task) -> Exchange:
        """What was scripted for the task's URL."""
        sent_at = self._clock.now()
        self.tasks.append((sent_at, task))
        replies = self._script.get(task.url)
        reply = self.otherwise if not replies else replies.popleft() if len(replies) > 1 else replies[0]
        await self._clock.sleep(reply.takes)
        if reply.fault is not None:
            raise reply.fault
        assert reply.outcome is not None
        return Exchange(task=task, sent_at=sent_at, received_at=self._clock.now(), outcome=reply.outcome, age=reply.age)
