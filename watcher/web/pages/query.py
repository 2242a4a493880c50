"""What a board shows, as its address says: filter, search, group, sort, page. Pure."""

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlencode

from multidict import MultiMapping

from watcher.web import parameters
from watcher.web.pages.words import LOOKS, RANK

SIZE: Final = 100
MOST: Final = 200
TROUBLE: Final = "trouble"
STATES: Final = ((TROUBLE, "whatever is not available"), *((look.name, look.words) for look in LOOKS))
"""What can be asked for by `state`, and how it is called."""
_LONGEST: Final = 200
_PAGES: Final = 100_000


class Group(StrEnum):
    """By what the accounts stand together."""

    NONE = ""
    OWNER = "owner"
    PLATFORM = "platform"


class Sort(StrEnum):
    """By what they are in order: those that need attention first, by name, or those first that changed last."""

    ATTENTION = "attention"
    NAME = "name"
    SINCE = "since"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardQuery:
    """All that an address can ask for. `owner` and `platform` are ids, `q` words that are all to be found."""

    q: str = ""
    owner: str = ""
    platform: str = ""
    state: str = ""
    group: Group = Group.NONE
    sort: Sort = Sort.ATTENTION
    page: int = 1
    size: int = SIZE

    @property
    def is_narrow(self) -> bool:
        """Whether some accounts are left out."""
        return bool(self.q or self.owner or self.platform or self.state)

    @property
    def is_special(self) -> bool:
        """Whether anything but words and a page is asked for."""
        return replace(self, q="", page=1, size=SIZE) != BoardQuery()

    @property
    def text(self) -> str:
        """As the query of an address: only what is not as usual."""
        usual = asdict(BoardQuery())
        return urlencode({name: str(value) for name, value in asdict(self).items() if value != usual[name]})

    def path(self, **changes: Any) -> str:
        """The address of the board with these changes; on its first page, unless a page is named."""
        text = replace(self, **{"page": 1, **changes}).text
        return f"/?{text}" if text else "/"


def parse_board_query(query: MultiMapping[str], *also: str) -> BoardQuery:
    """The query of an address, which may have `also` these parameters. ValueError with a text for the asker."""
    parameters.only_known(query, ("q", "owner", "platform", "state", "group", "sort", "page", "size", *also))
    for name in ("q", "owner", "platform"):
        if len(query.get(name, "")) > _LONGEST:
            raise ValueError(f"{name}: longer than {_LONGEST} characters")
    state = query.get("state", "")
    if state not in ("", TROUBLE, *RANK):
        raise ValueError(f"state: {state[:40]!a} is none of {', '.join(name for name, _ in STATES)}")
    return BoardQuery(
        q=query.get("q", "").strip(),
        owner=query.get("owner", ""),
        platform=query.get("platform", ""),
        state=state,
        group=_one(Group, query, "group"),
        sort=_one(Sort, query, "sort"),
        page=_number(query, "page", 1, _PAGES),
        size=_number(query, "size", SIZE, MOST),
    )


def _one(kind: Any, query: MultiMapping[str], name: str) -> Any:
    given = query.get(name, "")
    if not given:
        return next(iter(kind))
    try:
        return kind(given)
    except ValueError:
        known = " or ".join(str(each) for each in kind if each)
        raise ValueError(f"{name}: {given[:40]!a} is not {known}") from None


def _number(query: MultiMapping[str], name: str, usual: int, most: int) -> int:
    text = query.get(name, "")
    if not text:
        return usual
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most:
        return int(text)
    raise ValueError(f"{name}: {text[:40]!a} is not a number from 1 to {most}")
