"""Templates: each language says everything, an operator's own go before ours, and none of them loses an alert."""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from tests.unit.notify.story import CLOSED, OPEN, view
from watcher.cli.template import _LANGUAGES
from watcher.model.errors import ConfigError
from watcher.model.finding import Certainty
from watcher.model.notification import Message, NotificationKind
from watcher.notify import render
from watcher.notify.locales import LOCALES
from watcher.notify.render import written
from watcher.notify.samples import SAMPLES
from watcher.notify.terms import template_of, terms_of
from watcher.notify.texts import TEMPLATES, Texts, TextsError, texts_of
from watcher.notify.texts.texts import SHARED
from watcher.notify.trial import faults_of, texts_for, try_out
from watcher.notify.view import View
from watcher.notify.wording import format_stamp, with_local_time
from watcher.settings.values import Language, LogChannel, TextSettings, WebhookChannel

OURS = Path(__file__).parents[3] / "watcher" / "notify" / "texts"
PAGE = Path(__file__).parents[3] / "docs" / "texts.md"
CASES = [(name, what, seen) for name in SAMPLES for what, seen in SAMPLES[name]]
IDS = [f"{name}-{what}" for name, what, _ in CASES]


def all_of(message: Message) -> str:
    """Everything that is read."""
    facts = [f"{label}: {value}" for label, value in (*message.facts, *message.links)]
    quote = [message.quote.intro] if message.quote is not None else []
    return "\n".join((message.headline, message.subject, *message.sentences, *facts, *quote, message.footer))


def folder_of(tmp_path: Path, **templates: str) -> Path:
    """A folder of templates."""
    for name, text in templates.items():
        (tmp_path / f"{name}.j2").write_text(text, encoding="utf-8")
    return tmp_path


def test_each_language_has_all_templates() -> None:
    """A file for each kind of news in each language, and samples of each."""
    wanted = sorted((*TEMPLATES, *SHARED))
    assert sorted(LOCALES) == sorted(Language) == sorted(_LANGUAGES)
    for code in LOCALES:
        assert sorted(path.stem for path in (OURS / code).glob("*.j2")) == wanted
    assert sorted(SAMPLES) == sorted(TEMPLATES)


@pytest.mark.parametrize(("name", "what", "seen"), CASES, ids=IDS)
def test_each_language_says_the_same(name: str, what: str, seen: View) -> None:
    """As many facts, the same numbers and names, in words of its own."""
    assert template_of(seen) == name, what
    english, french = (written(seen, texts_of(code)) for code in ("en", "fr"))
    assert len(english.facts) == len(french.facts)
    assert len(english.sentences) == len(french.sentences)
    assert [url for _, url in english.links] == [url for _, url in french.links]
    names = [sorted(re.findall(r"@\w+", all_of(message))) for message in (english, french)]
    assert set(names[0]) == set(names[1])
    assert english.headline != french.headline
    assert (english.language, french.language) == ("en", "fr")
    assert not re.search(
        r"\b(?:is|are|was|were|since|seen|account|accounts)\b", re.sub(r"https?\S+", "", all_of(french))
    )


def test_the_alert_of_2017_in_french() -> None:
    """A newsroom in Paris learns in the first line who and where, then what visitors see, since when, how sure."""
    message = render(view(), texts_of("fr"))
    assert message.headline == "@realDonaldTrump n'est pas disponible sur X"
    assert message.sentences == (
        "Un visiteur non connecté ne voit plus le profil : X répond comme pour un compte qui n'existe pas.",
        "Autres comptes de Donald J. Trump : @POTUS sur X est toujours en ligne.",
    )
    assert message.facts[0] == (
        "Absent depuis",
        "entre le 2 nov. 2017 23:00:00 UTC et le 2 nov. 2017 23:00:40 UTC",
    )
    assert message.quote is not None
    assert (message.quote.intro, message.quote.language) == ("Les visiteurs voient (français)", "français")
    back = render(view(CLOSED, NotificationKind.RESOLVED), texts_of("fr"))
    assert back.headline == "@realDonaldTrump est de retour sur X après 11 min ± 40 s"
    assert back.footer == "Envoyé par watcher (terminé, incident 01OUTAGE)."
    stated = render(view(replace(OPEN, certainty=Certainty.STATED)), texts_of("fr"))
    assert ("Certitude", "la plateforme le dit par un code ou un champ") in stated.facts


