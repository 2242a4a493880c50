"""What would make a host bear what is wanted of it."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.settings.samples import CHIRP, PLATFORMS
from tests.unit.settings.test_pace import MANY, crowd
from watcher.forecast.remedies import remedies
from watcher.model.platform import Pace, Platform, Source, SourceKind
from watcher.settings.pace import loads

PAGE = CHIRP.sources[0]
QUICK = Pace(requests=600, per=timedelta(minutes=1))


def remedies_with(*others: Source) -> tuple[str, ...]:
    """For forty accounts on a page that allows ten a minute, where the platform has other sources before it."""
    chirp: Platform = replace(CHIRP, sources=(*others, PAGE))
    platforms = {**PLATFORMS, "chirp": chirp}
    [load] = loads(crowd(40), platforms)
    assert load.is_too_much
    return remedies(load, platforms)


def test_a_source_that_is_turned_off() -> None:
    """It is named with how to turn it on, and what it allows."""
    assert remedies_with(replace(PAGE, name="quick", pace=QUICK, enabled=False)) == (
        "platforms: {chirp: {sources: {quick: {enabled: true}}}} would do, by source 'quick' (600 per 1m)",
    )


def test_a_credential_that_is_missing() -> None:
    """One credential may be for several sources: the first of them is asked."""
    many = replace(PAGE, name="many", kind=SourceKind.BATCH, batch=MANY, credential="token")
    assert remedies_with(many, replace(PAGE, name="api", credential="token")) == (
        ("platforms: {chirp: {credentials: {token: …}}} would do, by source 'many' (23 accounts a request, 10 per 1m)"),
    )


def test_what_would_not_be_enough_is_not_named() -> None:
    """Nor what stays forbidden all the same."""
    as_slow = replace(PAGE, name="other", enabled=False)
    forbidden = replace(PAGE, name="quick", pace=QUICK, enabled=False, robots_disallow=True)
    assert remedies_with(as_slow, forbidden) == ()
