"""The 32 known sources of false alarms, each as something that happens to honest answers.

A fault is called with every question put while it stands and with the answer that there would be without it. `hides`:
while it stands the platform cannot be seen as it is, and nothing is promised; the others must harm nothing.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

from bench.campaign.scenes import IMPOSSIBLE, Scene
from watcher.demo import pages
from watcher.demo.answers import Member, Page
from watcher.model.account import Account
from watcher.model.exchange import FetchFailure, Hop, Response, Task
from watcher.model.finding import Reason

_HTML: Final = {"content-type": "text/html; charset=utf-8"}
_JSON: Final = {"content-type": "application/json; charset=utf-8"}
_PHRASES: Final = (
    "Sorry, that page doesn’t exist! This account doesn’t exist. Account suspended. Désolé, cette page n'existe pas"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back, and how old a cache says it is."""

    outcome: Response | FetchFailure
    age: timedelta | None = None


class Stage(Protocol):
    """What a fault may look at and change."""

    scene: Scene
    watched: tuple[Account, ...]

    @property
    def subject(self) -> Account:
        """Whom the story is about."""
        ...

    @property
    def seconds(self) -> float:
        """The true time."""
        ...

    def now(self) -> datetime:
        """The machine's time."""
        ...

    def member(self, handle: str) -> Member:
        """Whoever has the handle."""
        ...

    def show(self, handle: str, page: Page) -> None:
        """From now on visitors see that."""
        ...

    def shown(self, handle: str) -> Page:
        """What visitors see."""
        ...

    def suspend_all(self, page: Page | None) -> None:
        """The platform shows that of all who are watched; None ends it."""
        ...

    def rename(self, new: str) -> None:
        """The subject goes on under another handle."""
        ...

    def reregister(self) -> None:
        """Somebody else has the subject's handle."""
        ...

    def describe(self, name: str, bio: str) -> None:
        """The subject's own words."""
        ...


