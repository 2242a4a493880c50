"""What a watchlist of a hundred thousand accounts costs: `python -m bench.large [--accounts 100000] [--json FILE]`.

To read it, to start with it, to edit it while running, to keep its states; and the memory of each account. The
program is a process of its own, asking a server of its own over loopback. Of the database see `bench.year`.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from bench.figure import Figure, reference
from watcher.model.account import Account
from watcher.model.finding import Reason, Verdict
from watcher.model.outage import AccountState, Phase
from watcher.settings.load import load_all
from watcher.store.sql import SqlStore
from watcher.store.values import Commit

_SITES = 20
_EDITS = 10
_NOW = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
_PLATFORM = """platform: made{n:02}
title: Made {n}
profile: http://made{n:02}.example/{{handle}}
recognise: ["http://made{n:02}.example/{{handle}}"]
handle: {{pattern: "[a-z0-9_]{{1,20}}", fold: true}}
controls: {{present: [alpha, beta], absent: "{{random}}", length: 20}}
notes: For the bench.
sources:
  - name: page
    kind: http
    answers: json
    url: http://made{n:02}.example/{{handle}}
    pace: {{requests: 100000, per: 1m, concurrency: 50}}
    rules:
      - {{id: nobody, when: {{status: 404}}, absent: not_found}}
      - {{id: profile, when: {{status: 200, "json:username": "{{handle}}"}}, present: profile}}
"""


def write_world(directory: Path, accounts: int, port: int) -> Path:
    """A watchlist in its long form on twenty made-up platforms; the path of its watcher.yaml."""
    (directory / "platforms").mkdir(parents=True)
    for n in range(_SITES):
        (directory / "platforms" / f"made{n:02}.yaml").write_text(_PLATFORM.format(n=n))
    owners = "".join(f"  owner-{n:03}: {{name: Owner {n}}}\n" for n in range(1000))
    entries = "".join(
        f"  - url: http://made{n % _SITES:02}.example/user{n:07}\n    owner: owner-{n % 1000:03}\n"
        f"    severity: warning\n    interval: 60s\n    labels: {{desk: politics, country: fr}}\n"
        for n in range(accounts)
    )
    (directory / "watchlist.yaml").write_text(f"owners:\n{owners}accounts:\n{entries}")
    hosts = ", ".join(f'made{n:02}.example: "127.0.0.1:{port}"' for n in range(_SITES))
    (directory / "watcher.yaml").write_text(
        'watchlist: watchlist.yaml\nstate_dir: state\nplatform_dir: platforms\nweb: {listen: "127.0.0.1:0"}\n'
        f"probe: {{allow_private: [127.0.0.0/8], connect_to: {{{hosts}}}}}\n"
    )
    return directory / "watcher.yaml"


def edit(watchlist: Path) -> None:
    """Change ten entries."""
    before, *entries = watchlist.read_text().split("  - url: ")
    for place in range(0, len(entries), len(entries) // _EDITS):
        entries[place] = entries[place].replace("severity: warning", "severity: critical")
    watchlist.write_text("  - url: ".join((before, *entries)))


class Site:
    """Answers every question: whoever is named user… , alpha or beta is there."""

    def __init__(self) -> None:
        self.first_at: float | None = None
        self.seen: set[str] = set()
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                handle = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
                is_there = handle.startswith("user") or handle in ("alpha", "beta")
                if handle.startswith("user"):
                    self.first_at = self.first_at or time.monotonic()
                    self.seen.add(handle)
                body = b'{"username": "%s"}' % handle.encode() if is_there else b"{}"
                status = b"200 OK" if is_there else b"404 Not Found"
                kind = b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
                writer.write(b"HTTP/1.1 " + status + b"\r\n" + kind + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def running(config: Path) -> AsyncIterator[tuple[int, str]]:
    """`watcher run` until the end of the block: its pid, and where its page is."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "watcher", "run", "--config", str(config), "--log-level", "error"),
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", ""), "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        said = ""
        while "http://127.0.0.1:" not in said:
            line = (await process.stdout.readline()).decode()
            assert line, f"it ended: {said}"
            said += line
        yield process.pid, "http://127.0.0.1:" + said.rpartition("http://127.0.0.1:")[2].split("/")[0] + "/"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def resident(pid: int) -> int:
    """The bytes of memory that a process has."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def reload(url: str) -> tuple[float, float, float]:
    """How long a reload takes, and for how long at most nobody else was answered meanwhile; and as long before it."""
    async with aiohttp.ClientSession() as session:

        async def ask() -> None:
            async with session.post(f"{url}-/reload", headers={"X-Watcher-Reload": "yes"}) as answer:
                assert answer.status == 200, await answer.text()

        _, usual = await _longest_wait(session, url, asyncio.sleep(5))
        took, longest = await _longest_wait(session, url, ask())
    return took, longest, usual


async def _longest_wait(
    session: aiohttp.ClientSession, url: str, meanwhile: Coroutine[None, None, None]
) -> tuple[float, float]:
    longest, began = 0.0, time.monotonic()
    task = asyncio.ensure_future(meanwhile)
    while not task.done():
        asked = time.monotonic()
        async with session.get(f"{url}-/healthy") as answer:
            await answer.read()
        longest = max(longest, time.monotonic() - asked)
        await asyncio.sleep(0.002)
    await task
    return time.monotonic() - began, longest


async def run_of(directory: Path, accounts: int) -> dict[str, float]:
    """Start, first round, memory, reload of one watchlist."""
    site = Site()
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    config = write_world(directory, accounts, server.sockets[0].getsockname()[1])
    found: dict[str, float] = {}
    began = time.monotonic()
    async with server, running(config) as (pid, url):
        while site.first_at is None:  # noqa: ASYNC110 - an Event would be as long
            await asyncio.sleep(0.01)
        found["first_probe"] = site.first_at - began
        patience = time.monotonic() + 300
        while len(site.seen) < accounts and time.monotonic() < patience:  # noqa: ASYNC110 - so would this
            await asyncio.sleep(0.5)
        found["all_seen"] = time.monotonic() - began
        found["seen"] = len(site.seen)
        await asyncio.sleep(12)  # what was seen is stored
        found["memory"] = resident(pid)
        edit(directory / "watchlist.yaml")
        found["reload"], found["longest"], found["usual"] = await reload(url)
    return found


def state_rows(directory: Path, accounts: int) -> float:
    """CPU seconds to store one state of a tick's worth: what 1,667 looks a second leave in ten seconds."""
    store = SqlStore(directory)
    store.open()
    who = [
        Account(id=f"x:{n}", platform="x", instance="", handle=str(n), display_handle=str(n), url=f"https://x.com/{n}")
        for n in range(accounts)
    ]
    store.watch(who, _NOW)
    state = AccountState(
        account_id="",
        phase=Phase.UP,
        since=_NOW,
        last_seen=_NOW,
        observed_until=_NOW,
        last_probe_at=_NOW,
        last_verdict_at=_NOW,
        last_present=_NOW,
        verdict=Verdict.PRESENT,
        reason=Reason.PROFILE,
        source="page",
        observed=timedelta(days=1),
    )
    states = [replace(state, account_id=account.id) for account in who]
    store.commit(Commit(states=tuple(states)))
    rounds = []
    for turn in range(5):
        part = states[turn::5]
        began = time.process_time()
        for start in range(0, len(part), 500):
            store.commit(Commit(states=tuple(part[start : start + 500])))
        rounds.append((time.process_time() - began) / len(part))
    store.close()
    return sorted(rounds)[2]


