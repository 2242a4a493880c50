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
from watcher.model.control import Features, References
from watcher.model.exchange import Exchange
from watcher.model.finding import Finding

CHECKED: Final = 997
_MOST: Final = 400_000
_NONE: Final = References()


class Memo:
    """Stands in for `classify`."""

    def __init__(self) -> None:
        self.calls = 0
        self.worked_out = 0
        self.checked = 0
        self._known: dict[tuple[Any, ...], Classified] = {}
        self._features: dict[tuple[Any, ...], Features | None] = {}
        self._held: list[object] = []

    def __call__(self, exchange: Exchange, references: References = _NONE, *, vantage: str = "local") -> Classified:
        """As `classify`."""
        self.calls += 1
        task, target = exchange.task, exchange.task.target
        age = exchange.age
        alone: tuple[Any, ...] = (
            id(task.platform),
            task.source.name,
            target.handle,
            target.stable_id,
            target.by_id,
            age if age is not None and age > task.max_age else None,
            id(exchange.outcome),
        )
        beside = (*alone, frozenset(map(id, references.positives)), frozenset(map(id, references.negatives)))
        known = self._known.get(alone) or self._known.get(beside)
        if known is None:
            self.worked_out += 1
            classified = classify(exchange, references, vantage=vantage)
            known = self._kept(alone, classified, (task.platform, exchange.outcome, references))
            self._known[alone if _is_said_by_itself(classified) else beside] = known
        again = _with(known, replace(known.finding, at=exchange.received_at, seen=exchange.seen))
        if self.calls % CHECKED == 0:
            self.checked += 1
            true = classify(exchange, references, vantage=vantage)
            if (true, true.features) != (again, again.features):
                raise AssertionError(f"the memo differs from classify: {again}")
        return again

    def _kept(self, alone: tuple[Any, ...], classified: Classified, held: object) -> Classified:
        """What is kept of a result: no page, and one set of features for all results about it."""
        if len(self._held) >= _MOST:
            self._known.clear()
            self._features.clear()
            self._held.clear()
        self._held.append(held)
        if alone not in self._features or self._features[alone] is None:
            self._features[alone] = classified.features
        features = self._features[alone] if classified.features is not None else None
        kept = replace(classified, look=None)
        vars(kept)["features"] = features
        return kept


def _with(known: Classified, finding: Finding) -> Classified:
    again = replace(known, finding=finding)
    vars(again)["features"] = known.features
    return again


def _is_said_by_itself(classified: Classified) -> bool:
    """True where a barrier, a field or a rule of the platform decided: the references are looked at after these."""
    step = classified.trace[-1][0]
    by_rule = not classified.finding.evidence.rule.startswith("identity-")
    return step in (Step.TRANSPORT, Step.HARD_BARRIER, Step.STRUCTURED) or (step is Step.IDENTITY and by_rule)
