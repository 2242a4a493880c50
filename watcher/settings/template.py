"""Templates of platform files: which placeholders they may hold, and whether what is left is a URL."""

import re
from typing import Any, Final

from watcher.settings.nesting import Steps
from watcher.settings.validate import Reading
from watcher.settings.wording import near, one_of

PLACEHOLDER: Final = re.compile(r"\{([a-z_]+)\}")
_URL: Final = re.compile(r"(https?://[^\s/]+|\{instance\})(/\S*)?")


def check_template(
    reading: Reading[Any], path: Steps, template: str, *, allowed: set[str], needed: set[str] | None
) -> bool:
    """Refuse placeholders that are not `allowed`, and a URL that has none of the `needed` ones (None: no URL)."""
    found = PLACEHOLDER.findall(template)
    choices = [f"{{{name}}}" for name in sorted(allowed)]
    unknown = next((name for name in found if name not in allowed), None)
    if unknown is not None:
        hint = "; credentials go into headers" if unknown == "credential" else ""
        message = f"holds the unknown placeholder {{{unknown}}}; {near(f'{{{unknown}}}', choices)}{hint}"
        reading.refuse_value(path, ValueError(message))
    elif re.search(r"[{}]", PLACEHOLDER.sub("", template)) and needed is not None:
        reading.refuse_value(path, ValueError("holds a lone brace; placeholders are written like {handle}"))
    elif needed is not None and not needed & set(found):
        wanted = one_of([f"{{{name}}}" for name in sorted(needed)])
        reading.refuse_value(path, ValueError(f"is the same for all accounts; it must contain {wanted}"))
    elif needed is not None and not _URL.fullmatch(template):
        reading.refuse_value(path, ValueError("is not a URL; it must begin with https://"))
    else:
        return True
    return False
