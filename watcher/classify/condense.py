"""From an answer to its imprint: what is kept of it. The way back is `restore`. Pure."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from itertools import accumulate
from typing import Final

from watcher.classify.barriers import challenge_mark
from watcher.classify.markup import TOO_MUCH, Markup
from watcher.classify.page import NotJson, Page
from watcher.classify.rules import found
from watcher.classify.selector import selectors
from watcher.model.control import ControlFinding, ControlReport
from watcher.model.exchange import Exchange, Response, Target
from watcher.model.finding import Finding, Verdict
from watcher.model.imprint import KEPT_HEADERS, SECRET_HEADERS, Imprint, KeptControl, KeptField, KeptMarkup
from watcher.model.platform import Answers, Field, FieldKind, Match, Source

# Characters. A missing-profile page shows some hundred, a wall a thousand or two.
_MOST_TEXT: Final = 4_000
_MOST_HEAD: Final = 3_000
_MOST_JSON: Final = 6_000
_LONGEST: Final = 500
_HOPS: Final = 5
_TEXTS: Final = (FieldKind.TEXT, FieldKind.ERROR)
# Neither is kept but for the fields that are looked at: scripts are long, and hold anything.
FIELDS_ONLY: Final = (FieldKind.HEADER, FieldKind.SCRIPT_JSON)
OF_MARKUP: Final = frozenset(
    {FieldKind.TITLE, FieldKind.META, FieldKind.CANONICAL, FieldKind.JSON_LD, FieldKind.SCRIPT_JSON, *_TEXTS}
)
# What a page must be kept whole for to be judged by these.


def condense(exchange: Exchange, finding: Finding) -> Imprint | None:
    """What is kept of an answer that was found to be `finding`; None where there was no answer.

    Of a page that may show the account (also one that the gate did not admit) no text is kept but what rules found.
    """
    response = exchange.outcome
    if not isinstance(response, Response):
        return None
    source, target = exchange.task.source, exchange.task.target
    page = Page(response, selectors(source.errors))
    raw = finding.refused.verdict if finding.refused is not None else finding.verdict
    looked_at = tuple(_looked_at(source))
    imprint = Imprint(
        handle=target.handle,
        instance=target.instance,
        stable_id=target.stable_id,
        by_id=target.by_id,
        asked=exchange.task.url,
        sent_at=exchange.sent_at,
        received_at=exchange.received_at,
        max_age=exchange.task.max_age,
        age=exchange.age,
        status=response.status,
        url=response.url,
        hops=response.hops[:_HOPS],
        headers=kept_headers(response.headers),
        size=len(response.body),
        sha256=sha256(response.body).hexdigest(),
        whole=raw is not Verdict.PRESENT,
        is_blank=not response.body.strip(),
        mark=challenge_mark(response.body) or None,
        texts=texts_of(source),
        selectors=hash_of(source.errors),
        is_json=_wants_json(source) and not isinstance(page.json, NotJson),
        is_item=exchange.is_item,
    )
    if imprint.whole:
        whole = _whole(imprint, page, source, looked_at)
        is_cut = finding.evidence.rule == TOO_MUCH or (whole.markup is not None and page.markup.is_cut)
        return replace(whole, cut=(*whole.cut, TOO_MUCH)) if is_cut else whole
    kept = (KeptField(name=str(field), values=_values(field, page, source, target)) for field in looked_at)
    return replace(imprint, fields=tuple(kept), language=page.language if _wants_markup(source) else None)


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Those of the allow list, and no others."""
    return {name: value[:_LONGEST] for name, value in sorted(headers.items()) if name in KEPT_HEADERS}


def _looked_at(source: Source) -> Iterator[Field]:
    """The fields of an answer that its platform file looks at, each once; never a secret header."""
    matches = [match for rule in source.rules for match in (*rule.when, *rule.unless)]
    matches += [match for match in (source.stable_id, source.handle) if match is not None]
    # Also the title: it is what is quoted of a page.
    title = (Field(FieldKind.TITLE),) if source.answers is Answers.HTML else ()
    for field in dict.fromkeys((*(match.field for match in matches), *source.identity, *title)):
        is_header = field.kind is FieldKind.HEADER
        plain = field.kind in (FieldKind.STATUS, FieldKind.FINAL_URL, FieldKind.REDIRECT)
        if not plain and not (is_header and field.key.lower() in KEPT_HEADERS | SECRET_HEADERS):
            yield field


def _values(field: Field, page: Page, source: Source, target: Target) -> tuple[str, ...]:
    """What a field of a page that shows the account held; of its texts, what a rule found."""
    if field.kind not in _TEXTS:
        return tuple(page.values(field))
    hits = (found(match, page, target) for match in _text_matches(source) if match.field == field)
    # A rule that wants any text finds the first.
    return tuple(dict.fromkeys(hit[:_LONGEST] for hit in hits if hit is not None))


