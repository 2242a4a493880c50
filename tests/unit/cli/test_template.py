"""The commands that show what messages say, and try out templates."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from watcher.cli import main
from watcher.notify.texts import TEMPLATES

WATCHER = """\
watchlist: watchlist.yaml
channels: [{name: paris, kind: log, language: fr, templates: texts}]
"""
HEADLINE = '{% extends "default/account.j2" %}{% block headline %}DISPARU : {{ name }}{% endblock %}'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration with a channel in French, and a headline of its own."""
    (tmp_path / "watcher.yaml").write_text(WATCHER)
    (tmp_path / "watchlist.yaml").write_text("accounts: [https://bsky.app/profile/mayor.example]\n")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "account.j2").write_text(HEADLINE, encoding="utf-8")
    return tmp_path / "watcher.yaml"


def asked(*words: str | Path) -> tuple[int, str]:
    """What the command says, and how it ends."""
    result = CliRunner().invoke(main, [str(word) for word in words])
    return result.exit_code, result.output


def test_each_template_is_listed_with_its_origin(config: Path) -> None:
    """All of them; without a channel no configuration is needed."""
    status, said = asked("template", "list")
    assert status == 0
    assert [line.split()[0] for line in said.splitlines()[1:]] == list(TEMPLATES)
    status, said = asked("template", "list", "--config", config, "--channel", "paris")
    rows = {line.split()[0]: line for line in said.splitlines()}
    assert str(config.parent / "texts" / "account.j2") in rows["account"]
    assert "default (fr)" in rows["digest"]


def test_a_template_is_shown_as_people_would_read_it(config: Path) -> None:
    """A line for a line, in the channel's words, or in another language and of another folder than the channel's."""
    status, said = asked("template", "render", "account", "--config", config, "--channel", "paris")
    lines = said.splitlines()
    assert status == 0
    assert lines[:4] == [
        "── account: gone",
        "DISPARU : @realDonaldTrump",
        "",
        "Un visiteur non connecté ne voit plus le profil : X répond comme pour un compte qui n'existe pas.",
    ]
    assert "> Désolé, cette page n'existe pas" in lines
    _, said = asked("template", "render", "account", "--config", config, "--channel", "paris", "--language", "en")
    assert said.splitlines()[1:4:2][1].startswith("A logged-out visitor no longer sees the profile")
    assert asked("template", "render")[1].count("── ") > len(TEMPLATES)


@pytest.mark.parametrize("words", [("template", "render", "--channel", "paris"), ("check",)])
def test_a_template_that_fails_is_a_fault(config: Path, words: tuple[str, ...]) -> None:
    """With its file and line, before anybody is told through it."""
    own = config.parent / "texts" / "account.j2"
    own.write_text(HEADLINE.replace("{{ name }}", "\n{{ nmae }}"), encoding="utf-8")
    status, said = asked(*words, "--config", config)
    assert (status, said) == (1, f"{own}:2:1: 'nmae' is undefined (tried: account, gone)\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acount",), "watcher: acount is no template; did you mean 'account'?\n"),
        (("--channel", "pari"), "watcher: there is no channel 'pari'; did you mean 'paris'?\n"),
    ],
)
def test_what_there_is_not(config: Path, words: tuple[str, ...], said: str) -> None:
    """A typing error is named, with what was meant."""
    assert asked("template", "render", *words, "--config", config) == (1, said)
