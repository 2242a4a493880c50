"""Channels made of their settings, each with no more libraries than its own."""

import sys

import aiohttp
import pytest

from tests.fakes.clock import FakeClock
from watcher.model.errors import WatcherError
from watcher.notify.channels.build import build
from watcher.settings.values import EmailChannel, LogChannel, Mailbox, Tls

DESK = Mailbox(local="desk", domain="newsroom.example")
MAIL = EmailChannel(name="mail", host="mail.example", port=25, tls=Tls.NONE, sender=DESK, to=(DESK,))


async def test_a_missing_library_is_named_with_the_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an expected failure: a reload is refused with these words, and the channels that there are go on."""
    monkeypatch.delitem(sys.modules, "watcher.notify.channels.email", raising=False)
    monkeypatch.setitem(sys.modules, "aiosmtplib", None)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(WatcherError, match=r"channel 'mail' cannot be loaded: .*aiosmtplib"):
            build([MAIL], session, FakeClock())
        assert list(build([LogChannel(name="log")], session, FakeClock())) == ["log"]
