"""Possessive regular expressions on every Python: 3.11.0 to 3.11.4 match `(?:...)*+` wrongly.

They go on from where the repetition that failed had come to (https://github.com/python/cpython/issues/100061 and
106052). So did Debian 12's 3.11.2 until deb12u9 of October 2026. An atomic group `(?>(?:...)*)` matches the same and
has no such fault, but takes memory for each repetition.
"""

import re
from importlib import import_module
from typing import Any, AnyStr, Final, cast

_IS_SOUND: Final = re.fullmatch("(?:ab?c)*+", "a") is None


def compiled(pattern: AnyStr, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[AnyStr]:
    """As `re.compile`; raises re.error."""
    return re.compile(pattern, flags) if _IS_SOUND else atomic(pattern, flags)


def atomic(pattern: AnyStr, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[AnyStr]:
    """`pattern` with atomic groups in place of possessive repetitions; the Pythons that need it do not change any more.

    Raises re.error.
    """
    parsed = import_module("re._parser").parse(pattern, flags)
    _replace(parsed, import_module("re._constants"))
    return cast("re.Pattern[AnyStr]", import_module("re._compiler").compile(parsed, flags))


def _replace(parsed: Any, words: Any) -> None:
    """Change the repetitions of a parsed expression, and all that stand within others."""
    for place, (operator, inside) in enumerate(parsed):
        for within in _parts(inside):
            _replace(within, words)
        if operator is words.POSSESSIVE_REPEAT:
            repeated = type(parsed)(parsed.state, [(words.MAX_REPEAT, inside)])
            parsed[place] = (words.ATOMIC_GROUP, repeated)


def _parts(inside: Any) -> list[Any]:
    """The expressions in what an operator is given: itself one, or several in tuples and lists."""
    if hasattr(inside, "state"):
        return [inside]
    return [part for each in inside for part in _parts(each)] if isinstance(inside, tuple | list) else []
