"""The order of classify, and what it makes of whole answers."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest

from tests.unit.classify.story import (
    ALICE,
    EVENING,
    MISSING,
    NOBODY,
    PHRASES,
    PROFILE,
    SUSPENDED,
    classified,
    exchange,
    features_of,
    html,
    html_source,
    json_source,
    match,
    missing,
    platform,
    profile,
    redirected,
    references_of,
    response,
    rule,
)
from watcher.classify import Classified, Step, classify
from watcher.classify.similarity import MARGIN, similarity
from watcher.model.control import References
from watcher.model.exchange import FetchFailure, Response, Target
from watcher.model.finding import Certainty, Reason, Stamp, Verdict
from watcher.model.platform import Phrase, PhraseClass

SOURCE = html_source()
QUOTE = "This account doesn’t exist"


def said(found: Classified) -> tuple[Reason, Certainty, str]:
    """The reason, how sure, and the step that spoke."""
    return found.finding.reason, found.finding.certainty, found.finding.evidence.step


def test_no_answer() -> None:
    """A fetch that failed says why, with the status that there was, and nothing else is looked at."""
    failure = FetchFailure(reason=Reason.TRUNCATED, detail="the body ended early", status=200)
    found = classify(exchange(failure, SOURCE), vantage="paris")
    assert said(found) == (Reason.TRUNCATED, Certainty.STATED, Step.TRANSPORT)
    assert (found.finding.verdict, found.finding.vantage, found.features) == (Verdict.INCONCLUSIVE, "paris", None)
    assert (found.finding.evidence.detail, found.finding.evidence.status) == ("the body ended early", 200)
    assert [step for step, _ in found.trace] == [Step.TRANSPORT]


def test_the_account_s_own_page() -> None:
    """It is told by a field that names the account and that nobody else's page has."""
    found = classified(profile())
    assert said(found) == (Reason.PROFILE, Certainty.SHOWN, Step.IDENTITY)
    finding = found.finding
    assert (finding.verdict, finding.source, finding.vantage) == (Verdict.PRESENT, "page", "local")
    assert finding.at == EVENING + timedelta(seconds=1)
    assert finding.seen == Stamp(earliest=EVENING, latest=finding.at)
    assert (finding.evidence.rule, finding.evidence.detail) == ("identity-canonical", PROFILE)
    assert (finding.evidence.status, finding.evidence.final_url) == (200, PROFILE)
    assert finding.evidence.body_sha256 is None
    assert found.features is not None


def test_a_missing_page() -> None:
    """It is told by its text, quoted with its language; the body's hash is kept."""
    found = classified(missing("Sorry, this account doesn't exist."))
    assert said(found) == (Reason.NOT_FOUND, Certainty.SHOWN, Step.PHRASE)
    evidence = found.finding.evidence
    assert (evidence.rule, evidence.quote, evidence.language) == (
        "phrase-missing",
        "Sorry, this account doesn't exist.",
        "en",
    )
    assert evidence.body_sha256 == sha256(missing("Sorry, this account doesn't exist.").encode()).hexdigest()
    assert [step for step, _ in found.trace] == list(Step)[:6]
    assert [spoken is not None for _, spoken in found.trace] == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<h1>This account doesn't exist</h1>", Reason.NOT_FOUND),
        ("<h2>Account suspended</h2>", Reason.SUSPENDED),
        (
            "<div class=error>D&eacute;sol&eacute;, cette <b>page</b> n&rsquo;existe&#8239;pas&nbsp;!</div>",
            Reason.NOT_FOUND,
        ),
        ("<h1>ÜZGÜNÜZ, BU SAYFA MEVCUT DEĞİL</h1>", Reason.NOT_FOUND),
        ("<h1>অ্যাকাউন্ট স্থগিত</h1>", Reason.WITHHELD),
        ("<h1>অ্যাকাউন্ট স্থগিত করা হয়েছে</h1>", Reason.SUSPENDED),
        ("<h1>บัญชีถูกระงับ</h1>", Reason.WITHHELD),
        ("<h1>บัญชีถูกระงับการใช้งาน</h1>", Reason.SUSPENDED),
        ("<h1>These posts are protected</h1>", Reason.PROTECTED),
        ("<p>They say: This account doesn't exist</p>", Reason.UNRECOGNISED),
        ("<h4>Read: This account doesn't exist</h4>", Reason.UNRECOGNISED),
        ("<h1>Log in to Site</h1>", Reason.LOGIN_WALL),
    ],
)
def test_texts_in_many_languages(text: str, reason: Reason) -> None:
    """A platform's own text counts in a heading or in the error container, in whatever spelling, and nowhere else."""
    assert classified(html("Site", text)).finding.reason is reason


