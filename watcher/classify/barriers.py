"""What stands between a visitor and any answer, on every platform: walls, challenges, limits, failures.

Hard barriers speak by status, headers and final URL, before the body is believed; soft ones by texts and forms.
Sources of the signals: RFC 9110 and 6585 for status codes; Cloudflare documents `cf-mitigated`; AWS WAF documents
`x-amzn-waf-action`; 999 is LinkedIn's; 420 was Twitter's; empty 404s instead of 429 were seen on X and Reddit.
"""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import SplitResult, urlsplit

from watcher.classify.finder import at_once
from watcher.classify.page import NotJson, Page
from watcher.classify.phrases import Hit, normalise
from watcher.classify.walls import (
    COMMON_MARKS,
    CONNECTIVITY_ANSWERS,
    LOGIN_TITLES,
    MARKS,
    TITLES,
    WHOLE_TITLES,
    Wall,
)
from watcher.model.exchange import Exchange, Response
from watcher.model.finding import Reason
from watcher.model.platform import Answers, PhraseClass, is_at_home

_LOGIN: Final = re.compile(r"/(?:service)?(?:log[-_]?in|sign[-_]?in|authwall|checkpoint)(?:[/.]|$)", re.IGNORECASE)
_CHALLENGE: Final = re.compile(r"/(?:challenge|captcha|sorry/index|cdn-cgi/challenge)(?:[/.-]|$)", re.IGNORECASE)
_CONSENT: Final = re.compile(
    r"^/(?:gdpr-?|cookie-?|privacy-?)?consent(?:[/.-]|$)|^/cookie-?wall(?:[/.-]|$)", re.IGNORECASE
)
_CONSENT_HOST: Final = re.compile(r"(?:consent|guce|cookies?)\.")
_PORTAL_HOST: Final = re.compile(
    r"(?:[\w-]*\.)?(?:captive|hotspot|portal|wifi|wlan|guest)[\w-]*\.|(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.\d"
)
_REFRESH: Final = re.compile(r"\s*+\d*+\s*+[;,]\s*+(?:url\s*+=)?\s*+['\"]?([^\s'\"]{1,2000})", re.IGNORECASE)
_BEACON: Final = b"/jsd/"
_MARKS: Final = tuple(MARKS)
_find_mark: Final = at_once(_MARKS)
_MARKED: Final = 200_000
_LEAST_HTML: Final = 64
_FEW_CHARACTERS: Final = 600
_REFUSALS: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_OFTEN_EMPTY: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_CHALLENGING: Final = (
    *(HTTPStatus.ACCEPTED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.SERVICE_UNAVAILABLE),
)
_MITIGATIONS: Final = ("cf-mitigated", "x-vercel-mitigated")
_LIMITED: Final = b"rate limit"
_REDIRECTING: Final = 3
_BY_HUNDRED: Final = {1: Reason.BAD_RESPONSE, 5: Reason.PLATFORM_ERROR}
_BY_STATUS: Final = {
    304: Reason.STALE,
    401: Reason.LOGIN_WALL,
    403: Reason.FORBIDDEN,
    407: Reason.LOCAL_NETWORK,
    420: Reason.RATE_LIMITED,
    429: Reason.RATE_LIMITED,
    451: Reason.GEO_BLOCK,
    511: Reason.LOCAL_NETWORK,
    999: Reason.CHALLENGE,
}
_SOFT: Final = {
    PhraseClass.RATE_LIMITED: Reason.RATE_LIMITED,
    PhraseClass.OVER_CAPACITY: Reason.PLATFORM_ERROR,
    PhraseClass.LOG_IN: Reason.LOGIN_WALL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """Why nothing can be concluded, and the built-in rule that says so."""

    reason: Reason
    rule: str
    detail: str = ""
    quote: str | None = None
    language: str | None = None


def hard_barrier(exchange: Exchange, response: Response, page: Page) -> Barrier | None:
    """A barrier that shows before the body is believed; None when there is none."""
    return (
        _by_headers(response)
        or _by_status(response)
        or _by_redirect(exchange, response)
        or _by_unfollowed(response)
        or _by_age(exchange)
        or _by_body(exchange, response, page)
    )


def _by_headers(response: Response) -> Barrier | None:
    headers = response.headers
    for name in _MITIGATIONS:
        if headers.get(name, "").lower() == "challenge":
            return Barrier(reason=Reason.CHALLENGE, rule=name.removeprefix("x-"))
    if "x-amzn-waf-action" in headers:
        return Barrier(reason=Reason.CHALLENGE, rule="aws-waf", detail=headers["x-amzn-waf-action"][:40])
    if response.status in _REFUSALS and headers.get("x-ratelimit-remaining") == "0":
        return Barrier(reason=Reason.RATE_LIMITED, rule="ratelimit-remaining")
    if response.status == HTTPStatus.FORBIDDEN and "retry-after" in headers:
        return Barrier(reason=Reason.RATE_LIMITED, rule="retry-after", detail=headers["retry-after"][:40])
    return None


def _by_status(response: Response) -> Barrier | None:
    status = response.status
    if status == HTTPStatus.OK:
        return None
    if status in _OFTEN_EMPTY and not response.body.strip():
        return Barrier(reason=Reason.RATE_LIMITED, rule="empty-body", detail=f"an empty {status} is a rate limit")
    mark = challenge_mark(response.body).encode() if status in _CHALLENGING else b""
    if mark in MARKS or mark in COMMON_MARKS:
        return _marked(mark)
    reason, rule = _by_number(status), f"status-{status}"
    if reason is Reason.FORBIDDEN and mark == _LIMITED:
        reason, rule = Reason.RATE_LIMITED, "limit-text"
    return None if reason is None else Barrier(reason=reason, rule=rule)


def _by_number(status: int) -> Reason | None:
    return _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100)


