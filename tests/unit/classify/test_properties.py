"""Whatever the bytes: classify never raises, its verdict belongs to its reason, and its work is linear."""

import gc
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from time import process_time
from types import FrameType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.hostile import BATCHES, DOCUMENTS, HOSTILE
from tests.unit.classify.story import (
    exchange,
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
from watcher.classify import classify, members_of
from watcher.classify.markup import MAX_TEXT
from watcher.classify.similarity import similarity
from watcher.model.control import References
from watcher.model.exchange import Exchange, Hop, Response, Target
from watcher.model.finding import Reason, verdict_of
from watcher.model.platform import Batch, Items, Source

RULES = (
    rule(Reason.NOT_FOUND, {"status": "404", "json:error.message": "*"}),
    rule(Reason.QUOTA, {"header:x-quota": "*", "final_url": "*{handle}*", "redirect": "*"}),
    rule(Reason.PROFILE, {"canonical": "*{handle}", "meta:og:title": "*{stable_id}*"}, {"text": "*"}),
    rule(Reason.SUSPENDED, {"error": "*a*b*", "title": "*"}, {"json_ld:a.0": "*"}),
    rule(Reason.PROTECTED, {"text": "*{instance}*"}),
)
NAMED = {"stable_id": match("json:id"), "handle": match("json:a.0", "@*")}
SOURCES = (
    html_source(*RULES, **NAMED),
    html_source(*RULES, similarity=True),
    html_source(similarity=True),
    json_source(*RULES, **NAMED),
)
ITEMS = Items(list_="items", names=("name", "id{id}"))
BATCH = replace(SOURCES[3], batch=Batch(size=3, member="{handle}", join=",", items=(ITEMS,)))
KNOWN = references_of(html_source(similarity=True))

fragments = st.sampled_from(
    [
        *(
            "<",
            ">",
            "</",
            "<!--",
            "-->",
            "<!",
            "<?",
            "'",
            '"',
            "=",
            "/",
            "&",
            "&#x80000000;",
            "&amp;",
            " ",
            "\n",
            "\x00",
        ),
        *("<h1>", "</h1>", "<div hidden>", "</div>", "<div class=error>", "<svg/>", "<script>", "</script>", "<title>"),
        *(
            "<meta http-equiv=refresh content='0;url=/login'>",
            "<meta http-equiv=refresh content=0;url=https://b.example>",
        ),
        *("<script type=application/ld+json>", '{"a":[1]}', "<li hidden>", "</ul>", "<meta property=og:title content="),
        *(
            "<link rel=canonical href=https://site.example/",
            "alice",
            "@alice",
            "17",
            "Account suspended",
            "\ud800",
            "İ",
        ),
        *(
            '{"error":',
            '{"message":',
            '"x"',
            "[",
            "]",
            "}",
            "null",
            "1e999",
            "NaN",
            "-",
            "\\ud800",
            "9" * 30,
            "charset=utf-16",
        ),
    ]
)
texts = (
    st.lists(fragments | st.text(max_size=6), max_size=40)
    .map("".join)
    .map(lambda text: text.encode("utf-8", "surrogatepass"))
)
pages = st.sampled_from([profile().encode(), missing().encode()])
bodies = st.binary(max_size=300) | texts | st.tuples(pages, texts).map(b"".join) | st.tuples(texts, pages).map(b"".join)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "id", "a", ""]), inner, max_size=3)
    ),
    max_leaves=8,
).map(lambda document: json.dumps(document).encode())
urls = st.sampled_from(
    ["https://site.example/alice", "https://site.example/login", "https://[", "", "//", "https://consent.x/", "x:%ff%"]
) | st.text(max_size=20)
names = st.sampled_from(["content-type", "content-language", "cf-mitigated", "x-ratelimit-remaining", "x-quota"])
values = st.sampled_from(["text/html", "charset=utf-16", "charset=idna", "charset=\u0130", "0", "challenge"]) | st.text(
    max_size=9
)
targets = st.builds(
    Target,
    handle=st.sampled_from(["alice", "", "*", "a", "{stable_id}", "("]) | st.text(max_size=4),
    instance=st.sampled_from(["", "m.example", "https://m.example/{handle}"]),
    stable_id=st.none() | st.sampled_from(["", "17"]),
)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    """Any answer to any source of the made-up platform."""
    hops = draw(st.lists(st.builds(Hop, url=urls, status=st.integers(), location=urls), max_size=2))
    answer = Response(
        status=draw(st.sampled_from([200, 200, 200, 404, 403, 402, 304, 503]) | st.integers()),
        url=draw(urls),
        headers=draw(st.dictionaries(names, values, max_size=3)),
        body=draw(bodies | documents),
        hops=tuple(hops),
    )
    seconds = draw(st.none() | st.integers(0, 10**8))
    age = None if seconds is None else timedelta(seconds=seconds)
    return exchange(answer, draw(st.sampled_from(SOURCES)), target=draw(targets), age=age)


