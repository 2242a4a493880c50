"""Walls, challenges, limits and failures: what stands between a visitor and any answer."""

from datetime import timedelta

import pytest

from tests.unit.classify.story import (
    FILLER,
    PROFILE,
    exchange,
    html,
    html_source,
    json_source,
    page,
    platform,
    profile,
    redirected,
    response,
)
from watcher.classify.barriers import Barrier, hard_barrier, soft_barrier
from watcher.classify.page import Page
from watcher.classify.phrases import find_phrase
from watcher.model.exchange import Response, Target
from watcher.model.finding import Reason
from watcher.model.platform import PhraseClass, Source

SOURCE = html_source()
PAGE = profile()
INSTANCE = "{instance}"


def barrier(
    answer: Response,
    source: Source = SOURCE,
    *,
    handle: str = "alice",
    instance: str = "",
    home: str = PROFILE,
    age: timedelta | None = None,
) -> Barrier | None:
    """What hard barrier an answer has."""
    asked = exchange(
        answer, source, target=Target(handle=handle, instance=instance), of=platform(source, profile=home), age=age
    )
    return hard_barrier(asked, answer, Page(answer))


def soft(body: str) -> Barrier | None:
    """What barrier shows in a page that names nobody."""
    answer, shown = response(body), page(body, errors=("div.error",))
    outline = shown.outline
    said = (outline.title or "", *outline.headings, *outline.errors)
    return soft_barrier(exchange(answer, SOURCE), shown, find_phrase(platform(SOURCE), said, frozenset(PhraseClass)))


def reason(found: Barrier | None) -> Reason | None:
    return None if found is None else found.reason


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, Reason.BAD_RESPONSE),
        (200, None),
        (202, None),
        (300, Reason.REDIRECT),
        (302, Reason.REDIRECT),
        (304, Reason.STALE),
        (400, None),
        (401, Reason.LOGIN_WALL),
        (403, Reason.FORBIDDEN),
        (404, None),
        (407, Reason.LOCAL_NETWORK),
        (410, None),
        (418, None),
        (420, Reason.RATE_LIMITED),
        (429, Reason.RATE_LIMITED),
        (451, Reason.GEO_BLOCK),
        (500, Reason.PLATFORM_ERROR),
        (503, Reason.PLATFORM_ERROR),
        (511, Reason.LOCAL_NETWORK),
        (599, Reason.PLATFORM_ERROR),
        (600, None),
        (999, Reason.CHALLENGE),
    ],
)
@pytest.mark.parametrize("source", [SOURCE, json_source()], ids=["html", "json"])
def test_status(status: int, expected: Reason | None, source: Source) -> None:
    """A status that says nothing of the account, whatever the source answers with."""
    body = PAGE if source is SOURCE else '{"error":"This account doesn’t exist"}'
    found = barrier(response(body, status=status), source)
    assert reason(found) is expected
    assert found is None or found.rule == f"status-{status}"


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"cf_mitigated": "Challenge"}, Reason.CHALLENGE),
        (403, {"cf_mitigated": "challenge"}, Reason.CHALLENGE),
        (200, {"cf_mitigated": "block"}, None),
        (202, {"x_amzn_waf_action": "captcha"}, Reason.CHALLENGE),
        (403, {"x_ratelimit_remaining": "0"}, Reason.RATE_LIMITED),
        (429, {"x_ratelimit_remaining": "0"}, Reason.RATE_LIMITED),
        (403, {"x_ratelimit_remaining": "10"}, Reason.FORBIDDEN),
        (200, {"x_ratelimit_remaining": "0"}, None),
        (404, {"x_ratelimit_remaining": "0"}, None),
        (403, {"retry_after": "60"}, Reason.RATE_LIMITED),
        (404, {"retry_after": "60"}, None),
        (200, {"x_vercel_mitigated": "challenge"}, Reason.CHALLENGE),
    ],
)
def test_headers(status: int, headers: dict[str, str], expected: Reason | None) -> None:
    """Challenges and limits that a header states; the last allowed answer is one still."""
    assert reason(barrier(response(PAGE, status=status, **headers))) is expected


@pytest.mark.parametrize("body", ["", " \n\t", "\r\n"])
@pytest.mark.parametrize("source", [SOURCE, json_source()], ids=["html", "json"])
def test_an_empty_404_is_a_rate_limit(body: str, source: Source) -> None:
    """So is an empty 403; with a word in it, either is what it says."""
    for status in (403, 404):
        found = barrier(response(body, status=status), source)
        assert found == Barrier(
            reason=Reason.RATE_LIMITED, rule="empty-body", detail=f"an empty {status} is a rate limit"
        )
    assert reason(barrier(response('{"error":"x"}', status=404), json_source())) is None


