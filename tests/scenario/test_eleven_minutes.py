"""2 November 2017: gone for eleven minutes, over real sockets and TLS, in virtual time."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World
from watcher.demo.answers import Page
from watcher.model.outage import Phase

TRUMP = "x:realdonaldtrump"
ELEVEN = timedelta(minutes=11)


def watchlist(interval: str = "60s") -> str:
    """The two accounts of one owner."""
    return (
        f"defaults: {{interval: {interval}, severity: critical}}\n"
        "owners: {potus45: Donald J. Trump}\n"
        "accounts:\n"
        "  - {url: https://x.com/realDonaldTrump, owner: potus45}\n"
        "  - {url: https://x.com/POTUS, owner: potus45}\n"
    )


async def _vanish(world: World) -> None:
    world.x.set("realDonaldTrump", Page.MISSING_FR)
    await world.wait(minutes=11)
    world.x.set("realDonaldTrump", Page.PRESENT)


@pytest.mark.parametrize(
    "platform",
    [
        pytest.param({}, id="at once"),
        pytest.param({"cache": timedelta(seconds=1)}, id="by way of a cache that says Age 0"),
    ],
)
def test_told_within_the_limits(tmp_path: Path, platform: dict[str, Any]) -> None:
    """The alert comes within 90 s of the page's turn, the recovery within 30 s, each once, with a line on @POTUS."""

    async def story() -> None:
        async with World(tmp_path, watchlist(), platform_options=platform) as world:
            for handle in ("realDonaldTrump", "POTUS"):
                world.x.set(handle, Page.PRESENT)
            await world.wait(minutes=3)
            gone_at = world.now
            await _vanish(world)
            back_at = world.now
            await world.wait(minutes=3)

            assert world.state(TRUMP).phase is Phase.UP
            [outage] = await world.outages()
            record = await world.app.reader.incident(outage.id)
            assert record is not None
            alert, resolved = record.notifications
            assert alert.delivered_at is not None
            assert resolved.delivered_at is not None
            assert alert.delivered_at - gone_at <= timedelta(seconds=90)
            assert resolved.delivered_at - back_at <= timedelta(seconds=30)
            first, second = world.texts()
            assert "@realDonaldTrump" in first
            assert "@realDonaldTrump" in second
            assert "POTUS" in str(world.slack.accepted[0])
            assert "Désolé, cette page n'existe pas" in str(world.slack.accepted[0])
            assert outage.duration.max is not None
            assert outage.duration.min <= ELEVEN <= outage.duration.max <= outage.duration.min + timedelta(seconds=90)
            assert world.state("x:potus").phase is Phase.UP

    run_virtual(story())
