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

from watcher.classify.page import NotJson, Page
from watcher.classify.phrases import find_phrase, normalise
from watcher.model.exchange import Exchange, Response
from watcher.model.finding import Reason
from watcher.model.platform import Answers, PhraseClass, Platform, is_at_home

_LOGIN: Final = re.compile(r"/(?:service)?(?:log-?in|sign-?in|authwall|checkpoint)(?:[/.]|$)", re.IGNORECASE)
_CHALLENGE: Final = re.compile(r"/(?:challenge|captcha|sorry/index|cdn-cgi/challenge)(?:[/.-]|$)", re.IGNORECASE)
_CONSENT: Final = re.compile(r"^/consent(?:[/.-]|$)", re.IGNORECASE)
_CONSENT_HOST: Final = re.compile(r"(?:consent|guce|cookies?)\.")
_CHALLENGE_MARKS: Final = (
    b"_cf_chl_opt",
    b"/cdn-cgi/challenge-platform",
    b"px-captcha",
    b"captcha-delivery.com",
    b"awswafcookiedomainlist",
    b"within.website/x/cmd/anubis",
    b"g-recaptcha",
    b"h-captcha",
)
_CHALLENGE_TITLES: Final = (
    "just a moment",
    "attention required",
    "making sure you're not a bot",
    "prove your humanity",
)
_LOGIN_TITLES: Final = ("log in", "login", "sign in")
_MARKED: Final = 200_000
_LEAST_HTML: Final = 64
_FEW_CHARACTERS: Final = 600
_REFUSALS: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_OFTEN_EMPTY: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
_CHALLENGING: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE)
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
    if headers.get("cf-mitigated", "").lower() == "challenge":
        return Barrier(reason=Reason.CHALLENGE, rule="cf-mitigated")
    if "x-amzn-waf-action" in headers:
        return Barrier(reason=Reason.CHALLENGE, rule="aws-waf", detail=headers["x-amzn-waf-action"][:40])
    if response.status in _REFUSALS and headers.get("x-ratelimit-remaining") == "0":
        return Barrier(reason=Reason.RATE_LIMITED, rule="ratelimit-remaining")
    return None


def _by_status(response: Response) -> Barrier | None:
    status = response.status
    rule = f"status-{status}"
    if status in _OFTEN_EMPTY and not response.body.strip():
        return Barrier(reason=Reason.RATE_LIMITED, rule="empty-body", detail=f"an empty {status} is a rate limit")
    if status in _CHALLENGING and challenge_mark(response.body) is not None:
        return Barrier(reason=Reason.CHALLENGE, rule=rule)
    reason = _BY_STATUS.get(status) or _BY_HUNDRED.get(status // 100)
    return None if reason is None else Barrier(reason=reason, rule=rule)


def challenge_mark(body: bytes) -> str | None:
    """The first sign of a challenge in a page's bytes."""
    head = body[:_MARKED].lower()
    return next((mark.decode() for mark in _CHALLENGE_MARKS if mark in head), None)


def _by_redirect(exchange: Exchange, response: Response) -> Barrier | None:
    if not response.hops:
        return None
    asked, final = _split(exchange.task.url), _split(response.url)
    host = (final.hostname or "").lower()
    is_foreign = not is_at_home(response.url, exchange.task.url, exchange.task.platform)
    is_moved = is_foreign or _plain(asked) != _plain(final)
    if _CONSENT_HOST.match(host) or (is_moved and _CONSENT.search(final.path)):
        return Barrier(reason=Reason.CONSENT, rule="consent-redirect", detail=host)
    if not is_moved:
        return None
    if _LOGIN.search(final.path):
        return Barrier(reason=Reason.LOGIN_WALL, rule="login-redirect", detail=final.path[:100])
    if _CHALLENGE.search(final.path):
        return Barrier(reason=Reason.CHALLENGE, rule="challenge-redirect", detail=final.path[:100])
    return Barrier(reason=Reason.REDIRECT, rule="foreign-host", detail=host) if is_foreign else None


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
    if exchange.task.source.answers is Answers.JSON:
        if isinstance(page.json, NotJson):
            return Barrier(reason=Reason.NOT_PARSABLE, rule="not-json", detail=kind[:60])
        return None
    if kind and "html" not in kind and "text/plain" not in kind:
        return Barrier(reason=Reason.BAD_RESPONSE, rule="not-html", detail=kind[:60])
    if len(response.body) < _LEAST_HTML:
        return Barrier(reason=Reason.BAD_RESPONSE, rule="short-body", detail=f"{len(response.body)} bytes")
    return None


def soft_barrier(page: Page, platform: Platform) -> Barrier | None:
    """A barrier that shows in a page which names nobody; None when there is none."""
    title = page.markup.title or ""
    lowered = normalise(title)
    if lowered.startswith(_CHALLENGE_TITLES):
        return Barrier(reason=Reason.CHALLENGE, rule="challenge-title", quote=title)
    # Ordinary pages load the same scripts for their forms; a challenge has next to nothing else to show.
    if sum(map(len, page.markup.blocks)) < _FEW_CHARACTERS and (mark := challenge_mark(page.response.body)):
        return Barrier(reason=Reason.CHALLENGE, rule="challenge-mark", detail=mark)
    hit = find_phrase(platform, (title, *page.markup.headings, *page.markup.errors), frozenset(_SOFT))
    if hit is not None:
        return Barrier(
            reason=_SOFT[hit.phrase.phrase_class],
            rule=f"phrase-{hit.phrase.phrase_class}",
            quote=hit.quote,
            language=hit.phrase.language,
        )
    if page.markup.has_password_form and lowered.startswith(_LOGIN_TITLES):
        return Barrier(reason=Reason.LOGIN_WALL, rule="login-form", quote=title)
    return None