@settings(max_examples=400, deadline=None)
@given(asked=exchanges(), known=st.sampled_from([References(), KNOWN]))
@example(asked=exchange(redirected(response("x" * 99, url="https://[")), SOURCES[0]), known=KNOWN)
def test_anything_is_classified(asked: Exchange, known: References) -> None:
    """It never raises; the verdict belongs to the reason; what is kept can be stored and is short; it is pure."""
    found = classify(asked, known)
    finding = found.finding
    assert finding.verdict is verdict_of(finding.reason)
    assert found.trace[-1][1] is not None
    assert all(spoken is None for _, spoken in found.trace[:-1])
    for kept in (finding.evidence.quote, finding.stable_id, finding.handle):
        assert kept is None or len(kept.encode("utf-8")) <= 4 * MAX_TEXT
    assert (finding.evidence.body_sha256 is not None) == finding.is_absent
    assert found.features is None or 0 <= similarity(found.features, KNOWN.negatives[0]) <= 1
    assert classify(asked, known) == found


@settings(max_examples=150, deadline=None)
@given(before=texts, after=texts)
def test_a_stranger_s_text_in_a_profile(before: bytes, after: bytes) -> None:
    """Escaped as any platform escapes it, a bio can neither hide the account nor make it absent."""
    plain = [text.decode("utf-8", "replace").replace("&", "&amp;").replace("<", "&lt;") for text in (before, after)]
    escaped = profile(bio="".join(plain), name=plain[0].replace(">", "&gt;"))
    assert classify(exchange(response(escaped), SOURCES[2]), KNOWN).finding.is_present


CASES = [
    *(pytest.param(SOURCES[1], make, id=name) for name, make in HOSTILE.items()),
    *(pytest.param(SOURCES[3], make, id=name) for name, make in DOCUMENTS.items()),
    *(pytest.param(BATCH, make, id=name) for name, make in BATCHES.items()),
]


def look(body: str, source: Source) -> Callable[[], object]:
    """A look at a page of that body, with all that a platform may ask of it."""
    asked = exchange(response(body + " " * 64), source, of=platform(source))
    return lambda: [classify(part, KNOWN) for part in members_of(asked)]


def calls(work: Callable[[], object]) -> int:
    """How many calls, of Python's functions and of C's, the work takes: the same in every run."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of some runs."""

    def once() -> float:
        begun = process_time()
        work()
        return process_time() - begun

    gc.disable()
    try:
        return min(once() for _ in range(3))
    finally:
        gc.enable()


@pytest.mark.parametrize(("source", "make"), CASES)
def test_linear_in_calls(source: Source, make: Callable[[int], str]) -> None:
    """Four times the page takes at most about four times the calls."""
    look(make(10), source)()
    few, many = calls(look(make(500), source)), calls(look(make(2_000), source))
    assert many <= 6 * few


@pytest.mark.parametrize(("source", "make"), CASES)
def test_linear_in_time(source: Source, make: Callable[[int], str]) -> None:
    """Nor does the time within calls, which no count shows: eight times the page is not 64 times the work."""
    few, many = seconds(look(make(2_000), source)), seconds(look(make(16_000), source))
    assert many <= 24 * few + 0.01
