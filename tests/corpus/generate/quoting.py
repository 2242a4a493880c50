"""What people write on their own pages: quotes of every absence text, names that mean to confuse, other spellings."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Final

from tests.corpus.cases import Expected
from tests.corpus.generate.base import make
from tests.corpus.generate.changed import SEED, changed, rewritten
from tests.corpus.generate.made import ABSENT, EXISTING, Kind, Made, Site, all_phrases, answer_of, load_texts
from tests.corpus.generate.people import HOSTILE, ORDINARY

_QUOTES: Final = 24
"""How many phrases each site's existing accounts are made to quote, besides the site's own."""


def quotes(site: Site) -> Iterator[Made]:
    """Existing accounts that quote what missing ones show: in the bio, in a post, in their very name."""
    chance = random.Random(f"{SEED} {site.ask}")
    phrases = (*_own(site), *chance.sample(all_phrases(), _QUOTES))
    layouts = [page for page in site.of(*EXISTING) if not page.texts]
    for number, phrase in enumerate(phrases):
        layout = layouts[number % len(layouts)] if layouts else None
        if layout is None:
            return
        person = ORDINARY[number % len(ORDINARY)]
        everywhere = replace(person, name=phrase, bio=phrase, post=phrase)
        quoting = (
            ("bio", replace(person, bio=phrase)),
            ("post", replace(person, post=phrase)),
            ("name", replace(person, name=phrase)),
            ("everywhere", everywhere),
        )
        where, someone = quoting[number % len(quoting)]
        made = _named(make(site, layout, someone), f"quote-{where}-{number}")
        yield made
        if not number % 3:
            unproven = Expected(not_verdict="absent")
            expected = made.case.expected if site.structured else unproven
            yield changed(made, "bare", expected=expected, present=None, absent=None)


def _own(site: Site) -> tuple[str, ...]:
    table = load_texts(site.texts)
    meanings = ("missing", "missing_page", "missing_2017", "suspended", "withheld", "unavailable")
    return tuple(text for language in table.values() for meaning in meanings for text in language.get(meaning, ())[:1])[
        :60
    ]


def hostile(site: Site) -> Iterator[Made]:
    """Existing accounts with names and texts that mean to confuse, and handles that are words of barriers."""
    for layout in site.of(*EXISTING):
        if not layout.texts:
            for person in HOSTILE:
                yield _named(make(site, layout, person), "hostile")
    for layout in site.of(Kind.MISSING):
        if not layout.texts:
            yield _named(make(site, layout, HOSTILE[1]), "hostile")


def _named(made: Made, mutation: str) -> Made:
    return changed(made, mutation)


# How texts may be spelt.

_SPELLINGS: Final = (
    ("straight", lambda text: text.replace("’", "'")),
    ("curly", lambda text: text.replace("'", "’")),
    ("nbsp", lambda text: text.replace(" ", "\u00a0")),
    ("thin", lambda text: text.replace(" ", "\u202f")),
    ("ellipsis", lambda text: text.replace("...", "…")),
    ("dots", lambda text: text.replace("…", "...")),
    ("bidi", lambda text: f"\u2067{text}\u2069"),
    ("zero-width", lambda text: f"\u200b{text}\ufeff"),
    ("end-mark", lambda text: f"{text.rstrip('.')}."),
    ("upper", lambda text: text.upper() if text.isascii() else text),
)


def spelt(base: Sequence[Made]) -> Iterator[Made]:
    """Texts of every language in other spellings, one spelling a text; the controls keep the usual one."""
    shown = [made for made in base if made.language and made.kind in ABSENT and made.strict]
    for number, made in enumerate(shown):
        for offset in range(2):
            name, spell = _SPELLINGS[(number + 5 * offset) % len(_SPELLINGS)]
            answer = answer_of(made.layout, made.person, made.site, (spell(made.text), ""))
            yield changed(made, f"spelling-{name}", answer=answer)
    for number, made in enumerate(shown):
        if not number % 5:
            letters = "".join(f"&#{ord(letter)};" for letter in made.text)
            answer = rewritten(made.case.answer, partial(_replaced, old=escape(made.text), new=letters))
            yield changed(made, "spelling-entities", answer=answer)


def _replaced(page: str, old: str, new: str) -> str:
    return page.replace(old, new)
