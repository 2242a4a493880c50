"""Mutations of the base cases: what may happen to a page on its way, and what people write on their own pages.

Each knows what it does to the verdict: nothing, to make it unknowable, or only to forbid the opposite.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Final

from tests.corpus.cases import Expected
from tests.corpus.generate.base import positive_of
from tests.corpus.generate.changed import SEED, changed, rewritten, text_of
from tests.corpus.generate.made import (
    ABSENT,
    EXISTING,
    Kind,
    Made,
    all_phrases,
    answer_of,
    handle_of,
    in_json,
    load_barriers,
    load_inserts,
    load_sites,
)
from tests.corpus.generate.quoting import hostile, quotes, spelt

_BEFORE_BODY: Final = re.compile(r"<body[^>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"(</?)([a-zA-Z][a-zA-Z0-9-]*)")
INCONCLUSIVE: Final = Expected(verdict="inconclusive")


def mutated_cases(base: Sequence[Made]) -> tuple[Made, ...]:
    """All mutations, in a fixed order."""
    pages = _of_each_layout(base)
    found: list[Made] = []
    for made in pages:
        for mutation in (*_EVERY, *(_PAGES if made.site.is_html else ())):
            found += mutation(made)
    found += [one for site in load_sites() for one in (*quotes(site), *hostile(site))]
    found += spelt(base)
    return tuple(found)


def _of_each_layout(base: Sequence[Made]) -> list[Made]:
    """One case for each layout that shows an account or its absence; where it has texts, in three languages."""
    found: dict[tuple[str, str, str], Made] = {}
    for made in base:
        if made.kind is not Kind.BARRIER and made.layout in made.site.pages:
            chosen = made.language if made.language in ("", "en", "fr", "th") else None
            if chosen is not None:
                found.setdefault((made.site.ask, made.layout.name, chosen), made)
    return list(found.values())


def _not_the_opposite(made: Made) -> Expected:
    return Expected(not_verdict="absent" if made.kind in EXISTING else "present")


def _all_rewritten(made: Made, mutation: str, rewrite: Callable[[str], str]) -> Made:
    """The page and its controls rewritten alike: the site has changed, not the account."""
    present, absent = made.case.present, made.case.absent
    return changed(
        made,
        mutation,
        answer=rewritten(made.case.answer, rewrite),
        present=rewritten(present, rewrite) if present is not None else None,
        absent=rewritten(absent, rewrite) if absent is not None else None,
    )


# What may happen to any answer.


def _without_controls(made: Made) -> Iterator[Made]:
    if made.site.platform == "generic":
        yield changed(made, "without controls", expected=Expected(not_verdict="absent"), present=None, absent=None)
        return
    proven = made.site.structured and made.strict
    expected = made.case.expected if proven else _not_the_opposite(made)
    yield changed(made, "without controls", expected=expected, present=None, absent=None)


def _walled_controls(made: Made) -> Iterator[Made]:
    """Who always exists is not seen at that moment: then nobody's absence is proven."""
    walls = {wall.layout.name: wall.layout for wall in load_barriers()}
    for name in ("login-redirect", "cloudflare-managed", "empty-404", "too-many", "bad-gateway"):
        wall = answer_of(walls[name], positive_of(made.site), made.site)
        expected = INCONCLUSIVE if made.kind in ABSENT else Expected(not_verdict="absent")
        yield changed(made, f"walled-control-{name}", expected=expected, present=wall)


def _missing_controls(made: Made) -> Iterator[Made]:
    """Everybody is missing: a fault of the platform."""
    if made.kind in ABSENT:
        layout = made.layout
        answer = answer_of(layout, positive_of(made.site), made.site, (made.text, ""))
        yield changed(made, "all missing", expected=INCONCLUSIVE, present=answer)


def _positive_unknown(made: Made) -> Iterator[Made]:
    if made.kind in ABSENT:
        yield changed(made, "no positive", expected=INCONCLUSIVE, present=None)


