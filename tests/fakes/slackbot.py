"""A workspace of Slack that a bot may post to: chat.postMessage and chat.update on a real socket, as they are told."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.fakes.slack import Answer

TOKEN = "xoxb-1111-2222-s3cretToken"  # nobody's
CHANNEL = "C0123ABCD"


@dataclass(slots=True, kw_only=True)
class Post:
    """A message of the channel, as it now is. `thread` is the `ts` of the message that it is beneath."""

    ts: str
    body: dict[str, Any]
    thread: str | None = None
    changes: int = 0

    @property
    def headline(self) -> str:
        """What its header says."""
        return str(self.body["blocks"][0]["text"]["text"])


def refusal(error: str) -> Answer:
    """HTTP 200 with `ok: false`, as Slack says nearly everything."""
    return Answer(body=json.dumps({"ok": False, "error": error}))


@dataclass(slots=True)
class FakeWorkspace:
    """Use as an async context manager. `script` answers the next calls, `lose` answers after the call was carried out.

    `posts` are the messages in their order, `calls` the methods that were called. `reads`: the bot has a scope that
    reads the channel. `knows_ids`: a client_msg_id that came before is answered with the message that it had.
    """

    posts: list[Post] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    reads: bool = False
    knows_ids: bool = False
    channels: set[str] = field(default_factory=lambda: {CHANNEL})
    _removed: list[Post] = field(default_factory=list)
    _script: deque[tuple[Answer, bool]] = field(default_factory=deque)
    _runner: web.AppRunner | None = None
    _released: asyncio.Event = field(default_factory=asyncio.Event)
    _port: int = 0

    @property
    def url(self) -> str:
        """The Web API."""
        return f"http://127.0.0.1:{self._port}/api"

    @property
    def parents(self) -> list[Post]:
        """The messages that are beneath no other."""
        return [post for post in self.posts if post.thread is None]

    @property
    def replies(self) -> list[Post]:
        """Those that are."""
        return [post for post in self.posts if post.thread is not None]

    def script(self, *answers: Answer | None) -> None:
        """Answer the next calls like this, without carrying them out; None: carry out."""
        self._script.extend((answer, False) if answer is not None else (Answer(status=0), True) for answer in answers)

    def lose(self, answer: Answer) -> None:
        """Carry out the next call, and answer something else."""
        self._script.append((answer, True))

    def delete(self, ts: str) -> None:
        """Somebody removes a message."""
        self._removed += [post for post in self.posts if post.ts == ts]
        self.posts = [post for post in self.posts if post.ts != ts]

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/api/{method}", self._called)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._released.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _called(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        # As the real one: what only tells takes forms.
        body = dict(await request.post()) if method.startswith("conversations.") else await request.json()
        self.calls.append(method)
        answer, is_done = self._script.popleft() if self._script else (Answer(status=0), True)
        said = self._carried_out(request, method, body) if is_done else {}
        if answer.hang:
            await self._released.wait()
        if answer.drop:
            assert request.transport is not None
            request.transport.abort()
        if not answer.status:
            return web.json_response(said)
        return web.Response(status=answer.status, text=answer.body, headers=answer.headers)

    def _carried_out(self, request: web.Request, method: str, body: dict[str, Any]) -> dict[str, Any]:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return {"ok": False, "error": "invalid_auth"}
        if body.get("channel") not in self.channels:
            return {"ok": False, "error": "channel_not_found"}
        match method:
            case "chat.update":
                return self._changed(body)
            case "chat.postMessage":
                return self._posted(body)
            case _:
                return self._read(method, body)

    def _posted(self, body: dict[str, Any]) -> dict[str, Any]:
        known = body.get("client_msg_id")
        if self.knows_ids and known is not None:
            if same := next((post for post in self.posts if post.body.get("client_msg_id") == known), None):
                return {"ok": True, "channel": same.body["channel"], "ts": same.ts}
            if any(post.body.get("client_msg_id") == known for post in self._removed):
                return {"ok": False, "error": "duplicate_message_not_found"}
        if body.get("thread_ts") is not None and not any(post.ts == body["thread_ts"] for post in self.posts):
            return {"ok": False, "error": "thread_not_found"}
        post = Post(ts=f"{1509663600 + len(self.calls)}.000100", body=body, thread=body.get("thread_ts"))
        self.posts.append(post)
        return {"ok": True, "channel": body["channel"], "ts": post.ts}

    def _changed(self, body: dict[str, Any]) -> dict[str, Any]:
        post = next((post for post in self.posts if post.ts == body["ts"]), None)
        if post is None:
            return {"ok": False, "error": "message_not_found"}
        # What is not given stays as it was, metadata among it.
        post.body, post.changes = {**post.body, **body}, post.changes + 1
        return {"ok": True, "channel": body["channel"], "ts": post.ts}

    def _read(self, method: str, body: dict[str, Any]) -> dict[str, Any]:
        if not self.reads:
            return {"ok": False, "error": "missing_scope"}
        if method == "conversations.history":
            shown = [post for post in self.posts if post.thread is None or post.body.get("reply_broadcast")]
            shown.reverse()
        else:
            shown = [post for post in self.posts if body["ts"] in (post.ts, post.thread)]
        return {"ok": True, "messages": [_told(post, body) for post in shown]}


def _told(post: Post, asked: dict[str, Any]) -> dict[str, Any]:
    told = {"type": "message", "ts": post.ts, "text": post.body["text"], "blocks": post.body["blocks"]}
    if post.thread is not None:
        told["thread_ts"] = post.thread
    return {**told, "metadata": post.body["metadata"]} if asked.get("include_all_metadata") == "true" else told