@pytest.mark.parametrize(
    "mark",
    [
        "window._cf_chl_opt={}",
        "awsWafCookieDomainList",
        "https://geo.captcha-delivery.com/",
        "px-captcha",
        "g-recaptcha",
    ],
)
def test_a_refusal_with_a_challenge_in_it(mark: str) -> None:
    """It is a challenge rather than a refusal or a failure; a limit stays one, and far down it is not looked for."""
    challenge = html("x", f"<script>{mark}</script>")
    assert reason(barrier(response(challenge, status=403))) is Reason.CHALLENGE
    assert reason(barrier(response(challenge, status=503))) is Reason.CHALLENGE
    assert reason(barrier(response(challenge, status=429))) is Reason.RATE_LIMITED
    assert reason(barrier(response("x" * 200_000 + mark, status=403))) is Reason.FORBIDDEN


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (PROFILE, None),
        ("https://site.example/alice/", None),
        ("https://site.example/Alice", None),
        ("https://site.example/bob", None),
        ("https://site.example/", None),
        ("https://www.site.example/alice", None),
        ("https://m.site.example/alice", None),
        ("https://mobile.site.example/alice", None),
        ("https://old.example/alice", None),
        ("https://eu.site.example/alice", None),
        ("https://site.example/login", Reason.LOGIN_WALL),
        ("https://site.example/accounts/login/?next=/alice", Reason.LOGIN_WALL),
        ("https://site.example/i/flow/login", Reason.LOGIN_WALL),
        ("https://site.example/Log-In.php?x", Reason.LOGIN_WALL),
        ("https://site.example/signin/identifier", Reason.LOGIN_WALL),
        ("https://site.example/users/sign_in", Reason.LOGIN_WALL),
        ("https://site.example/log_in", Reason.LOGIN_WALL),
        ("https://site.example/authwall?x", Reason.LOGIN_WALL),
        ("https://site.example/checkpoint/x", Reason.LOGIN_WALL),
        ("https://accounts.elsewhere.example/ServiceLogin", Reason.LOGIN_WALL),
        ("https://site.example/loginova", None),
        ("https://site.example/challenge/x", Reason.CHALLENGE),
        ("https://site.example/challenge.html", Reason.CHALLENGE),
        ("https://elsewhere.example/sorry/index?continue=x", Reason.CHALLENGE),
        ("https://site.example/challenger", None),
        ("https://site.example/consent/?x", Reason.CONSENT),
        ("https://site.example/consentful", None),
        ("https://consent.site.example/m?continue=x", Reason.CONSENT),
        ("https://consent.site.example/alice", Reason.CONSENT),
        ("https://guce.elsewhere.example/x", Reason.CONSENT),
        ("https://elsewhere.example/alice", Reason.REDIRECT),
        ("https://notsite.example/alice", Reason.REDIRECT),
        ("https://site.example.evil.test/alice", Reason.REDIRECT),
        ("https://example/alice", Reason.REDIRECT),
        ("https://[half/alice", Reason.REDIRECT),
        ("http://192.168.1.1/hotspot/login", Reason.LOCAL_NETWORK),
        ("https://captive.elsewhere.example/login", Reason.LOCAL_NETWORK),
        ("https://site.example/cookie-consent?x", Reason.CONSENT),
        ("", Reason.REDIRECT),
    ],
)
def test_redirects(url: str, expected: Reason | None) -> None:
    """To a login, a consent, a challenge or another site's page; relatives and former hosts of the site are its own."""
    assert reason(barrier(redirected(response(PAGE, url=url)))) is expected
    assert reason(barrier(response(PAGE, url=url))) is None


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("https://accounts.elsewhere.example/ServiceLogin", "login-redirect"),
        ("https://consent.elsewhere.example/m", "consent-redirect"),
        ("https://elsewhere.example/sorry/index", "challenge-redirect"),
        ("https://elsewhere.example/", "foreign-host"),
        ("https://site.example/bob", "status-302"),
    ],
)
def test_a_redirect_that_was_not_followed(url: str, rule: str) -> None:
    """The address that it names says more than its status."""
    found = barrier(redirected(response(status=302, url=url)))
    assert found is not None
    assert found.rule == rule


