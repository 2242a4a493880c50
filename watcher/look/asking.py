"""Put a question and take its answer apart: one exchange for each whom it is about, and what its controls said.

A batch takes its controls along, one account that exists and one handle that cannot: what they say is of the same
response, so that no wall can have begun in between.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from watcher.classify import Step, members_of
from watcher.judge.gate import vouched_for
from watcher.look.book import VANTAGE
from watcher.look.controls import Companions, Controls, Fetch
from watcher.model.control import ControlFinding, ControlKey, control_key
from watcher.model.exchange import Exchange, Task
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came back: as it came, for each target of the task in their order, and of the controls `beside` them.

    `is_unproven`: an account that exists was asked about along with them, and was not there.
    """

    whole: Exchange
    parts: tuple[Exchange, ...]
    beside: tuple[ControlFinding, ...] = ()
    is_unproven: bool = False


def key_of(task: Task) -> ControlKey:
    """Whose controls share the task's errors."""
    return control_key(task.platform.id, task.target.instance, task.source.name, VANTAGE)


async def ask(task: Task, fetch: Fetch, controls: Controls) -> Answered:
    """Put the question, and let the controls know what it said of them.

    They are kept from before the answer is waited for: a reload may turn the source off meanwhile, and it stays so.
    """
    key = key_of(task)
    controls.keep(key, task.platform, task.source)
    if task.source.batch is None:
        exchange = await fetch(task)
        return Answered(whole=exchange, parts=(exchange,))
    members = task.asked_about
    riding = controls.companions(key, {member.handle for member in members})
    along = [target for target in (riding.positive, riding.negative) if target is not None]
    exchange = await fetch(replace(task, members=(*members, *along)))
    parts = members_of(exchange)
    *positive, negative = parts[len(members) :]
    beside = controls.note(key, Companions(positive=next(iter(positive), None), negative=negative))
    is_unproven = bool(positive) and not vouched_for(beside)
    return Answered(whole=exchange, parts=parts[: len(members)], beside=beside, is_unproven=is_unproven)


def no_source(platform: Platform, now: datetime) -> Finding:
    """The finding on an account whose platform has no usable source."""
    return Finding(
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.NO_SOURCE,
        certainty=Certainty.STATED,
        source="",
        vantage=VANTAGE,
        at=now,
        seen=Stamp(earliest=now, latest=now),
        evidence=Evidence(
            step=Step.TRANSPORT,
            rule="no-source",
            detail="; ".join(f"{source.name} {source.why_unusable}" for source in platform.sources),
        ),
    )
