"""Show that classify takes linear time whatever it is given: `python -m bench.linear [NAME …]`.

Each kind of hostile page is classified at a quarter of a megabyte and at two. The last column is the time per byte of
the large one divided by that of the small one: 1 is linear, 8 would be quadratic.
"""

import gc
import sys
from collections.abc import Callable
from functools import partial
from time import process_time
from typing import Final

from bench.hostile import BATCHES, DOCUMENTS, HOSTILE
from bench.subjects import everything_asked, taken_apart

SMALL: Final = 250_000
LARGE: Final = 2_000_000
LEAST: Final = 0.0005


def page_of(make: Callable[[int], str], size: int) -> bytes:
    """A page of that kind of about `size` bytes."""
    each = max(1, (len(make(2_000).encode("utf-8", "surrogatepass")) - len(make(1_000).encode())) / 1_000)
    return make(int((size - len(make(0).encode())) / each)).encode()[:size]


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of three runs."""

    def once() -> float:
        began = process_time()
        work()
        return process_time() - began

    gc.collect()
    return min(once() for _ in range(3))


def main() -> None:
    """Print a line for each kind, the worst last."""
    rows: list[tuple[float, str]] = []
    chosen = set(sys.argv[1:])
    page, document = partial(everything_asked, is_json=False), partial(everything_asked, is_json=True)
    all_kinds = ((HOSTILE, page), (DOCUMENTS, document), (BATCHES, taken_apart))
    kinds = [(name, make, asked) for made, asked in all_kinds for name, make in made.items()]
    for name, make, asked in kinds:
        if chosen and name not in chosen:
            continue
        small, large = (page_of(make, size) for size in (SMALL, LARGE))
        few, many = (seconds(asked(body)) for body in (small, large))
        # What takes next to no time at all shows the clock's grain only.
        ratio = max(many, LEAST) / len(large) / (max(few, LEAST) / len(small))
        rows.append((ratio, f"{name:28} {few * 1e3:9.2f} ms {many * 1e3:9.2f} ms {ratio:8.2f}"))
    sys.stdout.write(f"{'page':28} {'250 KB':>12} {'2 MB':>12} {'ratio':>8}\n")
    for _, line in sorted(rows):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