@pytest.mark.parametrize("handle", ["login", "signin", "challenge", "consent", "challenge-coin"])
def test_an_account_with_the_name_of_a_barrier(handle: str) -> None:
    """It may be asked for by that address, and be redirected to a relative of it: that is no wall."""
    home = f"https://site.example/{handle}"
    assert barrier(response(PAGE, url=home), handle=handle) is None
    for url in (f"{home}/", f"https://www.site.example/{handle}", f"https://site.example/{handle.upper()}"):
        assert barrier(redirected(response(PAGE, url=url), home), handle=handle) is None


@pytest.mark.parametrize(
    ("asked", "final", "expected"),
    [
        ("https://www.site.example/a", "https://m.site.example/a", None),
        ("https://m.social/a", "https://m.social/users/a", None),
        ("https://m.social/a", "https://x.social/a", Reason.REDIRECT),
        ("http://localhost/a", "http://localhost/b", None),
        ("http://127.0.0.1:80/a", "http://127.0.0.1:81/b", None),
        ("https://a.blog.example/", "https://blog.example/", None),
        ("https://a.blog.example/", "https://example/", Reason.REDIRECT),
        ("https://[half/", "https://site.example/", Reason.REDIRECT),
        ("https://site.example/a", "", Reason.REDIRECT),
    ],
)
def test_home_is_what_was_asked(asked: str, final: str, expected: Reason | None) -> None:
    """Where the platform is whatever the watchlist says, the host that was asked and its relatives are home."""
    source = html_source()
    source = Source(name=source.name, url=INSTANCE, answers=source.answers)
    answer = redirected(response(PAGE, url=final), asked)
    asking = exchange(answer, source, target=Target(handle="a", instance=asked), of=platform(source, profile=INSTANCE))
    assert reason(hard_barrier(asking, answer, Page(answer))) is expected


@pytest.mark.parametrize(
    ("age", "expected"),
    [(None, None), (0, None), (60, None), (61, Reason.STALE), (10**8, Reason.STALE)],
)
def test_age(age: int | None, expected: Reason | None) -> None:
    """A copy older than the question allows is stale."""
    found = barrier(response(PAGE), age=None if age is None else timedelta(seconds=age))
    assert reason(found) is expected
    assert found is None or found.detail == f"a copy of {age} s ago"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("", None),
        ("text/html; charset=utf-8", None),
        ("application/xhtml+xml", None),
        ("Text/Plain", None),
        ("application/json", Reason.BAD_RESPONSE),
        ("image/png", Reason.BAD_RESPONSE),
        ("application/octet-stream", Reason.BAD_RESPONSE),
    ],
)
def test_content_types_of_pages(kind: str, expected: Reason | None) -> None:
    """A page is HTML, or plain text that may be; a 404 in JSON says nothing of a page."""
    for status in (200, 404):
        assert reason(barrier(response(PAGE, status=status, content_type=kind))) is expected


def test_short_answers() -> None:
    """What is too short for a page is none, 204 among them; documents may be of any length."""
    assert reason(barrier(response(b"", status=204))) is Reason.BAD_RESPONSE
    assert reason(barrier(response("x" * 63))) is Reason.BAD_RESPONSE
    assert reason(barrier(response("x" * 64))) is None
    assert reason(barrier(response("null"), json_source())) is None


@pytest.mark.parametrize("body", ["Microsoft NCSI", "Microsoft Connect Test", "success\n"])
def test_a_connectivity_check_s_answer(body: str) -> None:
    """Somebody between answers everything like that: it is our own network, whatever was asked."""
    for source in (SOURCE, json_source()):
        assert reason(barrier(response(body, content_type="text/plain"), source)) is Reason.LOCAL_NETWORK


def test_a_limit_in_words() -> None:
    """A refusal may say that it is a rate limit; elsewhere the words mean nothing."""
    said = '{"message":"API rate limit exceeded for 203.0.113.7."}'
    assert reason(barrier(response(said, status=403), json_source())) is Reason.RATE_LIMITED
    assert barrier(response(said, status=404), json_source()) is None


def test_documents_that_are_none() -> None:
    """Where JSON is answered, anything else says nothing, 404 or not; the content type does not matter."""
    for status in (200, 404, 410):
        found = barrier(response("<html>", status=status, content_type="TEXT/HTML"), json_source())
        assert found == Barrier(reason=Reason.NOT_PARSABLE, rule="not-json", detail="text/html")
    assert reason(barrier(response(b"", status=204), json_source())) is Reason.NOT_PARSABLE
    assert barrier(response("{}", content_type="text/html"), json_source()) is None


LOGIN_FORM = "<form><input type=password></form>"


