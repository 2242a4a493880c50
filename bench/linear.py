"""Show that classify takes linear time whatever it is given: `python -m bench.linear [NAME …]`.

Each kind of hostile page is classified at a quarter of a megabyte and at two. The last column is the time per byte of
the large one divided by that of the small one: 1 is linear, 8 would be quadratic.
"""

import gc
import sys
from collections.abc import Callable
from time import process_time
from typing import Final

from bench.hostile import DOCUMENTS, HOSTILE
from bench.subjects import everything_asked

SMALL: Final = 250_000
LARGE: Final = 2_000_000
LEAST: Final = 0.0005


def page_of(make: Callable[[int], str], size: int) -> bytes:
    """A page of that kind of about `size` bytes."""
    each = max(1, (len(make(2_000).encode("utf-8", "surrogatepass")) - len(make(1_000).encode())) / 1_000)
    return make(int(size / each)).encode()[:size]


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
    kinds = [(name, make, False) for name, make in HOSTILE.items()]
    kinds += [(name, make, True) for name, make in DOCUMENTS.items()]
    for name, make, is_json in kinds:
        if chosen and name not in chosen:
            continue
        small, large = (page_of(make, size) for size in (SMALL, LARGE))
        few, many = (seconds(everything_asked(body, is_json=is_json)) for body in (small, large))
        # What takes next to no time at all shows the clock's grain only.
        ratio = max(many, LEAST) / len(large) / (max(few, LEAST) / len(small))
        rows.append((ratio, f"{name:28} {few * 1e3:9.2f} ms {many * 1e3:9.2f} ms {ratio:8.2f}"))
    sys.stdout.write(f"{'page':28} {'250 KB':>12} {'2 MB':>12} {'ratio':>8}\n")
    for _, line in sorted(rows):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
