"""How faults are worded: lower-case, the offending value, then what to write instead. No rule is decided here."""

import difflib
from collections.abc import Collection

from watcher.settings.homoglyphs import named
from watcher.text import spelt

_LONGEST_VALUE = 60
_LONGEST_KEY = 40
_LONGEST_LIST = 12


def quoted(value: str) -> str:
    """`value` in quotes, safe to print and not longer than a line can bear; what cannot be seen is spelt out."""
    shown = spelt(value)
    return f"'{shown[:_LONGEST_VALUE]}…'" if len(shown) > _LONGEST_VALUE else f"'{shown}'"


def clipped_key(key: str) -> str:
    """A key as shown: up to its first space, since behind a forgotten colon there may be a secret."""
    whole = spelt(key)
    words = whole.split()
    head = words[0] if words else ""
    return head if head == whole and len(head) <= _LONGEST_KEY else f"{head[:_LONGEST_KEY]}…"


def near(word: str, known: Collection[str], *, otherwise: str | None = None) -> str:
    """What to write instead of `word`: the known one most like it, else `otherwise` or all the known ones."""
    folded = {name.lower(): name for name in known}
    found = difflib.get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    if found:
        return f"did you mean '{folded[found[0]]}'?"
    if otherwise is not None:
        return otherwise
    return f"write {one_of(known)}" if known else "there is none"


def one_of(known: Collection[str]) -> str:
    """`a`, `a or b`, `one of a, b, c`: the choices as a phrase, cut short when there are too many."""
    names = list(known)
    if len(names) <= 2:  # noqa: PLR2004 - two names are joined by "or"
        return " or ".join(names)
    tail = ", …" if len(names) > _LONGEST_LIST else ""
    return f"one of {', '.join(names[:_LONGEST_LIST])}{tail}"


def kind_of(value: object) -> str:
    """What a piece of YAML is, in words; and what cannot be seen in it, since that may be why it is not another."""
    match value:
        case dict():
            return f"a mapping{_unseen(''.join(map(str, value)))}"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"text{_unseen(str(value))}"


def _unseen(text: str) -> str:
    odd = next((character for character in text if not character.isprintable()), None)
    return "" if odd is None else f", in which {named(odd)}"
