"""One process of Chromium: started, watched, ended, killed if need be. The only importer of Playwright that runs.

It has no network: its proxy is a port of ours at which nobody listens. It ends with us however we end, for it is tied
to the driver by a pipe, and the driver to us.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from watcher.model.errors import WatcherError

if TYPE_CHECKING:  # the package is an extra
    from playwright.async_api import Browser, BrowserContext, Playwright

_START_TIME: Final = 20.0
_END_TIME: Final = 0.7
_WATCH: Final = 0.2
MOST_MEMORY: Final = 1 << 30
"""Bytes that the process of a page may take."""
MOST_SHARED: Final = 1 << 30
"""Bytes that each of the browser's own processes may take, where pages leave blobs and uploads."""
_PAGE_SIZE: Final = os.sysconf("SC_PAGE_SIZE")
_ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--proxy-bypass-list=<-loopback>",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # WebRTC would look up the names of relays
    "--js-flags=--max-old-space-size=384",
)
# Secrets of ours are in the environment: what runs the pages' scripts gets none of it but these.
_ENVIRONMENT: Final = ("PATH", "HOME", "TMPDIR", "FONTCONFIG_PATH", "FONTCONFIG_FILE")


class NotStartedError(WatcherError):
    """The browser does not start."""


class Chromium:
    """A running browser; made by `start`. `pages` it was given, `users` are those that it shows now.

    `ended` is done once it has: what was asked of a page then may stay without an answer for ever.
    """

    def __init__(self, playwright: "Playwright", browser: "Browser", nowhere: socket.socket) -> None:
        self.pages = 0
        self.users = 0
        self.culled = 0
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._playwright = playwright
        self._browser = browser
        self._nowhere = nowhere
        self._group: int | None = None
        self._driver: int | None = None
        self._zygotes: tuple[int, ...] = ()
        self._shared: tuple[int, ...] = ()
        self._watching: asyncio.Task[None] | None = None
        browser.on("disconnected", lambda _browser: self._note_end())

    @classmethod
    async def start(cls, program: Path, *, sandbox: bool) -> "Chromium":
        """A new process. Raises NotStartedError."""
        nowhere = socket.socket()  # bound, so that nobody else can be there; never listening
        try:
            nowhere.bind(("127.0.0.1", 0))
            async with asyncio.timeout(_START_TIME):
                return await cls._launch(program, nowhere, sandbox=sandbox)
        except asyncio.CancelledError:
            nowhere.close()
            raise
        except Exception as error:
            nowhere.close()
            raise NotStartedError(_why(error)) from error

    @classmethod
    async def _launch(cls, program: Path, nowhere: socket.socket, *, sandbox: bool) -> "Chromium":
        from playwright.async_api import async_playwright  # noqa: PLC0415 - an extra, and slow to import

        manager = async_playwright()
        playwright = await manager.start()
        try:
            browser = await playwright.chromium.launch(
                executable_path=program,
                args=[*_ARGUMENTS, f"--proxy-server=http://127.0.0.1:{nowhere.getsockname()[1]}"],
                ignore_default_args=["--disable-popup-blocking"],
                chromium_sandbox=sandbox and os.geteuid() != 0,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=_START_TIME * 1000,
            )
            chromium = cls(playwright, browser, nowhere)
            await chromium._find_processes()
        except BaseException:
            with suppress(Exception):
                await playwright.stop()
            raise
        chromium._watching = asyncio.create_task(chromium._watch())
        return chromium

    def _note_end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    @property
    def is_running(self) -> bool:
        """False once the process has ended."""
        return self._browser.is_connected()

    @property
    def version(self) -> str:
        """As the browser calls itself."""
        return self._browser.version

    @property
    def pid(self) -> int | None:
        """The first process of its group."""
        return self._group

    async def context(self, user_agent: str) -> "BrowserContext":
        """A visitor who was never here before: no cookie, no cache, no permission."""
        return await self._browser.new_context(
            user_agent=user_agent,
            locale="en-US",
            timezone_id="UTC",
            viewport={"width": 1280, "height": 800},
            permissions=[],
            service_workers="block",
            accept_downloads=False,
        )

    async def close(self) -> None:
        """End it; by force where it does not end by itself."""
        if self._watching is not None:
            self._watching.cancel()
        with suppress(Exception):
            async with asyncio.timeout(_END_TIME):
                await self._browser.close()
        self.kill()
        with suppress(Exception):
            async with asyncio.timeout(_END_TIME):
                await self._playwright.stop()
        if self._driver is not None:
            _kill(self._driver)
            self._driver = None
        self._nowhere.close()

    def kill(self) -> None:
        """End it at once, whatever it is about; `close` must follow.

        Not its driver: one that ends before it was told to stop leaves an error that nobody asks for, and asyncio logs.
        """
        if self._group is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)
            self._group = None

    async def _find_processes(self) -> None:
        """The browser is the first of a group of its own, the driver its parent; zygotes are the parents of pages."""
        session = await self._browser.new_browser_cdp_session()
        found = await session.send("SystemInfo.getProcessInfo")
        await session.detach()
        pids = [process["id"] for process in found["processInfo"] if process["type"] == "browser"]
        with suppress(ProcessLookupError, IndexError):
            group = os.getpgid(pids[0])
            if group != os.getpgid(0):
                self._group, self._driver = group, _parent(group)
                self._zygotes = tuple(pid for pid in _members(group) if pid not in (group, pids[0]))
                self._shared = (pids[0], *self._zygotes, *filter(None, [self._driver]))

    async def _watch(self) -> None:
        """End pages that take too much memory, before the machine ends something else; or the browser, if it does."""
        while True:
            await asyncio.sleep(_WATCH)
            for pid in _children(self._zygotes) if self.users else ():
                if _memory(pid) > MOST_MEMORY:
                    self.culled += 1
                    _kill(pid)
            if self.users and any(_memory(pid) > MOST_SHARED for pid in self._shared):
                self.kill()


async def shut(opening: "asyncio.Future[BrowserContext]") -> None:
    """Close what `Chromium.context` opens, as soon as it is open."""
    await (await opening).close()


def _why(error: Exception) -> str:
    """What the browser itself wrote, which stands in the message; else its first line."""
    text = str(error)
    if "No usable sandbox" in text:
        return "no sandbox can be had here: allow user namespaces, or set probe.browser.sandbox: false"
    if isinstance(error, TimeoutError):
        return f"it is not there after {_START_TIME:g} s"
    written = [line.partition("[err]")[2].strip() for line in text.splitlines() if "[err]" in line]
    return next(filter(None, [*written, *text.splitlines()]), type(error).__name__)[:200]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


# Linux tells these; elsewhere nothing is known, and nothing watched.


def _parent(pid: int) -> int | None:
    try:
        parent = int(Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return parent if parent > 1 and parent != os.getpid() else None


def _members(group: int) -> Iterable[int]:
    with suppress(OSError):
        for name in os.listdir("/proc"):  # noqa: PTH208 - names are all that is wanted
            with suppress(ProcessLookupError, ValueError):
                if os.getpgid(int(name)) == group:
                    yield int(name)


def _children(pids: Iterable[int]) -> Iterable[int]:
    for pid in pids:
        with suppress(OSError, ValueError):
            yield from map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split())


def _memory(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1]) * _PAGE_SIZE
    except (OSError, ValueError, IndexError):
        return 0
