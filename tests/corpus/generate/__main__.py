"""Write the generated cases out as case files: `python -m tests.corpus.generate DIR [--portion N]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.corpus.cases import Answer, encode
from tests.corpus.generate import Made, every_case


def raw_case(made: Made, stem: str) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A case as its file has it, and the bodies that stand beside it: those that are not UTF-8."""
    case, bodies = made.case, dict[str, bytes]()

    def raw(answer: Answer | None, role: str) -> dict[str, Any] | None:
        if answer is None:
            return None
        shown = {"status": answer.status, "headers": dict(answer.headers), "final_url": answer.final_url}
        is_plain = encode(text := answer.body.decode("utf-8", "replace"), answer.headers) == answer.body
        if is_plain:
            return {**shown, "body": text}
        bodies[f"{stem}.{role}"] = answer.body
        return {**shown, "body_file": f"{stem}.{role}"}

    present, absent = raw(case.present, "present"), raw(case.absent, "absent")
    expected = case.expected
    document = {
        "name": case.name,
        "group": case.group,
        "platform": case.platform,
        "account": case.account,
        "url": case.url,
        "response": raw(case.answer, "body"),
        "controls": {"present": present, "absent": absent} if present or absent else None,
        "expect": {
            "verdict": expected.verdict and expected.verdict.upper(),
            "reason": expected.reason,
            "not_verdict": expected.not_verdict and expected.not_verdict.upper(),
        },
    }
    return document, bodies


def write(cases: Sequence[Made], folder: Path) -> None:
    """One file a case, in a folder for each platform."""
    for number, made in enumerate(cases):
        place = folder / made.case.platform
        place.mkdir(parents=True, exist_ok=True)
        document, bodies = raw_case(made, f"{number:05}")
        for name, body in bodies.items():
            (place / name).write_bytes(body)
        text = json.dumps(document, ensure_ascii=False, indent=2)
        (place / f"{number:05}.json").write_text(f"{text}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the cases below the folder named on the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.generate", description="write the generated cases")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--portion", type=int, default=1, metavar="N", help="write every Nth case only")
    options = parser.parse_args(arguments)
    cases = every_case()[:: options.portion]
    write(cases, options.folder)
    sys.stdout.write(f"{len(cases)} cases written to {options.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
