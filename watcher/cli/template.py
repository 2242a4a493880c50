"""The commands about the texts of messages: which there are, and what they say."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.cli.terminal import config_option, epilog, fail, faults_told, say, say_all

if TYPE_CHECKING:
    from watcher.notify.texts import Texts

# Those of watcher.settings.values.Language, which takes long to import.
_LANGUAGES = ("en", "fr")


@click.group(
    epilog=epilog("watcher template list", "watcher template render account --language fr"),
)
def template() -> None:
    """See what messages say, and try out templates of your own.

    Each kind of news has a template (Jinja2). Put a file of the same name into a folder, name that folder as
    `templates:` of a channel, and it is used instead of the default.
    """


def _of_texts(command: click.decorators.FC) -> click.decorators.FC:
    for option in (
        click.option("--channel", metavar="NAME", help="The language and the templates of this channel."),
        click.option(
            "--templates", type=click.Path(path_type=Path, exists=True, file_okay=False), help="This folder's."
        ),
        click.option("--language", type=click.Choice(_LANGUAGES), help="In this language."),
        config_option,
    ):
        command = option(command)
    return command


@template.command("list", epilog=epilog("watcher template list --channel newsroom"))
@_of_texts
def list_(config: Path, language: str | None, templates: Path | None, channel: str | None) -> None:
    """List the templates, and where each comes from."""
    from watcher.notify.samples import SAMPLES
    from watcher.notify.texts import TEMPLATES
    from watcher.text import aligned

    texts = _texts(config, language, templates, channel)
    own = {path.stem: path for path in texts.own}
    rows = [
        (name, str(own.get(name, f"default ({texts.language})")), ", ".join(what for what, _ in SAMPLES[name]))
        for name in TEMPLATES
    ]
    say_all(aligned([("TEMPLATE", "FROM", "TELLS OF"), *rows]))


@template.command(
    epilog=epilog(
        "watcher template render account --language fr",
        "watcher template render --templates my/templates",
        ends="Ends with 0; 1 when a template cannot be used.",
    )
)
@click.argument("name", metavar="[TEMPLATE]", required=False)
@_of_texts
def render(name: str | None, config: Path, language: str | None, templates: Path | None, channel: str | None) -> None:
    """Show what people would read, of news as it might come.

    The news are examples. Every medium shows the same in its own way: as blocks in Slack, as text and HTML in mail.
    """
    from watcher.model.errors import ConfigError
    from watcher.notify.channels.letter import plain_text
    from watcher.notify.render import written
    from watcher.notify.samples import SAMPLES
    from watcher.notify.texts import TEMPLATES
    from watcher.notify.trial import faults_of
    from watcher.settings.wording import near

    texts = _texts(config, language, templates, channel)
    if name is not None and name not in TEMPLATES:
        fail(f"{name} is no template; {near(name, TEMPLATES)}", 1)
    with faults_told():
        if faults := list(faults_of(texts)):
            raise ConfigError(faults)
    for each in (name,) if name is not None else TEMPLATES:
        for what, view in SAMPLES[each]:
            click.secho(f"── {each}: {what}", bold=True)
            say_all(plain_text(written(view, texts)).splitlines())
            say("")


def _texts(config: Path, language: str | None, templates: Path | None, channel: str | None) -> "Texts":
    """Those of the channel, but for what else is said. Without a channel watcher.yaml is not read."""
    from watcher.notify.texts import texts_of
    from watcher.notify.trial import texts_for
    from watcher.settings.load import load_settings
    from watcher.settings.wording import near

    texts = texts_of()
    if channel is not None:
        with faults_told():
            channels = {each.name: each for each in load_settings(config, os.environ).channels}
        if channel not in channels:
            fail(f"there is no channel '{channel}'; {near(channel, channels)}", 1)
        texts = texts_for(channels[channel])
    return texts_of(language or texts.language, templates or texts.folder, texts.most)
