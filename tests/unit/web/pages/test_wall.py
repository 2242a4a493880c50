"""What open boards share: rows are made, and the record is read, only where something has changed."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.web import story
from tests.unit.web.pages.test_board import SEEN, Past, wall_of
from watcher.model.errors import StoreError
from watcher.model.outage import Phase, TransitionKind
from watcher.model.snapshot import Snapshot
from watcher.web.pages.board import Board
from watcher.web.pages.query import BoardQuery
from watcher.web.pages.reasons import HAPPENED

QUERY = BoardQuery()


def versions(board: Board) -> dict[str, int]:
    """Of all rows."""
    return {row.key: row.version for _, row in board.entries}


def with_state(snapshot: Snapshot, account_id: str, **changes: object) -> Snapshot:
    """The same, but for one account."""
    state = replace(snapshot.states[account_id], **changes)  # type: ignore[arg-type]  # the tests name real fields
    return replace(snapshot, states={**snapshot.states, account_id: state})


async def test_a_look_that_changes_nothing_changes_no_row() -> None:
    """When an account was looked at last is no news of it; the record is not read again."""
    past = Past(SEEN)
    wall, snapshot = wall_of(past), story.snapshot()
    first = await wall.board(snapshot, QUERY)
    again = await wall.board(with_state(snapshot, "x:potus", last_probe_at=story.NOW), QUERY)
    assert versions(again) == versions(first)
    assert len(past.asked) == 1


async def test_only_the_row_that_changed_is_another() -> None:
    """And only that account's record is read again."""
    past = Past(SEEN)
    wall, snapshot = wall_of(past), story.snapshot()
    first = await wall.board(snapshot, QUERY)
    gone = with_state(snapshot, "x:potus", phase=Phase.DOWN, outage=story.outage(id="o-9"))
    then = await wall.board(gone, QUERY)
    assert {key for key, version in versions(then).items() if versions(first)[key] != version} == {"x:potus"}
    assert then.version == versions(then)["x:potus"] > first.version
    assert past.asked[1:] == [["x:potus"]]


async def test_bars_go_on_with_the_clock() -> None:
    """After a quarter of an hour they are drawn anew, and what is stored is read again."""
    past = Past(replace(SEEN, outages=(story.closed(),)))
    wall, snapshot = wall_of(past), story.snapshot()
    first = await wall.board(snapshot, QUERY)
    then = await wall.board(replace(snapshot, at=story.NOW + timedelta(minutes=16)), QUERY)
    assert versions(then) != versions(first)
    assert len(past.asked) == 2


async def test_the_figures_of_one_account_are_of_the_moment() -> None:
    """Those of the board are of the quarter of an hour; by itself an account has them as of now, and reads its record.

    What was read for it the board shows, too.
    """
    past = Past(SEEN)
    wall, quarter = wall_of(past), story.NOW.replace(minute=15, second=0, microsecond=0)
    snapshot = replace(story.snapshot(), at=quarter)
    opened = replace(story.outage(id="o-9"), last_present=quarter, began=story.stamp(quarter))
    gone = with_state(snapshot, "x:potus", phase=Phase.DOWN, outage=opened)
    first = await wall.row(gone, "x:potus")
    later = replace(gone, at=quarter + timedelta(minutes=10))
    [(_, before)] = (await wall.board(later, BoardQuery(q="potus"))).entries
    then = await wall.row(later, "x:potus")
    assert first is not None
    assert then is not None
    assert first.bars is not None
    assert then.bars is not None
    assert "9 min 59 s not" in then.bars.hours.label != first.bars.hours.label
    assert before.bars == first.bars
    [(_, shown)] = (await wall.board(later, BoardQuery(q="potus"))).entries
    assert shown.bars == then.bars
    assert len(past.asked) == 2


async def test_a_store_that_does_not_answer_takes_no_row() -> None:
    """The board says that there are no bars, and shows what memory knows; as soon as it can, it has them."""
    past = Past(SEEN)
    past.failure = StoreError("locked")
    wall, snapshot = wall_of(past), story.snapshot()
    without = await wall.board(snapshot, QUERY)
    assert len(without.entries) == len(story.ROWS)
    assert all(row.bars is None for _, row in without.entries)
    assert "cannot be read" in without.notice.text
    past.failure = None
    assert all(row.bars is not None for _, row in (await wall.board(snapshot, QUERY)).entries)


async def test_who_leaves_the_list_meanwhile_leaves_the_board() -> None:
    """With the order known from before, and states without that account; its heading goes to the next."""
    wall, snapshot = wall_of(Past(SEEN)), story.snapshot()
    first = await wall.board(snapshot, BoardQuery(owner="trump"))
    states = {each: state for each, state in snapshot.states.items() if each != "x:realdonaldtrump"}
    then = await wall.board(replace(snapshot, states=states), BoardQuery(owner="trump"), first.arranged)
    assert [row.key for _, row in then.entries] == ["x:potus"]
    assert await wall.row(replace(snapshot, states=states), "x:realdonaldtrump") is None
    assert await wall.row(snapshot, "x:nobody") is None


def test_every_event_has_its_words() -> None:
    """Also those that are added one day."""
    assert set(HAPPENED) == set(TransitionKind)