@pytest.mark.parametrize("locale", LOCALES.values(), ids=LOCALES)
@pytest.mark.parametrize("month", range(1, 13))
def test_local_time_beside_the_stamps_of_every_language(locale: Any, month: int) -> None:
    """The readers' own time stands beside a stamp, with its date in the same language where that differs."""
    at = datetime.fromisoformat(f"2017-{month:02}-28T23:30:00+00:00")
    stamp = format_stamp(at, locale)
    told = with_local_time(f"x {stamp}.", ZoneInfo("Asia/Tokyo"))
    there = at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert told == f"x {stamp} ({there.day} {locale.months[there.month - 1]} 08:30:00 JST)."


def test_a_template_of_the_operators_own(tmp_path: Path) -> None:
    """One block is replaced, the rest is as before; `super()` keeps the lines of ours."""
    own = folder_of(
        tmp_path,
        account='{% extends "default/account.j2" %}\n'
        "{% block headline %}GONE: {{ name }}{% endblock %}\n"
        "{% block facts %}Desk: night{{ '\n' }}\n{{ super() }}{% endblock %}",
    )
    ours, theirs = written(view(), texts_of("en")), written(view(), Texts("en", own))
    assert theirs.headline == "GONE: @realDonaldTrump"
    assert theirs.facts == (("Desk", "night"), *ours.facts)
    assert theirs.sentences == ours.sentences


def test_shared_parts_can_be_replaced(tmp_path: Path) -> None:
    """Another footer for every message: the layout is a template too."""
    own = folder_of(tmp_path, message='{% extends "default/message.j2" %}{% block footer %}By the desk{% endblock %}')
    for name, _, seen in CASES:
        assert written(seen, Texts("fr", own)).footer == "By the desk", name


@pytest.mark.parametrize(
    ("template", "line", "why"),
    [
        (
            "{% extends 'default/account.j2' %}\n{% block headline %}\n{{ nmae }}\n{% endblock %}",
            3,
            "'nmae' is undefined",
        ),
        ("\n{% if %}", 2, "Expected an expression"),
        ("{% extends 'default/acount.j2' %}", 1, "default/acount.j2"),
        ("{% extends 'default/account.j2' %}{% block facts %}no label{% endblock %}", 0, "must be 'Label: value'"),
        ("nothing but this", 0, "must make 7: headline, subject"),
        ("{% extends 'default/account.j2' %}{% block facts %}{{ outage.__class__ }}{% endblock %}", 1, "unsafe"),
        ("{% extends 'default/account.j2' %}{% block facts %}{{ 1 // 0 }}{% endblock %}", 1, "zero"),
        (
            "{% extends 'default/account.j2' %}{% block facts %}{% for _ in range(10**9) %}x{% endfor %}{% endblock %}",
            1,
            "Range",
        ),
    ],
)
def test_a_template_that_fails_is_named_with_its_line(tmp_path: Path, template: str, line: int, why: str) -> None:
    """File, line and what was wrong; found before anybody is told through it."""
    own = Texts("en", folder_of(tmp_path, account=template))
    with pytest.raises(TextsError) as raised:
        written(view(), own)
    assert (Path(raised.value.file).name, raised.value.line) == ("account.j2", line)
    assert why in raised.value.why
    with pytest.raises(ConfigError, match=r"account\.j2:.*\(tried: account, gone\)"):
        try_out((LogChannel(name="log", texts=TextSettings(templates=tmp_path)),))


