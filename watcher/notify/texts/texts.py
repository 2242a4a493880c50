"""The templates of one language, with those that stand in an operator's own folder before them.

They are rendered in Jinja2's sandbox. Every value that goes into a text is cleaned of control characters first, line
breaks among them, so that whatever a page wrote stays within its line. Reads files, when a template is first used.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from propcache import cached_property

from watcher.model.errors import WatcherError
from watcher.model.outage import Outage
from watcher.notify import wording
from watcher.notify.locales import LOCALES, Locale
from watcher.text import clean, cut

TEMPLATES: Final = (
    "account",
    "correction",
    "digest",
    "egress",
    "flapping",
    "group",
    "mass",
    "meta",
    "notice",
    "platform",
)
"""One for each kind of news. `message`, `words` and `taken_back` are what they share."""

SHARED: Final = ("message", "taken_back", "words")
SUFFIX: Final = ".j2"
FEW: Final = 12
MANY: Final = 100
"""How many accounts a message names: in general, and in mail, where there is room."""

_PARTS: Final = ("headline", "subject", "sentences", "facts", "quote", "links", "footer")


# The end of a part, which no value can contain once it is cleaned.
_BREAK: Final = Markup("\f")


class TextsError(WatcherError):
    """A template cannot be used: in `file`, at `line` (0: unknown), for that reason."""

    def __init__(self, file: str, line: int, why: str) -> None:
        self.file = file
        self.line = line
        self.why = why
        super().__init__(f"{file}:{line}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a template made of its terms: each part, empty lines left out."""

    headline: str
    subject: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    quote: str
    links: tuple[tuple[str, str], ...]
    footer: str


@dataclass(frozen=True)
class Texts:
    """The templates of a language (one of LOCALES). Those in `folder`, if it is given, go before ours.

    Of many accounts they name so many as `most`.
    """

    language: str = "en"
    folder: Path | None = None
    most: int = FEW

    @property
    def locale(self) -> Locale:
        """How the language writes dates and spans."""
        return LOCALES[self.language]

    @property
    def own(self) -> tuple[Path, ...]:
        """The files in the folder, by name."""
        return tuple(sorted(self.folder.glob(f"*{SUFFIX}"))) if self.folder is not None else ()

    def say(self, name: str, terms: Mapping[str, Any]) -> Said:
        """What the template of that name (one of TEMPLATES) says. Raises TextsError."""
        try:
            return _parted(self._environment.get_template(name + SUFFIX).render(terms))
        except Exception as error:
            raise _placed(name, error) from error

    @cached_property
    def _environment(self) -> Environment:
        ours = PackageLoader("watcher.notify.texts", self.language)
        loaders: list[BaseLoader] = [ours, PrefixLoader({"default": ours})]
        if self.folder is not None:
            loaders.insert(0, FileSystemLoader(self.folder))
        environment = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader(loaders), undefined=StrictUndefined, autoescape=True, finalize=_finalize
        )
        environment.globals["part"] = _BREAK
        environment.filters |= _filters(self.locale)
        return environment


@lru_cache(maxsize=32)
def texts_of(language: str = "en", folder: Path | None = None, most: int = FEW) -> Texts:
    """The templates, compiled when they are first used, and again when their file has changed."""
    return Texts(language, folder, most)


def _placed(name: str, error: Exception) -> TextsError:
    """Where it went wrong, in the file that people can change, and how."""
    if isinstance(error, TemplateSyntaxError):
        return TextsError(
            error.filename or error.name or name + SUFFIX, error.lineno, error.message or "is no template"
        )
    why = (error.message if isinstance(error, TemplateError) else None) or str(error) or type(error).__name__
    # The traceback of a template speaks of the template's own lines.
    steps = [step for step in traceback.extract_tb(error.__traceback__) if step.filename.endswith(SUFFIX)]
    return TextsError(steps[-1].filename, steps[-1].lineno or 0, why) if steps else TextsError(name + SUFFIX, 0, why)


def _finalize(value: object) -> Markup:
    """The value on one line. What templates made of others (macros, parents) has its lines already, and keeps them."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else clean(str(value)))  # noqa: S704 - no HTML: it keeps Jinja from escaping


def _parted(text: str) -> Said:
    parts = text.split(_BREAK)
    if len(parts) != len(_PARTS):
        raise ValueError(f"message.j2 makes {len(parts)} parts; it must make {len(_PARTS)}: {', '.join(_PARTS)}")
    lines = {name: _lines(part) for name, part in zip(_PARTS, parts, strict=True)}
    return Said(
        headline=" ".join(lines["headline"]),
        subject=" ".join(lines["subject"]),
        sentences=lines["sentences"],
        facts=_labelled(lines["facts"]),
        quote=" ".join(lines["quote"]),
        links=_labelled(lines["links"]),
        footer=" ".join(lines["footer"]),
    )


def _lines(part: str) -> tuple[str, ...]:
    return tuple(line for line in map(str.strip, part.split("\n")) if line)


def _labelled(lines: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Labels and values; what has no value is left out."""
    found = []
    for line in lines:
        label, separator, value = f"{line} ".partition(": ")
        if not separator:
            raise ValueError(f"a line of facts or links must be 'Label: value', not {cut(line, 60)!r}")
        found.append((label.strip(), value.strip()))
    return tuple((label, value) for label, value in found if value)


def _filters(locale: Locale) -> dict[str, Callable[..., Any]]:
    """By name, as docs/texts.md explains them."""
    return {
        "stamp": partial(wording.format_stamp, locale=locale),
        "span": partial(wording.format_span, locale=locale),
        "about": partial(wording.format_about, locale=locale),
        "duration": partial(wording.format_duration, locale=locale),
        "bounds": partial(wording.format_bounds, locale=locale),
        "between": partial(wording.format_between, locale=locale),
        "began_about": _began_about,
        "ended_about": _ended_about,
        "cut": lambda text, limit: cut(str(text), limit),
    }


def _began_about(outage: Outage) -> datetime:
    return outage.last_present + (outage.began.latest - outage.last_present) / 2


def _ended_about(outage: Outage) -> datetime | None:
    last = outage.last_absent.earliest
    return last + (outage.ended.latest - last) / 2 if outage.ended is not None else None
