"""What people say of an outage once they know more: its cause, who said so, where to read on."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """One remark on one outage; an outage may have several. `id` is the store's (0 until stored), from 1 on.

    `cause` is one line, `text` says more ("" for nothing), `link` is a web address. All three are as somebody typed
    them: escape them per medium.
    """

    outage_id: str
    at: datetime
    by: str
    cause: str
    text: str = ""
    link: str | None = None
    id: int = 0

    def says_the_same(self, other: "Annotation") -> bool:
        """True when the other one is the same remark, whenever it was made."""
        mine = (self.outage_id, self.by, self.cause, self.text, self.link)
        return mine == (other.outage_id, other.by, other.cause, other.text, other.link)
