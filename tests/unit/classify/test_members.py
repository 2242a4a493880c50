"""The answer to a batch taken apart: whose item is whose, and what says nothing of anybody."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.classify.story import exchange, json_source, response, rule
from watcher.classify import classify, is_omitted, members_of
from watcher.classify.members import MOST_ITEMS
from watcher.model.exchange import Exchange, FetchFailure, Response, Target
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.model.platform import KEY, Batch, HandleSyntax, Items, SourceKind

RULES = (
    rule(Reason.SUSPENDED, {"json:detail": "suspended*"}),
    rule(Reason.PROFILE, {"json:name": "*"}),
    rule(Reason.RATE_LIMITED, {"json:error": "slow"}),
    rule(Reason.QUOTA, {"status": "402"}),
)
LISTS = (Items(list_="data.users", names=("name", "id{id}")), Items(list_="errors", names=("value",)))
BATCH = Batch(size=10, member="{handle}", join=",", items=LISTS)
ALICE, BOB = Target(handle="alice", instance=""), Target(handle="bob_b", instance="", stable_id="17")


def asked(body: Any, *targets: Target, batch: Batch = BATCH, fold: bool = True, status: int = 200) -> Exchange:
    """An answer about these; text or bytes as they are, anything else as JSON."""
    url = "https://api.site.example/?{members}"
    source = replace(json_source(*RULES), url=url, kind=SourceKind.BATCH, batch=batch)
    content = body if isinstance(body, bytes) else (body if isinstance(body, str) else json.dumps(body)).encode()
    one = exchange(response(content, status=status, content_type="application/json"), source)
    platform = replace(one.task.platform, handle=HandleSyntax(pattern=".*", fold=fold))
    return replace(one, task=replace(one.task, platform=platform, target=targets[0], members=targets))


def items(whole: Exchange) -> list[Any]:
    """Each member's document."""
    return [json.loads(part.outcome.body) for part in members_of(whole) if isinstance(part.outcome, Response)]


def users(*entries: Any, **rest: Any) -> dict[str, Any]:
    """A document with these users."""
    return {"data": {"users": list(entries)}, **rest}


def test_each_gets_its_own_item() -> None:
    """In the order asked, whatever the answer's; of whom nothing is said, null; and nothing of anybody else."""
    whole = asked(users({"name": "Bob_B", "n": 2}, {"name": "carol"}, {"name": "ALICE", "n": 1}), ALICE, BOB, ALICE)
    assert items(whole) == [{"name": "ALICE", "n": 1}, {"name": "Bob_B", "n": 2}, {"name": "ALICE", "n": 1}]
    missing = asked(users({"name": "carol"}), ALICE)
    assert items(missing) == [None]
    [part] = members_of(missing)
    assert is_omitted(part)
    finding = classify(part).finding
    assert (finding.verdict, finding.reason, finding.certainty, finding.evidence.rule) == (
        Verdict.ABSENT,
        Reason.UNAVAILABLE,
        Certainty.RESEMBLES,
        "omitted",
    )


def test_the_parts_keep_times_and_question() -> None:
    """They were sent and answered as the whole was; each is about its own target, and names nobody else."""
    whole = replace(asked(users({"name": "alice"}), ALICE, BOB), age=timedelta(seconds=3))
    parts = members_of(whole)
    assert [part.task.target for part in parts] == [ALICE, BOB]
    assert {(part.seen, part.is_item) for part in parts} == {(whole.seen, True)}
    assert [part.task.url for part in parts] == [f"https://api.site.example/?{name}" for name in ("alice", "bob_b")]
    assert [p.outcome.url for p in parts if isinstance(p.outcome, Response)] == [part.task.url for part in parts]


def test_the_second_list_is_of_whom_the_first_has_not() -> None:
    """An error of a part of somebody who is there does not take their place."""
    whole = asked(
        users({"name": "alice"}, errors=[{"value": "alice"}, {"value": "bob_b", "detail": "suspended"}]), ALICE, BOB
    )
    assert items(whole) == [{"name": "alice"}, {"value": "bob_b", "detail": "suspended"}]
    assert [classify(part).finding.reason for part in members_of(whole)] == [Reason.PROFILE, Reason.SUSPENDED]


def test_names_by_id_and_within_a_text() -> None:
    """An item may be found by the pinned id, or by its own id as part of a handle; not by an id that is not known."""
    batch = replace(BATCH, names=("{handle}", "id{stable_id}"))
    whole = asked(users({"id": 17}, {"id": 5}), BOB, Target(handle="id5", instance=""), ALICE, batch=batch)
    assert items(whole) == [{"id": 17}, {"id": 5}, None]
    assert items(asked(users({"id": True}, {"name": None}), Target(handle="idtrue", instance=""))) == [None]


def test_a_mapping_by_key() -> None:
    """GraphQL answers by alias, and names in an error's path whom it is about."""
    batch = Batch(
        size=5,
        member="a{n}",
        join=" ",
        items=(Items(list_="data", names=(KEY,)), Items(list_="errors", names=("path.0",))),
        names=("a{n}",),
    )
    document = {
        "data": {"a0": {"name": "x"}, "a1": None, "a2": None},
        "errors": [{"path": ["a1"], "type": "NOT_FOUND"}],
    }
    assert items(asked(document, ALICE, BOB, ALICE, batch=batch)) == [
        {"name": "x"},
        {"path": ["a1"], "type": "NOT_FOUND"},
        None,
    ]


