"""Pages a second in a real Chromium, and what each costs: python -m bench.browser [--pages N] [--renders N].

The pages are those of tests/fakes/chirp.py: a shell, a script, an answer of an API that takes 50 ms. Every other figure
is CPU time: ours, and that of the browser with its driver. Needs Chromium and the extra `browser`.
"""

import argparse
import asyncio
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.browser.processes import below
from tests.browser.rig import Rig, a_rig
from watcher.model.exchange import Response


async def measure(pages: int, renders: int, *, screenshot: bool) -> tuple[float, float, float]:
    """Pages a second, CPU seconds a page of ours, CPU seconds a page of the browser and its driver."""
    with TemporaryDirectory() as directory:
        async with a_rig(Path(directory), renders=renders) as rig:
            await rig.response("warm")
            ours, theirs, began = time.process_time(), browsers(), time.monotonic()
            turns = asyncio.Semaphore(renders)
            await asyncio.gather(*(one(rig, turns, number, screenshot=screenshot) for number in range(pages)))
            took = time.monotonic() - began
            return pages / took, (time.process_time() - ours) / pages, (browsers() - theirs) / pages


async def one(rig: Rig, turns: asyncio.Semaphore, number: int, *, screenshot: bool) -> None:
    """One page, which must be whole."""
    async with turns:
        response = await rig.response(f"user{number}", screenshot=screenshot)
    assert isinstance(response, Response)
    assert b"<article" in response.body
    assert (response.screenshot is not None) is screenshot


def browsers() -> float:
    """CPU seconds so far of all processes below us, with those of theirs that have ended."""
    return sum(_seconds(below(os.getpid())))


def _seconds(pids: Iterable[int]) -> Iterable[float]:
    for pid in pids:
        try:
            times = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[11:15]
        except OSError:
            continue
        yield sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print a row for pages without and with a screenshot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=40)
    parser.add_argument("--renders", type=int, default=2)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    print(f"{'figure':28} {'pages/s':>10} {'our ms/page':>12} {'browser ms/page':>16}")
    for name, screenshot in (("render", False), ("render_with_screenshot", True)):
        rate, ours, theirs = asyncio.run(measure(arguments.pages, arguments.renders, screenshot=screenshot))
        print(f"{name:28} {rate:10.2f} {ours * 1e3:12.1f} {theirs * 1e3:16.1f}")


if __name__ == "__main__":
    main()
