"""A page of the docs as a reader works through it: what to type, what to save, what should be seen. Pure.

The first word of a fence is its language, the rest says what the block is:

    ```sh                    typed into the first terminal, line by line; the last command must end with 0
    ```sh exits-1            the same; it must end with 1
    ```sh again              the same; typed again until what is seen is as shown: others take their time
    ```sh second-terminal    typed into the second one, where its last command stays running
    ```yaml config/x.yaml    a file, saved as it stands
    ```text                  all that the last command printed; `…` stands for anything
    ```text second-terminal  what comes next in the second terminal

There are no others: `faults` names those that would be passed over. In a comment, where no reader sees them, are the
causes of the errors that a page explains: `<!-- sh … -->` is typed as well, and `<!-- slack 404 no_service -->` is what
Slack will answer next.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(
    r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$|^<!-- (?P<hidden>(?:sh|slack)[^\n]*?)(?: -->|\n(?P<typed>.*?)-->)$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One step of the reader: `kind` is the language, `about` the other words of the fence."""

    kind: str
    about: tuple[str, ...]
    body: str

    @property
    def file(self) -> str | None:
        """The file that it is, if it is one."""
        return self.about[0] if self.kind not in ("sh", "slack") and self.about and not self.is_second else None

    @property
    def is_second(self) -> bool:
        """True for what is in the second terminal."""
        return "second-terminal" in self.about

    @property
    def is_output(self) -> bool:
        """True for what the last command of the block before it prints."""
        return self.kind == "text" and not self.about

    @property
    def status(self) -> int:
        """With which its last command must end."""
        return 1 if "exits-1" in self.about else 0


def blocks(text: str) -> Iterator[Block]:
    """The steps of a page, in their order."""
    for found in _BLOCK.finditer(text):
        kind, *about = (found["info"] or found["hidden"] or "").split() or [""]
        yield Block(kind=kind, about=tuple(about), body=found["body"] or found["typed"] or "")


def faults(text: str) -> Iterator[str]:
    """The blocks of a page that nobody would follow or compare."""
    before = None
    for block in blocks(text):
        known = {"exits-1", "again", "second-terminal"} if block.kind == "sh" else set(block.about)
        is_lonely = block.is_output and (before is None or before.kind != "sh" or before.is_second)
        if block.kind not in ("sh", "slack", "text") and block.file is None:
            yield f"{block.kind}: neither commands nor a file: {block.body}"
        elif is_lonely or not set(block.about) <= known:
            yield f"{block.kind} {' '.join(block.about)}: {block.body}"
        before = block


def commands(block: Block) -> list[str]:
    """What is typed, a command each: a line with those that continue it."""
    return re.sub(r"\\\n", "", block.body).splitlines()


def pattern(lines: str) -> re.Pattern[str]:
    """What is shown, as what may be seen: `…` is anything in a line, and alone on its line any lines.

    The columns of a table may be of another width.
    """
    parts = (r"(?:.*\n)*?" if line.strip() == "…" else f"{_line(line)}[ ]*\n" for line in lines.splitlines())
    return re.compile("".join(parts), re.MULTILINE)


def _line(line: str) -> str:
    return re.sub(r"(?:\\ ){2,}", "[ ]{2,}", re.escape(line.rstrip())).replace("…", ".*?")