def test_mediawiki_names() -> None:
    """A capital first and spaces for underscores; where case matters elsewhere, two accounts stay two."""
    one, other = Target(handle="jimbo_Wales", instance=""), Target(handle="Jimbo_wales", instance="")
    document = users({"name": "Jimbo wales"}, {"name": "Jimbo Wales"})
    assert items(asked(document, one, other, fold=False)) == [{"name": "Jimbo Wales"}, {"name": "Jimbo wales"}]
    assert items(asked(users({"name": "JIMBO WALES"}), one, fold=False)) == [None]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (users({"name": "alice"}), 404, Reason.BAD_RESPONSE),
        (users({"name": "alice"}), 500, Reason.PLATFORM_ERROR),
        (users({"name": "alice"}), 402, Reason.QUOTA),
        ({"data": {}}, 200, Reason.BAD_RESPONSE),
        ({"data": {"users": "none"}}, 200, Reason.BAD_RESPONSE),
        ({"errors": []}, 200, Reason.BAD_RESPONSE),
        ({"error": "slow"}, 200, Reason.RATE_LIMITED),
        ({"name": "alice"}, 200, Reason.BAD_RESPONSE),
        ("null", 200, Reason.BAD_RESPONSE),
        ("[]", 200, Reason.BAD_RESPONSE),
        ("<html>", 200, Reason.NOT_PARSABLE),
        ("", 404, Reason.RATE_LIMITED),
    ],
)
def test_an_answer_without_its_list_says_nothing(body: Any, status: int, reason: Reason) -> None:
    """Whatever it is, each member gets the same INCONCLUSIVE, with the whole answer as its proof."""
    whole = asked(body, ALICE, BOB, status=status)
    parts = members_of(whole)
    answered = [p.outcome for p in parts if isinstance(p.outcome, Response)]
    assert isinstance(whole.outcome, Response)
    assert [(p.is_item, p.outcome) for p in parts] == [(False, replace(whole.outcome, url=p.task.url)) for p in parts]
    assert len(answered) == 2
    findings = [classify(part).finding for part in parts]
    assert {(f.verdict, f.reason) for f in findings} == {(Verdict.INCONCLUSIVE, reason)}


def test_without_the_first_list_only_what_is_stated_counts() -> None:
    """Where only errors came, who is named there is so, and of the others nothing is known."""
    first, second = members_of(asked({"errors": [{"value": "alice", "detail": "suspended"}]}, ALICE, BOB))
    assert classify(first).finding.reason is Reason.SUSPENDED
    assert (classify(second).finding.reason, is_omitted(second)) == (Reason.BAD_RESPONSE, False)


def test_no_answer_is_none_for_all() -> None:
    """A failure is handed on to each."""
    whole = asked("", ALICE, BOB)
    whole = replace(whole, outcome=FetchFailure(reason=Reason.DNS, detail="nobody there"))
    assert [classify(part).finding.reason for part in members_of(whole)] == [Reason.DNS] * 2


def test_a_single_look_up_is_left_alone() -> None:
    """Only batches are taken apart."""
    one = exchange(response(b"null", content_type="application/json"), json_source(*RULES))
    assert members_of(one) == (one,)


def test_what_is_nested_too_deeply_says_nothing() -> None:
    """An item that can hardly be read is no item."""
    deep = '{"data": {"users": [{"name": "alice", "x": ' + "[" * 900 + "]" * 900 + "}]}}"
    [part] = members_of(asked(deep, ALICE))
    assert classify(part).finding.verdict in (Verdict.PRESENT, Verdict.INCONCLUSIVE)


@pytest.mark.parametrize("place", ["first", "second"])
@pytest.mark.parametrize("kind", ["list", "mapping"])
def test_an_answer_of_more_items_than_are_read_says_nothing(kind: str, place: str) -> None:
    """Whoever it does not name may be among those: none of them is missing, and none of the items is looked at."""

    def answer(count: int) -> dict[str, Any]:
        many = [{}] * count if kind == "list" else {str(number): {} for number in range(count)}
        return {"data": {"users": many if place == "first" else []}, "errors": many if place == "second" else []}

    assert items(asked(answer(MOST_ITEMS), ALICE, BOB)) == [None, None]
    parts = members_of(asked(answer(MOST_ITEMS + 1), ALICE, BOB))
    assert [classify(part).finding.reason for part in parts] == [Reason.TOO_LARGE] * 2
    assert not any(part.is_item or is_omitted(part) for part in parts)
    refused = members_of(asked(answer(MOST_ITEMS + 1), ALICE, status=402))
    assert [classify(part).finding.reason for part in refused] == [Reason.QUOTA]


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(["alice", "bob_b", "\ud800", "suspended"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "users", "errors", "name", "value", "id", "detail"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(body=st.binary(max_size=60) | documents.map(lambda d: json.dumps(d).encode()), fold=st.booleans())
def test_it_is_total(body: bytes, *, fold: bool) -> None:
    """Whatever the bytes: as many parts as members, each classified, and nobody PRESENT who is not named."""
    whole = asked(body, ALICE, BOB, fold=fold)
    parts = members_of(whole)
    assert len(parts) == 2
    for part in parts:
        finding = classify(part).finding
        if finding.verdict is Verdict.PRESENT:
            assert part.is_item
            assert part.task.target.handle[1:].encode() in body
