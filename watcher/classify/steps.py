"""The order of classify: transport, barriers, fields, identity, soft barriers, texts, likeness.

The first step that has something to say decides. Pure and total: any bytes give a Finding.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from propcache import cached_property

from watcher.classify.barriers import Barrier, hard_barrier, named_barrier, soft_barrier
from watcher.classify.markup import MAX_TEXT, TOO_MUCH
from watcher.classify.page import Page
from watcher.classify.phrases import Hit, find_phrase, normalise
from watcher.classify.prepared import Prepared, prepared
from watcher.classify.rules import Step, extract, found, holds
from watcher.classify.similarity import features, is_echoed, is_nobodys, likeness, naming, words_of
from watcher.model.control import Features, References
from watcher.model.exchange import Exchange, FetchFailure, Response, Target
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Verdict, verdict_of
from watcher.model.platform import Answers, Field, PhraseClass, Platform, Rule, Source
from watcher.text import cut

_ABSENCE: Final = {
    PhraseClass.MISSING: Reason.NOT_FOUND,
    PhraseClass.SUSPENDED: Reason.SUSPENDED,
    PhraseClass.DEACTIVATED: Reason.DEACTIVATED,
    PhraseClass.WITHHELD: Reason.WITHHELD,
    PhraseClass.UNAVAILABLE: Reason.UNAVAILABLE,
    PhraseClass.PROTECTED: Reason.PROTECTED,
    PhraseClass.RESTRICTED: Reason.PROTECTED,
}
_LITTLE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one step has to say."""

    reason: Reason
    certainty: Certainty
    rule: str
    detail: str = ""
    quote: str | None = None
    language: str | None = None


_SHELL: Final = Said(reason=Reason.EMPTY_SHELL, certainty=Certainty.RESEMBLES, rule="no-visible-text")
# What a batch says of whom it does not name: a suspicion, on which alone no account that was seen is judged.
_OMITTED: Final = Said(reason=Reason.UNAVAILABLE, certainty=Certainty.RESEMBLES, rule="omitted")

# What was not read of a page may show the account: it is never taken for missing.
_CUT: Final = Said(reason=Reason.BAD_RESPONSE, certainty=Certainty.STATED, rule=TOO_MUCH)
_UNRECOGNISED: Final = Said(reason=Reason.UNRECOGNISED, certainty=Certainty.RESEMBLES, rule="none")


@dataclass(frozen=True, kw_only=True)
class Look:
    """All that a step may look at. Without slots: what is dear is kept once computed."""

    exchange: Exchange
    response: Response
    page: Page
    prepared: Prepared
    references: References

    @property
    def source(self) -> Source:
        """The source that was asked."""
        return self.exchange.task.source

    @property
    def target(self) -> Target:
        """Whom it was asked about."""
        return self.exchange.task.target

    @property
    def is_html(self) -> bool:
        """True where the source answers with pages."""
        return self.source.answers is Answers.HTML

    @property
    def is_shell(self) -> bool:
        """True for a page that shows nothing until its scripts have run."""
        return self.is_html and self.response.status == HTTPStatus.OK and not self.page.markup.blocks

    @property
    def is_batch(self) -> bool:
        """True where the source is asked about many at once."""
        return self.source.batch is not None

    @cached_property
    def hit(self) -> Hit | None:
        """What the platform is known to write that stands in the page's title, headings or error containers."""
        outline = self.page.outline
        blocks = (outline.title or "", *outline.headings, *outline.errors)
        return find_phrase(self.exchange.task.platform, blocks, frozenset(PhraseClass))

    @cached_property
    def features(self) -> Features:
        """The page's features."""
        return features(self.page, self.source, self.target)


@dataclass(frozen=True, kw_only=True)
class Classified:
    """A finding, and what each step said until one decided. Without slots: what is dear is kept once computed."""

    finding: Finding
    trace: tuple[tuple[Step, Said | None], ...] = ()
    look: Look | None = field(default=None, repr=False, compare=False)

    @cached_property
    def features(self) -> Features | None:
        """The features of a page that shows an account or its absence, or may; dear, and seldom needed."""
        look = self.look
        return look.features if look is not None and look.is_html and _is_telling(self.trace[-1][0]) else None


NO_REFERENCES: Final = References()


