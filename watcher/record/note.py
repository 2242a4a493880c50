"""What somebody writes of an outage: checked, and made the note that is kept. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from watcher.model.annotation import Annotation
from watcher.text import clean

LONGEST: Final = 4000
FIELDS: Final = ("cause", "text", "link", "by")


def note_of(
    outage_id: str, at: datetime, fields: Mapping[str, str], nobody: str
) -> tuple[Annotation | None, dict[str, str]]:
    """The note, or what is wrong with each field. `nobody` is who says so where nobody is named."""
    said = {name: " ".join(clean(fields[name]).split()) for name in FIELDS}
    wrong = {
        name: f"is {len(text)} characters long; {LONGEST} are the most"
        for name, text in said.items()
        if len(text) > LONGEST
    }
    if not said["cause"]:
        wrong["cause"] = "says nothing: write a few words"
    if said["link"] and not _is_web(said["link"]):
        wrong["link"] = "is no web address: write it with https://"
    if wrong:
        return None, wrong
    return Annotation(
        outage_id=outage_id,
        at=at,
        by=said["by"] or nobody,
        cause=said["cause"],
        text=said["text"],
        link=said["link"] or None,
    ), {}


def _is_web(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text
