"""A made-up platform, its answers and its pages as values, for the tests of this room."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.classify import Classified, classify
from watcher.classify.page import Page
from watcher.classify.selector import Selector
from watcher.model.control import Features, References
from watcher.model.exchange import Exchange, FetchFailure, Hop, Purpose, Response, Target, Task
from watcher.model.finding import Reason, verdict_of
from watcher.model.platform import (
    Answers,
    ControlHandles,
    Field,
    FieldKind,
    HandleSyntax,
    Match,
    Phrase,
    PhraseClass,
    Platform,
    Rule,
    Source,
)

EVENING = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
PROFILE = "https://site.example/alice"
ALICE = Target(handle="alice", instance="", account_id="site:alice", stable_id="17")
NOBODY = Target(handle="qhzkwvmxrtplbnd", instance="")
FILLER = "<p>Enough visible text that nobody takes this page for a short answer.</p>"

MISSING = Phrase("This account doesn’t exist", "en", PhraseClass.MISSING)
SUSPENDED = Phrase("Account suspended", "en", PhraseClass.SUSPENDED)
PHRASES = (
    MISSING,
    SUSPENDED,
    Phrase("Désolé, cette page n'existe pas !", "fr", PhraseClass.MISSING),
    Phrase("Üzgünüz, bu sayfa mevcut değil!", "tr", PhraseClass.MISSING),
    Phrase("অ্যাকাউন্ট স্থগিত", "bn", PhraseClass.WITHHELD),
    Phrase("অ্যাকাউন্ট স্থগিত করা হয়েছে", "bn", PhraseClass.SUSPENDED),
    Phrase("บัญชีถูกระงับ", "th", PhraseClass.WITHHELD),
    Phrase("บัญชีถูกระงับการใช้งาน", "th", PhraseClass.SUSPENDED),
    Phrase("These posts are protected", "en", PhraseClass.PROTECTED),
    Phrase("Log in to Site", "en", PhraseClass.LOG_IN),
    Phrase("Site is over capacity. Please wait...", "en", PhraseClass.OVER_CAPACITY),
)


def field(text: str) -> Field:
    """A field as platform files write it: `meta:og:title`."""
    kind, _, key = text.partition(":")
    return Field(FieldKind(kind), key)


def match(text: str, *patterns: str) -> Match:
    """A field and its patterns; `*` when none is given."""
    return Match(field(text), patterns or ("*",))


def rule(
    reason: Reason, when: Mapping[str, str], unless: Mapping[str, str] | None = None, *, name: str = "rule"
) -> Rule:
    """A rule of fields and single patterns."""
    conditions = tuple(match(key, pattern) for key, pattern in when.items())
    exceptions = tuple(match(key, pattern) for key, pattern in (unless or {}).items())
    return Rule(id=name, when=conditions, unless=exceptions, verdict=verdict_of(reason), reason=reason)


def html_source(*rules: Rule, **more: Any) -> Source:
    """A source of pages that name the account in title, canonical and og:title, with an error container."""
    settings: dict[str, Any] = {
        "identity": (field("canonical"), field("meta:og:title"), field("title")),
        "errors": ("div.error", "[role=alert]"),
    }
    url = "https://site.example/{handle}"
    return Source(name="page", url=url, answers=Answers.HTML, rules=rules, **{**settings, **more})


def json_source(*rules: Rule, **more: Any) -> Source:
    """A source of JSON documents."""
    return Source(name="api", url="https://api.site.example/{handle}", answers=Answers.JSON, rules=rules, **more)


def platform(source: Source, phrases: tuple[Phrase, ...] = PHRASES, *, profile: str = PROFILE) -> Platform:
    """A platform with that source only."""
    return Platform(
        id="site",
        title="Site",
        profile=profile.replace("alice", "{handle}"),
        recognise=("https://old.example/{handle}",),
        handle=HandleSyntax(pattern="[a-z]+"),
        sources=(source,),
        controls=ControlHandles(),
        phrases=phrases,
    )


def response(body: str | bytes = b"", *, status: int = 200, url: str = PROFILE, **headers: str) -> Response:
    """An answer; header names are written with `_` for `-`."""
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, url=url, headers=named, body=raw)


def page(body: str | bytes = b"", *, errors: tuple[str, ...] = (), **answer: Any) -> Page:
    """A page read from such an answer."""
    return Page(response(body, **answer), tuple(map(Selector.parse, errors)))


def exchange(
    outcome: Response | FetchFailure,
    source: Source,
    *,
    target: Target = ALICE,
    of: Platform | None = None,
    age: timedelta | None = None,
) -> Exchange:
    """The answer to a question of that evening; no older than a minute may it be."""
    task = Task(
        purpose=Purpose.ROUTINE,
        platform=of or platform(source),
        source=source,
        target=target,
        due=EVENING,
        max_age=timedelta(minutes=1),
        timeout=timedelta(seconds=10),
    )
    received = EVENING + timedelta(seconds=1)
    return Exchange(task=task, sent_at=EVENING, received_at=received, outcome=outcome, age=age)


def redirected(outcome: Response, *path: str) -> Response:
    """The same answer, come to by way of those URLs."""
    hops = tuple(Hop(url=url, status=302, location=outcome.url) for url in path or (PROFILE,))
    return Response(status=outcome.status, url=outcome.url, headers=outcome.headers, body=outcome.body, hops=hops)


def html(title: str, body: str, head: str = "") -> str:
    """A page with a title, long enough to be one."""
    return f'<!doctype html><html lang="en"><head><title>{title}</title>{head}</head><body>{body}{FILLER}</body></html>'


def profile(handle: str = "alice", name: str = "Alice", bio: str = "I write.") -> str:
    """The page of an account that exists."""
    head = f'<link rel="canonical" href="https://site.example/{handle}"><meta property="og:title" content="@{handle}">'
    return html(f"{name} (@{handle})", f"<h1>{name}</h1><div class='bio'>{bio}</div>", head)


def missing(text: str = "This account doesn’t exist") -> str:
    """The page of an account that does not."""
    return html("Site", f'<div class="error">{text}</div>')


def classified(
    body: str | bytes | Response,
    source: Source | None = None,
    *,
    references: References | None = None,
    of: Platform | None = None,
    target: Target = ALICE,
) -> Classified:
    """What is said of a page, in the light of a handle that does not exist."""
    source = source or html_source()
    answer = body if isinstance(body, Response) else response(body)
    if references is None:
        references = references_of(source) if source.answers is Answers.HTML else References()
    return classify(exchange(answer, source, of=of, target=target), references)


def features_of(body: str, source: Source, target: Target) -> Features:
    """The features of a control's page."""
    found = classify(exchange(response(body), source, target=target)).features
    assert found is not None
    return found


def references_of(source: Source, *, negative: str | None = None, positive: str | None = None) -> References:
    """One account that exists and one handle that does not."""
    bob = Target(handle="bob", instance="")
    return References(
        positives=(features_of(positive or profile("bob", "Bob", "I sing."), source, bob),),
        negatives=(features_of(negative or missing(), source, NOBODY),),
    )
