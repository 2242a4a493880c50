"""The pages of the corpus, and X's own texts in every language, against what must be said of them."""

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path

import pytest

from tests.corpus.cases import Answer, Case, read_cases
from tests.corpus.score import ASKED_AT, confusion, examine, exchange_of, score
from watcher.classify import classify
from watcher.model.exchange import Target
from watcher.model.finding import Finding, Reason, Verdict
from watcher.model.platform import Phrase, PhraseClass, Platform, Source
from watcher.settings.load import load_platforms

CORPUS = Path(__file__).parent
PLATFORMS: Mapping[str, Platform] = load_platforms(None)
CASES = read_cases(CORPUS)
X = PLATFORMS["x"]
X_PAGE = next(source for source in X.sources if source.name == "page")
LANGUAGES = sorted({phrase.language for phrase in X.phrases})
MEANT = {
    PhraseClass.MISSING: (Verdict.ABSENT, Reason.NOT_FOUND),
    PhraseClass.SUSPENDED: (Verdict.ABSENT, Reason.SUSPENDED),
    PhraseClass.WITHHELD: (Verdict.ABSENT, Reason.WITHHELD),
    PhraseClass.PROTECTED: (Verdict.PRESENT, Reason.PROTECTED),
    PhraseClass.RESTRICTED: (Verdict.PRESENT, Reason.PROTECTED),
    PhraseClass.RATE_LIMITED: (Verdict.INCONCLUSIVE, Reason.RATE_LIMITED),
    PhraseClass.OVER_CAPACITY: (Verdict.INCONCLUSIVE, Reason.PLATFORM_ERROR),
    PhraseClass.LOG_IN: (Verdict.INCONCLUSIVE, Reason.LOGIN_WALL),
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_each_page_gets_the_expected_finding(case: Case) -> None:
    """A page of the corpus is classified and gated as its file says."""
    assert examine(case, PLATFORMS[case.platform]).miss is None


def test_no_page_of_a_barrier_or_a_wall_is_absent() -> None:
    """Over the whole corpus, nothing that is not an absence is told as one."""
    told = {pair for pair in confusion(score(CORPUS, PLATFORMS)) if pair[1] == Verdict.ABSENT}
    assert told == {(Verdict.ABSENT, Verdict.ABSENT)}


def page(title: str, body: str, head: str = "") -> Answer:
    """An HTML page of X as an answer with status 200."""
    html = f"<!DOCTYPE html><html><head><title>{title}</title>{head}</head><body><main>{body}</main></body></html>"
    headers = {"content-type": "text/html; charset=utf-8"}
    return Answer(status=200, headers=headers, final_url="https://x.com/harbour_post", body=html.encode())


def said(answer: Answer, source: Source = X_PAGE) -> Finding:
    """What classify says of the page of @harbour_post."""
    target = Target(handle="harbour_post", instance="", account_id="x:harbour_post")
    return classify(exchange_of(answer, "https://x.com/harbour_post", X, source, target, ASKED_AT)).finding


def spellings(text: str) -> tuple[str, ...]:
    """A text as a page may spell it: other apostrophes, spaces, ellipses and case, an end mark, markup within."""
    first, _, rest = escape(text, quote=False).partition(" ")
    return (
        escape(text),
        escape(text.replace("’", "'")),
        escape(text.replace("'", "’")),
        text.replace(" ", "&nbsp;"),
        text.replace("...", "…"),
        escape(text.upper()) if text.isascii() else escape(text),
        escape(text) + " !",
        f"\n  {first} <b>{rest}</b>\n",
    )


def phrases_of(language: str) -> list[Phrase]:
    """X's texts in that language."""
    return [phrase for phrase in X.phrases if phrase.language == language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_x_texts_in_the_error_container_mean_their_class(language: str) -> None:
    """Each text of each language is understood in the containers of today and of 2017, however it is spelt."""
    for phrase in phrases_of(language):
        for text in spellings(phrase.text):
            today = page("Profile / X", f'<div data-testid="empty_state_header_text"><span>{text}</span></div>')
            of_2017 = page("Twitter", f'<div class="body-content errorpage-body-content"><h1>{text}</h1></div>')
            for answer in (today, of_2017):
                finding = said(answer)
                assert (finding.verdict, finding.reason) == MEANT[phrase.phrase_class], (language, text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_x_texts_quoted_by_an_existing_account_mean_nothing(language: str) -> None:
    """A profile whose bio, name or post quotes any text is PRESENT."""
    for phrase in phrases_of(language):
        text = escape(phrase.text)
        finding = said(page(f"{text} (@harbour_post) / X", f"<h1>{text}</h1><p>{text}</p><h2>{text}</h2>"))
        assert finding.verdict is Verdict.PRESENT, (language, phrase.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_x_texts_that_nobody_sees_mean_nothing(language: str) -> None:
    """Texts in scripts, templates, hidden elements, attributes, comments and running text are no evidence."""
    for phrase in phrases_of(language):
        text = escape(phrase.text)
        unseen = (
            f"<script>var t = {json.dumps(phrase.text)};</script><template><h1>{text}</h1></template>"
            f"<noscript><h1>{text}</h1></noscript><h1 hidden>{text}</h1><!-- <h1>{text}</h1> -->"
            f'<div style="display: none"><div data-testid="emptyState">{text}</div></div>'
            f'<img alt="{text}"><p>{text}</p>'
        )
        finding = said(page("X", unseen, f"<style>h1::before {{content: {json.dumps(phrase.text)}}}</style>"))
        assert finding.verdict is Verdict.INCONCLUSIVE, (language, phrase.text)
