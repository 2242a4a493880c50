"""An outage drawn: where what is, that nothing unobserved looks seen, and that marks keep apart."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.store.samples import after, closed, outage, stamp
from watcher.model.outage import Outage, Unobserved
from watcher.record.assemble import moments
from watcher.web.pages.drawing import NARROW, WIDE, Drawing, drawings

OVER = replace(closed(outage(), 660), last_absent=stamp(650))


def drawn(of: Outage, *spans: Unobserved, width: int = WIDE) -> tuple[Drawing, ...]:
    """The pictures of it."""
    return drawings(of, tuple(moments(of)), spans, width)


def test_the_whole_and_both_ends() -> None:
    """Seen, not known, missing, not known, seen, side by side; the ends enlarged, for they are small beside it."""
    whole, began, ended = drawn(OVER)
    assert [bar.kind for bar in whole.bars] == ["present", "between", "absent", "between", "present"]
    for left, right in pairwise(whole.bars):
        assert abs(left.x + left.width - right.x) < 0.2
    assert whole.bars[-1].x + whole.bars[-1].width <= WIDE
    assert [mark.number for mark in whole.marks] == [1, 2, 3, 4, 5]
    assert [mark.number for mark in began.marks][:2] == [1, 2]
    assert [mark.number for mark in ended.marks] == [4, 5]
    assert 3 <= len(whole.ticks) <= WIDE // 60
    assert [bar.words for bar in began.bars] == ["seen", "not known", "missing"]
    assert [bar.words for bar in whole.bars if bar.width < 30] == [""] * sum(bar.width < 30 for bar in whole.bars)


def test_what_has_not_ended_is_not_drawn_as_back() -> None:
    """After the last look nothing is known."""
    [whole, *_] = drawn(outage())
    assert [bar.kind for bar in whole.bars] == ["present", "between", "absent", "after"]
    assert len(whole.marks) == 4


def test_what_nobody_observed_is_drawn_over_the_rest() -> None:
    """Last, so that it covers."""
    [whole, *_] = drawn(OVER, Unobserved(account_id=None, from_at=after(100), to_at=after(200), cause="no verdict"))
    assert whole.bars[-1].kind == "unobserved"
    assert whole.bars[-1].width > 50


@settings(max_examples=60, deadline=None)
@given(
    gap=st.floats(0, 1e6),
    lasted=st.floats(0, 1e9),
    back=st.floats(0, 1e6) | st.none(),
    width=st.sampled_from([WIDE, NARROW]),
)
def test_any_outage_can_be_drawn(gap: float, lasted: float, back: float | None, width: int) -> None:
    """However long or short: all is within the picture, few ticks, no two marks of a row on one another."""
    sound = replace(
        outage(),
        last_present=after(-gap),
        began=stamp(0),
        confirmed_at=after(lasted / 2),
        last_absent=stamp(lasted),
        ended=None if back is None else stamp(lasted + back),
    )
    for picture in drawn(sound, width=width):
        assert all(0 <= bar.x <= bar.x + bar.width <= width + 0.2 for bar in picture.bars)
        assert len(picture.ticks) <= width // 60
        rows: dict[float, list[float]] = {}
        for mark in picture.marks:
            rows.setdefault(mark.y, []).append(mark.x)
        for row in rows.values():
            assert all(right - left >= 20 for left, right in pairwise(row))