@pytest.mark.parametrize("phrase", [phrase for phrase in PHRASES if phrase.phrase_class is not PhraseClass.LOG_IN])
def test_a_profile_that_quotes_a_phrase(phrase: Phrase) -> None:
    """A display name, a bio and a post's heading may say what they like: the account is there."""
    for body in (profile(name=phrase.text), profile(bio=f"<h2>{phrase.text}</h2>"), profile(bio=phrase.text)):
        assert said(classified(body)) == (Reason.PROFILE, Certainty.SHOWN, Step.IDENTITY)


@pytest.mark.parametrize("name", [QUOTE, "Alice"])
def test_a_profile_without_a_negative_control(name: str) -> None:
    """Nothing tells its fields from an echo yet, so neither they nor a quoted phrase say anything."""
    for known in (References(), References(positives=references_of(SOURCE).positives)):
        assert said(classified(profile(name=name), references=known)) == (
            Reason.UNRECOGNISED,
            Certainty.RESEMBLES,
            Step.NOTHING,
        )
    assert classified(missing(), references=References()).finding.reason is Reason.NOT_FOUND


@pytest.mark.parametrize("handle", ["alice", "site", "example"])
def test_an_echoed_address_is_no_identity(handle: str) -> None:
    """A missing page whose canonical URL is what was asked for is missing still."""
    asked = Target(handle=handle, instance="")

    def echo(name: str) -> str:
        title = f'<meta property="og:title" content="{name} on Site">'
        head = f'<link rel=canonical href="https://site.example/{name}">{title}'
        return html("Oops", f"<div class=error>{QUOTE}</div>", head)

    known = references_of(SOURCE, negative=echo(NOBODY.handle))
    assert classified(echo(handle), references=known, target=asked).finding.reason is Reason.NOT_FOUND
    own = classified(profile(handle), references=known, target=asked).finding
    assert (own.reason, own.evidence.rule) == (Reason.PROFILE, "identity-meta:og:title")


HIDINGS = [
    "<script>var texts = ['{}'];</script>",
    '<script type=\'application/json\'>{{"h1": "<h1>{}</h1>"}}</script>',
    "<template><div class=error><h1>{}</h1></div></template>",
    "<noscript><h1>{}</h1></noscript>",
    "<div hidden><h1>{}</h1></div>",
    "<div class=error style='display:none'>{}</div>",
    "<dialog><h1>{}</h1></dialog>",
    "<!-- <h1>{}</h1> -->",
]


@pytest.mark.parametrize("hiding", HIDINGS)
def test_texts_that_nobody_sees(hiding: str) -> None:
    """A shell that carries all texts of all languages for its script says nothing."""
    body = html("Site", "".join(hiding.format(phrase.text) for phrase in PHRASES))
    assert classified(body).finding.reason is Reason.UNRECOGNISED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (response(b"", status=404), Reason.RATE_LIMITED),
        (response(missing(), status=429), Reason.RATE_LIMITED),
        (response(missing(), status=500), Reason.PLATFORM_ERROR),
        (response(missing(), status=304), Reason.STALE),
        (response(b"", status=204), Reason.BAD_RESPONSE),
        (response('{"error":"Not Found"}', status=404, content_type="application/json"), Reason.BAD_RESPONSE),
        (redirected(response(missing(), url="https://site.example/login")), Reason.LOGIN_WALL),
        (response(html("Log in", "<input type=password>")), Reason.LOGIN_WALL),
        (response(html("Just a moment...", f"<h1>{QUOTE}</h1>")), Reason.CHALLENGE),
    ],
)
def test_barriers_come_before_texts(answer: Response, reason: Reason) -> None:
    """Whatever a page says behind a barrier, nothing is concluded, and its features are not kept."""
    found = classified(answer)
    assert (found.finding.reason, found.finding.verdict, found.features) == (reason, Verdict.INCONCLUSIVE, None)
    assert found.finding.evidence.body_sha256 is None


