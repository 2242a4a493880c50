"""The base cases: each layout of each site for several people and in every language, and each barrier before it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.corpus.cases import Answer, Case
from tests.corpus.generate.made import (
    Kind,
    Layout,
    Made,
    Person,
    Site,
    Wall,
    answer_of,
    expected_of,
    handle_of,
    load_barriers,
    load_sites,
    load_texts,
    url_of,
)
from tests.corpus.generate.people import NOBODY, ORDINARY, control

_TWICE: Final = 2
NO_TEXT: Final = ("", "")


def base_cases() -> tuple[Made, ...]:
    """All of them, site by site."""
    return tuple(made for site in load_sites() for made in (*_of_layouts(site), *_of_barriers(site)))


def _of_layouts(site: Site) -> Iterator[Made]:
    for place, layout in enumerate(site.pages):
        people = [ORDINARY[(place + turn) % len(ORDINARY)] for turn in range(_TWICE)]
        if layout.texts:
            for number, (language, meaning, text) in enumerate(_texts(site, layout.texts)):
                hint = load_texts(site.texts)[language].get("hint", ("",))[0]
                name = f"{layout.name}-{language}-{meaning}"
                yield make(site, layout, people[number % _TWICE], name=name, text=(text, hint), language=language)
        else:
            for person in people:
                yield make(site, layout, person)


def _texts(site: Site, meaning: str) -> Iterator[tuple[str, int, str]]:
    for language, table in load_texts(site.texts).items():
        for number, text in enumerate(table.get(meaning, ())):
            yield language, number, text


def _of_barriers(site: Site) -> Iterator[Made]:
    if not site.of(Kind.PRESENT):
        return
    for place, wall in enumerate(load_barriers()):
        if site.is_html or wall.only != "html":
            yield behind(site, wall, ORDINARY[place % len(ORDINARY)])


def behind(site: Site, wall: Wall, person: Person) -> Made:
    """A person's page behind a wall; where only the controls could tell, they are behind it too."""
    made = make(site, wall.layout, person, name=f"behind-{wall.layout.name}")
    if wall.gated:
        wall_of = (answer_of(wall.layout, who, site) for who in (positive_of(site), NOBODY))
        present, absent = wall_of
        case = replace(made.case, present=present, absent=absent)
        made = replace(made, case=case)
    return made


def make(
    site: Site,
    layout: Layout,
    person: Person,
    *,
    name: str = "",
    text: tuple[str, str] = NO_TEXT,
    language: str = "",
) -> Made:
    """A case with the controls that a healthy site gives at the same moment."""
    title = "-".join((site.platform, name or layout.name, person.slug))
    case = Case(
        name=title,
        group=str(layout.kind),
        platform=site.platform,
        account=handle_of(person, site)[:1].upper() + handle_of(person, site)[1:]
        if site.capital
        else handle_of(person, site),
        url=url_of(person, site),
        answer=answer_of(layout, person, site, text),
        present=_present(site, layout, text),
        absent=_absent(site, layout, text, language),
        expected=expected_of(layout, site),
    )
    return Made(case=case, kind=layout.kind, site=site, layout=layout, person=person, language=language, text=text[0])


def positive_of(site: Site) -> Person:
    """The person behind the site's positive control."""
    return control(site.controls[0], site.suffix)


def _present(site: Site, layout: Layout, text: tuple[str, str]) -> Answer:
    if layout.everybody:
        return answer_of(layout, positive_of(site), site, text)
    existing = [page for page in site.of(Kind.PRESENT) if not page.texts]
    shown = layout if layout in existing else existing[0]
    return answer_of(shown, positive_of(site), site)


def _absent(site: Site, layout: Layout, text: tuple[str, str], language: str) -> Answer:
    """A handle that never was: the page of a missing account, in the language that the site speaks at the moment."""
    if layout.everybody or layout.kind is Kind.MISSING:
        return answer_of(layout, NOBODY, site, text)
    missing = site.of(Kind.MISSING)
    if not missing:
        return answer_of(site.of(Kind.BARRIER)[0], NOBODY, site)
    shown = next((page for page in missing if page.name == layout.beside), missing[0])
    table = load_texts(site.texts).get(language or "en", {})
    return answer_of(shown, NOBODY, site, (table.get(shown.texts, ("",))[0], table.get("hint", ("",))[0]))
