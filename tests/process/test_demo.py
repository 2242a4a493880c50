"""`watcher demo` as a process: the eleven minutes, in seconds."""

import json
import signal

from tests.process.command import Watcher, get, watcher

SPEED = "600"  # what the documentation promises to work


async def test_the_record_of_the_demo() -> None:
    """0, the truth within the bounds, both messages delivered; nothing but the record on standard output."""
    ended = await watcher("demo", "--speed", SPEED, "--once", "--json")
    assert (ended.status, ended.err) == (0, "")
    record = json.loads(ended.out)
    assert record["account"] == "x:realdonaldtrump"
    bounds = record["duration_seconds"]
    assert bounds["min"] <= record["truth_seconds"] <= bounds["max"]
    assert bounds["min"] <= bounds["best"] <= bounds["max"]
    assert "2017-11-02T22:5" < record["began_at"] < record["confirmed_at"] < record["ended_at"] < "2017-11-02T23:3"
    assert record["quote"] == "Désolé, cette page n'existe pas"
    assert [(told["kind"], told["state"]) for told in record["notifications"]] == [
        ("alert", "delivered"),
        ("resolved", "delivered"),
    ]
    assert all(told["delivered_at"] is not None for told in record["notifications"])


async def test_the_demo_as_told() -> None:
    """0; the story from the beginning to the end, without colours where there is no terminal."""
    ended = await watcher("demo", "--speed", SPEED, "--once")
    assert (ended.status, ended.err) == (0, "")
    for part in ("THE TRUTH", "@realDonaldTrump is not available on X", "is back on X after", "The truth lies within"):
        assert part in ended.out
    assert "\x1b" not in ended.out


async def test_the_demo_can_be_stopped_at_any_time() -> None:
    """It serves its page while it plays, and ends in order; 1, since the story has no end."""
    async with Watcher("demo", "--speed", "1", "--port", "0") as demo:
        url = await demo.url()
        assert (await get(url))[0] == 200
        assert "x:realdonaldtrump" in (await get(f"{url}metrics"))[1]
        demo.stop(signal.SIGINT)
        ended = await demo.ended(within=10)
    assert (ended.status, ended.err) == (1, "")