def classify(
    exchange: Exchange, references: References = NO_REFERENCES, *, vantage: str = "local", page: Page | None = None
) -> Classified:
    """What an exchange says of its target. Never raises; `references` are the features of the controls' pages.

    `page` is the answer where it was read already; one that is only partly kept raises NotKeptError.
    """
    outcome = exchange.outcome
    if isinstance(outcome, FetchFailure):
        said = Said(reason=outcome.reason, certainty=Certainty.STATED, rule="fetch", detail=outcome.detail)
        return Classified(
            finding=_finding(exchange, None, Step.TRANSPORT, said, vantage), trace=((Step.TRANSPORT, said),)
        )
    made = prepared(exchange.task.platform, exchange.task.source)
    page = page or Page(outcome, made.errors)
    look = Look(exchange=exchange, response=outcome, page=page, prepared=made, references=references)
    trace: list[tuple[Step, Said | None]] = [(Step.TRANSPORT, None)]
    for step, judge in _STEPS:
        spoken = judge(look)
        if spoken is not None and look.is_html and verdict_of(spoken.reason) is Verdict.ABSENT and page.is_cut:
            spoken = _CUT
        trace.append((step, spoken))
        if spoken is not None:
            break
    else:
        step, spoken = Step.NOTHING, _SHELL if look.is_shell else _UNRECOGNISED
        trace.append((step, spoken))
    return Classified(finding=_finding(exchange, look, step, spoken, vantage), trace=tuple(trace), look=look)


def _is_telling(step: Step) -> bool:
    """True where an account or its absence was shown, or may have been: the page is worth comparing with."""
    return step not in (Step.HARD_BARRIER, Step.SOFT_BARRIER)


def _hard_barrier(look: Look) -> Said | None:
    barrier = hard_barrier(look.exchange, look.response, look.page)
    return _barred(barrier) if barrier is not None else _by_rule(look, Step.HARD_BARRIER)


def _without_items(look: Look) -> Said:
    """The answer to a batch that holds no list: whatever else it says, it is of nobody."""
    said = _by_rule(look, Step.SOFT_BARRIER)
    return said or Said(reason=Reason.BAD_RESPONSE, certainty=Certainty.STATED, rule="no-items")


def _structured(look: Look) -> Said | None:
    if look.is_batch and not look.exchange.is_item:
        return _without_items(look)
    if look.is_batch and look.page.json is None:
        return _OMITTED
    said = _by_rule(look, Step.STRUCTURED)
    return said if said is None else _unless_barred(look, said)


def _unless_barred(look: Look, said: Said) -> Said:
    """What a rule says; of an absence, what a wall in the page says instead."""
    if verdict_of(said.reason) is not Verdict.ABSENT:
        return said
    barrier = named_barrier(look.page) if look.is_html else None
    if barrier is not None:
        return _barred(barrier)
    ruled = _by_rule(look, Step.SOFT_BARRIER)
    return said if ruled is None or ruled.reason is Reason.EMPTY_SHELL else ruled


def _identity(look: Look) -> Said | None:
    if (ruled := _by_rule(look, Step.IDENTITY)) is not None:
        return _unless_barred(look, ruled)
    for place, value in _naming(look) if look.references.negatives else ():
        if not is_echoed(place, value, look.target, look.references):
            return Said(reason=Reason.PROFILE, certainty=Certainty.SHOWN, rule=f"identity-{place}", detail=value[:200])
    return None


def _naming(look: Look) -> Iterator[tuple[Field, str]]:
    """The identity fields that hold the target's handle as a word of its own."""
    for place in look.source.identity:
        value = next(iter(look.page.values(place)), None)
        if value is not None and naming(look.target.handle).search(value.casefold()) is not None:
            yield place, value


def _soft_barrier(look: Look) -> Said | None:
    barrier = soft_barrier(look.exchange, look.page, look.hit) if look.is_html else None
    return _barred(barrier) if barrier is not None else _by_rule(look, Step.SOFT_BARRIER)


def _phrase(look: Look) -> Said | None:
    if look.is_html and not look.references.negatives and any(_naming(look)):
        # Perhaps the account's own page, whose display name quotes the phrase: nothing tells it from an echo yet.
        return None
    if (ruled := _by_rule(look, Step.PHRASE)) is not None or not look.is_html:
        return ruled
    said = look.hit
    hit = said if said is not None and said.phrase.phrase_class in _ABSENCE else _lone_phrase(look)
    return None if hit is None else _spoken(hit)


def _lone_phrase(look: Look) -> Hit | None:
    """A phrase that is all of a line of plain text, on a page that names nobody and looks like those of nobody.

    Alone it would be no evidence: anybody may write it. Beside both controls it says what the likeness does not: why.
    """
    references = look.references
    if not (references.positives and references.negatives) or any(_naming(look)):
        return None
    hit = lone_phrase(look.exchange.task.platform, look.page)
    if hit is None:
        return None
    said = frozenset(words_of(hit.quote, look.target))
    return hit if is_nobodys(look.features, said, references) else None