def test_a_stale_copy() -> None:
    """What a cache has kept for longer than the question allows says nothing of now."""
    old = exchange(response(missing()), SOURCE, age=timedelta(seconds=61))
    fresh = exchange(response(missing()), SOURCE, age=timedelta(seconds=60))
    assert classify(old).finding.reason is Reason.STALE
    assert classify(fresh).finding.reason is Reason.NOT_FOUND
    assert classify(fresh).finding.seen.latest == EVENING - timedelta(seconds=59)


def test_a_page_cut_off_at_every_byte() -> None:
    """A profile never turns into an absence by being cut off, nor a missing page into a presence."""
    for body, other in ((profile(name=QUOTE), Verdict.ABSENT), (missing(), Verdict.PRESENT)):
        raw = body.encode()
        known = references_of(SOURCE)
        early = raw.index(b"</head>")
        for end in range(early, len(raw)):
            assert classified(response(raw[:end]), references=known).finding.verdict is not other


RULES = (
    rule(Reason.QUOTA, {"status": "402"}, name="quota"),
    rule(Reason.EMPTY_SHELL, {"title": "Shell"}, name="shell"),
    rule(Reason.GONE, {"status": "410"}, name="gone"),
    rule(Reason.PROTECTED, {"error": "*are private*"}, name="private"),
    rule(Reason.DEACTIVATED, {"text": "*took a break*"}, name="break"),
)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (html("x", "x"), 402, (Reason.QUOTA, Certainty.STATED, Step.HARD_BARRIER)),
        (html("Shell", "x"), 200, (Reason.EMPTY_SHELL, Certainty.STATED, Step.SOFT_BARRIER)),
        (html("Shell", "x"), 410, (Reason.GONE, Certainty.STATED, Step.STRUCTURED)),
        (
            html("x", "<div class=error>Her posts are private</div>"),
            200,
            (Reason.PROTECTED, Certainty.SHOWN, Step.IDENTITY),
        ),
        (html("x", "<p>Alice took a break"), 200, (Reason.DEACTIVATED, Certainty.SHOWN, Step.PHRASE)),
        (html("She took a break", ""), 200, (Reason.UNRECOGNISED, Certainty.RESEMBLES, Step.NOTHING)),
    ],
)
def test_rules_speak_at_their_step(body: str, status: int, expected: tuple[Reason, Certainty, Step]) -> None:
    """Barriers and fields state, texts show; where nothing is documented, a status merely resembles."""
    source = html_source(*RULES)
    answer = response(body, status=status)
    assert said(classified(answer, source)) == expected
    wary = said(classified(answer, replace(source, similarity=True), references=References()))
    assert wary == (expected[0], Certainty.RESEMBLES if expected[1] is Certainty.STATED else expected[1], expected[2])


WALLS = {
    "challenge": html("Just a moment...", "<p>Verify you are human</p><script>window._cf_chl_opt={}</script>"),
    "log-in": html("Log in to Site", "<form><input name=user><input type=password></form>"),
    "mark": "<html><head><title>Site</title></head><body><script>window._cf_chl_opt={}</script></body></html>",
}


@pytest.mark.parametrize("wall", WALLS)
def test_a_wall_is_one_with_the_status_of_a_missing_page_too(wall: str) -> None:
    """What names itself a wall says nothing of the account, though a rule takes each 404 for an absence."""
    source = html_source(rule(Reason.NOT_FOUND, {"status": "404"}))
    assert classified(response(WALLS[wall], status=404), source).finding.verdict is Verdict.INCONCLUSIVE
    page = html("Page not found · Site", "<a href=/login>Log in</a><h1>Sorry, that page is not here</h1>")
    assert classified(response(page, status=404), source).finding.reason is Reason.NOT_FOUND


def test_a_rule_for_a_barrier_is_asked_before_an_absence_is_believed() -> None:
    """A platform's file knows its own barrier: what has both is no absence."""
    gone = rule(Reason.NOT_FOUND, {"status": "404"}, name="gone")
    source = html_source(rule(Reason.RATE_LIMITED, {"title": "Blocked"}, name="blocked"), gone)
    assert classified(response(html("Blocked", "x"), status=404), source).finding.reason is Reason.RATE_LIMITED
    assert classified(response(html("Site", "x"), status=404), source).finding.reason is Reason.NOT_FOUND


