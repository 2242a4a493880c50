"""With or without the quicker parts everything works; with them, they are used."""

import asyncio
import importlib
import sys
import zlib as standard
from collections.abc import Iterator

import aiohttp
import pytest

from watcher import quicker


@pytest.fixture(autouse=True)
def switching_as_it_was() -> Iterator[None]:
    """A runner changes how threads take turns, for the whole process."""
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As if neither were installed."""
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "uvloop", None)
        patched.setitem(sys.modules, "isal", None)
        importlib.reload(quicker)
        yield
    importlib.reload(quicker)
    aiohttp.set_zlib_backend(standard)


def loop_of(runner: asyncio.Runner) -> str:
    """The module that a runner's loop comes from."""
    with runner as running:
        return type(running.get_loop()).__module__


def test_the_quicker_loop_is_used_where_it_is_installed() -> None:
    """And isal unpacks."""
    pytest.importorskip("uvloop")
    pytest.importorskip("isal")
    try:
        assert loop_of(quicker.runner()).startswith("uvloop")
        assert quicker.zlib.__name__ == "isal.isal_zlib"
        assert quicker.zlib.decompress(standard.compress(b"page" * 1000)) == b"page" * 1000
    finally:
        aiohttp.set_zlib_backend(standard)


@pytest.mark.usefixtures("bare")
def test_without_them_asyncio_and_zlib_serve() -> None:
    """Nobody has to install them."""
    assert loop_of(quicker.runner()).startswith("asyncio")
    assert quicker.zlib is standard


def test_a_thread_at_work_soon_lets_the_loop_go_on() -> None:
    """Each answer that is read would wait for a turn of the thread's."""
    quicker.runner().close()
    assert sys.getswitchinterval() < 0.001
