"""Secrets are taken out however they are written, and nothing else is."""

import base64
import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.redact import HIDDEN, SHORTEST, Redaction

SECRET = 'tok3n/with+every=kind&of<"character>%'
URL = "https://hooks.example/services/T0/B0/s3cr3t%2Fpart?key=v"


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        re.sub("%..", lambda escape: escape[0].lower(), quote(SECRET, safe="")),
        html.escape(SECRET),
        json.dumps(SECRET)[1:-1],
    ],
)
def test_every_way_of_writing_it(written: str) -> None:
    """As it is, in URLs with escapes of either case, in HTML and in JSON; as text and as bytes."""
    hide = Redaction((SECRET,))
    assert HIDDEN in hide.text(f"before {written} after")
    assert SECRET not in hide.text(f"before {written} after")
    body = hide.body(f"before {written} after".encode())
    assert body.startswith(b"before ***")
    assert b"tok3n" not in body


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_letters(encoding: str) -> None:
    """A page in UTF-16 gives it away no more."""
    assert SECRET.encode(encoding) not in Redaction((SECRET,)).body(f"a {SECRET} b".encode(encoding))


@given(st.binary(max_size=5), st.binary(max_size=5))
def test_inside_base64(before: bytes, after: bytes) -> None:
    """Whatever stands around it: what is left of it decodes to no more than the bytes at its edges."""
    hide = Redaction((SECRET,))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        shown = hide.text(encode(before + SECRET.encode() + after).decode())
        assert HIDDEN in shown
        assert len(shown) <= len(HIDDEN) + 4 * (len(before) + len(after) + 4) / 3 + 4


def test_a_url_and_its_path() -> None:
    """An error that names the path alone, or the URL as a library writes it, gives it away no more."""
    hide = Redaction((URL,))
    assert hide.text(f"cannot post to {URL}: no route") == "cannot post to ***: no route"
    assert hide.text("POST /services/T0/B0/s3cr3t%2Fpart?key=v failed") == "POST *** failed"
    assert hide.text("POST /services/T0/B0/s3cr3t/part?key=v failed") == "POST *** failed"


@given(st.text(max_size=50))
def test_other_text_stays(text: str) -> None:
    """Without a secret in it, a text is what it was; so is one with a word that is too short to be one."""
    assert Redaction((SECRET,)).text(text) == text
    assert Redaction(("a" * (SHORTEST - 1),)).text(text + "a" * SHORTEST) == text + "a" * SHORTEST
    assert Redaction().body(text.encode()) == text.encode()
