"""Whom and what a case is about: its platform, the source that was asked, the account, and the handles of the controls.

A case file names the platform, the account and the URL, written as their author pleased; the rest is read off the
URLs and, where they do not say it, off the pages.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from tests.corpus.addresses import Fit, exactly, host_of, likeness, loosely
from tests.corpus.cases import Answer, Case
from watcher.classify.page import Page
from watcher.classify.rules import extract, found
from watcher.model.exchange import Response, Target
from watcher.model.platform import Answers, FieldKind, Platform, Source
from watcher.settings.weburl import GENERIC, parse_url, template_of

_ALIASES: Final = {
    "twitter": "x",
    "xcom": "x",
    "xtwitter": "x",
    "hn": "hackernews",
    "ycombinator": "hackernews",
    "bsky": "bluesky",
    "yt": "youtube",
    "tg": "telegram",
    "ig": "instagram",
    "fb": "facebook",
    "meta": "facebook",
    "wiki": "wikipedia",
    "mediawiki": "wikipedia",
    "steamcommunity": "steam",
    "vkontakte": "vk",
    "fediverse": "mastodon",
    "gh": "github",
    "web": GENERIC,
    "other": GENERIC,
}
_RANDOM: Final = "qhzkwvmxrtplbndcgjfsyaeiouqhzkwvmxrtplbndcgjfsy"
_BEFORE: Final = re.compile(r"^(?:https?://[^/]+/|/?(?:user|users|u|in|add|id|profile)[/:])", re.IGNORECASE)


def platform_of(case: Case, platforms: Mapping[str, Platform]) -> Platform:
    """The platform that the case names, however it is spelt; a page of no known one is judged as any page."""
    named = re.sub(r"[^a-z0-9]", "", case.platform.lower())
    known = {re.sub(r"[^a-z0-9]", "", name): platform for name, platform in platforms.items()}
    platform = known.get(named) or known.get(_ALIASES.get(named, "")) or platforms[GENERIC]
    # One site may have several files (channels by name, channels by id): that whose handle the URL names.
    siblings = [platform, *(other for other in platforms.values() if other.title == platform.title)]
    return next((other for other in siblings if _is_named(case, other)), platform)


def _is_named(case: Case, platform: Platform) -> bool:
    """True where the URL is that of the account's profile."""
    written = case.account.strip().removeprefix("@")
    asked = (_fit(template, case.url) for template in (platform.profile, *platform.recognise))
    return any(fit is not None and fit.asked.get("handle") == written for fit in asked)


def _all_templates(platform: Platform) -> Iterator[str]:
    yield from (platform.profile, *platform.recognise)
    for source in platform.sources:
        yield from _templates(source)


def _templates(source: Source) -> Iterator[str]:
    yield from (template for template in (source.url, source.url_by_id) if template and template != "{instance}")


def _fit(template: str, url: str | None) -> Fit | None:
    return None if url is None else exactly(template, url) or loosely(template, url)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Closeness:
    """How well a source fits a URL; the larger tuple is the better one."""

    source: Source
    fits: int
    order: tuple[float, ...]


def source_of(case: Case, platform: Platform) -> Source:
    """The source that the case's URL asks; by host, path and the kind of the answer where no template fits."""
    kind = _kind(case.answer)
    by_url = _closest(case.url, platform, kind)
    if by_url.fits and (by_url.source.answers is kind or kind is Answers.HTML):
        return by_url.source
    # The URL is that of the profile, and what was asked stands where the answers came from.
    answers = [answer for answer in (case.answer, case.present, case.absent) if answer is not None]
    for final in (answer.final_url for answer in answers):
        by_final = _closest(final, platform, kind) if final not in (None, case.url) else by_url
        if by_final.fits and by_final.source.answers is kind:
            return by_final.source
    if kind is Answers.JSON and (spoken := _speaks(case, platform)) is not None:
        return spoken
    return by_url.source


def _closest(url: str | None, platform: Platform, kind: Answers) -> _Closeness:
    every = [_close(source, url or "", place, kind) for place, source in enumerate(platform.sources)]
    return max(every, key=lambda one: (one.fits, *one.order))


