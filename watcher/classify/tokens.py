"""The tokens of HTML as regular expressions over UTF-8 bytes.

All of them take linear time: every repetition is possessive, and what one token may hold ends where the next begins.

`TOKEN` is exact and is tried one at a time. `DULL`, `SCRIPTS` and `within` pass over many tokens in one call, and over
nothing of which they are not sure: wherever they stop, `TOKEN` goes on. They never change what is read, only how fast.
"""

import re
from functools import lru_cache
from typing import Final

from watcher.classify.possessive import compiled

_NAME: Final = rb"[a-zA-Z][^\s/>]*+"
_PLAIN_PAIR: Final = rb"""\s++[^\s"'/>=]++="[^"]*+\""""
_PAIR: Final = rb"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s"'>][^\s>]*+)?+)?+"""
_COMMENT: Final = rb"!--(?:-?>|[^-]*+(?:-(?!->)[^-]*+)*+-->)"
TOKEN: Final = compiled(
    rb"([^<]*+(?:<(?![a-zA-Z/!?])[^<]*+)*+)<"
    rb"(?:(%(name)b)((?:%(plain)b)*+(?:[\s/]++|%(pair)b)*+)>|/(%(name)b)[^>]*+>|%(comment)b|(?:[/?]|!(?!--))[^>]*+>)"
    % {b"name": _NAME, b"plain": _PLAIN_PAIR, b"pair": _PAIR, b"comment": _COMMENT}
)
"""Text and the tag after it: (text, start tag, its attributes, end tag)."""

TAG: Final = compiled(rb"<(?=[a-zA-Z/!?])")
"""Where text ends if the token after it is not finished."""

PAIR: Final = compiled(
    r"""([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s"'>][^\s>]*+))?+)?+""", re.ASCII
)
"""One attribute, decoded: (name, value in double quotes, in single ones, in none)."""

UNSEEN: Final = frozenset(
    "noscript template svg math iframe object audio video select datalist".split()  # noqa: SIM905 - a list of words
)
RAW_END: Final = {
    name: compiled(rb"</(?i:%b)(?=[\s/>])" % name.encode())
    for name in ("script", "style", "title", "textarea", "xmp", "noembed", "noframes")
}

# In a dull tag nothing is in doubt: no angle bracket in its attributes, no quote but around a whole value, and no
# attribute that may hide it.
_VALUE: Final = rb"""(?:=(?:"[^"<>]*+"|'[^'<>]*+'|[^\s"'><=`][^\s><"'`=]*+(?=[\s>]))|(?=[\s/>]))"""
_ANY_PAIR: Final = rb"""\s++[^\s"'/>=<][^\s"'/>=<]*+""" + _VALUE
# Most attributes are written like this.
_PLAIN_DULL_PAIR: Final = rb"""(?: (?!hidden|style|popover)[a-z][a-z0-9:_-]*+="[^"<>]*+")*+"""
_DULL_PAIR: Final = (
    rb"""\s++(?:[^\s"'/>=<A-Zhsp]|h(?!idden[\s=/>])|s(?!tyle[\s=/>])|p(?!opover[\s=/>]))[^\s"'/>=<A-Z]*+""" + _VALUE
)
_DULL_PAIRS: Final = rb"%b(?:%b)*+\s*+" % (_PLAIN_DULL_PAIR, _DULL_PAIR)
_DULL_NAME: Final = (
    rb"(?!(?:h(?:[1-3]|tml)|body|t(?:itle|extarea|emplate)|i(?:nput|frame)|xmp|no(?:embed|frames|script)"
    rb"|s(?:vg|elect|cript|tyle)|math|object|audio|video|d(?:atalist|ialog))[\s/>])[a-z][a-z0-9:-]*+"
)
_DULL_COMMENT: Final = rb"!(?:--(?!-?>)[^<>-]*+(?:-(?!->)[^<>-]*+)*+-->|(?!--)[^<>]*+>)"
# Most of a head, and never hidden: nothing stands in them.
_NOTED_TAG: Final = rb"""(?:meta|link)(?: [a-z][a-z0-9:_-]*+="[^"<>]*+")*+\s*+/?>"""
DULL: Final = compiled(
    rb"[^<]*+(?:<(?:/(?!(?i:head|body)[\s/>])[a-zA-Z][^<>]*+>|%b%b/?>|%b|%b)[^<]*+)*+"
    % (_DULL_NAME, _DULL_PAIRS, _NOTED_TAG, _DULL_COMMENT)
)
"""Text, end tags, simple comments, and start tags that open nothing of interest, as many as there are."""

