"""What the generator works with: sites, their page layouts and the people on them, read from the templates."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from hashlib import sha256
from html import escape
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import yaml

from tests.corpus.cases import Answer, Case, Expected, encode

ROOT: Final = Path(__file__).parents[1]


class Kind(StrEnum):
    """What a page says of its account."""

    PRESENT = "present"
    PROTECTED = "protected"
    MISSING = "missing"
    GONE = "gone"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"
    WITHHELD = "withheld"
    BARRIER = "barrier"


EXISTING: Final = (Kind.PRESENT, Kind.PROTECTED)
ABSENT: Final = (Kind.MISSING, Kind.GONE, Kind.SUSPENDED, Kind.DEACTIVATED, Kind.WITHHELD)
_REASONS: Final = {
    Kind.PRESENT: "profile",
    Kind.PROTECTED: "protected",
    Kind.MISSING: "not_found",
    Kind.GONE: "gone",
    Kind.SUSPENDED: "suspended",
    Kind.DEACTIVATED: "deactivated",
    Kind.WITHHELD: "withheld",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who does not exist. Texts are plain: they are escaped for the page that they stand on."""

    slug: str
    name: str
    bio: str
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One page template. `reason` None: that of its kind; "": several would be right, so it is not checked.

    `texts` names the class of texts that it shows, in every language there is. `optional`: a platform file need not
    know it, but must not take it for the opposite. `everybody`: controls get the same page. `exists`: a barrier that
    names somebody. `beside`: the page that a handle gets which never was; the first of that kind by default.
    """

    name: str
    kind: Kind
    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)
    type: str = ""
    final: str = ""
    reason: str | None = None
    texts: str = ""
    optional: bool = False
    everybody: bool = False
    exists: bool = False
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One address of one platform.

    `structured`: answers by codes and fields; `compared`: known by controls alone;
    `inseparable`: says the same of missing and suspended accounts; `decidable`: logged-out visitors are told.
    `any_404`: whatever comes with that status says that somebody is missing; no more is known of it.
    """

    platform: str
    ask: str
    type: str
    controls: tuple[str, ...]
    pages: tuple[Layout, ...]
    profile: str = ""
    suffix: str = ""
    texts: str = ""
    structured: bool = False
    decidable: bool = False
    inseparable: bool = False
    compared: bool = False
    capital: bool = False
    any_404: bool = False

    @property
    def is_html(self) -> bool:
        """True where the address answers with pages."""
        return "html" in self.type

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return "/".join(self.ask.split("/")[:3])

    def of(self, *kinds: Kind) -> tuple[Layout, ...]:
        """The layouts of those kinds."""
        return tuple(page for page in self.pages if page.kind in kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A generated case, and what it was made of. `strict`: the verdict itself is expected, not only its opposite not.

    `language` is that of the text shown, "" where none is.
    """

    case: Case
    kind: Kind
    site: Site
    layout: Layout
    person: Person
    mutation: str = ""
    language: str = ""
    text: str = ""

    @property
    def strict(self) -> bool:
        """True where exactly one verdict is right."""
        return self.case.expected.verdict is not None


def _layout(raw: Mapping[str, Any]) -> Layout:
    fields = dict(raw)
    fields["kind"] = Kind(fields.get("kind", Kind.BARRIER))
    return Layout(**fields)


@cache
def load_sites() -> tuple[Site, ...]:
    """Every site of `templates`, by file name."""
    return tuple(site for path in sorted((ROOT / "templates").glob("*.yaml")) for site in _sites(path))


def _sites(path: Path) -> Iterator[Site]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    for raw in document["sources"]:
        fields = dict(raw)
        fields["pages"] = tuple(_layout(page) for page in fields["pages"])
        fields["controls"] = tuple(fields["controls"])
        yield Site(platform=document["platform"], **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wall:
    """A barrier of any platform. `only` html: it is a page; `gated`: it tells by the controls, which get it too."""

    layout: Layout
    only: str = ""
    gated: bool = False


@cache
def load_barriers() -> tuple[Wall, ...]:
    """What may stand before any page."""
    walls = yaml.safe_load((ROOT / "barriers.yaml").read_text(encoding="utf-8"))
    return tuple(
        Wall(only=raw.pop("only", ""), gated=raw.pop("gated", False), layout=_layout(raw)) for raw in map(dict, walls)
    )


@cache
def load_texts(name: str) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """A platform's own texts: language, class, texts."""
    if not name:
        return {}
    document = yaml.safe_load((ROOT / "texts" / f"{name}.yaml").read_text(encoding="utf-8"))
    return {
        language: {meaning: tuple(texts) for meaning, texts in table.items()} for language, table in document.items()
    }


@cache
def load_inserts(name: str) -> Mapping[str, str]:
    """Markup that is put into pages, by name."""
    inserts: Mapping[str, Mapping[str, str]] = yaml.safe_load((ROOT / "inserts.yaml").read_text(encoding="utf-8"))
    return inserts[name]


@cache
def all_phrases() -> tuple[str, ...]:
    """Every text by which any platform says that an account is not there, in a fixed order."""
    meanings = ("missing", "missing_page", "missing_2017", "suspended", "withheld", "unavailable")
    found = [
        text
        for name in ("x", "instagram", "facebook")
        for table in load_texts(name).values()
        for meaning in meanings
        for text in table.get(meaning, ())
    ]
    others = (
        "This channel does not exist.",
        "This account has been terminated for a violation of YouTube's Terms of Service.",
        "The specified profile could not be found.",
        "User not found.",
        "Couldn't find this account",
        "Sorry, nobody on Reddit goes by that name.",
        "No such user.",
        "PAGE NOT FOUND",
        "Profile not found",
        "Account has been suspended",
    )
    return tuple(dict.fromkeys((*found, *others)))


def handle_of(person: Person, site: Site) -> str:
    """The handle as the site writes it."""
    return f"{person.slug}{site.suffix}"


def fill(
    template: str, person: Person, site: Site, write: Callable[[str], str], text: tuple[str, str] = ("", "")
) -> str:
    """A template with a person's names and texts in it, each written as the page wants it."""
    digest = sha256(f"{site.ask} {person.slug}".encode()).hexdigest()
    handle = handle_of(person, site)
    number = str(10_000_000 + int(digest[:8], 16) % 89_999_999)
    values = {
        "h": handle,
        "H": handle[:1].upper() + handle[1:],
        "n": write(person.name),
        "b": write(person.bio),
        "p": write(person.post),
        "i": number,
        "u": digest[:24],
        "c": f"UC{digest[:21]}Q",
        "t": write(text[0]),
        "t2": write(text[1]),
        "origin": site.origin,
    }
    for mark, value in values.items():
        template = template.replace("{{" + mark + "}}", value)
    return template


def in_json(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def writer_for(kind: str) -> Callable[[str], str]:
    """How texts are escaped in a body of that content type."""
    return in_json if "json" in kind else escape


def url_of(person: Person, site: Site, template: str = "") -> str:
    """The address that is asked about a person."""
    return fill(template or site.ask, person, site, lambda text: quote(text, safe=""))


def answer_of(layout: Layout, person: Person, site: Site, text: tuple[str, str] = ("", "")) -> Answer:
    """The page that the site shows of a person."""
    kind = layout.type or (site.type if layout.kind is not Kind.BARRIER or layout in site.pages else "text/html")
    headers = {"content-type": kind, **{name: str(value) for name, value in layout.headers.items()}}
    body = fill(layout.body, person, site, writer_for(kind), text)
    final = url_of(person, site, layout.final) if layout.final else url_of(person, site)
    return Answer(status=layout.status, headers=headers, final_url=final, body=encode(body, headers))


def expected_of(layout: Layout, site: Site) -> Expected:
    """What must be said of a page whose controls are as they should be."""
    kind = layout.kind
    if layout.exists:
        return Expected(not_verdict="absent")
    if kind is Kind.BARRIER:
        if layout.reason == "" or (site.any_404 and layout.status == HTTPStatus.NOT_FOUND and layout.reason is None):
            return Expected(not_verdict="present")
        return Expected(verdict="inconclusive", reason=layout.reason)
    if not site.decidable or layout.optional:
        return Expected(not_verdict="absent" if kind in EXISTING else "present")
    reason = _REASONS[kind] if layout.reason is None else layout.reason
    if kind in ABSENT and site.inseparable:
        reason = "unavailable"
    return Expected(verdict="present" if kind in EXISTING else "absent", reason=reason or None)
