"""An answer that a platform file must understand: what a source says, made up, and what must be made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from watcher.model.exchange import Exchange, Hop, Purpose, Response, Target, Task
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import Platform, Source

_AT: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
_TOOK: Final = timedelta(seconds=1)
_MAX_AGE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer of `source`, and the verdict, the reason and (if it says so) the rule that must come of it.

    `at` is its place in its file, for people. `final_url` is None where nothing was redirected. With `stable_id` the
    account's id is known; `by_id`: it is asked for by that.
    """

    platform: str
    source: str
    at: str
    handle: str
    instance: str = ""
    stable_id: str | None = None
    by_id: bool = False
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    final_url: str | None = None
    body: str = ""
    verdict: Verdict
    reason: Reason
    rule: str | None = None


def exchange_of(example: Example, platform: Platform, source: Source) -> Exchange:
    """The example as the prober would hand it over."""
    task = Task(
        purpose=Purpose.ROUTINE,
        platform=platform,
        source=source,
        target=Target(
            handle=example.handle,
            instance=example.instance,
            account_id=f"{platform.id}:{example.handle}",
            stable_id=example.stable_id,
            by_id=example.by_id,
        ),
        due=_AT,
        max_age=_MAX_AGE,
        timeout=_MAX_AGE,
    )
    final = example.final_url or task.url
    hops = () if final == task.url else (Hop(url=task.url, status=302, location=final),)
    response = Response(
        status=example.status, url=final, headers=example.headers, body=example.body.encode(), hops=hops
    )
    return Exchange(task=task, sent_at=_AT, received_at=_AT + _TOOK, outcome=response)
