"""Text that no chat service acts on, whichever of the many dialects of Markdown it reads. Pure.

A backslash escapes in some and is shown by others, as by all that show plain text. What people see here is the same
everywhere: marks that act are followed by a joiner that cannot be seen, and those of emphasis give way to their like.
"""

import re
from typing import Final

_JOINER: Final = "\u2060"
# Mentions, tags, channels, links, tables, spoilers, entities and escapes; addresses; :emoji:, but no times of day.
_ACTING: Final = re.compile(r"[@#<\]|&\\]|:(?=//)|(?<=www)\.|:(?!\d+:)(?=[\w+'-]+:)", re.IGNORECASE)
# A joiner keeps nobody from reading emphasis into these.
_ALIKE: Final = str.maketrans({"*": "∗", "~": "∼", "`": "ˋ"})
# Within a word it is none.
_UNDERSCORE: Final = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# Headings, lists, quotes, rules.
_BEGINNING: Final = re.compile(r"[-+>=]|\d+[.)]")


def inert(line: str) -> str:
    """`line` as people are to read it, with nothing in it that pings, links or formats."""
    line = _UNDERSCORE.sub("ˍ", line.strip().translate(_ALIKE))
    return (_JOINER if _BEGINNING.match(line) else "") + _ACTING.sub(rf"\g<0>{_JOINER}", line)