_SCRIPT: Final = (
    rb"<(?:script%(pairs)b>[^<]*+(?:<(?!/(?i:script)[\s/>])[^<]*+)*+</script\s*+>"
    rb"|style%(pairs)b>[^<]*+(?:<(?!/(?i:style)[\s/>])[^<]*+)*+</style\s*+>)\s*+" % {b"pairs": _DULL_PAIRS}
)
SCRIPTS: Final = compiled(rb"(?:%b)*+" % _SCRIPT)
"""Whole scripts and style sheets, as many as follow one another."""

SCRIPT: Final = compiled(
    rb"<script([^>]*+)>([^<]*+(?:<(?!/(?i:script)[\s/>])[^<]*+)*+)</(?i:script)\s*+>"
    rb"|<style[^>]*+>[^<]*+(?:<(?!/(?i:style)[\s/>])[^<]*+)*+</(?i:style)\s*+>"
)
"""Each of them: the attributes of a script, and what is in it; nothing of a style sheet."""

NOTED: Final = compiled(rb"<(meta|link)(?=[\s/>])([^>]*+)>")
"""The metas and links of a dull run, in which no other angle bracket stands: (name, attributes)."""

_NOTES: Final = rb"<(?:(?:meta|link)%b/?>|%b)\s*+" % (_DULL_PAIRS, _DULL_COMMENT)
_ORDINARY: Final = rb"((?:%(notes)b)*+)((?:%(notes)b|%(script)b)*+)" % {b"notes": _NOTES, b"script": _SCRIPT}
HEAD: Final = compiled(
    rb"\s*+(?:<!(?i:doctype)[^<>]*+>\s*+)?+<html(%(pairs)b)>\s*+<head%(pairs)b>\s*+"
    rb"%(ordinary)b<title>([^<]*+)</title\s*+>\s*+%(ordinary)b" % {b"pairs": _DULL_PAIRS, b"ordinary": _ORDINARY}
)
"""How most pages begin: (attributes of html, notes, mixed, title, notes, mixed).

Notes are metas, links and comments only; among what is mixed there are scripts and style sheets.
"""

_INLINE_NAMES: Final = rb"a|abbr|b|bdi|bdo|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|time|u|wbr"
INLINE: Final = frozenset(_INLINE_NAMES.decode().split("|"))
INLINE_TAG: Final = compiled(rb"<(?:/?(?i:%b)(?=[\s/>])|!)[^>]*+>" % _INLINE_NAMES)
ANY_TAG: Final = compiled(rb"<[^>]*+>")
"""Of a dull run: what does not break a sentence, and any tag."""

_SKIPPED: Final = UNSEEN | frozenset("div section nav aside span a button form header footer ul".split())  # noqa: SIM905


def within(name: str) -> re.Pattern[bytes] | None:
    """Passes over what stands in a hidden element of that name up to a tag of the same name; None for rare ones."""
    return _within(name.encode()) if name in _SKIPPED else None


@lru_cache(maxsize=len(_SKIPPED))
def _within(name: bytes) -> re.Pattern[bytes]:
    raw = b"|".join(each.encode() for each in RAW_END)
    return compiled(
        rb"[^<]*+(?:<(?:/(?!(?i:%(name)b)[\s/>])[a-zA-Z][^<>]*+>"
        rb"|(?!(?i:%(name)b|%(raw)b)[\s/>])[a-zA-Z][^\s/>=<\"']*+(?:%(pair)b)*+\s*+/?>|%(comment)b)[^<]*+)*+"
        % {b"name": name, b"raw": raw, b"pair": _ANY_PAIR, b"comment": _DULL_COMMENT}
    )
