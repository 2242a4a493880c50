"""Many texts looked for in another."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from watcher.classify.finder import at_once, in_turn
from watcher.classify.walls import MARKS

TEXTS = tuple(MARKS)
AT_ONCE, IN_TURN = at_once(TEXTS), in_turn(TEXTS)
pieces = st.sampled_from(TEXTS).flatmap(lambda mark: st.integers(0, 2).map(lambda cut: mark[cut:])) | st.binary(
    max_size=4
)


def test_the_first_of_the_texts_counts() -> None:
    """However they stand in the other text; there may be none, and none to look for."""
    for find in (at_once, in_turn):
        assert find((b"b", b"a"))(b"\xff\x00ab") == 0
        assert find((b"b", b"a"))(b"\xffa") == 1
        assert find((b".", b"a"))(b"b") is None
        assert find(())("a") is None


@settings(max_examples=100, deadline=None)
@given(page=st.lists(pieces, max_size=5).map(b"".join))
@example(page=b"\x00\xff" * 50_000 + TEXTS[-1])
def test_at_once_is_as_in_turn_in_bytes(page: bytes) -> None:
    """With google-re2 and without it the same mark is found, whatever the bytes around it."""
    assert AT_ONCE(page) == IN_TURN(page)