@pytest.mark.parametrize(
    ("body", "expected", "rule"),
    [
        (html("Just a moment…", ""), Reason.CHALLENGE, "challenge-title"),
        (html("Attention Required! | Cloudflare", ""), Reason.CHALLENGE, "challenge-title"),
        (html("Attention Required!", ""), Reason.CHALLENGE, "challenge-title"),
        (html("Making sure you’re not a bot!", ""), Reason.CHALLENGE, "challenge-title"),
        (html("x", "<div class=g-recaptcha>"), Reason.CHALLENGE, "challenge-recaptcha"),
        (html("x", "<script src='/cdn-cgi/challenge-platform/x'></script>"), Reason.CHALLENGE, "challenge-cloudflare"),
        (html("x", "<script src='/cdn-cgi/challenge-platform/h/b/scripts/jsd/x.js'></script>"), None, ""),
        (
            html("x", "<script>_cf_chl_opt={}</script><h1>This account doesn’t exist</h1>"),
            Reason.CHALLENGE,
            "challenge-cloudflare",
        ),
        (html("x", "<div class=g-recaptcha></div><h1>This account doesn’t exist</h1>"), None, ""),
        (
            html("x", "<script src='https://geo.captcha-delivery.com/c.js'></script>"),
            Reason.CHALLENGE,
            "challenge-datadome",
        ),
        (html("x", "<div id=px-captcha></div>"), Reason.CHALLENGE, "challenge-perimeterx"),
        (html("Access Denied", "<p>Reference #18.2d3"), Reason.CHALLENGE, "challenge-title"),
        (html("Access denied to nobody (@alice)", ""), None, ""),
        (html("x", "<iframe src='/_Incapsula_Resource?x'></iframe>"), Reason.CHALLENGE, "challenge-imperva"),
        (html("x", "<!-- <WISPAccessGatewayParam> -->"), Reason.LOCAL_NETWORK, "captive-portal"),
        (html("x", '<form action="https://consent.site.example/save">'), Reason.CONSENT, "consent-form"),
        (html("Доступ ограничен", ""), Reason.GEO_BLOCK, "censor-title"),
        (html("Scheduled maintenance", ""), Reason.PLATFORM_ERROR, "outage-title"),
        (html("Too Many Requests", ""), Reason.RATE_LIMITED, "limit-title"),
        (html("Connexion / Site", LOGIN_FORM), Reason.LOGIN_WALL, "login-form"),
        (
            html("x", "", '<meta http-equiv="refresh" content="0; url=/login?next=/alice">'),
            Reason.LOGIN_WALL,
            "login-refresh",
        ),
        (
            html("x", "", "<meta http-equiv=Refresh content='0;URL=http://10.0.0.1/'>"),
            Reason.LOCAL_NETWORK,
            "captive-portal",
        ),
        (html("x", "", '<meta http-equiv="refresh" content="1; /alice?js=0">'), Reason.REDIRECT, "refresh"),
        (html("x", "", '<meta http-equiv="refresh" content="300">'), None, ""),
        (html("x", 10 * FILLER, '<meta http-equiv="refresh" content="0; url=/login">'), None, ""),
        (html("x", "<div class=g-recaptcha>" + 10 * FILLER), None, ""),
        (html("x", "<h1>Site is over capacity. Please wait…</h1>"), Reason.PLATFORM_ERROR, "phrase-over_capacity"),
        (html("Log in to Site / Site", ""), Reason.LOGIN_WALL, "phrase-log_in"),
        (html("x", "<div class=error>Log in to Site</div>"), Reason.LOGIN_WALL, "phrase-log_in"),
        (html("x", "<p>Log in to Site</p>"), None, ""),
        (html("Log in • Elsewhere", LOGIN_FORM), Reason.LOGIN_WALL, "login-form"),
        (html("Sign in", LOGIN_FORM), Reason.LOGIN_WALL, "login-form"),
        (html("Log in • Elsewhere", ""), None, ""),
        (html("Alice", LOGIN_FORM), None, ""),
        (html("This account doesn’t exist", "<h1>Log in to Site</h1>"), None, ""),
        (f"<p>no title at all{FILLER}", None, ""),
    ],
)
def test_soft_barriers(body: str, expected: Reason | None, rule: str) -> None:
    """Titles and marks of challenges where there is little else, own texts, login forms with HTTP 200."""
    found = soft(body)
    assert (reason(found), "" if found is None else found.rule) == (expected, rule)


def test_a_soft_barrier_is_quoted() -> None:
    """In the page's own words, with the phrase's language."""
    found = soft(html("x", "<h1>Log in to SITE now</h1>"))
    assert found is not None
    assert (found.quote, found.language) == ("Log in to SITE now", "en")