def test_a_display_name_that_quotes_a_rule_is_no_absence() -> None:
    """While no negative control is known, nothing tells the account's own page from an echo."""
    source = html_source(rule(Reason.UNAVAILABLE, {"title": "Page not found*", "text": "*"}))
    known = References(positives=references_of(source).positives)
    assert classified(profile(name="Page not found"), source, references=known).finding.reason is Reason.UNRECOGNISED


def test_the_first_rule_of_a_step_counts() -> None:
    """In the order of the platform file."""
    first, second = (
        rule(Reason.GONE, {"status": "4*"}, name="first"),
        rule(Reason.NOT_FOUND, {"status": "404"}, name="second"),
    )
    answer = response(html("x", "x"), status=404)
    assert classified(answer, html_source(first, second)).finding.evidence.rule == "first"
    assert classified(answer, html_source(second, first)).finding.evidence.rule == "second"


@pytest.mark.parametrize(
    ("when", "reason", "quote"),
    [
        ({"status": "404"}, Reason.NOT_FOUND, "A title"),
        ({"status": "404"}, Reason.PROFILE, None),
        ({"status": "404"}, Reason.QUOTA, "A title"),
        ({"status": "404", "error": "No*"}, Reason.NOT_FOUND, "No such user"),
        ({"text": "*user*", "title": "*"}, Reason.PROTECTED, "No such user"),
    ],
)
def test_a_page_is_quoted_by_what_the_rule_rests_on(when: dict[str, str], reason: Reason, quote: str | None) -> None:
    """The text that matched, else the title where it may say that something is wrong; with the page's language."""
    answer = response(html("A title", "<div class=error>No such user</div>"), status=404)
    evidence = classified(answer, html_source(rule(reason, when))).finding.evidence
    assert (evidence.quote, evidence.language) == (quote, None if quote is None else "en")


def test_a_document_is_quoted_by_its_message() -> None:
    """Shortened, in the language of the header; other fields are for machines."""
    by_message = json_source(rule(Reason.NOT_FOUND, {"json:error": "*", "json:error.message": "*"}))
    answer = response('{"error":{"message":"' + "no " * 400 + '"}}', status=404, content_language="en")
    evidence = classified(answer, by_message).finding.evidence
    assert evidence.quote is not None
    assert (len(evidence.quote), evidence.quote[-1], evidence.language) == (500, "…", "en")
    empty = response('{"error":{"message":""}}', status=404, content_language="en")
    assert classified(empty, by_message).finding.evidence.quote is None
    by_code = json_source(rule(Reason.NOT_FOUND, {"json:error": "*"}))
    assert classified(answer, by_code).finding.evidence.language is None


def test_texts_in_documents_are_no_phrases() -> None:
    """An API is judged by its rules alone; its answer has no features."""
    found = classified(response('{"error":"Account suspended"}', status=400), json_source())
    assert (said(found)[0], found.features) == (Reason.UNRECOGNISED, None)


NAMED = {"stable_id": match("json:id"), "handle": match("json:name", "@*")}
THERE = rule(Reason.PROFILE, {"status": "200", "json:name": "*"})


@pytest.mark.parametrize(
    ("body", "reason", "stable_id", "handle"),
    [
        ('{"id":17,"name":"@alice"}', Reason.PROFILE, "17", "alice"),
        ('{"id":17,"name":"@ALICE"}', Reason.PROFILE, "17", "ALICE"),
        ('{"id":17,"name":"@bob"}', Reason.RENAMED, "17", "bob"),
        ('{"id":18,"name":"@bob"}', Reason.PROFILE, "18", "bob"),
        ('{"name":"@bob"}', Reason.PROFILE, None, "bob"),
        ('{"id":17,"name":"bob"}', Reason.PROFILE, "17", None),
        ('{"id":null,"name":null}', Reason.PROFILE, None, None),
    ],
)
def test_who_is_there(body: str, reason: Reason, stable_id: str | None, handle: str | None) -> None:
    """The id and the handle that the answer shows; the pinned id under another handle is a rename."""
    finding = classified(body, json_source(THERE, **NAMED)).finding
    assert (finding.reason, finding.stable_id, finding.handle) == (reason, stable_id, handle)
    assert finding.verdict is Verdict.PRESENT