Act = Callable[[Task, Reply], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One that may stand. `prepare` is done before anybody is looked at, `begin` and `end` happen to the platform."""

    number: int
    act: Act
    hides: bool = True
    prepare: Callable[[], None] = lambda: None
    begin: Callable[[], None] = lambda: None
    end: Callable[[], None] = lambda: None
    pauses: bool = False


def _same(_task: Task, reply: Reply) -> Reply:
    return reply


def _everybody(stage: Stage, name: str, make: Callable[[Task], Response]) -> Act:
    """Whoever is asked about: one and the same page for each question."""

    def act(task: Task, _reply: Reply) -> Reply:
        key = (name, task.source.name, task.target.by_id, task.target.handle)
        return Reply(outcome=stage.scene.keep(key, lambda: make(task)))

    return act


def _page(status: int, html: str, headers: Mapping[str, str] | None = None) -> Callable[[Task], Response]:
    body = html.encode()
    return lambda task: Response(status=status, url=task.url, headers={**_HTML, **(headers or {})}, body=body)


def _sometimes(chance: random.Random, share: float, act: Act) -> Act:
    return lambda task, reply: act(task, reply) if chance.random() < share else reply


def _redirected(to: str, html: str) -> Callable[[Task], Response]:
    def make(task: Task) -> Response:
        final = to if "://" in to else f"https://{task.host}{to}"
        hop = Hop(url=task.url, status=302, location=final)
        return Response(status=200, url=final, headers=_HTML, body=html.encode(), hops=(hop,))

    return make


def _fails(*reasons: Reason) -> Callable[[random.Random], Act]:
    replies = [Reply(outcome=_failure(reason)) for reason in reasons]
    return lambda chance: lambda _task, _reply: chance.choice(replies)


@cache
def _failure(reason: Reason) -> FetchFailure:
    return FetchFailure(reason=reason, detail="as the story says")


def _as_missing(stage: Stage, name: str, page: Page = Page.NOT_FOUND) -> Act:
    """Everybody gets the platform's own answer for who is missing: the wall that looks like an absence."""

    def make(task: Task) -> Response:
        nobody = Member(handle=task.target.handle, name=task.target.handle, bio="", stable_id="0", did="did:plc:0")
        return stage.scene.honest(task, page, nobody)

    return _everybody(stage, f"{name} as {page}", make)


def _empty_404(stage: Stage, chance: random.Random) -> Fault:
    act = _everybody(stage, "empty", lambda task: Response(status=404, url=task.url, headers={}, body=b""))
    return Fault(number=1, act=chance.choice([act, _sometimes(chance, 0.6, act)]))


def _refusals(stage: Stage, chance: random.Random) -> Fault:
    status = chance.choice([401, 403, 420, 429, 503, 999, 202])
    mark = "<script>window._cf_chl_opt={}</script>" if status == 202 else ""
    text = (
        f"<html><head><title>{status}</title></head><body>{mark}<h1>Not now</h1><p>Come back later.</p></body></html>"
    )
    act = _everybody(stage, f"refused {status}", _page(status, text))
    return Fault(number=2, act=chance.choice([act, _sometimes(chance, 0.5, act)]))


def _login(stage: Stage, chance: random.Random) -> Fault:
    acts = (
        _everybody(stage, "login redirect", _redirected("/login?next=", pages.login())),
        _everybody(stage, "login page", _page(200, pages.login())),
        _as_missing(stage, "login", chance.choice(stage.scene.gone)),
    )
    return Fault(number=3, act=chance.choice(acts))


def _consent(stage: Stage, _chance: random.Random) -> Fault:
    text = "<html><head><title>Before you continue</title></head><body><h1>Before you continue</h1></body></html>"
    return Fault(number=4, act=_everybody(stage, "consent", _redirected("https://consent.example/m", text)))


def _captcha(stage: Stage, chance: random.Random) -> Fault:
    tiny = "<html><head><title></title></head><body><div class=g-recaptcha></div><p>Are you human?</p></body></html>"
    acts = (
        _everybody(stage, "captcha 200", _page(200, pages.challenge())),
        _everybody(stage, "captcha 403", _page(403, pages.challenge(), {"cf-mitigated": "challenge"})),
        _everybody(stage, "captcha tiny", _page(200, tiny)),
    )
    return Fault(number=5, act=chance.choice(acts))


def _geo(stage: Stage, chance: random.Random) -> Fault:
    text = "<html><head><title>Доступ ограничен</title></head><body><h1>Доступ к ресурсу ограничен</h1></body></html>"
    acts = (_everybody(stage, "451", _page(451, text)), _everybody(stage, "censor", _page(200, text)))
    return Fault(number=6, act=chance.choice(acts))


def _network(stage: Stage, chance: random.Random) -> Fault:
    portal = "<html><head><title>Welcome</title></head><body><h1>Hotel Wi-Fi</h1><p>Please log in.</p></body></html>"
    acts = (
        _fails(Reason.DNS)(chance),
        _fails(Reason.CONNECT, Reason.TIMEOUT)(chance),
        _fails(Reason.TLS)(chance),
        _everybody(stage, "portal", _redirected("https://portal.hotel.example/", portal)),
        _everybody(stage, "portal in place", _page(200, portal)),
    )
    return Fault(number=7, act=chance.choice(acts))


def _platform_down(stage: Stage, chance: random.Random) -> Fault:
    acts = (
        _everybody(stage, "500", _page(500, pages.over_capacity())),
        _everybody(stage, "over capacity", _page(200, pages.over_capacity())),
        _as_missing(stage, "down", Page.NOT_FOUND),
        _as_missing(stage, "down", stage.scene.gone[0]),
        _fails(Reason.TIMEOUT, Reason.BAD_RESPONSE)(chance),
    )
    return Fault(number=8, act=chance.choice(acts))


def _layout(stage: Stage, chance: random.Random) -> Fault:
    shell = '<html><head><title></title></head><body><div id="root"></div><script src="/a.js"></script></body></html>'
    new = "<html><head><title>Welcome</title></head><body><main><h2>All new</h2><p>{}</p></main></body></html>"

    def echoing(task: Task) -> Response:
        text = new.format(f"You are looking for {task.target.handle}")
        return Response(status=200, url=task.url, headers=_HTML, body=text.encode())

    def schema(task: Task) -> Response:
        return Response(status=200, url=task.url, headers=_JSON, body=b'{"version": 2, "result": {"kind": "user"}}')

    acts = [_everybody(stage, "shell", _page(200, shell)), _everybody(stage, "new", _page(200, new.format("Hello")))]
    acts += [_everybody(stage, "echo", echoing), _everybody(stage, "schema", schema)]
    return Fault(number=9, act=chance.choice(acts))


def _rewritten(stage: Stage, name: str, change: Callable[[bytes, Task], bytes]) -> Act:
    """The honest answers with other bytes around what they say."""

    def act(task: Task, reply: Reply) -> Reply:
        outcome = reply.outcome
        if isinstance(outcome, FetchFailure) or not outcome.body:
            return reply
        key = (name, id(outcome), task.target.handle)
        changed = stage.scene.keep(key, lambda: replace(outcome, body=change(outcome.body, task)))
        _HELD[id(outcome)] = outcome
        return replace(reply, outcome=changed)

    return act


# Answers are known by identity: what was rewritten must not be let go, or another may get its number.
_HELD: Final[dict[int, Response]] = {}


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _with_texts(body: bytes, _task: Task) -> bytes:
    if (document := _document(body)) is not None:
        return json.dumps({**document, "i18n": {"missing": _PHRASES}}).encode()
    script = f"<script>var texts={json.dumps(_PHRASES)}</script><template><h1>{_PHRASES}</h1></template>".encode()
    return body.replace(b"</body>", script + b"</body>")


def _in_scripts(stage: Stage, _chance: random.Random) -> Fault:
    return Fault(number=10, act=_rewritten(stage, "i18n", _with_texts), hides=False)


def _bio(stage: Stage, chance: random.Random) -> Fault:
    name = chance.choice(["This account doesn’t exist", "Account suspended", "Désolé, cette page n'existe pas"])
    return Fault(number=11, act=_same, hides=False, begin=lambda: stage.describe(name, _PHRASES))


def _foreign(body: bytes, _task: Task) -> bytes:
    words = ((b">Tweets<", ">ツイート<"), (b">Log in<", ">ログイン<"), (b'lang="en"', 'lang="ja"'))
    for old, new in words:
        body = body.replace(old, new.encode())
    return body


def _languages(stage: Stage, _chance: random.Random) -> Fault:
    return Fault(number=12, act=_rewritten(stage, "ja", _foreign), hides=False)


def _renamed(stage: Stage, _chance: random.Random) -> Fault:
    if not stage.scene.follows_ids:
        return Fault(number=13, act=_same, hides=False)
    return Fault(number=13, act=_same, hides=False, begin=lambda: stage.rename(f"new{stage.subject.handle}"))


def _reregistered(stage: Stage, _chance: random.Random) -> Fault:
    return Fault(number=14, act=_same, hides=False, begin=stage.reregister)


def _controls_rot(stage: Stage, chance: random.Random) -> Fault:
    """One positive control dies; or handles that could not exist are registered, every third of them."""
    rotten = chance.choice(stage.scene.controls)
    taken = {number for number in range(IMPOSSIBLE) if chance.random() < 0.3}

    def act(task: Task, reply: Reply) -> Reply:
        number = _number_of(task.target.handle)
        if number is None or number not in taken:
            return reply
        who = Member(
            handle=task.target.handle, name="Somebody", bio="", stable_id=f"9{number}", did=f"did:plc:{number}"
        )
        return Reply(outcome=stage.scene.honest(task, Page.PRESENT, who))

    if chance.random() < 0.5:
        return Fault(number=15, act=act, hides=False)
    page = stage.scene.gone[0]
    return Fault(
        number=15,
        act=_same,
        hides=False,
        begin=lambda: stage.show(rotten, page),
        end=lambda: stage.show(rotten, Page.PRESENT),
    )


def _number_of(handle: str) -> int | None:
    return int(handle[4:7]) if handle.startswith("zqxj") else None


def _stale_copies(stage: Stage, chance: random.Random) -> Fault:
    """A cache that answers with copies, errors too, and says how old they are."""
    keeps = chance.choice([5, 30, 180])
    copies: dict[tuple[str, str, bool], tuple[float, Reply]] = {}

    def act(task: Task, reply: Reply) -> Reply:
        if isinstance(reply.outcome, FetchFailure):
            return reply
        key = (task.source.name, task.target.handle, task.target.by_id)
        now = stage.seconds  # the cache's own time: it knows nothing of a step of the machine's clock
        made_at, copy = copies.get(key, (now, reply))
        if now - made_at > keeps:
            made_at, copy = now, reply
        copies[key] = made_at, copy
        return Reply(outcome=copy.outcome, age=timedelta(seconds=int(now - made_at)))

    return Fault(number=16, act=act)


def _protected(stage: Stage, _chance: random.Random) -> Fault:
    def act(task: Task, reply: Reply) -> Reply:
        handle = task.target.handle
        is_subject = task.target.account_id == stage.subject.id
        if not is_subject or not stage.scene.protects or stage.shown(handle) is not Page.PRESENT or task.target.by_id:
            return reply
        return Reply(outcome=stage.scene.honest(task, Page.PROTECTED, stage.member(handle)))

    return Fault(number=17, act=act, hides=False)


def _toggles(stage: Stage, chance: random.Random) -> Fault:
    return Fault(number=18, act=_sometimes(chance, 0.5, _protected(stage, chance).act), hides=False)


def _own_polling(stage: Stage, chance: random.Random) -> Fault:
    """So many questions a minute, and no more: then 429, or nothing with a 404."""
    limit, asked = chance.choice([2, 4, 8]), list[datetime]()
    status, body = chance.choice([(429, b"Too Many Requests"), (404, b"")])
    refuse = _everybody(stage, f"limit {status}", lambda t: Response(status=status, url=t.url, headers={}, body=body))

    def act(task: Task, reply: Reply) -> Reply:
        now = stage.now()
        asked[:] = [at for at in asked if now - at < timedelta(minutes=1)]
        asked.append(now)
        return reply if len(asked) <= limit else refuse(task, reply)

    return Fault(number=19, act=act)


def _headers(stage: Stage, _chance: random.Random) -> Fault:
    error = b'{"error": "InvalidRequest", "message": "Error: Params must have the property \\"actor\\""}'
    json_400 = _everybody(stage, "400", lambda task: Response(status=400, url=task.url, headers=_JSON, body=error))
    html_400 = _everybody(stage, "400 page", _page(400, "<html><body><h1>Bad Request</h1><p>No.</p></body></html>" * 2))
    return Fault(number=20, act=html_400 if stage.scene.is_html else json_400)


def _reputation(stage: Stage, chance: random.Random) -> Fault:
    acts = (
        _everybody(stage, "waf", _page(202, "", {"x-amzn-waf-action": "challenge"})),
        _everybody(
            stage, "blocked", _page(403, "<html><title>Blocked</title><body>whoa there, pardner!</body></html>")
        ),
    )
    return Fault(number=21, act=chance.choice(acts))


def _variant(body: bytes, _task: Task) -> bytes:
    if (document := _document(body)) is not None:
        return json.dumps({"experiment": "b", **document}).encode()
    banner = b"<aside><p>Try our brand new application for telephones, with many more colours than before</p></aside>"
    return body.replace(b"</body>", banner + b"</body>")


def _two_layouts(stage: Stage, chance: random.Random) -> Fault:
    return Fault(number=22, act=_sometimes(chance, 0.5, _rewritten(stage, "b", _variant)), hides=not _is_known(stage))


def _is_known(stage: Stage) -> bool:
    """False where pages are told by likeness alone: another layout may well be taken for nothing known."""
    return not any(source.similarity for source in stage.scene.platform.sources)


def _truncated(stage: Stage, chance: random.Random) -> Fault:
    def half(body: bytes, _task: Task) -> bytes:
        return body[: len(body) // 2]

    acts = (_fails(Reason.TRUNCATED)(chance), _rewritten(stage, "half", half))
    act = chance.choice(acts)
    return Fault(number=23, act=chance.choice([act, _sometimes(chance, 0.5, act)]))


def _envelopes(stage: Stage, chance: random.Random) -> Fault:
    body = json.dumps({"errors": [{"message": "Dependency: Unspecified", "code": 214}], "data": {}}).encode()
    as_json = _everybody(stage, "envelope", lambda task: Response(status=200, url=task.url, headers=_JSON, body=body))
    text = "<html><head><title>Error</title></head><body><h1>Something went wrong</h1><p>Try again.</p></body></html>"
    act = _everybody(stage, "something", _page(200, text)) if stage.scene.is_html else as_json
    return Fault(number=24, act=chance.choice([act, _sometimes(chance, 0.5, act)]))


def _home(stage: Stage, _chance: random.Random) -> Fault:
    text = "<html><head><title>Home</title></head><body><h1>What is new</h1><p>The best of today.</p></body></html>"
    return Fault(number=25, act=_everybody(stage, "home", _redirected("/", text)))


def _stall(_stage: Stage, _chance: random.Random) -> Fault:
    return Fault(number=26, act=_same, pauses=True)


def _mass_suspension(stage: Stage, _chance: random.Random) -> Fault:
    """The platform suspends all whom we watch, by mistake: what visitors see, for as long as it lasts."""
    page = Page.SUSPENDED if Page.SUSPENDED in stage.scene.gone else stage.scene.gone[0]
    return Fault(
        number=27,
        act=_same,
        hides=False,
        begin=lambda: stage.suspend_all(page),
        end=lambda: stage.suspend_all(None),
    )


def _error_63(stage: Stage, chance: random.Random) -> Fault:
    page = Page.SUSPENDED if Page.SUSPENDED in stage.scene.gone else stage.scene.gone[0]
    act = _as_missing(stage, "63", page)
    controls = frozenset((*stage.scene.controls, *(account.handle for account in stage.watched)))

    def known(task: Task, reply: Reply) -> Reply:
        """Everybody who has an account is called suspended, and only they."""
        is_known = task.target.handle in controls or task.target.account_id is not None
        return act(task, reply) if is_known else reply

    return Fault(number=28, act=chance.choice([act, known]))


def _typing_error(stage: Stage, _chance: random.Random) -> Fault:
    """The last account of the list was never there."""
    handle, page = stage.watched[-1].handle, stage.scene.gone[0]
    return Fault(number=29, act=_same, hides=False, prepare=lambda: stage.show(handle, page))


def _mirror_down(stage: Stage, chance: random.Random) -> Fault:
    """Whatever is asked besides the first source by name says that nobody is there, or fails."""
    first = stage.scene.platform.usable_sources[0].name
    act = chance.choice([_as_missing(stage, "mirror"), _fails(Reason.CONNECT)(chance)])

    def beside(task: Task, reply: Reply) -> Reply:
        return act(task, reply) if task.source.name != first or task.target.by_id else reply

    return Fault(number=30, act=beside, hides=False)


def _spelling(stage: Stage, _chance: random.Random) -> Fault:
    def upper(body: bytes, task: Task) -> bytes:
        handle = task.target.handle
        return body.replace(handle.encode(), handle.upper().encode())

    # Case matters on a site that nobody knows.
    return Fault(number=31, act=_rewritten(stage, "case", upper) if _is_known(stage) else _same, hides=False)


def _stale_edge(stage: Stage, chance: random.Random) -> Fault:
    """The name is resolved anew every minute; some addresses are those of machines that serve nobody any more."""
    seed = chance.randrange(1000)
    shell = (
        "<html><head><title>Welcome to nginx!</title></head><body><h1>Welcome to nginx!</h1><p>Hi.</p></body></html>"
    )
    act = chance.choice(
        [_as_missing(stage, "edge"), _everybody(stage, "nginx", _page(200, shell)), _fails(Reason.CONNECT)(chance)]
    )

    def by_minute(task: Task, reply: Reply) -> Reply:
        minute = int(stage.now().timestamp()) // 60
        return act(task, reply) if (minute * 7919 + seed) % 5 < 2 else reply

    return Fault(number=32, act=by_minute)


FAULTS: Final[Mapping[int, tuple[str, Callable[[Stage, random.Random], Fault]]]] = {
    1: ("empty 404", _empty_404),
    2: ("refusals", _refusals),
    3: ("login wall", _login),
    4: ("consent", _consent),
    5: ("captcha", _captcha),
    6: ("geo-block", _geo),
    7: ("own network", _network),
    8: ("platform outage", _platform_down),
    9: ("new layout", _layout),
    10: ("texts in scripts", _in_scripts),
    11: ("bio quotes the phrase", _bio),
    12: ("other language", _languages),
    13: ("rename", _renamed),
    14: ("handle re-registered", _reregistered),
    15: ("controls rot", _controls_rot),
    16: ("stale copies", _stale_copies),
    17: ("logged-out restrictions", _protected),
    18: ("public and private", _toggles),
    19: ("own polling limited", _own_polling),
    20: ("headers refused", _headers),
    21: ("address refused", _reputation),
    22: ("two layouts", _two_layouts),
    23: ("truncated", _truncated),
    24: ("error envelopes", _envelopes),
    25: ("redirect home", _home),
    26: ("stall and restart", _stall),
    27: ("mass suspension", _mass_suspension),
    28: ("error 63", _error_63),
    29: ("typing error", _typing_error),
    30: ("mirror down", _mirror_down),
    31: ("spelling", _spelling),
    32: ("stale edge", _stale_edge),
}
