"""The plain part of YAML, read fast: mappings, lists and texts, without a place for anything.

A watchlist of a hundred thousand accounts has a million and a half values, and nobody asks where they stand unless
something is wrong. So whatever is odd here (a duplicate key, an anchor, a tag, a control character, a fault) is not
worded but refused as a whole: `yamlfile` then reads the same text in full, and says what and where.
"""

from collections.abc import Callable
from typing import Any, Final

import yaml

from watcher.settings.nesting import DEEPEST

_OPENING: Final = {yaml.MappingStartEvent: dict, yaml.SequenceStartEvent: list}
_CLOSING: Final = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})


class OddError(Exception):
    """The text is not plain YAML; whether anything is wrong with it is for others to say."""


def read_plain(text: str, loader: Any) -> Any:
    """The one dict or list that is written in `text`, its values being dict, list, str, and None for nothing at all.

    Raises OddError.
    """
    try:
        return _tree(loader(text).get_event)
    except yaml.YAMLError:
        raise OddError from None


def _tree(next_event: Callable[[], Any]) -> Any:  # noqa: C901, PLR0912 - calls would double its time
    """One function, as it runs a million and a half times; `node` is what is being filled, `key` its next key."""
    roots: list[Any] = []
    node: Any = roots
    around: list[Any] = []
    key: str | None = None
    while (event := next_event()) is not None:
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            value = event.value
            if event.anchor is not None or event.tag is not None or not value.isprintable():
                raise OddError
            if node.__class__ is dict and key is None:
                if value == "" or value in node:
                    raise OddError
                key = value
                continue
            if value == "" and event.implicit[0]:
                value = None
        elif kind in _OPENING:
            if event.anchor is not None or event.tag is not None or len(around) >= DEEPEST:
                raise OddError
            value = _OPENING[kind]()
        elif kind in _CLOSING:
            node = around.pop()
            continue
        elif kind is yaml.AliasEvent:
            raise OddError
        else:
            continue
        if node.__class__ is list:
            node.append(value)
        elif key is None:
            raise OddError
        else:
            node[key] = value
            key = None
        if kind in _OPENING:
            around.append(node)
            node = value
    if len(roots) != 1 or not roots[0] or isinstance(roots[0], str):
        raise OddError
    return roots[0]
