"""Mutations of the base cases: what may happen to a page on its way, and what people write on their own pages.

Each knows what it does to the verdict: nothing, to make it unknowable, or only to forbid the opposite.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Final

from tests.corpus.cases import Answer, Case, Expected, encode
from tests.corpus.generate.base import make, positive_of
from tests.corpus.generate.made import (
    ABSENT,
    EXISTING,
    Kind,
    Made,
    Site,
    all_phrases,
    answer_of,
    handle_of,
    in_json,
    load_barriers,
    load_sites,
    load_texts,
)
from tests.corpus.generate.people import HOSTILE, ORDINARY

_SEED: Final = 20171102
_UTF8: Final = re.compile(r"charset=[^;]+", re.IGNORECASE)
_BEFORE_BODY: Final = re.compile(r"<body[^>]*>", re.IGNORECASE)
_TAG: Final = re.compile(r"(</?)([a-zA-Z][a-zA-Z0-9-]*)")
_QUOTES: Final = 24
"""How many phrases each layout of an existing account is made to quote."""
INCONCLUSIVE: Final = Expected(verdict="inconclusive")


def mutated_cases(base: Sequence[Made]) -> tuple[Made, ...]:
    """All mutations, in a fixed order."""
    pages = _of_each_layout(base)
    found: list[Made] = []
    for made in pages:
        for mutation in (*_EVERY, *(_PAGES if made.site.is_html else ())):
            found += mutation(made)
    found += [one for site in load_sites() for one in (*_quotes(site), *_hostile(site))]
    found += _spelt(base)
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


def _changed(made: Made, mutation: str, *, expected: Expected | None = None, **changes: object) -> Made:
    case: Case = replace(
        made.case,
        name=f"{made.case.name}-{mutation}",
        group=f"{made.case.group}, {mutation.partition('-')[0]}",
        expected=made.case.expected if expected is None else expected,
        **changes,  # type: ignore[arg-type] - the fields of Case, each given by name
    )
    return replace(made, case=case, mutation=mutation.partition("-")[0])


def _not_the_opposite(made: Made) -> Expected:
    return Expected(not_verdict="absent" if made.kind in EXISTING else "present")


def _text_of(answer: Answer) -> str:
    declared = re.search(r"charset=\"?([\w-]+)", answer.headers.get("content-type", ""))
    return answer.body.decode(declared[1] if declared else "utf-8", "replace")


def _rewritten(answer: Answer, rewrite: Callable[[str], str]) -> Answer:
    return replace(answer, body=encode(rewrite(_text_of(answer)), answer.headers))


def _all_rewritten(made: Made, mutation: str, rewrite: Callable[[str], str]) -> Made:
    """The page and its controls rewritten alike: the site has changed, not the account."""
    present, absent = made.case.present, made.case.absent
    return _changed(
        made,
        mutation,
        answer=_rewritten(made.case.answer, rewrite),
        present=_rewritten(present, rewrite) if present is not None else None,
        absent=_rewritten(absent, rewrite) if absent is not None else None,
    )


# What may happen to any answer.


def _without_controls(made: Made) -> Iterator[Made]:
    if made.site.platform == "generic":
        yield _changed(made, "without controls", expected=Expected(not_verdict="absent"), present=None, absent=None)
        return
    proven = made.site.structured and made.strict
    expected = made.case.expected if proven else _not_the_opposite(made)
    yield _changed(made, "without controls", expected=expected, present=None, absent=None)


def _walled_controls(made: Made) -> Iterator[Made]:
    """Who always exists is not seen at that moment: then nobody's absence is proven."""
    walls = {wall.layout.name: wall.layout for wall in load_barriers()}
    for name in ("login-redirect", "cloudflare-managed", "empty-404", "too-many", "bad-gateway"):
        wall = answer_of(walls[name], positive_of(made.site), made.site)
        expected = INCONCLUSIVE if made.kind in ABSENT else Expected(not_verdict="absent")
        yield _changed(made, f"walled-control-{name}", expected=expected, present=wall)


def _missing_controls(made: Made) -> Iterator[Made]:
    """Everybody is missing: a fault of the platform."""
    if made.kind in ABSENT:
        layout = made.layout
        answer = answer_of(layout, positive_of(made.site), made.site, (made.text, ""))
        yield _changed(made, "all missing", expected=INCONCLUSIVE, present=answer)


def _positive_unknown(made: Made) -> Iterator[Made]:
    if made.kind in ABSENT:
        yield _changed(made, "no positive", expected=INCONCLUSIVE, present=None)


