"""What the pages say that can be checked without doing it: commands, paths, what is typed. Pure but for reading."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from tests.docs.page import Block, blocks, commands
from watcher.cli import main

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), ROOT / "bench/README.md", *ROOT.glob("docs/**/*.md")))
SPAN = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"^```[^\n]*\n.*?^```$|^<!--.*?-->$", re.MULTILINE | re.DOTALL)
PATH = re.compile(r"(?<![\w./-])(?:watcher|tests|docs|config|bench|\.ci)/[\w./*-]*\w/?")
_OURS = re.compile(r"^(?:\S*/)?watcher$")
_ASSIGNED = re.compile(r"^\w+=")


def name_of(page: Path) -> str:
    """A page as people call it."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """What is in it."""
    return page.read_text("utf-8")


def spans(page: Path) -> list[str]:
    """What is set as code within the text."""
    return SPAN.findall(FENCE.sub("", text_of(page)))


def shell(page: Path) -> list[Block]:
    """What a reader is to type, the commands in comments as well."""
    return [block for block in blocks(text_of(page)) if block.kind == "sh"]


def typed(page: Path) -> Iterator[str]:
    """Every line that is to be typed, without the text of here-documents."""
    for block in shell(page):
        yield from (line for line in commands(block) if line.strip() and not line.lstrip().startswith("#"))


def simple(line: str) -> Iterator[list[str]]:
    """The commands of a line, as lists of words: those of a pipe, those after `&&` and `;`; without variables."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
    lexer.commenters = "#"
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for word in lexer:
        if re.fullmatch(r"[|&;()]+", word):
            if words:
                yield words
            words, skip = [], False
        elif re.fullmatch(r"[<>]+", word):
            skip = True  # the file to or from which it is led
            if words and words[-1] == "2":
                words.pop()
        elif skip:
            skip = False
        elif words or not _ASSIGNED.match(word):
            words.append(word)
    if words:
        yield words


def words_of(span: str) -> list[str]:
    """The words of code within the text, which need not be a whole command."""
    try:
        return shlex.split(span)
    except ValueError:
        return span.split()


def is_ours(words: list[str]) -> bool:
    """True for a call of watcher, wherever it is installed."""
    return bool(_OURS.match(words[0]))


def alternatives(words: list[str]) -> Iterator[list[str]]:
    """`silence add|list` is two commands."""
    for place, word in enumerate(words):
        if "|" in word:
            for each in word.split("|"):
                yield from alternatives([*words[:place], each, *words[place + 1 :]])
            return
    yield words


def fault(words: list[str], *, whole: bool) -> str | None:
    """What the command line would say of a call; None if it would take it. `whole`: arguments must not be missing."""
    command: click.Command = main
    context = click.Context(main, info_name="watcher", **main.context_settings)
    rest = words[1:]
    try:
        while True:
            given, left, _ = command.make_parser(context).parse_args(list(rest))
            _check_choices(command, context, given)
            if given.get("help"):
                return None
            if not isinstance(command, click.Group) or not left:
                return _incomplete(command, given, left) if whole or left else None
            name, *rest = left
            if name not in command.commands:
                return f"there is no command {name}"
            command = command.commands[name]
            context = click.Context(command, info_name=name, parent=context)
    except click.UsageError as error:
        return error.format_message()


def _check_choices(command: click.Command, context: click.Context, given: Mapping[str, Any]) -> None:
    for each in command.get_params(context):
        value = given.get(each.name or "")
        if isinstance(each.type, click.Choice) and isinstance(value, str):
            each.type.convert(value, each, context)


def _incomplete(command: click.Command, given: Mapping[str, Any], left: list[str]) -> str | None:
    """What is too much or too little: options that must be there, and arguments."""
    if isinstance(command, click.Group):
        return None if command.invoke_without_command else "it wants a command"
    if left:
        return f"too many arguments: {left}"
    missing = [each.human_readable_name for each in command.params if each.required and not _is_given(each, given)]
    return f"there is no {missing[0]}" if missing else None


def _is_given(parameter: click.Parameter, given: Mapping[str, Any]) -> bool:
    """What is not there has a mark of click's own."""
    value = given.get(parameter.name or "")
    return isinstance(value, (str, tuple)) and bool(value)