def _truncated(made: Made) -> Iterator[Made]:
    body = made.case.answer.body
    for percent in (20, 50, 80, 95):
        cut = replace(made.case.answer, body=body[: len(body) * percent // 100])
        yield changed(made, f"truncated-{percent}", expected=_not_the_opposite(made), answer=cut)
    if len(body) > 40:
        headers = {**made.case.answer.headers, "content-length": str(len(body))}
        cut = replace(made.case.answer, body=body[: len(body) // 2], headers=headers)
        expected = Expected(verdict="inconclusive", reason="truncated")
        yield changed(made, "length-mismatch", expected=expected, answer=cut)


def _by_profile_url(made: Made) -> Iterator[Made]:
    """The case file names the profile, as a person would, instead of the address that was asked."""
    if made.site.profile and made.site.decidable:
        url = made.site.profile.replace("{{h}}", handle_of(made.person, made.site))
        url = url.replace("{{H}}", made.case.account)
        yield changed(made, "by profile", url=url)


def _headers(made: Made) -> Iterator[Made]:
    answer = made.case.answer
    more = {
        "server": "nginx",
        "set-cookie": "session=abc; Path=/; HttpOnly",
        "vary": "Accept-Encoding",
        "x-cache": "MISS",
        "age": "0",
        "cf-ray": "8a0-FRA",
        "cache-control": "private",
    }
    yield changed(made, "more headers", answer=replace(answer, headers={**answer.headers, **more}))


def _stale(made: Made) -> Iterator[Made]:
    answer = made.case.answer
    old = replace(answer, headers={**answer.headers, "age": "3600"})
    yield changed(made, "stale", expected=Expected(verdict="inconclusive", reason="stale"), answer=old)


# What may happen to a page.


def _scripts(made: Made) -> Iterator[Made]:
    """The texts of all platforms in scripts, as single-page applications carry them."""
    texts = ",".join(f'"k{n}":"{in_json(text)}"' for n, text in enumerate(all_phrases()))
    scripts = (
        f'<script type="application/json">{{"i18n":{{{texts}}}}}</script><script>var t={{{texts}}};</script></head>'
    )
    yield _all_rewritten(made, "scripts", lambda page: page.replace("</head>", scripts))


def _hidden(made: Made) -> Iterator[Made]:
    phrases = all_phrases()
    chance = random.Random(f"{SEED} {made.case.name}")
    for name, markup in load_inserts("unseen").items():
        unseen = markup.replace("{t}", escape(chance.choice(phrases)))
        yield _all_rewritten(made, f"hidden-{name}", partial(_in_body, markup=unseen))


def _in_body(page: str, markup: str) -> str:
    found = _BEFORE_BODY.search(page)
    return page if found is None else f"{page[: found.end()]}{markup}{page[found.end() :]}"


def _banners(made: Made) -> Iterator[Made]:
    for name, markup in load_inserts("banners").items():
        # On a small page a login form or a captcha may well be the wall itself.
        spoils = name == "recaptcha" or (made.kind in ABSENT and name == "login-form")
        banner = _all_rewritten(made, f"banner-{name}", partial(_in_body, markup=markup))
        expected = _not_the_opposite(made) if spoils else made.case.expected
        yield replace(banner, case=replace(banner.case, expected=expected))


def _markup(made: Made) -> Iterator[Made]:
    yield _all_rewritten(made, "upper-case tags", lambda page: _TAG.sub(lambda tag: tag[1] + tag[2].upper(), page))
    yield _all_rewritten(made, "minified", lambda page: re.sub(r">\s+<", "><", page).replace("\n", " "))
    yield _all_rewritten(made, "pretty", lambda page: page.replace("><", ">\n    <"))
    yield _all_rewritten(made, "crlf", lambda page: page.replace("\n", "\r\n"))
    yield _all_rewritten(
        made, "commented", lambda page: page.replace("<div", "<!-- n --><div").replace("<p", "<!----><p")
    )


def _charsets(made: Made) -> Iterator[Made]:
    if "xml" in made.site.type:
        return
    for name in ("utf-16", "windows-1251", "gb18030", "shift_jis", "iso-8859-1", "koi8-r", "big5", "euc-kr"):
        answer = made.case.answer
        text = text_of(answer)
        headers = {**answer.headers, "content-type": f"text/html; charset={name}"}
        body = text.encode("utf-16") if name == "utf-16" else text.encode(name, "xmlcharrefreplace")
        yield changed(made, f"charset-{name}", answer=replace(answer, body=body, headers=headers))
    text = f'<meta charset="windows-1251">{text_of(made.case.answer)}'
    body = text.replace('<meta charset="utf-8">', "").encode("cp1251", "xmlcharrefreplace")
    headers = {**made.case.answer.headers, "content-type": "text/html"}
    yield changed(made, "charset-meta", answer=replace(made.case.answer, body=body, headers=headers))


def _layouts(made: Made) -> Iterator[Made]:
    """A trial of two layouts: the control's page is the other one."""
    if made.kind is Kind.PRESENT and made.site.platform != "generic":
        others = [page for page in made.site.of(Kind.PRESENT) if page is not made.layout and not page.texts]
        for number, other in enumerate(others):
            yield changed(made, f"other layout-{number}", present=answer_of(other, positive_of(made.site), made.site))


_EVERY: Final = (
    _without_controls,
    _walled_controls,
    _missing_controls,
    _positive_unknown,
    _truncated,
    _by_profile_url,
    _headers,
    _stale,
)
_PAGES: Final = (_scripts, _hidden, _banners, _markup, _charsets, _layouts)
