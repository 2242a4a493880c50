"""Secrets taken out of what others wrote: a platform may echo a token into its page, a library a URL into its error.

Pure, imports nothing of the program. It is the second line: who holds a secret shows it to nobody in the first place.
"""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, quote_plus, unquote, urlsplit

HIDDEN: Final = "***"
# What is shorter is a word of many texts, and no secret that anybody should rely on.
SHORTEST: Final = 8
_ESCAPE: Final = re.compile(r"%[0-9A-F]{2}")


class Redaction:
    """Puts `***` wherever one of `secrets` stands: as it is, or as written in URLs, JSON, HTML and base64.

    Of a URL, the path with the query is a secret too. What is shorter than SHORTEST is left alone.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= SHORTEST}
        self._texts = tuple(sorted(forms, key=len, reverse=True))
        encoded = {form.encode() for form in forms}
        encoded |= {form.encode(wide) for form in forms for wide in ("utf-16-le", "utf-16-be")}
        self._bytes = tuple(sorted(encoded, key=len, reverse=True))

    def text(self, text: str) -> str:
        """`text` without them."""
        for form in self._texts:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def body(self, body: bytes) -> bytes:
        """`body` without them."""
        for form in self._bytes:
            if form in body:
                body = body.replace(form, HIDDEN.encode())
        return body


def _forms(secret: str) -> Iterator[str]:
    whole = [secret]
    if secret.startswith(("https://", "http://")):
        parts = urlsplit(secret)
        whole.append(parts.path + (f"?{parts.query}" if parts.query else ""))
    # A URL library writes the same URL with fewer escapes.
    for text in dict.fromkeys((*whole, *map(unquote, whole))):
        escaped = {quote(text), quote(text, safe=""), quote_plus(text)}
        yield from (text, *escaped, *(_ESCAPE.sub(lambda found: found[0].lower(), form) for form in escaped))
        yield from (html.escape(text), json.dumps(text)[1:-1], json.dumps(text).replace("/", "\\/")[1:-1])
        yield from _base64(text.encode())


def _base64(secret: bytes) -> Iterator[str]:
    """The part that is the same whatever stands before and after it, for each of the three ways to be aligned."""
    for before in range(3):
        start, end = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + secret).decode()[start:end]