def _truncated(made: Made) -> Iterator[Made]:
    body = made.case.answer.body
    for percent in (20, 50, 80, 95):
        cut = replace(made.case.answer, body=body[: len(body) * percent // 100])
        yield _changed(made, f"truncated-{percent}", expected=_not_the_opposite(made), answer=cut)
    if len(body) > 40:
        headers = {**made.case.answer.headers, "content-length": str(len(body))}
        cut = replace(made.case.answer, body=body[: len(body) // 2], headers=headers)
        expected = Expected(verdict="inconclusive", reason="truncated")
        yield _changed(made, "length-mismatch", expected=expected, answer=cut)


def _by_profile_url(made: Made) -> Iterator[Made]:
    """The case file names the profile, as a person would, instead of the address that was asked."""
    if made.site.profile and made.site.decidable:
        url = made.site.profile.replace("{{h}}", handle_of(made.person, made.site))
        url = url.replace("{{H}}", made.case.account)
        yield _changed(made, "by profile", url=url)


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
    yield _changed(made, "more headers", answer=replace(answer, headers={**answer.headers, **more}))


def _stale(made: Made) -> Iterator[Made]:
    answer = made.case.answer
    old = replace(answer, headers={**answer.headers, "age": "3600"})
    yield _changed(made, "stale", expected=Expected(verdict="inconclusive", reason="stale"), answer=old)


# What may happen to a page.


def _scripts(made: Made) -> Iterator[Made]:
    """The texts of all platforms in scripts, as single-page applications carry them."""
    texts = ",".join(f'"k{n}":"{in_json(text)}"' for n, text in enumerate(all_phrases()))
    yield _all_rewritten(
        made,
        "scripts",
        lambda page: page.replace(
            "</head>", f'<script type="application/json">{{"i18n":{{{texts}}}}}</script><script>var t={{{texts}}};</script></head>'
        ),
    )


_UNSEEN: Final = (
    ("hidden-attribute", "<div hidden><h1>{t}</h1></div>"),
    ("display-none", '<div style="display:none"><h2 role="heading">{t}</h2></div>'),
    ("comment", "<!-- <h1>{t}</h1> -->"),
    ("template", "<template><h1>{t}</h1></template>"),
    ("noscript", "<noscript><h1>{t}</h1></noscript>"),
    ("attributes", '<img alt="{t}" title="{t}"><a aria-label="{t}" data-error="{t}"></a>'),
    ("textarea", "<textarea>{t}</textarea>"),
    ("svg", "<svg><title>{t}</title><text>{t}</text></svg>"),
    ("select", "<select><option>{t}</option></select>"),
    ("dialog", "<dialog><h1>{t}</h1></dialog>"),
    ("style", '<style>h1::before{{content:"{t}"}}</style>'),
    ("iframe", '<iframe srcdoc="&lt;h1&gt;{t}&lt;/h1&gt;"><h1>{t}</h1></iframe>'),
)


def _hidden(made: Made) -> Iterator[Made]:
    phrases = all_phrases()
    chance = random.Random(f"{_SEED} {made.case.name}")
    for name, markup in _UNSEEN:
        unseen = markup.format(t=escape(chance.choice(phrases)))
        yield _all_rewritten(made, f"hidden-{name}", lambda page, unseen=unseen: _in_body(page, unseen))


def _in_body(page: str, markup: str) -> str:
    found = _BEFORE_BODY.search(page)
    return page if found is None else f"{page[: found.end()]}{markup}{page[found.end() :]}"


_BANNERS: Final = (
    ("login", '<div role="banner"><p>Log in or sign up to see more</p><a href="/login">Log in</a> <a href="/signup">Sign up</a></div>'),
    (
        "login-form",
        '<form action="/login" method="post" class="dropdown"><label>Name <input name="u"></label><input type="password" name="p"><button>Log in</button></form>',
    ),
    ("cookies", '<div class="cookie-banner"><p>We use cookies. Accept all or choose.</p><button>Accept all</button><button>Reject</button></div>'),
    ("recaptcha", '<form><div class="g-recaptcha" data-sitekey="abc"></div></form><script src="https://www.google.com/recaptcha/api.js"></script>'),
    ("outage", '<p class="notice">We are investigating delays. Some numbers may be old.</p>'),
)


def _banners(made: Made) -> Iterator[Made]:
    for name, markup in _BANNERS:
        # On a small page a login form or a captcha may well be the wall itself.
        spoils = name == "recaptcha" or (made.kind in ABSENT and name == "login-form")
        changed = _all_rewritten(made, f"banner-{name}", lambda page, markup=markup: _in_body(page, markup))
        expected = _not_the_opposite(made) if spoils else made.case.expected
        yield replace(changed, case=replace(changed.case, expected=expected))


def _markup(made: Made) -> Iterator[Made]:
    yield _all_rewritten(made, "upper-case tags", lambda page: _TAG.sub(lambda tag: tag[1] + tag[2].upper(), page))
    yield _all_rewritten(made, "minified", lambda page: re.sub(r">\s+<", "><", page).replace("\n", " "))
    yield _all_rewritten(made, "pretty", lambda page: page.replace("><", ">\n    <"))
    yield _all_rewritten(made, "crlf", lambda page: page.replace("\n", "\r\n"))
    yield _all_rewritten(made, "commented", lambda page: page.replace("<div", "<!-- n --><div").replace("<p", "<!----><p"))


def _charsets(made: Made) -> Iterator[Made]:
    if "xml" in made.site.type:
        return
    for name in ("utf-16", "windows-1251", "gb18030", "shift_jis", "iso-8859-1", "koi8-r", "big5", "euc-kr"):
        answer = made.case.answer
        text = _text_of(answer)
        headers = {**answer.headers, "content-type": f"text/html; charset={name}"}
        body = text.encode("utf-16") if name == "utf-16" else text.encode(name, "xmlcharrefreplace")
        yield _changed(made, f"charset-{name}", answer=replace(answer, body=body, headers=headers))
    text = f'<meta charset="windows-1251">{_text_of(made.case.answer)}'
    body = text.replace('<meta charset="utf-8">', "").encode("cp1251", "xmlcharrefreplace")
    headers = {**made.case.answer.headers, "content-type": "text/html"}
    yield _changed(made, "charset-meta", answer=replace(made.case.answer, body=body, headers=headers))


def _layouts(made: Made) -> Iterator[Made]:
    """A trial of two layouts: the control's page is the other one."""
    if made.kind is Kind.PRESENT and made.site.platform != "generic":
        others = [page for page in made.site.of(Kind.PRESENT) if page is not made.layout and not page.texts]
        for number, other in enumerate(others):
            yield _changed(made, f"other layout-{number}", present=answer_of(other, positive_of(made.site), made.site))


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


# What people write on their own pages.


def _quotes(site: Site) -> Iterator[Made]:
    """Existing accounts that quote what missing ones show: in the bio, in a post, in their very name."""
    chance = random.Random(f"{_SEED} {site.ask}")
    phrases = (*_own(site), *chance.sample(all_phrases(), _QUOTES))
    layouts = [page for page in site.of(*EXISTING) if not page.texts]
    for number, phrase in enumerate(phrases):
        layout = layouts[number % len(layouts)] if layouts else None
        if layout is None:
            return
        person = ORDINARY[number % len(ORDINARY)]
        everywhere = replace(person, name=phrase, bio=phrase, post=phrase)
        quoting = (
            ("bio", replace(person, bio=phrase)),
            ("post", replace(person, post=phrase)),
            ("name", replace(person, name=phrase)),
            ("everywhere", everywhere),
        )
        where, someone = quoting[number % len(quoting)]
        made = _named(make(site, layout, someone), f"quote-{where}-{number}")
        yield made
        if not number % 3:
            unproven = Expected(not_verdict="absent")
            expected = made.case.expected if site.structured else unproven
            yield _changed(made, "bare", expected=expected, present=None, absent=None)


def _own(site: Site) -> tuple[str, ...]:
    table = load_texts(site.texts)
    meanings = ("missing", "missing_page", "missing_2017", "suspended", "withheld", "unavailable")
    return tuple(text for language in table.values() for meaning in meanings for text in language.get(meaning, ())[:1])[:60]


def _hostile(site: Site) -> Iterator[Made]:
    """Existing accounts with names and texts that mean to confuse, and handles that are words of barriers."""
    for layout in site.of(*EXISTING):
        if not layout.texts:
            for person in HOSTILE:
                yield _named(make(site, layout, person), "hostile")
    for layout in site.of(Kind.MISSING):
        if not layout.texts:
            yield _named(make(site, layout, HOSTILE[1]), "hostile")


def _named(made: Made, mutation: str) -> Made:
    return _changed(made, mutation)


# How texts may be spelt.

_SPELLINGS: Final = (
    ("straight", lambda text: text.replace("’", "'")),
    ("curly", lambda text: text.replace("'", "’")),
    ("nbsp", lambda text: text.replace(" ", "\u00a0")),
    ("thin", lambda text: text.replace(" ", "\u202f")),
    ("ellipsis", lambda text: text.replace("...", "…")),
    ("dots", lambda text: text.replace("…", "...")),
    ("bidi", lambda text: f"\u2067{text}\u2069"),
    ("zero-width", lambda text: f"\u200b{text}\ufeff"),
    ("end-mark", lambda text: f"{text.rstrip('.')}."),
    ("upper", lambda text: text.upper() if text.isascii() else text),
)


def _spelt(base: Sequence[Made]) -> Iterator[Made]:
    """Texts of every language in other spellings, one spelling a text; the controls keep the usual one."""
    shown = [made for made in base if made.language and made.kind in ABSENT and made.strict]
    for number, made in enumerate(shown):
        for offset in range(2):
            name, spell = _SPELLINGS[(number + 5 * offset) % len(_SPELLINGS)]
            answer = answer_of(made.layout, made.person, made.site, (spell(made.text), ""))
            yield _changed(made, f"spelling-{name}", answer=answer)
    for number, made in enumerate(shown):
        if not number % 5:
            letters = "".join(f"&#{ord(letter)};" for letter in made.text)
            answer = _rewritten(made.case.answer, lambda page, made=made, to=letters: page.replace(escape(made.text), to))
            yield _changed(made, "spelling-entities", answer=answer)