def lone_phrase(platform: Platform, page: Page) -> Hit | None:
    """A phrase that is all of a line of a page with little text. It is evidence beside both controls only."""
    blocks = page.markup.blocks
    if sum(map(len, blocks)) > _LITTLE:
        return None
    hit = find_phrase(platform, tuple(blocks), frozenset(_ABSENCE))
    return hit if hit is not None and normalise(hit.quote) == normalise(hit.phrase.text) else None


def _spoken(hit: Hit) -> Said:
    return Said(
        reason=_ABSENCE[hit.phrase.phrase_class],
        certainty=Certainty.SHOWN,
        rule=f"phrase-{hit.phrase.phrase_class}",
        quote=hit.quote,
        language=hit.phrase.language,
    )


def _similarity(look: Look) -> Said | None:
    # A page without visible text is a shell, which has nothing to compare: it is the same for everybody.
    if not look.is_html or not look.source.similarity or not look.page.markup.blocks:
        return None
    like = likeness(look.features, look.references)
    if like is None:
        return None
    reason = Reason.PROFILE if like.exists else Reason.UNAVAILABLE
    return Said(reason=reason, certainty=Certainty.RESEMBLES, rule="similarity", detail=f"margin {like.margin:+.2f}")


_STEPS: Final = (
    (Step.HARD_BARRIER, _hard_barrier),
    (Step.STRUCTURED, _structured),
    (Step.IDENTITY, _identity),
    (Step.SOFT_BARRIER, _soft_barrier),
    (Step.PHRASE, _phrase),
    (Step.SIMILARITY, _similarity),
)


def _barred(barrier: Barrier) -> Said:
    return Said(
        reason=barrier.reason,
        certainty=Certainty.STATED,
        rule=barrier.rule,
        detail=barrier.detail,
        quote=barrier.quote,
        language=barrier.language,
    )


def _by_rule(look: Look, step: Step) -> Said | None:
    """The first of the source's rules of that step that holds."""
    for rule in look.prepared.rules[step]:
        if holds(rule, look.page, look.target):
            quote = _quote(rule, look)
            return Said(
                reason=rule.reason,
                certainty=_certainty(step, look.source),
                rule=rule.id,
                quote=quote,
                language=look.page.language if quote is not None else None,
            )
    return None


def _certainty(step: Step, source: Source) -> Certainty:
    """Documented fields state, texts show. Where nothing is documented (`similarity`), a status merely resembles."""
    if step in (Step.IDENTITY, Step.PHRASE):
        return Certainty.SHOWN
    return Certainty.RESEMBLES if source.similarity else Certainty.STATED


def _quote(rule: Rule, look: Look) -> str | None:
    """The page's own words that the rule rests on; for absent pages without such a rule, the title."""
    for match in look.prepared.quoted[rule.id]:
        if value := found(match, look.page, look.target):
            return cut(value, MAX_TEXT)
    return look.page.title if look.is_html and rule.reason not in (Reason.PROFILE, Reason.PROTECTED) else None


def _finding(exchange: Exchange, look: Look | None, step: Step, said: Said, vantage: str) -> Finding:
    response = look.response if look is not None else None
    verdict = verdict_of(said.reason)
    digest = sha256(response.body).hexdigest() if response is not None and verdict is Verdict.ABSENT else None
    who = _who(look) if look is not None and verdict is Verdict.PRESENT else _Who()
    return Finding(
        verdict=verdict,
        reason=Reason.RENAMED if who.is_renamed else said.reason,
        certainty=said.certainty,
        source=exchange.task.source.name,
        vantage=vantage,
        at=exchange.received_at,
        seen=exchange.seen,
        stable_id=who.stable_id,
        handle=who.handle,
        evidence=Evidence(
            step=step,
            rule=said.rule,
            detail=said.detail,
            quote=said.quote,
            language=said.language,
            status=exchange.outcome.status,
            final_url=response.url if response is not None else None,
            body_sha256=digest,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Who:
    """The id and handle that an answer shows, and whether it is the pinned id under another handle."""

    stable_id: str | None = None
    handle: str | None = None
    is_renamed: bool = False


def _who(look: Look) -> _Who:
    source, target = look.source, look.target
    stable_id = extract(source.stable_id, look.page, target) if source.stable_id is not None else None
    handle = extract(source.handle, look.page, target) if source.handle is not None else None
    is_renamed = (
        handle is not None
        and stable_id is not None
        and stable_id == target.stable_id
        and handle.casefold() != target.handle.casefold()
    )
    return _Who(stable_id=stable_id, handle=handle, is_renamed=is_renamed)
