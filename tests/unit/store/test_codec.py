"""The codec: values to JSON and rows and back, and the hash over them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.store.samples import T0, findings, instants, outage, outages, spans, stamp, state, transition
from watcher.model.finding import Finding, Stamp
from watcher.model.outage import Outage, Transition, TransitionKind
from watcher.store.codec import (
    chained_hash,
    from_json,
    from_row,
    instant_of,
    is_sha256,
    micros_of,
    span_micros,
    span_of,
    to_json,
    to_row,
    transition_document,
)


@given(instants)
def test_instants_survive(instant: datetime) -> None:
    """Every instant comes back to the microsecond."""
    assert instant_of(micros_of(instant)) == instant


@given(spans)
def test_spans_survive(span: timedelta) -> None:
    """Every span comes back to the microsecond."""
    assert span_of(span_micros(span)) == span


def test_instant_of_another_zone_is_the_same_instant() -> None:
    """It is kept as UTC."""
    paris = datetime(2017, 11, 3, 0, 0, tzinfo=timezone(timedelta(hours=1)))
    assert instant_of(micros_of(paris)) == T0
    assert instant_of(micros_of(paris)).tzinfo is UTC


def test_naive_instant_is_refused() -> None:
    """Nobody knows when it was."""
    with pytest.raises(ValueError, match="naive datetime 2017-11-02T23:00:00"):
        micros_of(T0.replace(tzinfo=None))


@given(findings)
def test_findings_survive_json(finding: Finding) -> None:
    """Any finding comes back as it was."""
    assert from_json(Finding, to_json(finding)) == finding


@given(outages("x:potus"))
def test_outages_survive_json_and_rows(outage: Outage) -> None:
    """Any outage comes back as it was, both ways."""
    assert from_json(Outage, to_json(outage)) == outage
    assert from_row(Outage, to_row(outage)) == outage


def test_tuples_of_values_survive_json() -> None:
    """A tuple is a list of its items."""
    pair = (stamp(1), stamp(2))
    assert from_json(tuple[Stamp, ...], to_json(pair)) == pair


def test_what_was_stored_before_a_field_existed_has_its_default() -> None:
    """An older document lacks newer fields."""
    data = to_json(outage())
    del data["previous_id"]
    assert from_json(Outage, data) == outage()


def test_word_outside_its_set_is_refused() -> None:
    """A reason that this version does not know is no reason."""
    data = to_json(outage()) | {"reason": "eaten"}
    with pytest.raises(ValueError, match="eaten"):
        from_json(Outage, data)


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes"])
def test_other_values_are_refused(value: object) -> None:
    """What the model does not use is not guessed at."""
    with pytest.raises(TypeError, match="cannot be stored"):
        to_json(value)


def test_row_leaves_out_what_has_no_column() -> None:
    """A field named in `without` is not in the row, and is given back by the caller."""
    known = state(outage=outage())
    row = to_row(known, without=("outage",))
    assert "outage" not in row
    assert from_row(type(known), row, outage=known.outage) == known


@dataclass(frozen=True, slots=True, kw_only=True)
class _Windowed:
    window: Stamp | None


def test_stamp_is_two_columns() -> None:
    """Its ends, or nothing in both."""
    assert to_row(_Windowed(window=stamp(0))) == {"window_e": stamp(0).earliest, "window_l": stamp(0).latest}
    assert to_row(_Windowed(window=None)) == {"window_e": None, "window_l": None}
    assert from_row(_Windowed, {"window_e": None, "window_l": None}) == _Windowed(window=None)


def test_hash_can_be_computed_by_anybody() -> None:
    """SHA-256 of the canonical JSON and the hash before: this very value is in alerts that were sent."""
    bare = Transition(kind=TransitionKind.ACCOUNT_SUSPECTED, at=T0, account_id="x:potus", detail={"b": "é", "a": "1"})
    document = transition_document(bare)
    # printf %s '{"account_id":"x:potus","at":1509663600000000,"detail":{"a":"1","b":"\u00e9"},"finding":null,
    #            "kind":"AccountSuspected","outage":null}' (on one line) | sha256sum
    assert chained_hash(document, "") == "216a522367c5bb3530549b6525e88ccd55b098c9ea3c29f94c75ca1e877eaffe"
    assert chained_hash(document, "a" * 64) != chained_hash(document, "")


@given(st.sampled_from(["kind", "at", "account_id", "finding", "outage", "detail"]))
def test_hash_covers_every_part(part: str) -> None:
    """Another kind, instant, account, finding, outage or detail is another hash."""
    document = transition_document(replace(transition(TransitionKind.OUTAGE_OPENED, 20, outage()), detail={"a": "b"}))
    assert chained_hash(document | {part: None}, "") != chained_hash(document, "")


@pytest.mark.parametrize(
    ("text", "claim"),
    [("0" * 64, True), ("f" * 64, True), ("F" * 64, False), ("0" * 63, False), ("0" * 64 + "\n", False), ("", False)],
)
def test_only_64_digits_are_a_hash(text: str, claim: bool) -> None:
    """Lower-case hexadecimal, whole."""
    assert is_sha256(text) is claim