def test_who_is_there_where_no_field_says_it() -> None:
    """Then nobody is named, and nobody can be renamed."""
    finding = classified('{"id":17,"name":"@bob"}', json_source(THERE)).finding
    assert (finding.reason, finding.stable_id, finding.handle) == (Reason.PROFILE, None, None)


def test_half_a_surrogate_pair_is_no_trouble_later() -> None:
    """Whatever an answer names can be encoded."""
    finding = classified(r'{"id":"\ud800x","name":"@\udfff"}', json_source(THERE, **NAMED)).finding
    assert (finding.stable_id, finding.handle) == ("�x", "�")


UNKNOWN = html(
    "Page", "<h1>Nothing here</h1><p>There is nothing to see on this page, go back to where you came from.</p>"
)


def test_likeness() -> None:
    """The last resort, where the platform file allows it: a page like those of nobody, or like those of somebody."""
    source = html_source(similarity=True)
    known = references_of(source, negative=UNKNOWN)
    assert said(classified(UNKNOWN, source, references=known)) == (
        Reason.UNAVAILABLE,
        Certainty.RESEMBLES,
        Step.SIMILARITY,
    )
    nameless = replace(source, identity=())
    there = profile(bio="I sing.")
    found = classified(there, nameless, references=references_of(nameless, negative=UNKNOWN))
    assert said(found) == (Reason.PROFILE, Certainty.RESEMBLES, Step.SIMILARITY)
    assert found.finding.evidence.detail.startswith("margin -0.")
    assert said(classified(UNKNOWN, references=references_of(SOURCE, negative=UNKNOWN)))[2] is Step.NOTHING


def test_likeness_wants_a_margin() -> None:
    """Between the two nothing is said, nor without pages to compare with."""
    source = html_source(similarity=True)
    half = html("Page", "<h1>Nothing here</h1><div class='bio'>I sing songs of old.</div>")
    known = references_of(source, negative=UNKNOWN)
    half_way = features_of(half, source, ALICE)
    near, far = (similarity(half_way, page) for page in (*known.negatives, *known.positives))
    assert abs(near - far) < MARGIN
    assert said(classified(half, source, references=known))[2] is Step.NOTHING
    for some in (References(), replace(known, positives=()), replace(known, negatives=())):
        assert said(classified(UNKNOWN, source, references=some))[2] is Step.NOTHING


def test_an_account_named_login() -> None:
    """Its own address, without a redirect, is no login wall."""
    login = Target(handle="login", instance="")
    answer = response(profile("login", "Log in"), url="https://site.example/login")
    assert classified(answer, target=login).finding.is_present


def test_a_platform_without_phrases_recognises_nothing_by_text() -> None:
    """What is gone is not guessed from words."""
    assert classified(missing(), of=platform(SOURCE, ())).finding.reason is Reason.UNRECOGNISED


PLAIN = "<div><span>{}</span></div>"


@pytest.mark.parametrize("phrase", [MISSING, SUSPENDED])
def test_a_phrase_that_is_a_line_of_plain_text(phrase: Phrase) -> None:
    """Outside every heading and container it counts beside both controls, on a page that looks like nobody's."""
    source = html_source()
    both = references_of(source, negative=html("Site", PLAIN.format(MISSING.text)))
    said = html("Site", PLAIN.format(phrase.text))
    expected = Reason.SUSPENDED if phrase is SUSPENDED else Reason.NOT_FOUND
    assert classified(said, source, references=both).finding.reason is expected
    for known in (References(), References(negatives=both.negatives), References(positives=both.positives)):
        assert classified(said, source, references=known).finding.reason is Reason.UNRECOGNISED


