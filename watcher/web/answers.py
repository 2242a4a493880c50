"""Answers that all handlers give alike."""

import gzip
import re
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from aiohttp import ETag, web

_TAG: Final = 20
_WEIGHT: Final = re.compile(r"\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*", re.ASCII | re.IGNORECASE)
# What is smaller fits in one packet as it is.
_WORTH_PACKING: Final = 1000
# Kept, but asked about each time: whoever comes to the browser later sees nothing that may not be seen any more.
_ASK_AGAIN: Final = "private, no-cache"


def json_error(status: int, message: str) -> web.Response:
    """A refusal or a failure for a program to read: `{"error": message}`."""
    return web.json_response({"error": message}, status=status)


def weight_of(accepted: str) -> float:
    """How much something is wanted of what a request accepts: its `q`, 1 where none can be read, 0 for not at all."""
    return next((float(found[1]) for each in accepted.split(";")[1:] if (found := _WEIGHT.fullmatch(each))), 1.0)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the answer may be packed: gzip is named, and not with a weight of nothing."""
    for coding in accept_encoding.lower().split(","):
        if coding.partition(";")[0].strip() == "gzip":
            return weight_of(coding) > 0
    return False


def may_pack(request: web.Request) -> bool:
    """The same of a request."""
    return accepts_gzip(",".join(request.headers.getall("Accept-Encoding", ())))


def whole(request: web.Request, body: bytes, content_type: str, status: int = HTTPStatus.OK) -> web.Response:
    """The body under a tag: 304 without it where the asker has it already, packed where that is worth it.

    Takes some milliseconds where there is much; made to be called in a thread.
    """
    # Weak: the same text packed and not packed.
    tag = ETag(value=sha256(body).hexdigest()[:_TAG], is_weak=True)
    # What is refused may hold what somebody filled in: it is kept nowhere.
    headers = {"Cache-Control": _ASK_AGAIN if status == HTTPStatus.OK else "no-store", "Vary": "Accept-Encoding"}
    if status == HTTPStatus.OK and _has(request, tag):
        answer = web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
        answer.etag = tag
        return answer
    if len(body) >= _WORTH_PACKING and may_pack(request):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, compresslevel=6, mtime=0)
    answer = web.Response(status=status, body=body, content_type=content_type, charset="utf-8", headers=headers)
    if status == HTTPStatus.OK:
        answer.etag = tag
    return answer


def _has(request: web.Request, tag: ETag) -> bool:
    known = request.if_none_match or ()
    return any(each.value in (tag.value, "*") for each in known)
