"""Regular expressions of platform files: whether Python takes them."""

import re
import warnings
from typing import Any

from watcher.settings.nesting import Steps
from watcher.settings.validate import Reading


def check_regex(reading: Reading[Any], path: Steps, pattern: str) -> bool:
    """Note what is wrong with the expression at `path`; True when it can be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        reading.refuse_value(path, ValueError(f"is not a regular expression: {error}"))
        return False
    return True
