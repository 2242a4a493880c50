"""Hostile text made harmless: names and quotes come from pages that anybody can write.

Pure, imports nothing of the program, so that the logs and the values alike may use it. Escaping is not done
here: it differs from medium to medium.
"""

from collections.abc import Iterator, Sequence
from typing import Final

_SPACES = (0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029)
_BIDI = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
# Joiners are legitimate in Persian and in emoji, but as invisible as the rest; the evidence keeps the page's bytes.
_INVISIBLE = (
    0x00AD,
    0x034F,
    *range(0x115F, 0x1161),
    0x180E,
    *range(0x200B, 0x200E),
    *range(0x2060, 0x2066),
    *range(0x206A, 0x2070),
    0x3164,
    0xFEFF,
    0xFFA0,
    *range(0xFFF9, 0xFFFC),
    *range(0xE0000, 0xE0080),
)
# Half a surrogate pair comes out of JSON such as "\ud800" and cannot be encoded for any medium.
_SURROGATES = range(0xD800, 0xE000)

_CLEAN: Final[dict[int, str | None]] = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *_BIDI, *_INVISIBLE, *_SURROGATES)),
    **dict.fromkeys(_SPACES, " "),
}

_ODD_SPACES = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)

_SPELT: Final = {code: ascii(chr(code))[1:-1] for code in _CLEAN if code not in (0x09, 0x0A)}
_TYPED: Final = {
    **{code: ascii(chr(code))[1:-1] for code in (*_CLEAN, *_ODD_SPACES)},
    **dict.fromkeys(_SPACES, " "),
}


def clean(text: str) -> str:
    """`text` on one line: no C0 or C1 controls, no bidirectional or zero-width characters, no lone surrogates.

    Line breaks and tabs become spaces; everything else that is removed leaves no trace.
    """
    return text.translate(_CLEAN)


def spelt(text: str) -> str:
    r"""`text` as `clean` has it, but with what cannot be seen, odd spaces too, as `\u200b`.

    For what somebody typed or pasted and is to find the fault in.
    """
    return text.translate(_TYPED)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` (≥ 1) code points; what is too long ends in "…"."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table: a line each, the cells of a column under one another. There must be one row."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def readable(text: str) -> str:
    r"""`text` in its lines, with every other control, and what is invisible or turns the direction, as `\u202e`.

    For bytes that are to be read as they were: nothing is left out, and nothing is obeyed.
    """
    return text.replace("\r\n", "\n").translate(_SPELT)
