"""docs/reference/api.md names addresses that the program serves."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUTE = re.compile(r"web\.(get|post|delete)\(\s*\"(/[^\"]*)\"")


def test_every_address_is_served() -> None:
    """Each request of the table has its route."""
    page = (ROOT / "docs/reference/api.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([A-Z]+) (/[^`]*)` \|", page, re.MULTILINE))
    code = "".join(path.read_text("utf-8") for path in (ROOT / "watcher/web").rglob("*.py"))
    served = {(method.upper(), re.sub(r"\{[^}]*\}", "ID", path)) for method, path in ROUTE.findall(code)}
    assert len(told) > 10
    assert told - served == set()
