"""What people read: in the language of their channel, in their own words, and never lost by a bad template."""

from pathlib import Path

from tests.fakes.virtual_time import run_virtual
from tests.scenario.world import World, watching
from watcher.demo.answers import Page

OWN = """\
{% extends "default/account.j2" %}
{% block headline %}{% if is_over %}{{ super() }}{% else %}DISPARU : {{ name }}{% endif %}{% endblock %}
"""


def test_a_newsroom_in_paris(tmp_path: Path) -> None:
    """French from the next message on, a headline of their own; a faulty edit is refused, and loses no message.

    The channel is made French while it runs. The template is broken in the middle of an outage: that is told, with file
    and line, and the end is told in the default's words.
    """

    async def story() -> None:
        texts = tmp_path / "texts"
        texts.mkdir()
        async with World(tmp_path, watching("https://x.com/alice")) as world:
            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=2)
            (texts / "account.j2").write_text(OWN, encoding="utf-8")
            world.configure("kind: slack,", "kind: slack, language: fr, templates: texts,")
            await world.wait(minutes=1)
            world.x.set("alice", Page.MISSING_FR)
            await world.wait(minutes=3)
            (alert,) = world.texts()
            assert alert.startswith("🟠 DISPARU : @alice — Un visiteur non connecté ne voit plus le profil : X répond")

            (texts / "account.j2").write_text(OWN.replace("super()", "sooper()"), encoding="utf-8")
            await world.wait(minutes=1)
            refused = world.texts()[-1]
            assert "watcher refuse sa configuration modifiée" in refused
            assert "texts/account.j2:2:1: 'sooper' is undefined (tried: account, back)" in refused

            world.x.set("alice", Page.PRESENT)
            await world.wait(minutes=3)
            assert "@alice est de retour sur X après" in world.texts()[-1]
            (texts / "account.j2").unlink()
            await world.wait(minutes=1)
            assert "watcher accepte de nouveau sa configuration" in world.texts()[-1]
            failed = [entry for entry in world.log if entry["log_level"] == "error"]
            assert ["account.j2:2: 'sooper' is undefined" in entry["error"] for entry in failed] == [True]
            world.log = [entry for entry in world.log if entry not in failed]

    run_virtual(story())
