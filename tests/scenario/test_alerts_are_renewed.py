"""An Alertmanager forgets what is not repeated: watcher repeats it, whatever happens on the way."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.fakes.receiver import Receiver
from tests.fakes.virtual_time import run_virtual
from tests.scenario.test_clock_steps_back import ALICE, HOUR, lose, set_back
from tests.scenario.world import World
from watcher.demo.answers import Page
from watcher.model.outage import Phase

WATCHLIST = """\
defaults: {interval: 60s}
owners: {house: The House}
accounts:
  - {url: https://x.com/alice, owner: house, severity: critical, labels: {desk: politics}}
  - https://x.com/bob
"""


class Told(World):
    """A world with an Alertmanager beside Slack; what that was told, with the instant."""

    peer: Receiver

    def _write_configuration(self) -> None:
        super()._write_configuration()
        self.configure("routes:\n", f"  - {{name: am, kind: alertmanager, peers: {self.peer.url}}}\nroutes:\n")
        self.configure("channels: [newsroom]", "channels: [newsroom, am]")


def began(alert: dict[str, Any]) -> datetime:
    """When it says that it began."""
    return datetime.fromisoformat(alert["startsAt"])


def said(peer: Receiver) -> list[dict[str, Any]]:
    """Every alert that it was sent, in order."""
    return [alert for call in peer.calls for alert in call.said]


def test_an_alert_lasts_as_long_as_the_outage(tmp_path: Path) -> None:
    """Over an edit of the watchlist and a kill it is one alert that never lapses; its end is said for five minutes."""

    async def story() -> None:
        async with Receiver() as peer:
            Told.peer = peer
            async with Told(tmp_path, WATCHLIST) as world:
                for handle in ("alice", "bob"):
                    world.x.set(handle, Page.PRESENT)
                await world.wait(minutes=2)
                assert peer.calls == []
                world.x.set("alice", Page.MISSING_FR)
                await world.until(lambda: bool(peer.calls), minutes=3)
                started = world.now
                await world.wait(minutes=2)
                edited = WATCHLIST.replace("politics", "sport").replace("owner: house, ", "")
                world.edit(edited)
                await world.wait(minutes=2)
                await world.restart(kill=True, minutes=1, watchlist=edited)
                await world.wait(minutes=2)
                firing = said(peer)
                assert len({str(sorted(alert["labels"].items())) for alert in firing}) == 1
                assert firing[0]["labels"] == {
                    "alertname": "AccountUnavailable",
                    "account": "x:alice",
                    "platform": "x",
                    "owner": "house",
                    "desk": "politics",
                    "severity": "critical",
                }
                assert len({alert["startsAt"] for alert in firing}) == 1
                # The next one comes while the one before says that it lasts.
                ends = [datetime.fromisoformat(alert["endsAt"]) for alert in firing]
                assert all(later - earlier <= timedelta(minutes=3) for earlier, later in pairwise(ends))
                assert ends[0] >= started + timedelta(minutes=3)
                assert ends[-1] > world.now + timedelta(minutes=2)
                peer.calls.clear()

                world.x.set("alice", Page.PRESENT)
                await world.wait(minutes=8)
                resolved = [alert for alert in said(peer) if datetime.fromisoformat(alert["endsAt"]) < world.now]
                assert [alert["labels"] for alert in resolved] == [firing[0]["labels"]] * len(resolved)
                over = {alert["endsAt"] for alert in resolved}
                assert len(over) >= 1
                assert 5 <= len([alert for alert in resolved if alert["endsAt"] == min(over)]) <= 7
                count = len(peer.calls)
                await world.wait(minutes=2)
                assert len(peer.calls) == count

    run_virtual(story())


def test_the_next_outage_after_the_clock_was_set_back(tmp_path: Path) -> None:
    """It seems to begin before one that is over, whose end is in the store: it is told and repeated all the same."""

    async def story() -> None:
        async with Receiver() as peer:
            Told.peer = peer
            async with Told(tmp_path, WATCHLIST, durable=True, threaded=False) as world:
                await lose(world)
                world.x.set("alice", Page.PRESENT)
                await world.wait(minutes=3)
                assert world.state(ALICE).phase is Phase.UP
                peer.calls.clear()
                await set_back(world, HOUR)
                await world.wait(minutes=2)
                assert said(peer) == [], "an end an hour ahead would be none"
                world.x.set("alice", Page.MISSING_FR)
                await world.until(lambda: world.state(ALICE).phase is Phase.DOWN, minutes=4)
                await world.wait(minutes=6)
                assert 6 <= len(said(peer)) <= 8
                assert all(world.now - 2 * HOUR < began(alert) < world.now for alert in said(peer))

    run_virtual(story())
