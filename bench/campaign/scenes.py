"""Where the stories play: real platform files, a site that nobody knows, a town with two sources; and their answers.

An answer is made once for each (source, question, page shown, variant) and is the same object ever after.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import escape
from typing import Any, Final

from tests.unit.town import RULES
from watcher.demo import answers
from watcher.demo.answers import Member, Page, Shown
from watcher.model.account import Account, Policy
from watcher.model.exchange import Response, Task
from watcher.model.finding import Reason
from watcher.model.platform import (
    Answers,
    ControlHandles,
    Field,
    FieldKind,
    HandleSyntax,
    Match,
    Platform,
    Source,
)
from watcher.settings.load import load_platforms

GONE: Final = frozenset({Page.MISSING_EN, Page.MISSING_FR, Page.NOT_FOUND, Page.SUSPENDED, Page.DEACTIVATED})
INTERVAL: Final = timedelta(seconds=60)
# Handles that cannot exist are drawn from so many, so that their pages need not be read anew each time.
IMPOSSIBLE: Final = 4

Answerer = Callable[[Shown, Member, str], answers.Answer]
"""The honest answer of one source: what is shown, of whom, and under which handle it was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """A platform with its accounts. `says` has the answerer of each source; `gone` what a vanished account may show."""

    name: str
    platform: Platform
    accounts: tuple[Account, ...]
    says: Mapping[str, Answerer]
    gone: tuple[Page, ...]
    controls: tuple[str, ...]
    protects: bool = True
    kept: dict[tuple[Any, ...], Response] = field(default_factory=dict)

    @property
    def is_html(self) -> bool:
        """True where the first source answers with pages."""
        return self.platform.usable_sources[0].answers is Answers.HTML

    @property
    def is_by_likeness(self) -> bool:
        """True where nothing is known but what the controls' pages look like."""
        return any(source.similarity for source in self.platform.sources)

    @property
    def follows_ids(self) -> bool:
        """True where handles can change, and an account is found by its stable id all the same."""
        first = self.platform.usable_sources[0]
        return first.url_by_id is not None and any(rule.reason is Reason.RENAMED for rule in first.rules)

    def honest(self, task: Task, shown: Page, member: Member) -> Response:
        """What the platform says of itself."""
        key = (task.source.name, task.target.by_id, task.target.handle, shown, member)
        return self.keep(key, lambda: self._made(task, shown, member))

    def keep(self, key: tuple[Any, ...], make: Callable[[], Response]) -> Response:
        """The answer of that name, made when it is first wanted."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def _made(self, task: Task, shown: Page, member: Member) -> Response:
        answer = self.says[task.source.name](Shown(page=shown), member, task.target.handle)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status, url=task.url, headers=headers, body=answer.body)


def scenes() -> tuple[Scene, ...]:
    """All of them."""
    known = load_platforms(None)
    x = known["x"]
    page = next(source for source in x.sources if source.name == "page")
    x = replace(x, sources=(replace(page, robots_override=True),))
    return (
        _scene(
            "bluesky",
            known["bluesky"],
            "member{}.example",
            {"api": lambda s, m, _h: answers.bluesky(s, m)},
            (Page.NOT_FOUND, Page.SUSPENDED, Page.DEACTIVATED),
        ),
        _scene(
            "x",
            x,
            "member{}",
            {"page": lambda s, m, _h: answers.html(s, m)},
            (Page.MISSING_FR, Page.MISSING_EN, Page.NOT_FOUND, Page.SUSPENDED),
        ),
        _scene(
            "mastodon",
            known["mastodon"],
            "member{}",
            {"lookup": lambda s, m, _h: answers.mastodon(s, m), "actor": _actor},
            (Page.NOT_FOUND, Page.SUSPENDED),
            instance="mastodon.social",
        ),
        _scene("town", _TOWN, "member{}", {"api": _town, "mirror": _town}, (Page.NOT_FOUND,), protects=False),
        *(
            _scene(
                name,
                known["generic"],
                "member{}",
                {"page": _site(status)},
                (Page.NOT_FOUND,),
                instance="https://site.example/u/{handle}",
                protects=False,
                own=("keeper", "founder"),
            )
            for name, status in (("site", 404), ("soft site", 200))
        ),
    )


def _scene(
    name: str,
    platform: Platform,
    handle: str,
    says: Mapping[str, Answerer],
    gone: tuple[Page, ...],
    *,
    instance: str = "",
    protects: bool = True,
    own: tuple[str, ...] = (),
) -> Scene:
    platform = replace(platform, sources=tuple(source for source in platform.sources if source.name in says))
    declared = platform.controls.present
    accounts = tuple(
        Account(
            id=f"{platform.id}:{handle.format(number)}",
            platform=platform.id,
            instance=instance,
            handle=handle.format(number),
            display_handle=handle.format(number),
            url=f"https://{name}.example/{handle.format(number)}",
            policy=Policy(interval=INTERVAL),
            controls=own,
        )
        for number in range(8)
    )
    controls = own or declared.get(instance, ()) or declared.get("*", ())
    return Scene(
        name=name,
        platform=platform,
        accounts=accounts,
        says=says,
        gone=gone,
        controls=tuple(controls),
        protects=protects,
    )


def _json(status: int, value: object) -> answers.Answer:
    return answers.Answer(
        status=status,
        body=json.dumps(value, ensure_ascii=False).encode(),
        headers={"Content-Type": "application/json; charset=utf-8"},
    )


def _html(status: int, text: str) -> answers.Answer:
    return answers.Answer(status=status, body=text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def _actor(shown: Shown, member: Member, _handle: str) -> answers.Answer:
    if shown.page not in GONE:
        return _json(200, {"type": "Person", "preferredUsername": member.handle, "id": member.stable_id})
    if shown.page is Page.SUSPENDED:
        return _json(410, {"error": "Gone"})
    return _json(404, {"error": "Not Found"})


def _town(shown: Shown, member: Member, _handle: str) -> answers.Answer:
    if shown.page in GONE:
        return _json(404, {"error": "nobody"})
    return _json(200, {"name": member.handle, "id": member.stable_id, "about": member.bio})


def _site(missing: int) -> Answerer:
    """A site that nobody knows; `missing` is the status of what it shows of nobody."""

    def answer(shown: Shown, member: Member, handle: str) -> answers.Answer:
        if shown.page in GONE:
            return _html(missing, _NOBODY)
        name = escape(handle)
        return _html(
            200,
            f'<html><head><title>{name} - Site</title><link rel="canonical" href="https://site.example/u/{name}">'
            f"</head><body><h1>{escape(member.name)}</h1><p>Member since 2009, follows twelve people, has written many "
            f"short notes about gardens. {escape(member.bio)}</p></body></html>",
        )

    return answer


_NOBODY: Final = (
    "<html><head><title>Site</title></head><body><h1>Oops</h1><p>We looked everywhere but could not find this page; "
    "try our search instead, please, or begin again at the entrance.</p></body></html>"
)
_API: Final = Source(
    name="api",
    url="https://api.town.example/{handle}",
    answers=Answers.JSON,
    rules=RULES,
    stable_id=Match(Field(FieldKind.JSON, "id"), ("*",)),
    handle=Match(Field(FieldKind.JSON, "name"), ("*",)),
)
_TOWN: Final = Platform(
    id="town",
    title="Town",
    profile="https://town.example/{handle}",
    recognise=("https://town.example/{handle}",),
    handle=HandleSyntax(pattern="[a-z0-9]{1,15}"),
    sources=(_API, replace(_API, name="mirror", url="https://mirror.town.example/{handle}")),
    controls=ControlHandles(present={"*": ("mayor", "baker", "smith")}),
)