def _close(source: Source, url: str, place: int, kind: Answers) -> _Closeness:
    fits, strange = 0, 0
    for template in _templates(source):
        if exactly(template, url) is not None:
            fits, strange = 2, 0
        elif fits < 2 and (fit := loosely(template, url)) is not None:
            strange = fit.strange if not fits else min(strange, fit.strange)
            fits = 1
    # One name fits an address for many, too.
    order: tuple[float, ...] = (-strange, "{members}" not in source.url, source.answers is kind, 0.0, -place)
    if not fits:
        host, path = max((likeness(template, url) for template in _templates(source)), default=(0, 0.0))
        order = (0, host, source.answers is kind, path, -place)
    return _Closeness(source=source, fits=fits, order=order)


def _kind(answer: Answer) -> Answers:
    kind = answer.headers.get("content-type", "").lower()
    start = answer.body.lstrip()[:1]
    if "json" in kind or ("html" not in kind and (start in (b"{", b"[") or answer.body.strip() == b"null")):
        return Answers.JSON
    return Answers.JSON if start in (b"{", b"[") and answer.body.rstrip()[-1:] in (b"}", b"]") else Answers.HTML


def _speaks(case: Case, platform: Platform) -> Source | None:
    """The source one of whose rules reads the answer: it cannot have come from elsewhere, whatever the URL says."""
    page = _page(case.answer, case.url)
    for source in platform.sources:
        if source.batch is not None:
            continue  # its rules read items, not answers
        target = target_of(case, platform, source)
        for rule in source.rules:
            said = [match for match in rule.when if match.field.kind is FieldKind.JSON]
            if said and all(found(match, page, target) is not None for match in said):
                return source
    return None


def target_of(case: Case, platform: Platform, source: Source) -> Target:
    """Whom the case is about; asked by id where its URL is one of `url_by_id`."""
    handle = _handle(case, platform)
    by_handle = _fit(source.url, case.url)
    # Where one address takes handles and ids alike, what is not the account's handle is its id.
    is_by_handle = by_handle is not None and _fold(by_handle.asked.get("handle", ""), platform) == handle
    by_id = _fit(source.url_by_id, case.url) if source.url_by_id and not is_by_handle else None
    stable_id = by_id.asked.get("stable_id") if by_id else None
    return Target(
        handle=handle,
        instance=instance_of(case, platform),
        account_id=f"{platform.id}:{case.account}",
        stable_id=stable_id,
        by_id=stable_id is not None,
    )


def _handle(case: Case, platform: Platform) -> str:
    """The account as it is polled: without `@`, instance, or what stands before it in a URL."""
    written = case.account.strip()
    in_url = next((fit.asked["handle"] for fit in _profiles(case.url, platform) if "handle" in fit.asked), "")
    bare = _BEFORE.sub("", written).rstrip("/").removeprefix("@")
    ways = (written.removeprefix("@"), bare, bare.partition("@")[0], bare.rpartition("/")[2], in_url)
    folded = [_fold(way, platform) for way in ways if way]
    valid = (way for way in folded if re.fullmatch(platform.handle.pattern, way))
    return next(valid, folded[0] if folded else "")


def _profiles(url: str | None, platform: Platform) -> Iterator[Fit]:
    for template in _all_templates(platform):
        if (fit := _fit(template, url)) is not None:
            yield fit


def instance_of(case: Case, platform: Platform) -> str:
    """The host where that matters; for any page the URL with `{handle}` in the handle's place."""
    if platform.profile == "{instance}":
        return _template(case, platform)
    return host_of(case.url) if "{instance}" in platform.profile else ""


def _template(case: Case, platform: Platform) -> str:
    handle = _handle(case, platform)
    try:
        made = template_of(parse_url(case.url), handle) if handle else None
    except ValueError:
        made = None
    if made is not None:
        return made
    scheme, mark, rest = case.url.partition("://")
    at = rest.lower().rfind(handle.lower()) if handle else -1
    if at < 0:
        return case.url
    return f"{scheme}{mark}{rest[:at]}{{handle}}{rest[at + len(handle) :]}"


