"""Sketch an example for a rule: the least answer that the rule's own words call for, to be filled in by people. Pure.

A sketch proves no more than that the rule can be hit, and that no other rule is in its way. What the platform really
says belongs into it.
"""

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from watcher.classify import Selector
from watcher.model.exchange import Target, name_of
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import KEY, Answers, Batch, Field, FieldKind, Match, Platform, Rule, Source

_HANDLE: Final = "alice"
_STABLE_ID: Final = "1234567"
_INSTANCE: Final = "social.example"
_FILLER: Final = "Nothing else is on this page, which somebody wrote by hand to be long enough."
_BARE: Final[dict[str, Any]] = {"null": None, "true": True, "false": False, "{}": {}, "[]": [], "…": {"more": "here"}}
_INDENT: Final = " " * 6


def sketches(platform: Platform, untried: Iterable[str]) -> Iterator[str]:
    """Lines for `examples/PLATFORM.yaml`: one example for each of these rules (platform/source: rule)."""
    wanted = set(untried)
    yield f"platform: {platform.id}"
    yield "examples:"
    for source in platform.sources:
        for rule in source.rules:
            if f"{platform.id}/{source.name}: {rule.id}" in wanted:
                yield from _sketch(rule, source, platform)


def _sketch(rule: Rule, source: Source, platform: Platform) -> Iterator[str]:
    handle = _HANDLE if re.fullmatch(platform.handle.pattern, _HANDLE) else _example_handle(platform)
    filled = {match.field: _fill(match, handle) for match in rule.when}
    needs_id = rule.reason is Reason.RENAMED or any("{stable_id}" in p for match in rule.when for p in match.patterns)
    yield f"  - source: {source.name}"
    yield f"    rule: {rule.id}"
    yield f"    handle: {json.dumps(handle, ensure_ascii=False)}"
    if "{instance}" in platform.profile:
        yield f"    instance: {_INSTANCE}"
    if needs_id:
        yield f'    stable_id: "{_STABLE_ID}"'
    status = filled.get(Field(FieldKind.STATUS), "200")
    if status != "200":
        yield f"    status: {status}"
    headers = {field.key: value for field, value in filled.items() if field.kind is FieldKind.HEADER}
    kind = "application/json" if source.answers is Answers.JSON else "text/html; charset=utf-8"
    named = {"content-type": kind, **headers}
    yield f"    headers: {{{', '.join(f'{name}: {json.dumps(value)}' for name, value in named.items())}}}"
    final = filled.get(Field(FieldKind.FINAL_URL)) or filled.get(Field(FieldKind.REDIRECT))
    if final is not None:
        yield f"    final_url: {json.dumps(_absolute(final, source))}"
    yield "    body: |-"
    body = _body(rule, source, filled, Target(handle=handle, instance=_INSTANCE, stable_id=_STABLE_ID))
    yield from (_INDENT + line for line in body.splitlines())
    yield f"    {rule.verdict}: {rule.reason}"


def _body(rule: Rule, source: Source, filled: dict[Field, str], target: Target) -> str:
    if source.answers is not Answers.JSON:
        return _page(filled, source)
    document = _document(filled)
    if source.batch is not None and rule.verdict is not Verdict.INCONCLUSIVE:
        document = _in_its_list(document, rule, source.batch, target)
    return json.dumps(document, ensure_ascii=False, indent=1)


def _in_its_list(item: Any, rule: Rule, batch: Batch, target: Target) -> Any:
    """The answer to a batch in which that is one account's item: in the first list whose items may bear its name."""
    unwanted = {match.field.key for match in rule.unless}
    lists = (items for items in batch.items if items.names[0] not in unwanted)
    items = next(lists, batch.items[0])
    called = name_of(batch.names[0], target, 0)
    path, name = _steps(items.list_), items.names[0]
    if name == KEY:
        return _put({}, [*path, called], item)
    return _put({}, path, [_put(item, _steps(name), called)])


def _example_handle(platform: Platform) -> str:
    known = (handle for handles in platform.controls.present.values() for handle in handles)
    return next(known, _HANDLE)


def _fill(match: Match, handle: str) -> str:
    pattern = match.patterns[0]
    return (
        pattern.replace("{handle}", handle)
        .replace("{stable_id}", _STABLE_ID)
        .replace("{instance}", _INSTANCE)
        .replace("*", "17")
    )


def _absolute(url: str, source: Source) -> str:
    """A URL of the source's own host, where the pattern leaves the host open."""
    parts = urlsplit(source.url)
    return url if "://" in url else f"{parts.scheme}://{parts.netloc}/{url.removeprefix('17').lstrip('/')}"


def _document(filled: dict[Field, str]) -> Any:
    document: Any = {}
    for field, value in filled.items():
        if field.kind is FieldKind.JSON:
            path = [] if field.key == "$" else _steps(field.key)
            document = _put(document, path, _BARE.get(value, value))
    return document


def _steps(path: str) -> list[str]:
    """The names in a dotted path; one that holds a dot itself has a backslash before it."""
    return [step.replace("\\.", ".") for step in re.split(r"(?<!\\)\.", path)]


def _put(node: Any, path: list[str], value: Any) -> Any:
    """The document with the value at that path; numbers in the path are places of lists."""
    if not path:
        return value
    name, *rest = path
    if name.isdigit():
        items = list(node) if isinstance(node, list) else []
        items += [{} for _ in range(int(name) + 1 - len(items))]
        items[int(name)] = _put(items[int(name)], rest, value)
        return items
    fields = dict(node) if isinstance(node, dict) else {}
    return {**fields, name: _put(fields.get(name, {}), rest, value)}


def _page(filled: dict[Field, str], source: Source) -> str:
    by_kind = {kind: {f.key: value for f, value in filled.items() if f.kind is kind} for kind in FieldKind}
    head = [f"<title>{escape(value)}</title>" for value in by_kind[FieldKind.TITLE].values()]
    head += [f'<meta property="{name}" content="{escape(value)}">' for name, value in by_kind[FieldKind.META].items()]
    head += [f'<link rel="canonical" href="{escape(value)}">' for value in by_kind[FieldKind.CANONICAL].values()]
    linked: Any = {}
    for path, value in by_kind[FieldKind.JSON_LD].items():
        linked = _put(linked, _steps(path), value)
    head += [f'<script type="application/ld+json">{json.dumps(linked)}</script>'] if linked else []
    for name, value in by_kind[FieldKind.SCRIPT_JSON].items():
        owner, _, path = name.partition(":")
        steps = [step for step in _steps(path) if step not in ("", "**")]
        content = json.dumps(_put({}, [] if steps == ["$"] else steps, _BARE.get(value, value)))
        head.append(f'<script type="application/json" id="{owner}">{content}</script>')
    texts = [f"<p>{escape(value)}</p>" for value in by_kind[FieldKind.TEXT].values()]
    texts += [_container(source, escape(value)) for value in by_kind[FieldKind.ERROR].values()]
    body = "\n".join((*texts, f"<!-- {_FILLER} -->"))
    return f'<!doctype html>\n<html lang="en"><head>{"".join(head)}</head>\n<body>\n{body}\n</body></html>'


def _container(source: Source, text: str) -> str:
    chosen = Selector.parse(source.errors[0]) if source.errors else Selector.parse("div")
    tag = chosen.tag or "div"
    attributes = "".join(f' {name}="{value}"' for name, value in chosen.attributes)
    classes = f' class="{" ".join(sorted(chosen.classes))}"' if chosen.classes else ""
    return f"<{tag}{classes}{attributes}>{text}</{tag}>"