def barred_as(status: int) -> Reason | None:
    """Why nothing is concluded from any answer of that status; None of one that may say something."""
    return _by_number(status) or (Reason.REDIRECT if status // 100 == _REDIRECTING else None)


def challenge_mark(body: bytes) -> str:
    """The first sign of a wall in a page's bytes, which is one where there is little else; else of a limit, or ""."""
    head = body[:_MARKED]
    found = _mark(head) or _common_mark(head)
    return (found or (_LIMITED if _LIMITED in head.lower() else b"")).decode()


def _mark(head: bytes) -> bytes | None:
    place = _find_mark(head)
    return None if place is None else _MARKS[place]


def _common_mark(head: bytes) -> bytes | None:
    marks = (mark for mark in COMMON_MARKS if mark in head)
    # Cloudflare puts its beacon into every page.
    return next((mark for mark in marks if not (mark.startswith(b"/cdn-cgi/") and _BEACON in head)), None)


def _by_redirect(exchange: Exchange, response: Response) -> Barrier | None:
    if not response.hops:
        return None
    asked, final = _split(exchange.task.url), _split(response.url)
    host = (final.hostname or "").lower()
    is_foreign = not is_at_home(response.url, exchange.task.url, exchange.task.platform)
    is_moved = is_foreign or _plain(asked) != _plain(final)
    if _CONSENT_HOST.match(host) or (is_moved and _CONSENT.search(final.path)):
        return Barrier(reason=Reason.CONSENT, rule="consent-redirect", detail=host)
    if is_foreign and _PORTAL_HOST.match(host):
        return Barrier(reason=Reason.LOCAL_NETWORK, rule="captive-portal", detail=host)
    if is_moved and (barrier := _by_path(final.path)) is not None:
        return barrier
    return Barrier(reason=Reason.REDIRECT, rule="foreign-host", detail=host) if is_foreign else None


def _by_path(path: str) -> Barrier | None:
    if _LOGIN.search(path):
        return Barrier(reason=Reason.LOGIN_WALL, rule="login-redirect", detail=path[:100])
    if _CHALLENGE.search(path):
        return Barrier(reason=Reason.CHALLENGE, rule="challenge-redirect", detail=path[:100])
    return None


def _by_unfollowed(response: Response) -> Barrier | None:
    """A redirect that was the answer; asked after the address that it names, which says more."""
    is_redirect = response.status // 100 == _REDIRECTING
    return Barrier(reason=Reason.REDIRECT, rule=f"status-{response.status}") if is_redirect else None


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _plain(url: SplitResult) -> str:
    """The path as one page's addresses differ in: not at all, or in case and a slash at the end."""
    return url.path.rstrip("/").casefold()


def _by_age(exchange: Exchange) -> Barrier | None:
    if exchange.age is not None and exchange.age > exchange.task.max_age:
        seconds = int(exchange.age.total_seconds())
        return Barrier(reason=Reason.STALE, rule="age", detail=f"a copy of {seconds} s ago")
    return None


def _by_body(exchange: Exchange, response: Response, page: Page) -> Barrier | None:
    kind = response.headers.get("content-type", "").lower()
    if response.body.startswith(CONNECTIVITY_ANSWERS) and len(response.body) < 2 * _LEAST_HTML:
        return Barrier(reason=Reason.LOCAL_NETWORK, rule="captive-portal", detail="a connectivity check's answer")
    if exchange.task.source.answers is Answers.JSON:
        if isinstance(page.json, NotJson):
            return Barrier(reason=Reason.NOT_PARSABLE, rule="not-json", detail=kind[:60])
        return None
    if kind and "html" not in kind and "text/plain" not in kind:
        return Barrier(reason=Reason.BAD_RESPONSE, rule="not-html", detail=kind[:60])
    if len(response.body) < _LEAST_HTML:
        return Barrier(reason=Reason.BAD_RESPONSE, rule="short-body", detail=f"{len(response.body)} bytes")
    return None


def soft_barrier(exchange: Exchange, page: Page, hit: Hit | None) -> Barrier | None:
    """A barrier that shows in a page which names nobody, and says `hit`; None when there is none."""
    if (wall := _wall(page)) is not None:
        return wall
    if hit is not None:
        return _said(hit)
    return _login_form(page) or _by_emptiness(exchange, page)


def named_barrier(page: Page) -> Barrier | None:
    """A wall that names itself: it is none of the pages of the missing, whatever its status."""
    return _wall(page) or _login_form(page)


def _wall(page: Page) -> Barrier | None:
    title = page.title or ""
    if (titled := _titled(normalise(title))) is not None:
        return Barrier(reason=titled.reason, rule=titled.rule, quote=title)
    mark = _mark(page.response.body[:_MARKED])
    return _marked(mark) if mark is not None and shows_little(page) else None


def _login_form(page: Page) -> Barrier | None:
    title = page.title or ""
    if normalise(title).startswith(LOGIN_TITLES) and page.outline.has_password_form:
        return Barrier(reason=Reason.LOGIN_WALL, rule="login-form", quote=title)
    return None


def _said(hit: Hit) -> Barrier | None:
    """The barrier that the platform's own text names; an absence that it names is none, whatever else is there."""
    reason = _SOFT.get(hit.phrase.phrase_class)
    rule, language = f"phrase-{hit.phrase.phrase_class}", hit.phrase.language
    return None if reason is None else Barrier(reason=reason, rule=rule, quote=hit.quote, language=language)


def _by_emptiness(exchange: Exchange, page: Page) -> Barrier | None:
    """What ordinary pages have too, for their forms, say: it is a wall where there is next to nothing else."""
    mark, refresh = _common_mark(page.response.body[:_MARKED]), page.outline.refresh
    if (mark is None and refresh is None) or not shows_little(page):
        return None
    return _marked(mark) if mark is not None else _by_refresh(exchange, refresh or "")


def shows_little(page: Page) -> bool:
    """True where there is next to nothing to read, as on a wall."""
    return sum(map(len, page.markup.blocks)) < _FEW_CHARACTERS


def _titled(title: str) -> Wall | None:
    for wall, beginnings in TITLES.items():
        if title.startswith(beginnings):
            return wall
    return next((wall for wall, whole in WHOLE_TITLES.items() if title in whole), None)


def _marked(mark: bytes) -> Barrier:
    wall = MARKS.get(mark) or COMMON_MARKS[mark]
    return Barrier(reason=wall.reason, rule=wall.rule, detail=mark.decode())


def _by_refresh(exchange: Exchange, refresh: str) -> Barrier | None:
    """A page that only sends its visitor somewhere else."""
    sent = _REFRESH.match(refresh)
    if sent is None:
        return None
    to = _split(sent[1])
    if _LOGIN.search(to.path):
        return Barrier(reason=Reason.LOGIN_WALL, rule="login-refresh", detail=to.path[:100])
    if to.hostname and not is_at_home(sent[1], exchange.task.url, exchange.task.platform):
        return Barrier(reason=Reason.LOCAL_NETWORK, rule="captive-portal", detail=to.hostname[:100])
    return Barrier(reason=Reason.REDIRECT, rule="refresh", detail=sent[1][:100])