def test_an_alert_is_not_lost_by_a_text(tmp_path: Path) -> None:
    """Where a template fails while an alert is sent, ours stands in for it, and the log says which and why."""
    own = Texts("fr", folder_of(tmp_path, account="{{ nothing }}"))
    with capture_logs() as logs:
        message = render(view(), own)
    assert message == render(view(), texts_of("fr"))
    assert [(entry["log_level"], "account.j2:1" in entry["error"]) for entry in logs] == [("error", True)]


def test_an_edit_is_taken_up(tmp_path: Path) -> None:
    """The next message says what the file now says."""
    own = Texts(
        "en", folder_of(tmp_path, account='{% extends "default/account.j2" %}{% block headline %}one{% endblock %}')
    )
    assert written(view(), own).headline == "one"
    path = tmp_path / "account.j2"
    path.write_text(path.read_text().replace("one", "two"))
    os.utime(path, (1, 1))
    assert written(view(), own).headline == "two"


def test_files_that_are_no_templates_are_refused(tmp_path: Path) -> None:
    """A typing error in a name would leave the default in force, unseen."""
    (fault,) = faults_of(Texts("en", folder_of(tmp_path, acount="")))
    assert (fault.line, fault.message) == (1, "is no template; did you mean account.j2?")
    assert list(faults_of(texts_of("fr"))) == []


def test_programs_are_told_in_english() -> None:
    """Channels to programs have no language; those to people have theirs."""
    french = LogChannel(name="log", texts=TextSettings(language=Language.FRENCH))
    assert texts_for(french).language == "fr"
    assert texts_for(None).language == "en"
    assert not hasattr(WebhookChannel, "texts")


HOSTILE = "{{ 7 * 7 }} <b>&amp;</b>\n\x0c\u202e: x {% raw %}"


@pytest.mark.parametrize("code", sorted(LOCALES))
def test_values_are_no_templates_and_stay_on_their_line(code: str) -> None:
    """What a page or a person wrote is neither run nor escaped here, and ends no line and no part."""
    seen = view(replace(OPEN, quote=HOSTILE, retraction=HOSTILE), owner=HOSTILE)
    plain = render(view(owner="plain"), texts_of(code))
    message = render(seen, texts_of(code))
    assert len(message.facts) == len(plain.facts)
    assert "{{ 7 * 7 }} <b>&amp;</b> " in all_of(message)
    assert "\u202e" not in all_of(message)
    assert message.quote is not None
    assert message.quote.text.startswith("{{ 7 * 7 }} <b>")


def terms_documented() -> Iterator[tuple[str, str]]:
    """(where, term) of the tables of docs/texts.md."""
    text = PAGE.read_text(encoding="utf-8")
    common, own = text.split("## What templates may speak of")[1].split("And in these:")
    for row in re.findall(r"^\| (`.+?) \|", common, re.MULTILINE):
        yield from (("", term) for term in re.findall(r"`(\w+)`", row))
    for name, terms in re.findall(r"^\| `(\w+)` \| (.+) \|$", own, re.MULTILINE):
        outside = re.sub(r"\([^)]*\)", "", terms)
        yield from ((name, term) for term in re.findall(r"`(\w+)`", outside))


def test_the_page_lists_every_term() -> None:
    """docs/texts.md says what templates may speak of: neither more nor less."""
    given = {"": {*terms_of(SAMPLES["account"][0][1], LOCALES["en"]), "told_as", "most"}}
    for name in TEMPLATES:
        own = {term for _, seen in SAMPLES[name] for term in terms_of(seen, LOCALES["en"])} - given[""]
        given |= {name: own} if own else {}
    documented: dict[str, set[str]] = {}
    for where, term in terms_documented():
        documented.setdefault(where, set()).add(term)
    assert documented == given


def test_a_span_of_days_in_french() -> None:
    """Units are those of the language."""
    seen = view(replace(OPEN, unobserved=timedelta(days=2, hours=3)))
    assert ("Non observé", "2 j 3 h de ce temps") in render(seen, texts_of("fr")).facts
