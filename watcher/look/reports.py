"""What the answers of controls make of a ControlReport: each judged beside the others, never beside itself. Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from watcher.classify import Classified, classify
from watcher.classify.condense import condense
from watcher.judge.calibration import dead_after, is_strange, missing_page, rebased, sifted
from watcher.model.control import Calibration, ControlFinding, ControlReport, Features, References
from watcher.model.exchange import Exchange

NEGATIVES: Final = 2
_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """What a refresh showed of the controls: handles that somebody registered, pages unlike what they were."""

    registered: tuple[str, ...] = ()
    drifted: tuple[str, ...] = ()


def merge(report: ControlReport, positives: list[Exchange], negatives: list[Exchange]) -> tuple[ControlReport, Noticed]:
    """The report with the new answers in front, each judged beside the others and never beside itself."""
    plain = {id(exchange): classify(exchange, vantage=report.key.vantage) for exchange in (*positives, *negatives)}
    known = report.references
    fresh_negatives = [(exchange, plain[id(exchange)].features) for exchange in negatives]
    # An error in the place of a control's page must vouch neither for itself nor for another control's.
    fresh_positives = [
        (exchange, plain[id(exchange)].features)
        for exchange in positives
        if not is_strange(exchange.task.target.handle, plain[id(exchange)].features, report.calibration)
    ]

    # The first positive of a site that no rule knows has but itself to be like: it is there on the operator's word,
    # and shown to be if a handle that cannot exist looks otherwise.
    baseline = known.positives or tuple(features for _, features in fresh_positives if features is not None)

    def judged(exchange: Exchange, beside: list[tuple[Exchange, Features | None]]) -> ControlFinding:
        references = References(
            positives=(*_others(fresh_positives, exchange), *baseline),
            negatives=(*_others(beside, exchange), *known.negatives),
        )
        classified = classify(exchange, references, vantage=report.key.vantage)
        return _control(exchange, classified, plain[id(exchange)].features)

    drawn = sifted(tuple(judged(exchange, fresh_negatives) for exchange in negatives))
    # The page of somebody who registered the handle looks like those that exist, and tells none of them apart.
    nobody = {control.handle for control in drawn.kept}
    missing_pages = [pair for pair in fresh_negatives if pair[0].task.target.handle in nobody]
    asked = tuple(judged(exchange, missing_pages) for exchange in positives)
    merged = replace(
        report,
        positives=_newest(asked, report.positives, report.calibration.dead),
        negatives=_newest(drawn.kept, report.negatives)[:NEGATIVES],
    )
    baselines, drifted = rebased(merged)
    dead = dead_after(report.calibration.dead, asked, merged)
    missing, unsettled_at = missing_page(report.calibration, drawn.kept)
    calibration = Calibration(dead=dead, baselines=baselines, missing=missing, unsettled_at=unsettled_at)
    changed = replace(merged, calibration=calibration)
    return changed, Noticed(registered=drawn.registered, drifted=drifted)


def _others(pairs: list[tuple[Exchange, Features | None]], own: Exchange) -> list[Features]:
    return [features for exchange, features in pairs if features is not None and exchange is not own]


def _control(exchange: Exchange, classified: Classified, features: Features | None) -> ControlFinding:
    return ControlFinding(
        handle=exchange.task.target.handle,
        finding=classified.finding,
        features=classified.features or features,
        imprint=condense(exchange, classified.finding),
    )


def _newest(
    fresh: Iterable[ControlFinding], known: tuple[ControlFinding, ...], dead: Collection[str] = ()
) -> tuple[ControlFinding, ...]:
    """One entry a handle, the latest first: a few, and those that are dead besides, lest they be forgotten."""
    merged: dict[str, ControlFinding] = {}
    for control in (*reversed(list(fresh)), *known):
        merged.setdefault(control.handle, control)
    few = [handle for handle in merged if handle not in dead][:_KEPT]
    return tuple(control for handle, control in merged.items() if handle in few or handle in dead)
