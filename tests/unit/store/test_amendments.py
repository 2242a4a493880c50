"""What is decided of amendments before any store does it."""

import pytest

from watcher.store.amendments import without_names


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("controls: potus login_wall, POTUS present", "controls: [forgotten] login_wall, [forgotten] present"),
        ("@potus cannot be seen", "@[forgotten] cannot be seen"),
        ("potus45 and mypotus and potus-x stay", "potus45 and mypotus and potus-x stay"),
        ("ends with potus.", "ends with [forgotten]."),
        ("a.b is not aXb", "[forgotten] is not aXb"),
        ("", ""),
    ],
)
def test_names_become_unreadable_as_words(text: str, left: str) -> None:
    """In any capitals, with or without @; longer names that hold them are others'."""
    assert without_names(text, {"@POTUS", "a.b", ""}) == left


def test_without_names_nothing_changes() -> None:
    """An empty name would match everywhere."""
    assert without_names("as it is", {"", "@"}) == "as it is"
