"""What the demo's platform answers for each state of an account, as a page or in the JSON of two real APIs. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from typing import Final

from watcher.demo import pages


class Page(StrEnum):
    """What a visitor is shown."""

    PRESENT = "present"
    PROTECTED = "protected"
    MISSING_FR = "missing_fr"
    MISSING_EN = "missing_en"
    NOT_FOUND = "not_found"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    LOGIN_WALL = "login_wall"
    CHALLENGE = "challenge"
    EMPTY_404 = "empty_404"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    HANG = "hang"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page, with the span that RATE_LIMITED and HANG need."""

    page: Page
    span: timedelta = timedelta(seconds=30)


UNKNOWN: Final = Shown(page=Page.MISSING_FR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An account. `stable_id` is a number as in Mastodon and Twitter, `did` the same for Bluesky."""

    handle: str
    name: str
    bio: str
    stable_id: str
    did: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, a body and its headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Flavour = Callable[[Shown, Member], Answer]
"""Makes the answer for what is shown of an account."""

MOST_PROFILES: Final = 25
_PRESENT: Final = frozenset({Page.PRESENT, Page.PROTECTED, Page.HANG})


def html(shown: Shown, member: Member) -> Answer:
    """The pages of 2017. A missing account is a soft 404 (status 200) but for NOT_FOUND."""
    barrier = _barrier(shown)
    if barrier is not None:
        return barrier
    if shown.page in _PRESENT:
        return _html(
            200,
            pages.profile(
                handle=member.handle,
                name=member.name,
                bio=member.bio,
                stable_id=member.stable_id,
                protected=shown.page is Page.PROTECTED,
            ),
        )
    match shown.page:
        case Page.SUSPENDED:
            return _html(200, pages.suspended())
        case Page.MISSING_EN:
            return _html(200, pages.missing("en"))
        case Page.NOT_FOUND:
            return _html(404, pages.missing("en"))
        case _:
            return _html(200, pages.missing("fr"))


def bluesky(shown: Shown, member: Member) -> Answer:
    """app.bsky.actor.getProfile."""
    barrier = _barrier(shown)
    if barrier is not None:
        return barrier
    if shown.page in _PRESENT:
        labels = [{"src": member.did, "val": "!no-unauthenticated"}] if shown.page is Page.PROTECTED else []
        profile = {"did": member.did, "handle": member.handle, "displayName": member.name, "description": member.bio}
        return _json(200, {**profile, "labels": labels})
    match shown.page:
        case Page.SUSPENDED:
            return _json(400, {"error": "AccountTakedown", "message": "Account has been suspended"})
        case Page.DEACTIVATED:
            return _json(400, {"error": "AccountDeactivated", "message": "Account is deactivated"})
        case _:
            return _json(400, {"error": "InvalidRequest", "message": "Profile not found"})


def bluesky_many(asked: Sequence[tuple[Shown, Member]]) -> Answer:
    """app.bsky.actor.getProfiles: the profiles of those who are there; of the others nothing is said."""
    if len(asked) > MOST_PROFILES or not asked:
        message = f"actors must have between 1 and {MOST_PROFILES} elements"
        return _json(400, {"error": "InvalidRequest", "message": message})
    each = [bluesky(shown, member) for shown, member in asked]
    barred = next((answer for (shown, _), answer in zip(asked, each, strict=True) if _barrier(shown)), None)
    if barred is not None:
        return barred
    return _json(200, {"profiles": [json.loads(answer.body) for answer in each if answer.status == HTTPStatus.OK]})


def mastodon(shown: Shown, member: Member) -> Answer:
    """/api/v1/accounts/lookup and /api/v1/accounts/{id}. A suspended account is shown, and said to be suspended."""
    barrier = _barrier(shown)
    if barrier is not None:
        return barrier
    if shown.page not in {*_PRESENT, Page.SUSPENDED, Page.DEACTIVATED}:
        return _json(404, {"error": "Record not found"})
    account: dict[str, object] = {
        "id": member.stable_id,
        "username": member.handle,
        "acct": member.handle,
        "display_name": member.name,
        "locked": shown.page is Page.PROTECTED,
        "note": member.bio,
    }
    gone = {} if shown.page in _PRESENT else {"suspended": True, "display_name": "", "note": ""}
    return _json(200, {**account, **gone})


def _barrier(shown: Shown) -> Answer | None:
    """What stands in front of every account alike."""
    match shown.page:
        case Page.LOGIN_WALL:
            return _html(200, pages.login())
        case Page.CHALLENGE:
            return _html(403, pages.challenge(), {"cf-mitigated": "challenge"})
        case Page.EMPTY_404:
            return Answer(status=404, body=b"")
        case Page.RATE_LIMITED:
            seconds = str(int(shown.span.total_seconds()))
            return Answer(status=429, body=b"Too Many Requests", headers={"Retry-After": seconds})
        case Page.SERVER_ERROR:
            return _html(500, pages.over_capacity())
        case _:
            return None


def _html(status: int, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(
        status=status, body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8", **(headers or {})}
    )


def _json(status: int, value: Mapping[str, object]) -> Answer:
    body = json.dumps(value, ensure_ascii=False).encode()
    return Answer(status=status, body=body, headers={"Content-Type": "application/json; charset=utf-8"})
