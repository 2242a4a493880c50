"""Pages carry the texts of all their errors with them: in scripts, templates, hidden elements. Nobody sees those."""

from pathlib import Path

import pytest
from aiohttp import web

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page
from watcher.model.finding import Verdict
from watcher.model.outage import Phase, TransitionKind

ALICE = "x:alice"
WATCHLIST = watching("https://x.com/alice")
PHRASE = "Sorry, that page doesn’t exist!"
HIDDEN = {
    "script": f'<script>var errors = ["{PHRASE}"];</script>',
    "json": f'<script type="application/json">{{"error": "<h1>{PHRASE}</h1>"}}</script>',
    "template": f'<template><div class="errorpage-body-content"><h1>{PHRASE}</h1></div></template>',
    "noscript": f"<noscript><h1>{PHRASE}</h1></noscript>",
    "hidden": f'<div hidden class="errorpage-body-content"><h1>{PHRASE}</h1></div>',
    "style": f'<div style="display: none" class="errorpage-body-content"><h1>{PHRASE}</h1></div>',
    "comment": f'<!-- <div class="errorpage-body-content"><h1>{PHRASE}</h1></div> -->',
    "attribute": f'<div data-error="{PHRASE}" title="{PHRASE}">Loading</div>',
}
_LONG_ENOUGH = "<p>What everybody sees.</p>" * 5


def page(body: str) -> web.Response:
    """A page of the platform that names nobody."""
    text = f"<html><head><title>X</title></head><body>{_LONG_ENOUGH}{body}</body></html>"
    return web.Response(text=text, content_type="text/html")


async def show(world: World, body: str) -> None:
    """Alice is up, and then shows `body` in a page without her name."""
    world.x.set("alice", Page.PRESENT)
    await world.wait(minutes=2)
    world.x.front = lambda handle: page(body) if handle == "alice" else None
    await world.wait(minutes=2)


@pytest.mark.parametrize("where", HIDDEN)
def test_where_nobody_sees_it(tmp_path: Path, where: str) -> None:
    """The text of a missing page where no visitor sees it raises no suspicion."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await show(world, HIDDEN[where])
            assert world.state(ALICE).verdict is Verdict.INCONCLUSIVE
            assert [item.kind for item in await world.transitions()] == [TransitionKind.ACCOUNT_FIRST_SEEN]

    run_virtual(story())


def test_where_everybody_sees_it(tmp_path: Path) -> None:
    """The same page with the text in its heading is that of a missing account."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            await show(world, f"<h1>{PHRASE}</h1>")
            assert world.state(ALICE).phase is Phase.DOWN
            assert PHRASE in str(world.slack.accepted[0])

    run_virtual(story())


def test_in_the_page_of_somebody_who_is_there(tmp_path: Path) -> None:
    """A profile with all those texts behind it is a profile."""

    async def story() -> None:
        async with World(tmp_path, WATCHLIST) as world:
            profile = f"<title>Alice (@alice) | Twitter</title>{''.join(HIDDEN.values())}{_LONG_ENOUGH}"
            world.x.set("alice", Page.PRESENT)
            world.x.front = lambda handle: (
                web.Response(text=profile, content_type="text/html") if handle == "alice" else None
            )
            await world.wait(minutes=3)
            assert world.state(ALICE).verdict is Verdict.PRESENT
            assert [item.kind for item in await world.transitions()] == [TransitionKind.ACCOUNT_FIRST_SEEN]

    run_virtual(story())
