"""The npm package `emulate` as an independent Slack: a process on loopback with webhooks, channels and the Web API."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp
import pytest

from tests.fakes.ports import free_ports

_TOKEN = "xoxb-reads-the-channel"
# Two bots: one may post only, the other may read what is in the channel too.
WRITES = "xoxb-2017-watcher-writes"
READS = "xoxb-2017-watcher-reads-too"
_SEED = f"""\
slack:
  tokens:
    - {{token: {_TOKEN}, user: admin, scopes: [channels:history, chat:write]}}
    - {{token: {WRITES}, user: admin, scopes: [chat:write]}}
    - {{token: {READS}, user: admin, scopes: [chat:write, channels:history]}}
"""
# What every emulator starts with: #general, a webhook that posts there, and another channel.
_GENERAL = "C000000001"
RANDOM = "C000000002"
_WEBHOOK = "/services/T000000001/B000000001/X000000001"
_PATIENCE = 30.0
_LOOK = 0.1


def installed() -> Path:
    """Where tests/slack/install.sh has put it; skips the test where it has not."""
    told = os.environ.get("SLACK_EMULATOR", "")
    if not told:
        pytest.skip("the Slack emulator is not installed: tests/slack/install.sh DIR, then SLACK_EMULATOR=DIR")
    return Path(told)


class SlackEmulator:
    """Use as an async context manager; `webhook_url` posts to a channel, `history` reads it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._process: Process
        self._url = ""

    @property
    def api_url(self) -> str:
        """The Web API."""
        return f"{self._url}/api"

    @property
    def webhook_url(self) -> str:
        """The incoming webhook of #general."""
        return f"{self._url}{_WEBHOOK}"

    async def __aenter__(self) -> Self:
        emulator, [port] = installed(), free_ports(1)
        self._url = f"http://127.0.0.1:{port}"
        seed = self._directory / "slack.yaml"
        seed.write_text(_SEED, "utf-8")
        command = (emulator / "node", emulator / "node_modules/emulate/dist/index.js", "start")
        options = ("--service", "slack", "--port", str(port), "--seed", str(seed))
        self._process = await asyncio.create_subprocess_exec(
            *command, *options, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(_PATIENCE):
            await self._answers()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def call(self, method: str, **arguments: str) -> dict[str, Any]:
        """What Slack's Web API answers."""
        headers = {"Authorization": f"Bearer {_TOKEN}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{self.api_url}/{method}", data=arguments) as response,
        ):
            answer: dict[str, Any] = await response.json()
        assert answer["ok"] is True, answer
        return answer

    async def history(self, channel: str = _GENERAL) -> list[dict[str, Any]]:
        """The messages of a channel that are beneath no other, the oldest first."""
        answer = await self.call("conversations.history", channel=channel)
        return list(reversed(answer["messages"]))

    async def replies(self, ts: str, channel: str = RANDOM) -> list[dict[str, Any]]:
        """What is beneath a message, the oldest first."""
        answer = await self.call("conversations.replies", channel=channel, ts=ts)
        return [message for message in answer["messages"] if message["ts"] != ts]

    async def until_posted(self, count: int) -> list[dict[str, Any]]:
        """The history once it has so many messages; it must within half a minute."""
        async with asyncio.timeout(_PATIENCE):
            while len(messages := await self.history()) < count:  # noqa: ASYNC110 - another process
                await asyncio.sleep(_LOOK)
        return messages

    async def _answers(self) -> None:
        while True:
            try:
                await self.call("auth.test")
            except aiohttp.ClientConnectionError:
                if self._process.returncode is not None:
                    _, said = await self._process.communicate()
                    raise AssertionError(f"the emulator ended: {said.decode()}") from None
                await asyncio.sleep(_LOOK)
            else:
                return
