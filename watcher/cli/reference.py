"""docs/reference/cli.md, written from the commands themselves by `python -m watcher.cli.reference` (`make docs`).

A test holds the page to what this would write.
"""

import re
import sys
from collections.abc import Iterator
from typing import Final

import click

_NAME: Final = "watcher"
_TOP: Final = """\
# Command line

Written by `make docs` from the commands themselves; `watcher COMMAND --help` says the same. Exit statuses: 0 all is
well; 1 the answer is no (a faulty file, an account that is gone); 2 a wrong call, or a store that cannot be used; 3
neither yes nor no (a probe that cannot tell, evidence of which pieces are not there), or a run that broke off.

`--config` names watcher.yaml, which names everything else. What a page or a person wrote is printed without anything
that a terminal would obey.
"""


def document(main: click.Command) -> str:
    """The page: what each command is for, its options with their defaults, examples, how it ends."""
    parts = [_TOP]
    for context, command in _commands(click.Context(main, info_name=_NAME, **main.context_settings), main):
        parts += [*_section(context, command), ""]
    return "\n".join(parts)


def _commands(context: click.Context, command: click.Command) -> Iterator[tuple[click.Context, click.Command]]:
    """Each with its context; a group before its commands, which come in the order of the alphabet."""
    yield context, command
    if isinstance(command, click.Group):
        for name, inner in sorted(command.commands.items()):
            yield from _commands(click.Context(inner, info_name=name, parent=context), inner)


def _section(context: click.Context, command: click.Command) -> Iterator[str]:
    yield f"## {context.command_path}"
    yield ""
    yield from ("```text", f"{context.command_path} {' '.join(command.collect_usage_pieces(context))}", "```", "")
    yield from _paragraphs(command.help or "")
    options = [
        found
        for each in command.get_params(context)
        if isinstance(each, click.Option) and (found := each.get_help_record(context)) is not None
    ]
    yield from ("| option | |", "|---|---|")
    yield from (f"| `{_cell(names)}` | {_cell(said)} |" for names, said in options)
    yield from _end(command.epilog or "")


def _end(epilog: str) -> Iterator[str]:
    """The examples as a block of commands, and the sentence on how the command ends."""
    first, _, ends = epilog.partition("\n\n")
    examples = [line.strip() for line in first.splitlines() if line.startswith("  ")]
    if examples:
        yield from ("", "```sh", *examples, "```")
    if ends:
        yield from ("", *_paragraphs(ends, last=True))


def _paragraphs(text: str, *, last: bool = False) -> Iterator[str]:
    found = [re.sub(r"\s+", " ", part.replace("\b", "")).strip() for part in text.strip().split("\n\n")]
    for number, part in enumerate(found, start=1):
        yield part
        if not (last and number == len(found)):
            yield ""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


if __name__ == "__main__":
    from watcher.cli import main

    sys.stdout.write(document(main))
