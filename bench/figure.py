"""A row of the table, and the reference loop that the machine is measured by."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row. `value` in `unit`; `ratio` to the reference loop; `goal` in `unit`, at most or (`least`) at least."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    goal: float | None = None
    least: bool = False

    @property
    def ok(self) -> bool | None:
        """Whether the goal is reached; None without one."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.least else self.value <= self.goal

    def record(self) -> dict[str, object]:
        """As it is written to a file."""
        return {
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "ratio": self.ratio,
            "goal": self.goal,
            "least": self.least,
            "ok": self.ok,
        }

    def line(self) -> str:
        """As it is printed."""
        goal = "" if self.goal is None else f"{'>=' if self.least else '<='} {self.goal:g} {_said(self.ok)}"
        ratio = "" if self.ratio is None else f"{self.ratio:9.3f}"
        return f"{self.name:44} {self.value:11.3f} {self.unit:12} {ratio:>9}  {goal}"


def _said(ok: bool | None) -> str:
    return "ok" if ok else "MISSED"


def reference() -> None:
    """A fixed piece of plain work: what the machine is worth right now."""
    total = 0
    for number in range(20_000):
        total += number * number % 7
    assert total > 0
