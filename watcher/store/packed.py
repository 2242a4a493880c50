"""What a transition rests on (its detail, its finding, the outage as it then stood), packed for its row. Pure.

Three lines of canonical JSON, deflated with a dictionary: words that most of them have, then what the row says itself.
So a row takes a fifth of what it did, and is read without any other row. The first byte is the number of the words.
"""

import json
import zlib
from collections.abc import Mapping
from typing import Any, Final

from watcher.store.codec import canonical

PIECES: Final = ("detail", "finding", "outage")
"""The parts of a transition's document that are packed, in the order of the lines."""

# What is stored was packed with these, so none is ever edited: better words are a new entry, with the next number.
_WORDS: Final[dict[int, bytes]] = {
    1: (
        b'{"cause":"unwatched"}{"cause":"reregistered"}{"cause":"renamed"}{"bundle":"","cause":"recovered"}'
        b'"consent""challenge""rate_limited""platform_error""forbidden""geo_block""timeout""dns""connect""tls"'
        b'"too_large""truncated""bad_response""redirect""not_parsable""stale""empty_shell""conflict"'
        b'"control_failed""local_network""no_source""quota""unrecognised""login_wall""inconclusive"'
        b'"protected""renamed""gone""deactivated""suspended""withheld""unavailable"'
        b'"resembles""shown""info""critical""batch""api""browser""step":"status""step":"phrase""step":"error"'
        b'"refused":{"reason":"not_found","verdict":"absent","why":"https://www.'
        b"This account doesn't exist. Sorry, this page isn't available. User not found. Page not found"
        b'\n{"at":1,"certainty":"stated","evidence":{"body_sha256":"0123456789abcdef","detail":"","final_url":"https://'
        b'","language":"en","quote":null,"rule":"profile","status":200,"step":"structured"},"handle":null,'
        b'"reason":"profile","refused":null,"seen":{"earliest":1,"latest":1},"source":"page","stable_id":null,'
        b'"vantage":"local","verdict":"present"}\nnull\n'
        b'{"at":1,"certainty":"stated","evidence":{"body_sha256":null,"detail":"","final_url":null,"language":null,'
        b'"quote":"This page doesn\'t exist","rule":"nobody","status":404,"step":"structured"},"handle":null,'
        b'"reason":"not_found","refused":null,"seen":{"earliest":1,"latest":1},"source":"page","stable_id":null,'
        b'"vantage":"local","verdict":"absent"}\n'
        b'{"account_id":"","began":{"earliest":1,"latest":1},"certainty":"stated","closed_at":null,"cohort_id":null,'
        b'"confirmed_at":1,"end_cause":null,"ended":null,"handle_then":"","id":"","language":null,'
        b'"last_absent":{"earliest":1,"latest":1},"last_present":1,"previous_id":null,"quote":null,'
        b'"reason":"not_found","retracted_at":null,"retraction":null,"severity_then":"warning","unobserved":0}'
        b',"closed_at":1,"cohort_id":null,"confirmed_at":1,"end_cause":"recovered","ended":{"earliest":1,"latest":1},'
        b'"handle_then":"'
    )
}
_NEWEST: Final = max(_WORDS)
# A document is shorter than this window; a larger one would take longer to set up than the packing takes.
_WINDOW: Final = -12
_LEVEL: Final = 6
_MEMORY: Final = 5


def pack(document: Mapping[str, Any], outage_id: str | None) -> bytes:
    """The pieces of `document`, which is what the hash is taken over; `unpack` needs the other columns again."""
    texts = {name: canonical(document[name]) for name in PIECES}
    return pack_texts(texts, document["account_id"], outage_id, document["at"])


def pack_texts(texts: Mapping[str, str], account_id: str, outage_id: str | None, at: int) -> bytes:
    """As `pack`, of pieces that are canonical JSON already."""
    text = "\n".join(texts[name] for name in PIECES)
    known = _known(_NEWEST, account_id, outage_id, at)
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY, zlib.Z_DEFAULT_STRATEGY, known)
    return bytes((_NEWEST,)) + packer.compress(text.encode("ascii")) + packer.flush()


def unpack(packed: bytes, account_id: str, outage_id: str | None, at: int) -> dict[str, Any]:
    """The pieces by their names. ValueError where they, or the columns that they were packed with, were changed."""
    try:
        lines = _text(packed, _known(packed[0], account_id, outage_id, at)).split("\n")
        return {name: json.loads(line) for name, line in zip(PIECES, lines, strict=True)}
    except (zlib.error, KeyError, IndexError, ValueError, TypeError) as error:
        raise ValueError(f"a transition of {account_id} is damaged: {error}; restore a backup") from error


def _text(packed: bytes, known: bytes) -> str:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, known)
    text = unpacker.decompress(packed[1:])
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("cut short, or with something behind it")
    return text.decode("ascii")


def _known(number: int, account_id: str, outage_id: str | None, at: int) -> bytes:
    # What is nearest to the text is named in the fewest bits.
    own = f'{account_id.partition(":")[2]}"{outage_id or account_id}"{at}'
    return _WORDS[number] + own.encode("utf-8", "replace")
