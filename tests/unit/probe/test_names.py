"""Looking names up: many at once, each once at a time."""

import asyncio
import socket
from collections.abc import Iterator
from threading import Event
from typing import Any

import pytest

from tests.fakes.clock import settle
from tests.fakes.virtual_time import run_virtual
from watcher.probe.names import Names

ADDRESS = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 443))


class NameServer:
    """Answers for `ok.test`; is silent about every other name until `speak` is set, and then knows none."""

    def __init__(self) -> None:
        self.speak = Event()
        self.asked: list[str] = []

    def getaddrinfo(self, host: str, *_: Any, **__: Any) -> list[Any]:
        self.asked.append(host)
        if host == "ok.test":
            return [ADDRESS]
        self.speak.wait()
        raise socket.gaierror(socket.EAI_NONAME, "unknown")


@pytest.fixture
def server() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.speak.set()


async def test_dead_names_do_not_hold_up_a_healthy_one(server: NameServer) -> None:
    """While the look-ups of fifty names hang, the next name is found at once."""
    names = Names(server.getaddrinfo)
    dead = [asyncio.create_task(names.look_up(f"{n}.test", 443)) for n in range(50)]
    await settle()
    [found] = await names.look_up("ok.test", 443)
    assert (found["hostname"], found["host"], found["port"]) == ("ok.test", "192.0.2.7", 443)
    assert not any(task.done() for task in dead)
    server.speak.set()
    failures = await asyncio.gather(*dead, return_exceptions=True)
    assert {type(failure) for failure in failures} == {socket.gaierror}
    names.close()


async def test_a_name_is_looked_up_once_at_a_time(server: NameServer) -> None:
    """Whoever comes meanwhile shares the answer, also when the first has given up; later ones ask anew."""
    names = Names(server.getaddrinfo)
    first, *others = [asyncio.create_task(names.look_up("dead.test", 443)) for _ in range(20)]
    await settle()
    first.cancel()
    await settle()
    assert first.cancelled()
    server.speak.set()
    failures = await asyncio.gather(*others, return_exceptions=True)
    assert {type(failure) for failure in failures} == {socket.gaierror}
    assert server.asked == ["dead.test"]
    with pytest.raises(socket.gaierror):
        await names.look_up("dead.test", 443)
    assert server.asked == ["dead.test"] * 2
    names.close()


async def test_what_no_thread_is_free_for_waits_its_turn(server: NameServer) -> None:
    """Of seventy silent names, those beyond sixty-four are asked about once others have been answered."""
    names = Names(server.getaddrinfo)
    tasks = [asyncio.create_task(names.look_up(f"{n}.test", 443)) for n in range(70)]
    await settle()
    assert len(server.asked) <= 64
    server.speak.set()
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(failure) for failure in failures} == {socket.gaierror}
    assert len(server.asked) == 70
    names.close()


async def test_closing_waits_for_no_look_up(server: NameServer) -> None:
    """A look-up under way ends by itself; one that no thread had taken yet is called off."""
    names = Names(server.getaddrinfo)
    tasks = [asyncio.create_task(names.look_up(f"{n}.test", 443)) for n in range(70)]
    await settle()
    names.close()
    assert not server.speak.is_set()
    server.speak.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes[:64]} == {socket.gaierror}
    assert {type(outcome) for outcome in outcomes[64:]} == {asyncio.CancelledError}


async def test_a_link_local_address_keeps_its_zone() -> None:
    """Without it nobody could be reached there; other addresses have none."""
    infos = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 443, 0, 2)),
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::1", 443, 0, 0)),
    ]
    names = Names(lambda *_, **__: infos)
    assert [found["host"] for found in await names.look_up("x.test")] == ["fe80::1%2", "2001:db8::1"]
    names.close()


def test_time_stands_still_during_a_look_up() -> None:
    """The loop knows of the thread at work, so that virtual time does not run off meanwhile."""

    async def story() -> float:
        names = Names()
        async with asyncio.timeout(1):
            await names.look_up("127.0.0.1", 443)
        names.close()
        return asyncio.get_running_loop().time()

    assert run_virtual(story()) == 0
