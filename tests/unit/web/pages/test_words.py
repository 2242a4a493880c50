"""Figures as the pages write them."""

import pytest

from watcher.web.pages.words import percent


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (1.0, "100 %"),
        (0.99999, "99.99 %"),
        (0.57, "57.00 %"),
        (0.29, "29.00 %"),
        (2 / 3, "66.66 %"),
        (0.00009, "0.00 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_part_of_a_whole_is_rounded_down(ratio: float, said: str) -> None:
    """What was not wholly so never reads as 100 %; what is even stays so, though a float is a little less."""
    assert percent(ratio) == said


def test_every_hundredth_is_itself() -> None:
    """None is shown as the one below."""
    assert [percent(number / 10_000) for number in range(10_000)] == [
        f"{number // 100}.{number % 100:02} %" for number in range(10_000)
    ]
