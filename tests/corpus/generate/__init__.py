"""Synthetic cases: the pages of `tests/corpus/templates` for made-up people, behind every barrier, and mutated.

Written from what platforms are known to answer, not from the platform files, which are tried on them. The same seed
gives the same cases; nothing is kept in files. `python -m tests.corpus.generate DIR` writes them out as case files.
"""

from tests.corpus.generate.base import base_cases
from tests.corpus.generate.made import Kind, Made, Site, load_barriers, load_sites
from tests.corpus.generate.mutate import mutated_cases

__all__ = ["Kind", "Made", "Site", "base_cases", "every_case", "load_barriers", "load_sites", "mutated_cases"]


def every_case() -> tuple[Made, ...]:
    """The base cases and all mutations of them."""
    base = base_cases()
    return (*base, *mutated_cases(base))
