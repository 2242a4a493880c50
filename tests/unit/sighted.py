"""One look at @alice, as the pipeline hands it over, with its bundle; for tests of what is made of evidence."""

from dataclasses import replace
from typing import Any

from tests.unit.classify.story import (
    EVENING,
    NOBODY,
    exchange,
    html_source,
    json_source,
    missing,
    platform,
    profile,
    response,
    rule,
)
from tests.unit.store.samples import account
from watcher.classify import classify
from watcher.classify.condense import condense
from watcher.look.bundle import Sighting, witnessed
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.exchange import Exchange, Response, Target
from watcher.model.finding import Reason
from watcher.model.outage import Transition, TransitionKind
from watcher.model.platform import Source
from watcher.store.values import Body

WHO = replace(account("alice"), id="site:alice", platform="site", url="https://site.example/alice")
PAGES = html_source(rule(Reason.NOT_FOUND, {"status": "404"}, name="missing"))
API = json_source(
    rule(Reason.PROFILE, {"json:id": "*"}, name="there"),
    headers={"authorization": "Bearer {credential}", "accept": "application/json"},
    secret="t0psecret",
    credential="token",
)
COOKIES = {"set_cookie": "session=s3cr3t", "content_type": "text/html", "retry_after": "7"}
GONE = response(missing("Nobody is here"), status=404, **COOKIES)
THERE = response('{"id": "17", "bio": "a secret hobby"}', content_type="application/json")


def control(handle: str, answer: Response, source: Source) -> ControlFinding:
    """What one control said."""
    asked = exchange(answer, source, target=Target(handle=handle, instance=""))
    found = classify(asked)
    return ControlFinding(
        handle=handle, finding=found.finding, features=found.features, imprint=condense(asked, found.finding)
    )


def report(source: Source = PAGES) -> ControlReport:
    """@bob is there, and nobody has the other handle."""
    return ControlReport(
        key=ControlKey(platform="site", instance="", source=source.name, vantage="local"),
        positives=(control("bob", response(profile("bob", name="Bob the Builder")), source),),
        negatives=(control(NOBODY.handle, response(missing(), status=404), source),),
    )


def sighting(
    answer: Any = GONE, source: Source = PAGES, who: Account = WHO, controls: ControlReport | None = None
) -> Sighting:
    """A look at @alice that answered so."""
    asked: Exchange = exchange(answer, source, of=replace(platform(source), file_sha256="5eed" * 16))
    found = classify(asked)
    return Sighting(
        account=who,
        finding=found.finding,
        exchange=asked,
        classified=found,
        report=report(source) if controls is None else controls,
    )


def happened(seen: Sighting, kind: TransitionKind = TransitionKind.ACCOUNT_SUSPECTED) -> Transition:
    """What the look made happen."""
    return Transition(kind=kind, at=EVENING, account_id=seen.account.id, finding=seen.finding)


def bundled(seen: Sighting) -> tuple[Transition, dict[str, Body]]:
    """The transition that names the bundle, and what is kept, by role."""
    (named,), bodies = witnessed((happened(seen),), seen)
    return named, {body.role: body for body in bodies}
