"""The pages of the corpus as exchanges: read a case file, and find whom and which source of a platform it is about.

A case names the platform, the account and the URL; what a case file does not say (the source that was asked, the
instance, the handles of the controls) is read off its URLs. Nothing is classified here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from watcher.classify import members_of
from watcher.model.exchange import Exchange, Hop, Purpose, Response, Target, Task
from watcher.model.platform import Answers, Platform, Source

ASKED_AT: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ANSWER_TOOK: Final = timedelta(seconds=1)
MAX_AGE: Final = timedelta(seconds=60)
_PLACEHOLDER: Final = re.compile(r"\\\{(handle|instance|stable_id|members)\\\}")
_ASKED: Final = {
    "handle": r"(?P<handle>[^/?#&]+)",
    "instance": r"(?P<instance>[^/?#@]+)",
    "stable_id": r"(?P<stable_id>[^/?#&]+)",
    "members": r"(?P<members>[^/?#]+)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: as in a case file, the body as bytes."""

    status: int
    headers: Mapping[str, str]
    final_url: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be said of the page. None: anything. Verdicts and reasons are lower-case, as in the model."""

    verdict: str | None
    reason: str | None
    not_verdict: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case file. `present` and `absent` are the controls' answers; None where the case has no controls."""

    path: Path
    name: str
    group: str
    platform: str
    account: str
    url: str
    answer: Answer
    present: Answer | None
    absent: Answer | None
    expected: Expected

    @property
    def label(self) -> str:
        """The case by platform and name."""
        return f"{self.platform}/{self.name}"


def read_cases(folder: Path) -> tuple[Case, ...]:
    """All cases below `folder`, by path. Raises KeyError, ValueError or OSError for a broken file."""
    return tuple(_read(path) for path in sorted(folder.rglob("*.json")))


def _read(path: Path) -> Case:
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    expect = raw["expect"]
    controls: dict[str, Any] = raw["controls"] or {}
    return Case(
        path=path,
        name=raw["name"],
        group=raw["group"],
        platform=raw["platform"],
        account=raw["account"],
        url=raw["url"],
        answer=_answer(raw["response"], path.parent, raw["url"]),
        present=_answer(controls["present"], path.parent, raw["url"]) if controls.get("present") else None,
        absent=_answer(controls["absent"], path.parent, raw["url"]) if controls.get("absent") else None,
        expected=Expected(
            verdict=_lower(expect.get("verdict")),
            reason=_lower(expect.get("reason")),
            not_verdict=_lower(expect.get("not_verdict")),
        ),
    )


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _answer(raw: Mapping[str, Any], folder: Path, url: str) -> Answer:
    body = (folder / raw["body_file"]).read_bytes() if raw.get("body_file") else raw.get("body", "").encode()
    headers = {name.lower(): value for name, value in raw.get("headers", {}).items()}
    return Answer(status=raw["status"], headers=headers, final_url=raw.get("final_url") or url, body=body)


def source_of(case: Case, platform: Platform) -> Source:
    """The source that the case's URL asks; by its host or by the kind of the answer where no template fits.

    Where the URL is the profile's and the answer is plainly an API's, the case is about that API.
    """
    final = _fitting(case.answer.final_url, platform)
    if final is not None and final.answers is Answers.JSON:
        return final
    fitting = _fitting(case.url, platform)
    if fitting is not None:
        return fitting
    asked = urlsplit(case.url)
    singles = [source for source in platform.sources if source.batch is None]
    paths = [source for source in (*singles, *platform.sources) if urlsplit(source.url)[:3] == asked[:3]]
    near = [source for source in singles if urlsplit(source.url).hostname == asked.hostname]
    wanted = Answers.JSON if "json" in case.answer.headers.get("content-type", "") else Answers.HTML
    alike = [source for source in singles if source.answers is wanted]
    return next(iter((*paths, *near, *alike, *platform.sources)))


def _fitting(url: str, platform: Platform) -> Source | None:
    fits = (s for s in platform.sources if any(_asked(template, url) is not None for template in _templates(s)))
    return next(fits, None)


def _templates(source: Source) -> Iterator[str]:
    yield from (template for template in (source.url, source.url_by_id) if template and template != "{instance}")


def target_of(case: Case, platform: Platform, source: Source) -> Target:
    """Whom the case is about; asked by id where its URL is one of `url_by_id`."""
    handle = _fold(case.account.removeprefix("@").partition("@")[0], platform)
    by_handle = _asked(source.url, case.url)
    # Where one address takes handles and ids alike, what is not the account's handle is its id.
    is_by_handle = by_handle is not None and _fold(by_handle.get("handle", ""), platform) == handle
    by_id = _asked(source.url_by_id, case.url) if source.url_by_id and not is_by_handle else None
    stable_id = by_id.get("stable_id") if by_id else None
    return Target(
        handle=handle,
        instance=_instance(case, platform),
        account_id=f"{platform.id}:{case.account}",
        stable_id=stable_id,
        by_id=stable_id is not None,
    )


def control_of(answer: Answer, case: Case, platform: Platform, source: Source, *, exists: bool) -> Target:
    """The control that an answer is about: by its URL, else the first that the platform file has."""
    instance = _instance(case, platform)
    templates = (source.url, platform.profile, *platform.recognise)
    filled = [template.replace("{instance}", instance) if instance else template for template in templates]
    found = next((asked for text in filled if (asked := _asked(text, answer.final_url))), {})
    known = platform.controls.present.get(instance) or platform.controls.present.get("*") or ("control",)
    impossible = platform.controls.absent.replace("{random}", "qhzkwvmxrtplbnd"[: platform.controls.length])
    fallback = known[0] if exists else impossible
    return Target(handle=_fold(found.get("handle", fallback), platform), instance=instance)


def _fold(handle: str, platform: Platform) -> str:
    return handle.lower() if platform.handle.fold else handle


def _instance(case: Case, platform: Platform) -> str:
    if platform.profile == "{instance}":
        return "{handle}".join(case.url.rsplit(case.account, 1))
    return urlsplit(case.url).netloc if "{instance}" in platform.profile else ""


def _asked(template: str, url: str) -> dict[str, str] | None:
    """What the placeholders of a URL template stand for in `url`; None where it does not fit."""
    pattern = _PLACEHOLDER.sub(lambda mark: _ASKED[mark[1]], re.escape(template))
    found = re.fullmatch(pattern, url)
    return None if found is None else {name: unquote(value) for name, value in found.groupdict().items()}


def exchange_of(
    answer: Answer, asked_url: str, platform: Platform, source: Source, target: Target, at: datetime
) -> Exchange:
    """The answer as the prober would hand it over, asked for at `at`."""
    purpose = Purpose.ROUTINE if target.account_id else Purpose.CONTROL
    hops = () if answer.final_url == asked_url else (Hop(url=asked_url, status=302, location=answer.final_url),)
    age = answer.headers.get("age")
    exchange = Exchange(
        task=Task(
            purpose=purpose,
            platform=platform,
            source=source,
            target=target,
            due=at,
            max_age=MAX_AGE,
            timeout=timedelta(seconds=10),
        ),
        sent_at=at,
        received_at=at + ANSWER_TOOK,
        outcome=Response(
            status=answer.status, url=answer.final_url, headers=answer.headers, body=answer.body, hops=hops
        ),
        age=timedelta(seconds=int(age)) if age and age.isdigit() else None,
    )
    return members_of(exchange)[0]  # of the answer to a batch, what it says of this one
