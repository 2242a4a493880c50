"""Letters that look like others: mixed scripts, look-alikes of ASCII, what cannot be seen. Pure, by Unicode's own data.

A small rule, not the whole of Unicode's table of confusables: a word is odd when it mixes letters of scripts that are
not written together, when all its letters of another script look like Latin ones, when a character is a form of another
(fullwidth, mathematical), or when one is invisible.
"""

import unicodedata
from typing import Final

# The letters of other scripts that look like a Latin one in most typefaces, by their names in Unicode.
_ALIKE: Final = {
    "CYRILLIC SMALL LETTER": (
        "A=a IE=e O=o ER=p ES=c U=y HA=x BYELORUSSIAN-UKRAINIAN_I=i JE=j DZE=s SHHA=h KOMI_DE=d QA=q WE=w IZHITSA=v"
    ),
    "CYRILLIC CAPITAL LETTER": (
        "A=A VE=B IE=E DZE=S BYELORUSSIAN-UKRAINIAN_I=I JE=J KA=K EM=M EN=H O=O ER=P ES=C TE=T HA=X"
    ),
    "CYRILLIC": "SMALL_LETTER_PALOCHKA=l LETTER_PALOCHKA=I",
    "GREEK SMALL LETTER": "OMICRON=o NU=v RHO=p ALPHA=a",
    "GREEK CAPITAL LETTER": (
        "ALPHA=A BETA=B EPSILON=E ZETA=Z ETA=H IOTA=I KAPPA=K MU=M NU=N OMICRON=O RHO=P TAU=T UPSILON=Y CHI=X"
    ),
    "ARMENIAN SMALL LETTER": "OH=o SEH=u VO=n HO=h CO=g",
}
# Those that pass for one among others, but make ordinary words of their own script.
_ROUGHLY: Final = {
    "CYRILLIC SMALL LETTER": "VE=b KA=k EM=m EN=h TE=t GHE=r PE=n ZE=3 SOFT_SIGN=b",
    "GREEK SMALL LETTER": "IOTA=i UPSILON=u KAPPA=k TAU=t CHI=x GAMMA=y ETA=n OMEGA=w EPSILON=e",
}


def _letters(table: dict[str, str]) -> dict[str, str]:
    pairs = ((kind, pair.partition("=")) for kind, line in table.items() for pair in line.split())
    return {unicodedata.lookup(f"{kind} {name.replace('_', ' ')}"): latin for kind, (name, _, latin) in pairs}


_LATIN: Final = _letters(_ALIKE)
_LOOSELY: Final = _LATIN | _letters(_ROUGHLY)
# Written together in one word: Japanese and Korean mix theirs with one another.
_TOGETHER: Final = {
    "HIRAGANA": "CJK",
    "KATAKANA": "CJK",
    "KATAKANA-HIRAGANA": "CJK",
    "IDEOGRAPHIC": "CJK",
    "HANGUL": "CJK",
    "BOPOMOFO": "CJK",
}
_FORMS: Final = frozenset(
    {"FULLWIDTH", "HALFWIDTH", "MATHEMATICAL", "CIRCLED", "SUPERSCRIPT", "SUBSCRIPT", "DOUBLE-STRUCK"}
)
_UNSEEN: Final = frozenset({"Cf", "Cc", "Zl", "Zp", "Cn", "Co"})
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})


def named(character: str) -> str:
    """A character with its name in Unicode, as messages show it: `'а' is CYRILLIC SMALL LETTER A`."""
    name = unicodedata.name(character, "")
    if unicodedata.category(character) in _UNSEEN or character.isspace():
        return f"U+{ord(character):04X}{f' is {name}, which' if name else ''} cannot be seen"
    return f"'{character}' is {name or f'U+{ord(character):04X}'}"


def plain(character: str) -> str | None:
    """The ASCII letter or digit that a character looks like; None when it looks like none."""
    if character.isascii():
        return None
    if character in _LOOSELY:
        return _LOOSELY[character]
    form = unicodedata.normalize("NFKC", character)
    return form if len(form) == 1 and form.isascii() and form.isalnum() else None


def lookalike(word: str) -> str | None:
    """What is odd about a word, naming the character and what it may be meant for; None when nothing is."""
    if word.isascii() and word.isprintable():
        return None
    for character in word:
        if unicodedata.category(character) in _UNSEEN:
            return f"{named(character)}: remove it?"
        if _script(character) in _FORMS:
            return _suspected(character)
    scripts = {script for character in word if (script := _script(character)) is not None}
    foreign = [c for c in word if not c.isascii() and c.isalpha() and _script(c) != "LATIN"]
    if len(scripts) > 1:
        odd = next((c for c in foreign if plain(c) is not None), None)
        if odd is not None or not scripts <= {"LATIN", "CJK"}:
            return _suspected(odd or foreign[0])
    elif foreign and all(c in _LATIN for c in foreign):
        return _suspected(foreign[0])
    return None


def host_lookalike(host: str) -> str | None:
    """The same of a host, whose labels in `xn--` form are read as a browser would show them."""
    for label in host.split("."):
        shown = _shown(label)
        if shown != label and (odd := lookalike(shown)) is not None:
            return f"{label} is shown as '{shown}', in which {odd}"
    return None


def _shown(label: str) -> str:
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode") if label.startswith("xn--") else label
    except UnicodeError:
        return label


def _suspected(character: str) -> str:
    letter = plain(character)
    return f"{named(character)}" + (
        f": write '{letter}'?" if letter is not None else " among letters of another script"
    )


def _script(character: str) -> str | None:
    """The script of a letter, by the first word of its name; None for what is no letter."""
    if not character.isalpha() or unicodedata.category(character) in _MARKS:
        return None
    first = unicodedata.name(character, "").partition(" ")[0]
    return _TOGETHER.get(first, first) or None
