"""How one generated case is made out of another."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from tests.corpus.cases import Answer, Case, Expected, encode
from tests.corpus.generate.made import Made

SEED: Final = 20171102


def changed(made: Made, mutation: str, *, expected: Expected | None = None, **changes: Any) -> Made:
    """The case with other fields (those of Case), of a name and group of its own."""
    kind = mutation.partition("-")[0]
    case: Case = replace(
        made.case,
        name=f"{made.case.name}-{mutation}",
        group=f"{made.case.group}, {kind}",
        expected=made.case.expected if expected is None else expected,
        **changes,
    )
    return replace(made, case=case, mutation=kind)


def text_of(answer: Answer) -> str:
    """The body as text."""
    declared = re.search(r"charset=\"?([\w-]+)", answer.headers.get("content-type", ""))
    return answer.body.decode(declared[1] if declared else "utf-8", "replace")


def rewritten(answer: Answer, rewrite: Callable[[str], str]) -> Answer:
    """The answer with another body, in the same charset."""
    return replace(answer, body=encode(rewrite(text_of(answer)), answer.headers))