@pytest.mark.parametrize(
    "body",
    [
        html("Site", PLAIN.format(f"They say: {MISSING.text}, and laugh")),
        html(
            "Site", "".join(map(PLAIN.format, ("Alice", "@alice", MISSING.text, "I sing and write and dance at night")))
        ),
        html("alice", PLAIN.format(MISSING.text)),
        html("Site", PLAIN.format(MISSING.text) + PLAIN.format("word ") * 500),
        html("Site", f"<div hidden>{MISSING.text}</div>"),
    ],
)
def test_a_phrase_in_plain_text_that_says_nothing(body: str) -> None:
    """Within a line, on a page of other words, beside the account's name, on a long page, or where nobody sees it."""
    source = html_source()
    negative = html("Site", PLAIN.format(MISSING.text))
    if "<div hidden>" in body:
        negative = html("Site", "")
    assert not classified(body, source, references=references_of(source, negative=negative)).finding.is_absent


def test_a_page_without_text_is_like_nothing() -> None:
    """An empty shell is the same for everybody, whatever the controls showed."""
    source = html_source(similarity=True)
    shell = '<!doctype html><html><head><title>Site</title></head><body><div id="app"></div><script>1</script></body>'
    known = References(positives=references_of(source).positives, negatives=(features_of(shell, source, ALICE),))
    assert said(classified(shell, source, references=known)) == (
        Reason.EMPTY_SHELL,
        Certainty.RESEMBLES,
        Step.NOTHING,
    )
    assert classified(response(shell, status=500), source).finding.reason is Reason.PLATFORM_ERROR
    assert classified(response(shell, status=418), source).finding.reason is Reason.UNRECOGNISED


@pytest.mark.parametrize(
    "much",
    [
        "<br hidden>" * 10_000,
        f"<br hidden{' a' * 99}>" * 1_800,
        '<meta property="og:title">' * 1_001,
        f'<meta property="og:title"{" a" * 199}>' * 300,
        "<meta name=a>" + "<b>og:title</b>" * 60_000,
    ],
)
def test_a_page_of_more_markup_than_is_read_is_never_of_a_missing_account(much: str) -> None:
    """What was not read may show the account; a third of the same is read, and missing."""
    padded = missing().replace("</body>", much + "</body>")
    cut = classified(padded)
    assert said(cut) == (Reason.BAD_RESPONSE, Certainty.STATED, Step.PHRASE)
    assert cut.finding.evidence.rule == "too-much-markup"
    less = classified(missing().replace("</body>", much[: len(much) // 3] + "</body>"))
    assert less.finding.is_absent


def test_markup_that_nobody_looked_at_changes_nothing() -> None:
    """A documented status says enough, however long the page is."""
    source = html_source(rule(Reason.NOT_FOUND, {"status": "404"}))
    assert classified(response(html("Gone", "<br hidden>" * 20_000), status=404), source).finding.is_absent


OWN_WORDS = (
    rule(Reason.SUSPENDED, {"error": "This account has been suspended*"}, name="suspended"),
    rule(Reason.PROFILE, {"title": "*(@{handle}) on Site"}, name="profile"),
)
GONE_WITH_NAME = (
    "<!doctype html><title>Alice (@alice) on Site</title>{}<div class=error>This account has been suspended.</div>"
)


def test_an_error_container_goes_before_the_texts_that_it_is_written_before() -> None:
    """A page that still has the person's name says that they are gone; written after them the rule comes too late."""
    body = GONE_WITH_NAME.format("")
    found = classified(response(body), html_source(*OWN_WORDS))
    assert said(found) == (Reason.SUSPENDED, Certainty.SHOWN, Step.IDENTITY)
    assert found.finding.evidence.quote == "This account has been suspended."
    assert classified(response(body), html_source(*reversed(OWN_WORDS))).finding.reason is Reason.PROFILE
    without_rule = html_source(OWN_WORDS[0])
    assert classified(response(body), without_rule).finding.reason is Reason.SUSPENDED


def test_a_wall_that_goes_before_the_texts_ends_no_outage() -> None:
    """What the site says in its error container of itself is heard before the name in the title."""
    wall = rule(Reason.PLATFORM_ERROR, {"error": "*suspended*"}, name="wall")
    found = classified(response(GONE_WITH_NAME.format("")), html_source(wall, OWN_WORDS[1]))
    assert said(found)[0] is Reason.PLATFORM_ERROR


def test_a_wall_around_an_error_container_is_a_wall() -> None:
    """As with every other absence."""
    body = GONE_WITH_NAME.format("").replace("Alice (@alice) on Site", "Just a moment...")
    assert classified(response(body), html_source(*OWN_WORDS)).finding.reason is Reason.CHALLENGE
