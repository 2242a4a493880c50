"""The order of classify: transport, barriers, fields, identity, soft barriers, texts, likeness.

The first step that has something to say decides. Pure and total: any bytes give a Finding.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Final

from watcher.classify.barriers import Barrier, hard_barrier, soft_barrier
from watcher.classify.markup import MAX_TEXT, Selector
from watcher.classify.page import Page
from watcher.classify.phrases import Hit, find_phrase
from watcher.classify.rules import Step, extract, found, holds, step_of
from watcher.classify.similarity import MARGIN, features, is_echoed, margin, naming
from watcher.model.control import Features, References
from watcher.model.exchange import Exchange, FetchFailure, Response, Target
from watcher.model.finding import Certainty, Evidence, Finding, Reason, verdict_of
from watcher.model.platform import Answers, Field, FieldKind, PhraseClass, Rule, Source
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
_QUOTED: Final = (FieldKind.ERROR, FieldKind.TITLE, FieldKind.TEXT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one step has to say."""

    reason: Reason
    certainty: Certainty
    rule: str
    detail: str = ""
    quote: str | None = None
    language: str | None = None


# What a batch says of whom it does not name: a suspicion, on which alone no account that was seen is judged.
_OMITTED: Final = Said(reason=Reason.UNAVAILABLE, certainty=Certainty.RESEMBLES, rule="omitted")

_UNRECOGNISED: Final = Said(reason=Reason.UNRECOGNISED, certainty=Certainty.RESEMBLES, rule="none")


@dataclass(frozen=True, kw_only=True)
class Look:
    """All that a step may look at. Without slots: what is dear is kept once computed."""

    exchange: Exchange
    response: Response
    page: Page
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
    def is_batch(self) -> bool:
        """True where the source is asked about many at once."""
        return self.source.batch is not None

    @cached_property
    def features(self) -> Features:
        """The page's features."""
        return features(self.page, self.source, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """A finding, the page's features (pages only), and what each step said until one decided."""

    finding: Finding
    features: Features | None = None
    trace: tuple[tuple[Step, Said | None], ...] = ()


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
    page = page or Page(outcome, selectors(exchange.task.source.errors))
    look = Look(exchange=exchange, response=outcome, page=page, references=references)
    trace: list[tuple[Step, Said | None]] = [(Step.TRANSPORT, None)]
    for step, judge in _STEPS:
        spoken = judge(look)
        trace.append((step, spoken))
        if spoken is not None:
            break
    else:
        step, spoken = Step.NOTHING, _UNRECOGNISED
        trace.append((step, spoken))
    finding = _finding(exchange, look, step, spoken, vantage)
    kept = look.features if look.is_html and _is_telling(step) else None
    return Classified(finding=finding, features=kept, trace=tuple(trace))


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
    return _by_rule(look, Step.STRUCTURED)


def _identity(look: Look) -> Said | None:
    if (ruled := _by_rule(look, Step.IDENTITY)) is not None:
        return ruled
    for field, value in _naming(look) if look.references.negatives else ():
        if not is_echoed(field, value, look.target, look.references):
            return Said(reason=Reason.PROFILE, certainty=Certainty.SHOWN, rule=f"identity-{field}", detail=value[:200])
    return None


def _naming(look: Look) -> Iterator[tuple[Field, str]]:
    """The identity fields that hold the target's handle as a word of its own."""
    for field in look.source.identity:
        value = next(iter(look.page.values(field)), None)
        if value is not None and naming(look.target.handle).search(value.casefold()) is not None:
            yield field, value


def _soft_barrier(look: Look) -> Said | None:
    barrier = soft_barrier(look.page, look.exchange.task.platform) if look.is_html else None
    return _barred(barrier) if barrier is not None else _by_rule(look, Step.SOFT_BARRIER)


def _phrase(look: Look) -> Said | None:
    if (ruled := _by_rule(look, Step.PHRASE)) is not None or not look.is_html:
        return ruled
    if not look.references.negatives and any(_naming(look)):
        # Perhaps the account's own page, whose display name quotes the phrase: nothing tells it from an echo yet.
        return None
    markup = look.page.markup
    blocks = (markup.title or "", *markup.headings, *markup.errors)
    hit = find_phrase(look.exchange.task.platform, blocks, frozenset(_ABSENCE))
    return None if hit is None else _spoken(hit)


def _spoken(hit: Hit) -> Said:
    return Said(
        reason=_ABSENCE[hit.phrase.phrase_class],
        certainty=Certainty.SHOWN,
        rule=f"phrase-{hit.phrase.phrase_class}",
        quote=hit.quote,
        language=hit.phrase.language,
    )


def _similarity(look: Look) -> Said | None:
    if not look.is_html or not look.source.similarity:
        return None
    distance = margin(look.features, look.references)
    if distance is None or abs(distance) < MARGIN:
        return None
    reason = Reason.UNAVAILABLE if distance > 0 else Reason.PROFILE
    return Said(reason=reason, certainty=Certainty.RESEMBLES, rule="similarity", detail=f"margin {distance:+.2f}")


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
    for rule in look.source.rules:
        if step_of(rule) is step and holds(rule, look.page, look.target):
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
    said = [match for match in rule.when if match.field.kind in _QUOTED]
    said += [match for match in rule.when if match.field.kind is FieldKind.JSON and "message" in match.field.key]
    for match in said:
        if value := found(match, look.page, look.target):
            return cut(value, MAX_TEXT)
    return look.page.markup.title if look.is_html and rule.reason not in (Reason.PROFILE, Reason.PROTECTED) else None


@lru_cache(maxsize=256)
def selectors(errors: tuple[str, ...]) -> tuple[Selector, ...]:
    """The error containers of a source."""
    return tuple(Selector.parse(text) for text in errors)


def _finding(exchange: Exchange, look: Look | None, step: Step, said: Said, vantage: str) -> Finding:
    response = look.response if look is not None else None
    verdict = verdict_of(said.reason)
    evidence = Evidence(
        step=step,
        rule=said.rule,
        detail=said.detail,
        quote=said.quote,
        language=said.language,
        status=exchange.outcome.status,
        final_url=response.url if response is not None else None,
    )
    finding = Finding(
        verdict=verdict,
        reason=said.reason,
        certainty=said.certainty,
        source=exchange.task.source.name,
        vantage=vantage,
        at=exchange.received_at,
        seen=exchange.seen,
        evidence=evidence,
    )
    if look is None or not finding.is_conclusive:
        return finding
    if finding.is_absent:
        digest = sha256(look.response.body).hexdigest()
        return replace(finding, evidence=replace(evidence, body_sha256=digest))
    return _identified(finding, look)


def _identified(finding: Finding, look: Look) -> Finding:
    """A PRESENT finding with the id and handle that the answer shows: renamed, if it is the pinned id's new handle."""
    source, target = look.source, look.target
    stable_id = extract(source.stable_id, look.page) if source.stable_id is not None else None
    handle = extract(source.handle, look.page) if source.handle is not None else None
    renamed = (
        handle is not None
        and stable_id is not None
        and stable_id == target.stable_id
        and handle.casefold() != target.handle.casefold()
    )
    return replace(finding, reason=Reason.RENAMED if renamed else finding.reason, stable_id=stable_id, handle=handle)
