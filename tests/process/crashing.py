"""watcher with its real store, in a story's time, as a process that can be made to die at a point. For tests only.

    python -m tests.process.crashing --config DIR/watcher.yaml --anchor NS --speed 30 [--at "POINT"]

`anchor` is what the machine's counter showed when the story began: whoever is started later goes on in its time. With
`--serve` nothing runs, and each line of standard input (a JSON list of such arguments) starts a process by a fork,
which spares it the imports; on standard output stands the pid of each in its turn, and "PID STATUS" when one ended.
A line [PID, SIGNAL] sends a signal to such a process.
"""

import argparse
import asyncio
import faulthandler
import gc
import json
import os
import select
import signal
import sys
import traceback
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from tests.process.failpoints import CrashingStore, Trap, spring
from watcher.app import App, Surroundings
from watcher.clock import ScaledClock, _counter_ns
from watcher.logs import configure
from watcher.schedule import LoopTicker
from watcher.settings import load
from watcher.settings.load import load_all

BEGINS = datetime(2017, 11, 2, 22, 58, tzinfo=UTC)


def anchor() -> int:
    """What to hand on as `--anchor`, at the story's beginning."""
    return _counter_ns()


def clock_since(anchor_ns: int, speed: float) -> ScaledClock:
    """The clock of the story that began at the anchor."""
    clock = ScaledClock(BEGINS, speed)
    # Set, not computed: whoever is kept waiting between two readings of the counter would be behind ever after.
    clock._counter = anchor_ns
    return clock


def run(arguments: list[str]) -> None:
    """Watch until SIGTERM, or until the point is reached."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--anchor", type=int, required=True)
    parser.add_argument("--speed", type=float, required=True)
    parser.add_argument("--at")
    given = parser.parse_args(arguments)
    configure("info")
    faulthandler.register(signal.SIGUSR1)  # so that a test can say where it hangs
    loaded = load_all(given.config, {})
    trap = Trap(given.config.parent, given.at)
    spring(trap)

    async def watch() -> None:
        clock = clock_since(given.anchor, given.speed)
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        store = CrashingStore(loaded.settings.state_dir, trap)
        await App(loaded, Surroundings(clock=clock, ticker=LoopTicker(clock), store=store)).run(stop)

    asyncio.run(watch())


def _fork(arguments: list[str]) -> int:
    """Start `run` as a process of its own, whose log goes beside its configuration; its pid."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = Path(arguments[arguments.index("--config") + 1]).parent / "log"
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(source, target)
        run(arguments)
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, this process ends here and must say why
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def serve() -> None:
    """Fork what standard input asks for, until it ends."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(writing)
    # The shipped platforms do not change: whoever is forked finds them read.
    load._all_platforms = cache(load._all_platforms)
    load._all_platforms(None)
    gc.freeze()
    said = b""
    children: set[int] = set()
    while True:
        ready, _, _ = select.select([0, reading], [], [])
        if reading in ready:
            os.read(reading, 4096)
            _reap(children)
        if 0 in ready:
            part = os.read(0, 65536)
            if not part:
                break
            said += part
            *lines, said = said.split(b"\n")
            for line in lines:
                match json.loads(line):
                    case [int(pid), int(number)]:
                        # Who is not reaped yet has its pid still, and nobody else has it.
                        if pid in children:
                            os.kill(pid, number)
                    case arguments:
                        pid = _fork(arguments)
                        children.add(pid)
                        _say(f"{pid}")
    for pid in children:
        os.kill(pid, signal.SIGKILL)


def _reap(children: set[int]) -> None:
    for pid in tuple(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            _say(f"{pid} {os.waitstatus_to_exitcode(status)}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        run(sys.argv[1:])