def _text_matches(source: Source) -> list[Match]:
    matches = (match for rule in source.rules for match in (*rule.when, *rule.unless))
    return [match for match in matches if match.field.kind in _TEXTS]


def texts_of(source: Source) -> str:
    """A hash over what the rules look for in the texts of a page; "" where they look for nothing."""
    wanted = [f"{match.field} {' '.join(match.patterns)}" for match in _text_matches(source)]
    return hash_of((*wanted, *source.errors)) if wanted else ""


def hash_of(texts: Iterable[str]) -> str:
    """A short hash over texts; "" over none."""
    joined = "\n".join(texts)
    return sha256(joined.encode("utf-8", "replace")).hexdigest()[:12] if joined else ""


def _wants_json(source: Source) -> bool:
    return source.answers is Answers.JSON or any(field.kind is FieldKind.JSON for field in _looked_at(source))


def _wants_markup(source: Source) -> bool:
    return source.answers is Answers.HTML or any(field.kind in OF_MARKUP for field in _looked_at(source))


def _whole(imprint: Imprint, page: Page, source: Source, looked_at: tuple[Field, ...]) -> Imprint:
    """The page and the document as far as there is room; of what there is not, the fields that are looked at."""
    markup, cut = (None, ()) if not _wants_markup(source) else _markup(page.markup)
    # What a batch says of nobody in particular may say it of everybody.
    is_of_many = source.batch is not None and not imprint.is_item
    document = _document(page) if imprint.is_json and not is_of_many else None
    if imprint.is_json and document is None:
        cut = (*cut, "json")
    lost = [
        KeptField(name=str(field), values=tuple(page.values(field)))
        for field in looked_at
        if field.kind in FIELDS_ONLY or field.kind.value in cut
        if field.kind is not FieldKind.TEXT
    ]
    return replace(
        imprint,
        markup=markup,
        document=document,
        cut=cut,
        fields=tuple(lost),
        language=page.language if markup else None,
    )


def _document(page: Page) -> str | None:
    try:
        text = json.dumps(page.json, ensure_ascii=True, separators=(",", ":"))
    except (RecursionError, ValueError):
        return None
    return text if len(text) <= _MOST_JSON else None


def _markup(markup: Markup) -> tuple[KeptMarkup, tuple[str, ...]]:
    """The page within its room, and what was left out, by the kind of the field."""
    blocks = tuple(markup.blocks)
    shown = sum(total <= _MOST_TEXT for total in accumulate(len(block) + 1 for block in blocks))
    # No rule can name those without a name (`http-equiv`): that they are not kept takes nothing from the others.
    metas = {name: text for name, text in markup.metas.items() if name}
    lists = {"headings": tuple(markup.headings), "error": tuple(markup.errors), "json_ld": tuple(markup.json_ld)}
    left_out = [name for name, texts in lists.items() if sum(map(len, texts)) > _MOST_HEAD]
    if sum(len(name) + len(text) for name, text in metas.items()) > _MOST_HEAD:
        left_out.append("meta")
        metas = {}
    if shown < len(blocks):
        left_out.append("text")
    single = {"canonical": markup.canonical, "refresh": markup.refresh}
    left_out += [name for name, text in single.items() if text is not None and len(text) > _MOST_HEAD]
    kept = KeptMarkup(
        title=markup.title,
        language=markup.language,
        canonical=None if "canonical" in left_out else single["canonical"],
        refresh=None if "refresh" in left_out else single["refresh"],
        metas=metas,
        json_ld=() if "json_ld" in left_out else lists["json_ld"],
        headings=() if "headings" in left_out else lists["headings"],
        errors=() if "error" in left_out else lists["error"],
        blocks=blocks[:shown],
        has_password_form=markup.has_password_form,
    )
    return kept, tuple(left_out)


def kept_controls(report: ControlReport | None) -> tuple[KeptControl, ...]:
    """What the controls said, as far as the gate looks at it, without their names."""
    if report is None:
        return ()
    # One positive control that was there proves as much as two.
    there = next((each for each in report.positives if each.finding.is_present), None)
    positives = report.positives[:1] if there is None else (there,)
    sides = ((True, positives), (False, report.negatives[:2]))
    return tuple(_kept_control(control, exists=exists) for exists, side in sides for control in side)


def _kept_control(control: ControlFinding, *, exists: bool) -> KeptControl:
    finding, features = control.finding, control.features
    return KeptControl(
        exists=exists,
        verdict=finding.verdict,
        reason=finding.reason,
        certainty=finding.certainty,
        at=finding.at,
        seen=finding.seen,
        status=finding.evidence.status,
        fields={} if exists or features is None else {k: v[:_LONGEST] for k, v in features.fields.items()},
    )