def figures(directory: Path, accounts: int) -> list[Figure]:
    """All rows."""
    rows: list[Figure] = []
    few = max(accounts // 10, 1000)

    def row(name: str, value: float, unit: str, goal: float | None) -> None:
        began = time.process_time()
        for _ in range(50):
            reference()
        one = (time.process_time() - began) / 50
        rows.append(Figure(name=name, value=round(value, 2), unit=unit, ratio=round(value / one, 2), goal=goal))

    small = asyncio.run(run_of(directory / "small", few))
    large = asyncio.run(run_of(directory / "large", accounts))
    row("first_probe", large["first_probe"], "s", 10)
    row("every_account_seen_once", large["all_seen"] - large["first_probe"], "s", None)
    row("accounts_seen", large["seen"], "accounts", None)
    row(f"reload_{few}", small["reload"], "s", 1)
    row(f"reload_{accounts}", large["reload"], "s", 6)
    row("reload_longest_wait", 1000 * large["longest"], "ms", 50)
    row("longest_wait_before", 1000 * large["usual"], "ms", None)
    row("memory_small", small["memory"] / 1e6, "MB", 120)
    row("memory_each_more", (large["memory"] - small["memory"]) / (accounts - few) / 1000, "kB/account", 3)
    row("store_share_of_1667_a_second", 100 * 1667 * state_rows(directory / "states", 20_000), "% of a core", 10)
    row("check", _cpu(lambda: load_all(directory / "large" / "watcher.yaml", {})), "s of CPU", None)
    return rows


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> int:
    """Print the table; the exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args()
    with TemporaryDirectory() as directory:
        rows = figures(Path(directory), asked.accounts)
    for each in rows:
        print(each.line())
    if asked.json is not None:
        asked.json.write_text(json.dumps([each.record() for each in rows], indent=2) + "\n")
    return 0 if all(each.ok is not False for each in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