def control_of(answer: Answer, case: Case, platform: Platform, source: Source, *, exists: bool) -> Target:
    """The control that an answer is about: by its URL, by what its page shows, else one that the platform file has."""
    instance = instance_of(case, platform)
    named = _named if source.batch is None else _in_batch
    ways = named(answer, case, platform, source, instance, exists=exists)
    handle = next((way for way in ways if way), "")
    return Target(handle=_fold(handle, platform) or "control", instance=instance)


def _named(
    answer: Answer, case: Case, platform: Platform, source: Source, instance: str, *, exists: bool
) -> Iterator[str]:
    target, page = _handle(case, platform), _page(answer, case.url)
    in_url = _in_url(answer.final_url, platform, source, instance)
    if in_url and _fold(in_url, platform) != target:
        yield in_url
    nobody = Target(handle="", instance=instance)
    extracted = extract(source.handle, page, nobody) if source.handle is not None else None
    if exists and extracted is not None:
        yield extracted
    for url in (page.markup.canonical, page.markup.metas.get("og:url")):
        shown = _in_url(url, platform, source, instance)
        if shown and _fold(shown, platform) != target:
            yield shown
    yield _in_the_same_place(page, _page(case.answer, case.url), target, platform)
    known = platform.controls.present.get(instance) or platform.controls.present.get("*") or ()
    if exists:
        yield from (handle for handle in known if _says(page, handle))
    if in_url or _says(page, target):
        yield target  # whoever wrote the case made the control's page out of the account's
    yield from known if exists else ()
    yield platform.controls.absent.replace("{random}", _RANDOM[: platform.controls.length])


def _in_batch(
    answer: Answer, case: Case, platform: Platform, source: Source, instance: str, *, exists: bool
) -> Iterator[str]:
    """Of those asked about together: whom the platform file has, and the last of the others."""
    asked = next((fit.asked.get("members", "") for url in _urls(answer, case) if (fit := _fit(source.url, url))), "")
    together = [_fold(one.rpartition("=")[2], platform) for one in re.split(r"[|,&]", asked) if one]
    known = platform.controls.present.get(instance) or platform.controls.present.get("*") or ()
    if exists:
        yield from (handle for handle in known if handle in together)
        yield from known
    target = _handle(case, platform)
    yield from (one for one in reversed(together) if one not in (target, *known))
    yield platform.controls.absent.replace("{random}", _RANDOM[: platform.controls.length])


def _urls(answer: Answer, case: Case) -> Iterator[str]:
    yield from (url for url in (answer.final_url, case.url) if url)


def _in_url(url: str | None, platform: Platform, source: Source, instance: str) -> str:
    templates = (*_templates(source), platform.profile, *platform.recognise)
    filled = (template.replace("{instance}", instance) if instance else template for template in templates)
    asked = (fit.asked for template in filled if (fit := _fit(template, url)) is not None)
    return next((one["handle"] for one in asked if one.get("handle")), "")


def _in_the_same_place(page: Page, other: Page, handle: str, platform: Platform) -> str:
    """The word that stands in a page's title where the other's has `handle`: the two differ in nothing else."""
    title, theirs = page.markup.title or "", other.markup.title or ""
    at = theirs.lower().find(handle.lower()) if handle else -1
    if at < 0 or title == theirs:
        return ""
    before, after = theirs[:at], theirs[at + len(handle) :]
    if not (before + after).strip() or not title.startswith(before) or not title.endswith(after):
        return ""
    word = title[len(before) : len(title) - len(after)]
    return word if re.fullmatch(platform.handle.pattern, _fold(word, platform)) else ""


def _says(page: Page, handle: str) -> bool:
    return bool(handle) and re.search(rf"(?<![\w-]){re.escape(handle)}(?![\w-])", page.text, re.IGNORECASE) is not None


def _page(answer: Answer, url: str) -> Page:
    return Page(Response(status=answer.status, url=answer.final_url or url, headers=answer.headers, body=answer.body))


def _fold(handle: str, platform: Platform) -> str:
    decoded = unquote(handle)
    return decoded.lower() if platform.handle.fold else decoded
