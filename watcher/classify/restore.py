"""From an imprint back to an answer that is judged alike. Pure.

What the imprint does not hold raises NotKeptError when it is looked at: nobody takes what was not kept for absent.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from propcache import cached_property

from watcher.classify.condense import FIELDS_ONLY, OF_MARKUP, hash_of, texts_of
from watcher.classify.markup import CANONICAL, TOO_MUCH, Markup, Scripts
from watcher.classify.page import NOT_JSON, Json, NotJson, Page
from watcher.classify.rules import Step
from watcher.classify.steps import Classified, classify, lone_phrase
from watcher.model.control import ControlFinding, ControlReport, Features, References
from watcher.model.exchange import Exchange, Purpose, Response, Target, Task
from watcher.model.finding import Evidence, Finding, Verdict
from watcher.model.imprint import KEPT_HEADERS, Imprint, KeptControl
from watcher.model.platform import Answers, Field, FieldKind, Platform, Source

_MARKED_BODY: Final = 4_096
_WHOLE_STEPS: Final = (Step.SOFT_BARRIER, Step.PHRASE, Step.SIMILARITY, Step.NOTHING)


class NotKeptError(Exception):
    """Of this answer, {what} was not kept."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class KeptPage(Page):
    """An answer as far as its imprint goes. `source` is what it is judged by now."""

    def __init__(self, imprint: Imprint, response: Response, source: Source) -> None:
        super().__init__(response)
        self._imprint = imprint
        self._source = source
        self._fields = {each.name: each.values for each in imprint.fields}

    @cached_property
    def raw(self) -> bytes:
        """The bytes are gone."""
        raise NotKeptError("the text of the answer")

    @cached_property
    def json(self) -> Json | NotJson:
        """The document; an empty one stands for one of which only fields are kept."""
        if not self._imprint.is_json:
            return NOT_JSON
        document: Json = json.loads(self._imprint.document or "{}")
        return document

    @cached_property
    def markup(self) -> Markup:
        """What is kept of the page."""
        kept = self._imprint.markup
        if kept is None:
            title = self._fields.get("title", ())
            return Markup(title=next(iter(title), None), language=self._imprint.language)
        return Markup(
            title=kept.title,
            language=kept.language,
            metas=dict(kept.metas),
            refresh=kept.refresh,
            links={} if kept.canonical is None else {CANONICAL: kept.canonical},
            scripts=Scripts.of_json_ld(kept.json_ld),
            headings=list(kept.headings),
            errors=list(kept.errors),
            blocks=list(kept.blocks),
            has_password_form=kept.has_password_form,
        )

    @property
    def is_cut(self) -> bool:
        """Whether the page was so then."""
        return TOO_MUCH in self._imprint.cut

    @cached_property
    def head(self) -> Markup:
        """The page, as far as it was kept."""
        return self.markup

    @cached_property
    def outline(self) -> Markup:
        """The page, as far as it was kept."""
        return self.markup

    @property
    def language(self) -> str | None:
        """The language that the page said it is in."""
        return self._imprint.language

    def values(self, field: Field) -> tuple[str, ...]:
        """What `field` held. NotKeptError where that is not known."""
        name, imprint = str(field), self._imprint
        match field.kind:
            case FieldKind.STATUS | FieldKind.FINAL_URL | FieldKind.REDIRECT:
                return super().values(field)
            case FieldKind.HEADER if field.key.lower() in KEPT_HEADERS:
                return super().values(field)
            case FieldKind.ERROR if imprint.whole and imprint.selectors != hash_of(self._source.errors):
                raise NotKeptError("error: the containers are others now")
            case FieldKind.ERROR | FieldKind.TEXT if not imprint.whole and imprint.texts != texts_of(self._source):
                raise NotKeptError(f"{field.kind}: the texts of a page that shows the account")
        if name in self._fields:
            return self._fields[name]
        if not imprint.whole or field.kind in FIELDS_ONLY or field.kind.value in imprint.cut:
            raise NotKeptError(name)
        if field.kind in OF_MARKUP and imprint.markup is None:
            raise NotKeptError(name)
        return super().values(field)


def restore(imprint: Imprint, platform: Platform, source: Source, account_id: str | None) -> tuple[Exchange, KeptPage]:
    """The exchange that the imprint is of, as if `source` had been asked, and its page."""
    body = b"" if imprint.is_blank else (imprint.mark or "").encode().ljust(min(imprint.size, _MARKED_BODY), b"x")
    response = Response(status=imprint.status, url=imprint.url, headers=imprint.headers, body=body, hops=imprint.hops)
    task = Task(
        purpose=Purpose.ROUTINE,
        platform=platform,
        source=source,
        target=Target(
            handle=imprint.handle,
            instance=imprint.instance,
            account_id=account_id,
            stable_id=imprint.stable_id,
            by_id=imprint.by_id,
        ),
        due=imprint.sent_at,
        max_age=imprint.max_age,
        timeout=imprint.max_age,
    )
    exchange = Exchange(
        task=task,
        sent_at=imprint.sent_at,
        received_at=imprint.received_at,
        outcome=response,
        age=imprint.age,
        is_item=imprint.is_item,
    )
    return exchange, KeptPage(imprint, response, source)


def judge_again(imprint: Imprint, platform: Platform, source: Source, *, account_id: str, vantage: str) -> Classified:
    """What the answer says by the rules of `source` as they are now. NotKeptError where that cannot be told.

    Likeness cannot be judged again: the words of the controls' pages are not kept. Then the step is NOTHING.
    """
    exchange, page = restore(imprint, platform, source, account_id)
    negatives = tuple(
        Features(status=control.status or 0, tokens=frozenset(), fields=control.fields)
        for control in imprint.controls
        if not control.exists and control.verdict is not Verdict.PRESENT
    )
    classified = classify(exchange, References(negatives=negatives), vantage=vantage, page=page)
    evidence = classified.finding.evidence
    if evidence.step in _WHOLE_STEPS and source.answers is Answers.HTML:
        _require_whole(imprint, source)
    if evidence.step == Step.NOTHING and _had_both(imprint.controls) and lone_phrase(platform, page) is not None:
        raise NotKeptError("the controls' pages, beside which a line of plain text counts")
    if classified.finding.is_absent:  # the hash of what stands for the bytes says nothing
        named = replace(evidence, body_sha256=imprint.sha256)
        return replace(classified, finding=replace(classified.finding, evidence=named))
    return classified


def _had_both(controls: Iterable[KeptControl]) -> bool:
    return {control.exists for control in controls} == {True, False}


def _require_whole(imprint: Imprint, source: Source) -> None:
    if imprint.markup is None:
        raise NotKeptError("the page that shows the account")
    if imprint.selectors != hash_of(source.errors):
        raise NotKeptError("error: the containers are others now")
    for name in ("headings", "error", "refresh"):
        if name in imprint.cut:
            raise NotKeptError(f"{name}: there was no room")


def report_again(controls: Iterable[KeptControl], report: ControlReport) -> ControlReport:
    """`report` (empty) with what the controls said then; they have no names any more."""
    key = report.key

    def again(control: KeptControl) -> ControlFinding:
        finding = Finding(
            verdict=control.verdict,
            reason=control.reason,
            certainty=control.certainty,
            source=key.source,
            vantage=key.vantage,
            at=control.at,
            seen=control.seen,
            evidence=Evidence(step="", rule="", status=control.status),
        )
        return ControlFinding(handle="", finding=finding)

    both = tuple(controls)
    return replace(
        report,
        positives=tuple(again(each) for each in both if each.exists),
        negatives=tuple(again(each) for each in both if not each.exists),
    )
