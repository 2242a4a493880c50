"""The command about the shape of the configuration files, for editors and other programs."""

import click

from watcher.cli.terminal import epilog

# Those of watcher.settings.editorschema, which takes long to import.
_FILES = ("watcher", "watchlist")


@click.command(
    epilog=epilog(
        "watcher schema watchlist > watchlist.schema.json",
        "watcher schema watcher",
    )
)
@click.argument("file", metavar="watcher|watchlist", type=click.Choice(_FILES))
def schema(file: str) -> None:
    """Print the JSON Schema of watcher.yaml or of a watchlist.

    By it an editor completes keys and marks what is mistyped. What a schema cannot say, `watcher check` does.
    """
    from importlib.resources import files

    click.echo(files("watcher").joinpath("schemas", f"{file}.schema.json").read_text("utf-8"), nl=False)
