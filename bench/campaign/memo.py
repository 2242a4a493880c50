"""`classify`, worked out once for each distinct question and answer.

The result is the same, for `classify` is a pure function of these alone: the source (with its platform), the target's
handle and stable id and whether it was asked by id, the age of a copy where it is too old, the outcome, and the
references in whatever order (likeness takes the greatest, an echo any), unless a step decides that comes before they
are looked at. The instants of the exchange go into nothing
but the finding's `at` and `seen`, which are put in anew each time. Outcomes and features are known by identity: equal
bytes are one object here, and each is held as long as the memo lives. One call in CHECKED is worked out all the same
and compared; the campaign fails if it differs.
"""

from dataclasses import replace
from typing import Any, Final

from watcher.classify import Classified, Step, classify
from watcher.model.control import References
from watcher.model.exchange import Exchange

CHECKED: Final = 997
_MOST: Final = 400_000
_ALONE: Final = 7
_NONE: Final = References()


class Memo:
    """Stands in for `classify`."""

    def __init__(self) -> None:
        self.calls = 0
        self.worked_out = 0
        self.checked = 0
        self._known: dict[tuple[Any, ...], tuple[Classified, Any]] = {}

    def __call__(self, exchange: Exchange, references: References = _NONE, *, vantage: str = "local") -> Classified:
        """As `classify`."""
        self.calls += 1
        task, target = exchange.task, exchange.task.target
        age = exchange.age
        key: tuple[Any, ...] = (
            id(task.platform),
            task.source.name,
            target.handle,
            target.stable_id,
            target.by_id,
            age if age is not None and age > task.max_age else None,
            id(exchange.outcome),
        )
        found = self._known.get(key)
        if found is None:
            key = (*key, frozenset(map(id, references.positives)), frozenset(map(id, references.negatives)))
            found = self._known.get(key)
        if found is None:
            self.worked_out += 1
            if len(self._known) >= _MOST:
                self._known.clear()
            classified = classify(exchange, references, vantage=vantage)
            if _is_said_by_itself(classified):
                key = key[:_ALONE]
            self._known[key] = classified, (task.platform, exchange.outcome, references)
            return classified
        known = found[0]
        again = replace(known, finding=replace(known.finding, at=exchange.received_at, seen=exchange.seen))
        if self.calls % CHECKED == 0:
            self.checked += 1
            if classify(exchange, references, vantage=vantage) != again:
                raise AssertionError(f"the memo differs from classify: {again}")
        return again


def _is_said_by_itself(classified: Classified) -> bool:
    """True where a barrier, a field or a rule of the platform decided: the references are looked at after these."""
    step = classified.trace[-1][0]
    by_rule = not classified.finding.evidence.rule.startswith("identity-")
    return step in (Step.TRANSPORT, Step.HARD_BARRIER, Step.STRUCTURED) or (step is Step.IDENTITY and by_rule)
