"""Make a Platform of a platform file, and phrases of a phrases file. Data only: no platform has code of its own."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from watcher.classify import Selector
from watcher.model.platform import (
    Answers,
    ControlHandles,
    Fact,
    HandleSyntax,
    Match,
    Pace,
    Phrase,
    Platform,
    Rule,
    Source,
    SourceKind,
)
from watcher.settings.batchfile import batch_of, check_batch, check_question
from watcher.settings.conditions import check_conditions
from watcher.settings.handles import fold_handle
from watcher.settings.nesting import Steps
from watcher.settings.platformschema import PhrasesFile, PlatformFile, RuleEntry, SourceEntry
from watcher.settings.regex import check_regex
from watcher.settings.schema import Matches, PaceEntry
from watcher.settings.template import PLACEHOLDER, check_template
from watcher.settings.validate import Reading, validate
from watcher.settings.weburl import GENERIC, parse_pattern
from watcher.settings.wording import near, quoted
from watcher.settings.yamlfile import Document

_MOST_RANDOM = 100
_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"


def read_phrases(document: Document) -> tuple[Reading[PhrasesFile], tuple[Phrase, ...]]:
    """The phrases of a file: language → class → texts."""
    reading = validate(PhrasesFile, document)
    if reading.value is None:
        return reading, ()
    return reading, tuple(
        Phrase(text, language, kind)
        for language, classes in reading.value.root.items()
        for kind, texts in classes.items()
        for text in texts
    )


def read_platform(
    document: Document, phrases: Mapping[str, tuple[Phrase, ...]]
) -> tuple[Reading[PlatformFile], Platform | None]:
    """The platform of a file; use it only if the reading has no faults. `phrases` are the known ones, by file."""
    reading = validate(PlatformFile, document)
    file = reading.value
    if file is None:
        return reading, None
    platform = _platform(file, phrases)
    _check_addresses(reading, platform)
    _check_phrases(reading, file, phrases)
    _check_names(reading, file)
    _check_claims(reading, file, platform)
    for path, source in reading.items(("sources",), file.sources):
        _check_source(reading, path, source)
    if check_regex(reading, ("handle", "pattern"), platform.handle.pattern):
        _check_not_handles(reading, file.not_handles, platform)
        _check_controls(reading, platform)
    return reading, platform


def pace_of(entry: PaceEntry) -> Pace:
    """The pace as a value."""
    return Pace(requests=entry.requests, per=entry.per, concurrency=entry.concurrency)


def _platform(file: PlatformFile, phrases: Mapping[str, tuple[Phrase, ...]]) -> Platform:
    fold = file.handle.fold
    controls = {
        instance.lower(): tuple(handle.lower() if fold else handle for handle in handles)
        for instance, handles in file.controls.present.items()
    }
    sources = tuple(_source(source) for source in file.sources)
    return Platform(
        id=file.platform,
        title=file.title,
        profile=file.profile,
        recognise=file.recognise,
        handle=HandleSyntax(pattern=file.handle.pattern, fold=fold, meaning=file.handle.meaning or ""),
        sources=sources,
        controls=ControlHandles(present=controls, absent=file.controls.absent, length=file.controls.length),
        phrases=tuple(phrase for name in file.phrases for phrase in phrases.get(name, ())),
        notes=file.notes or "",
        facts=tuple(
            Fact(text=entry.fact, source=entry.source, date=entry.date, confidence=entry.confidence)
            for entry in file.facts
        ),
        limits=file.limits,
        decidable=_decides(sources) if file.decidable is None else file.decidable,
        official_api=file.official_api or "",
        not_instances=frozenset(file.not_instances),
        not_handles=frozenset(file.not_handles),
    )


def _decides(sources: Iterable[Source]) -> bool:
    """True when one of `sources` needs nothing from the operator, and its answers tell missing accounts from others."""
    return any(source.why_unusable is None and not source.blind for source in sources)


def _source(entry: SourceEntry) -> Source:
    enabled = not entry.unofficial if entry.enabled is None else entry.enabled
    return Source(
        name=entry.name,
        kind=entry.kind,
        batch=None if entry.batch is None else batch_of(entry.batch),
        method=entry.method,
        body=entry.body,
        url=entry.url,
        url_by_id=entry.url_by_id,
        answers=entry.answers,
        headers=entry.headers,
        rules=tuple(_rule(rule) for rule in entry.rules),
        identity=entry.identity,
        errors=entry.errors,
        wait_for=entry.wait_for,
        stable_id=next(iter(_matches(entry.stable_id or {})), None),
        handle=next(iter(_matches(entry.handle or {})), None),
        pace=pace_of(entry.pace),
        credential=entry.credential,
        confirms=entry.confirms,
        enabled=enabled,
        unofficial=entry.unofficial,
        robots_disallow=entry.robots is not None,
        similarity=entry.similarity,
        blind=entry.blind,
    )


def _rule(entry: RuleEntry) -> Rule:
    ((verdict, reason),) = entry.reasons.items()
    when, unless = _matches(entry.when), _matches(entry.unless)
    return Rule(id=entry.id, when=when, unless=unless, verdict=verdict, reason=reason)


def _matches(entry: Matches) -> tuple[Match, ...]:
    return tuple(Match(field, patterns) for field, patterns in entry.items())


def _check_addresses(reading: Reading[PlatformFile], platform: Platform) -> None:
    needed = {"instance"} if platform.id == GENERIC else {"handle"}
    check_template(reading, ("profile",), platform.profile, allowed={"handle", "instance"}, needed=needed)
    for place, pattern in enumerate(platform.recognise):
        path = reading.item(("recognise",), place)
        if check_template(reading, path, pattern, allowed={"handle", "instance"}, needed={"handle"}):
            try:
                parse_pattern(platform, pattern)
            except ValueError as error:
                reading.refuse_value(path, error)


def _check_phrases(
    reading: Reading[PlatformFile], file: PlatformFile, phrases: Mapping[str, tuple[Phrase, ...]]
) -> None:
    for place, name in enumerate(file.phrases):
        if name not in phrases:
            reading.refuse(reading.item(("phrases",), place), f"there is no phrases/{name}.yaml; {near(name, phrases)}")


def _check_claims(reading: Reading[PlatformFile], file: PlatformFile, platform: Platform) -> None:
    """What the file says of itself must follow from its sources."""
    decides = _decides(platform.sources)
    if file.decidable and not decides:
        message = "every source is blind, or needs a credential, enabled or robots; write decidable: false"
        reading.refuse(("decidable",), message)
    elif file.decidable is False and decides:
        name = next(source.name for source in platform.sources if source.why_unusable is None and not source.blind)
        message = f"source '{name}' needs nothing; write decidable: true, or blind: true in it"
        reading.refuse(("decidable",), message)
    if file.decidable is False and not (file.limits and file.official_api):
        message = "needs limits and official_api: say what is in the way, and what an official interface would give"
        reading.refuse(("decidable",), message)
    if file.not_instances and "{instance}" not in file.profile:
        reading.refuse(("not_instances",), "has a meaning only where profile contains {instance}; remove it")


def _check_names(reading: Reading[PlatformFile], file: PlatformFile) -> None:
    if not file.sources and not reading.faults:
        reading.refuse(("sources",), "no sources; give at least one place to ask")
    names = [((*path, "name"), source.name) for path, source in reading.items(("sources",), file.sources)]
    refuse_doubles(reading, names)
    for path, source in reading.items(("sources",), file.sources):
        refuse_doubles(reading, [((*path, "rules", at, "id"), rule.id) for at, rule in enumerate(source.rules)])


def refuse_doubles(reading: Reading[Any], names: Iterable[tuple[Steps, str]]) -> None:
    """Note each name that another thing of the same list has already."""
    first: dict[str, Steps] = {}
    for path, name in names:
        if name in first:
            line = reading.document.line(first[name])
            reading.refuse_value(path, ValueError(f"is taken already, on line {line}; choose another"))
        first.setdefault(name, path)


def _check_source(reading: Reading[PlatformFile], path: Steps, source: SourceEntry) -> None:
    check_batch(reading, path, source)
    check_question(reading, path, source)
    if source.url_by_id is not None:
        allowed = {"stable_id", "handle", "instance"}
        check_template(reading, (*path, "url_by_id"), source.url_by_id, allowed=allowed, needed={"stable_id"})
        if source.stable_id is None:
            reading.refuse((*path, "url_by_id"), "needs stable_id: say which field of the answer holds the id")
    _check_credential(reading, path, source)
    _check_browser(reading, path, source)
    _check_selectors(reading, path, source)
    check_conditions(reading, path, source)


def _check_selectors(reading: Reading[PlatformFile], path: Steps, source: SourceEntry) -> None:
    for key, selectors in (("errors", source.errors), ("wait_for", source.wait_for)):
        for place, selector in enumerate(selectors):
            try:
                Selector.parse(selector)
            except ValueError:
                message = "is no selector that can be read; use a tag, .class, #id and [name=value], without spaces"
                reading.refuse_value(reading.item((*path, key), place), ValueError(message))


def _check_browser(reading: Reading[PlatformFile], path: Steps, source: SourceEntry) -> None:
    """What goes with `kind: browser` only, and what does not go with it."""
    if source.kind is not SourceKind.BROWSER:
        if source.wait_for:
            reading.refuse((*path, "wait_for"), "is for kind: browser; nothing is rendered here: remove it")
        return
    if source.answers is not Answers.HTML:
        reading.refuse((*path, "answers"), "a browser renders pages; write html, or remove kind: browser", key=True)
    if source.credential is not None:
        message = "a browser is sent no credential, for scripts of the page could read it; remove it"
        reading.refuse((*path, "credential"), message, key=True)


def _check_credential(reading: Reading[PlatformFile], path: Steps, source: SourceEntry) -> None:
    used = [name for name, value in source.headers.items() if "{credential}" in value]
    in_body = any("{credential}" in value for value in source.body.values())
    if used and source.credential is None:
        message = "needs credential: NAME beside it; the value is given in watcher.yaml"
        reading.refuse((*path, "headers", _written_key(reading, (*path, "headers"), used[0])), message)
    if source.credential is not None and not used and not in_body:
        message = f"{quoted(source.credential)} is sent nowhere; put {{credential}} into a header"
        reading.refuse((*path, "credential"), message)
    allowed = {"credential", "handle", "instance", "stable_id"}
    for name, value in source.headers.items():
        at = (*path, "headers", _written_key(reading, (*path, "headers"), name))
        check_template(reading, at, value, allowed=allowed, needed=None)


def _written_key(reading: Reading[Any], path: Steps, folded: str) -> str:
    written = reading.document.at(path)
    return next((key for key in written if key.lower() == folded), folded) if isinstance(written, dict) else folded


def _check_not_handles(reading: Reading[PlatformFile], names: Sequence[str], platform: Platform) -> None:
    """What handle.pattern does not allow is no handle anyway; capitals do not make a page another."""
    for place, name in enumerate(names):
        folded = name.lower()
        if folded != name:
            message = f"has capitals; write {quoted(folded)}, which is for both"
        elif not re.fullmatch(platform.handle.pattern, name):
            message = "is no handle by handle.pattern; remove it"
        else:
            continue
        reading.refuse_value(reading.item(("not_handles",), place), ValueError(message))


def _check_controls(reading: Reading[PlatformFile], platform: Platform) -> None:
    """Controls that the platform cannot have would fail every comparison."""
    for path, handle in _control_places(reading, platform):
        try:
            fold_handle(handle, platform)
        except ValueError as error:
            reading.refuse_value(path, error)
    absent, length = platform.controls.absent, platform.controls.length
    if "{random}" not in absent or PLACEHOLDER.findall(absent) != ["random"]:
        reading.refuse_value(("controls", "absent"), ValueError("must contain {random} once, and no other placeholder"))
        return
    if length > _MOST_RANDOM:
        reading.refuse_value(("controls", "length"), ValueError(f"is too long; {_MOST_RANDOM} is the most"))
        return
    for letters in (_LETTERS, _DIGITS, _DIGITS + _LETTERS):
        handle = absent.replace("{random}", (letters * length)[:length])
        if not re.fullmatch(platform.handle.pattern, handle):
            message = f"makes handles such as {quoted(handle)}, which handle.pattern does not allow"
            reading.refuse_value(("controls", "absent"), ValueError(message))
            return


def _control_places(reading: Reading[PlatformFile], platform: Platform) -> Iterable[tuple[Steps, str]]:
    """Each handle of controls.present with its place: one text, a list, or lists by instance."""
    written = reading.document.at(("controls", "present"))
    for instance, handles in platform.controls.present.items():
        path: Steps = ("controls", "present")
        if isinstance(written, dict):
            path = (*path, next(key for key in written if key.lower() == instance))
        for place, handle in enumerate(handles):
            yield reading.item(path, place), handle
