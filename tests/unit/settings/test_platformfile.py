"""From a platform file to a Platform."""

from datetime import timedelta
from pathlib import Path

import pytest

from watcher.model.errors import ConfigError
from watcher.model.finding import Reason, Verdict
from watcher.model.platform import (
    Answers,
    Batch,
    Field,
    FieldKind,
    Items,
    Match,
    Method,
    Pace,
    Phrase,
    PhraseClass,
    SourceKind,
)
from watcher.settings.load import load_platforms

WHOLE = """\
platform: agora
title: Agora
profile: https://{instance}/@{handle}
recognise: https://{instance}/@{handle}
handle: {pattern: "[a-z0-9]{1,20}", fold: true, meaning: it has 1 to 20 letters}
controls: {present: {Big.example: [Admin], "*": [help]}, absent: "{random}", length: 12}
phrases: talk
notes: |-
  Facts, with dates.
sources:
  - name: api
    kind: http
    answers: json
    url: https://{instance}/api?acct={handle}
    url_by_id: https://{instance}/api/{stable_id}
    pace: {requests: 300, per: 5m, concurrency: 8}
    headers: {Accept: application/json, Authorization: "Bearer {credential}"}
    credential: token
    stable_id: {"json:id": "*"}
    handle: {"json:username": "@*"}
    confirms: false
    rules:
      - {id: profile, when: {status: 200, "json:id": ["1*", "2*"]}, unless: {"json:gone": "true"}, present: profile}
      - {id: takedown, when: {status: 400, "header:X-Why": Takedown}, absent: suspended}
      - {id: shell, when: {"json:a": ""}, inconclusive: empty_shell}
  - name: inner
    answers: html
    url: https://{instance}/inner/{handle}
    unofficial: true
    robots: disallow
    similarity: true
    identity: [canonical, "meta:og:url"]
    errors: div.error-page
"""
PHRASES = "fr:\n  missing: [cette page n'existe pas]\n  log_in: Connexion\nar-x-fm: {missing: x}\n"


def write(tmp_path: Path, text: str, phrases: str = PHRASES) -> Path:
    (tmp_path / "phrases").mkdir(exist_ok=True)
    (tmp_path / "phrases/talk.yaml").write_text(phrases, "utf-8")
    (tmp_path / "agora.yaml").write_text(text, "utf-8")
    return tmp_path


def refused(tmp_path: Path, text: str, phrases: str = PHRASES) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_platforms(write(tmp_path, text, phrases))
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_all_that_a_file_says_is_in_the_platform(tmp_path: Path) -> None:
    """Addresses, handles, controls and phrases become values."""
    platform = load_platforms(write(tmp_path, WHOLE))["agora"]
    assert (platform.title, platform.profile) == ("Agora", "https://{instance}/@{handle}")
    assert platform.recognise == ("https://{instance}/@{handle}",)
    assert (platform.handle.pattern, platform.handle.fold) == ("[a-z0-9]{1,20}", True)
    assert platform.handle.meaning == "it has 1 to 20 letters"
    assert platform.controls.present == {"big.example": ("admin",), "*": ("help",)}
    assert (platform.controls.absent, platform.controls.length) == ("{random}", 12)
    assert platform.notes == "Facts, with dates."
    assert platform.phrases == (
        Phrase("cette page n'existe pas", "fr", PhraseClass.MISSING),
        Phrase("Connexion", "fr", PhraseClass.LOG_IN),
        Phrase("x", "ar-x-fm", PhraseClass.MISSING),
    )


def test_sources_and_rules_are_read_in_full(tmp_path: Path) -> None:
    """Every key of a source has its effect; what is not said has the documented default."""
    api, inner = load_platforms(write(tmp_path, WHOLE))["agora"].sources
    assert (api.kind, api.answers, api.credential, api.confirms) == (SourceKind.HTTP, Answers.JSON, "token", False)
    assert api.url_by_id == "https://{instance}/api/{stable_id}"
    assert api.pace == Pace(requests=300, per=timedelta(minutes=5), concurrency=8)
    assert api.headers == {"accept": "application/json", "authorization": "Bearer {credential}"}
    assert api.stable_id == Match(Field(FieldKind.JSON, "id"), ("*",))
    assert api.handle == Match(Field(FieldKind.JSON, "username"), ("@*",))
    assert (api.enabled, api.unofficial, api.robots_disallow, api.similarity) == (True, False, False, False)
    profile, takedown, shell = api.rules
    assert profile.when == (Match(Field(FieldKind.STATUS), ("200",)), Match(Field(FieldKind.JSON, "id"), ("1*", "2*")))
    assert profile.unless == (Match(Field(FieldKind.JSON, "gone"), ("true",)),)
    assert (profile.id, profile.verdict, profile.reason) == ("profile", Verdict.PRESENT, Reason.PROFILE)
    assert takedown.when[1] == Match(Field(FieldKind.HEADER, "x-why"), ("Takedown",))
    assert (takedown.verdict, takedown.reason) == (Verdict.ABSENT, Reason.SUSPENDED)
    assert (shell.verdict, shell.when[0].patterns) == (Verdict.INCONCLUSIVE, ("",))
    assert (inner.enabled, inner.unofficial, inner.robots_disallow, inner.similarity) == (False, True, True, True)
    assert inner.pace == Pace(requests=10, per=timedelta(minutes=1))
    assert inner.identity == (Field(FieldKind.CANONICAL), Field(FieldKind.META, "og:url"))
    assert inner.errors == ("div.error-page",)


def test_an_unofficial_source_may_be_on_from_the_start(tmp_path: Path) -> None:
    """`enabled` wins over what follows from `unofficial`."""
    text = WHOLE.replace("unofficial: true", "unofficial: true\n    enabled: true")
    assert load_platforms(write(tmp_path, text))["agora"].sources[1].enabled


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("platform: agora", "platform: Agora", ["platform: 'Agora' is not a slug"]),
        (
            "notes: |-",
            "decidable: true\nnotes: |-",
            ["decidable: every source is blind, or needs a credential, enabled or robots; write decidable: false"],
        ),
        ("notes: |-", "decidable: false\nnotes: |-", ["decidable: needs limits and official_api: say what is in the"]),
        (
            "    credential: token\n",
            "",
            ["sources[0].headers.Authorization: needs credential: NAME beside it"],
        ),
        (
            "notes: |-",
            "facts: [{fact: It rains, source: a window, date: June, confidence: sure}]\nnotes: |-",
            [
                "facts[0].date: 'June' is not a date; write it like 2026, 2026-11 or 2026-11-02",
                "facts[0].confidence: 'sure' is unknown; ",
            ],
        ),
        (
            "notes: |-",
            "facts: [{fact: It rains}]\nnotes: |-",
            ["facts[0].confidence: is missing", "facts[0].date: is missing", "facts[0].source: is missing"],
        ),
        (
            "notes: |-",
            "limits: ['" + "x" * 1001 + "']\nnotes: |-",
            ["limits[0]: is 1001 characters long; 1000 are the"],
        ),
        ("notes: |-", "not_instances: [a/b]\nnotes: |-", ["not_instances[0]: 'a/b' is not a host"]),
        (
            "notes: |-",
            "not_handles: [Search, 'a b', about]\nnotes: |-",
            [
                "not_handles[0]: 'Search' has capitals; write 'search', which is for both",
                "not_handles[1]: 'a b' is no handle by handle.pattern; remove it",
            ],
        ),
        (
            '"json:a": ""',
            '"script_json:x": ""',
            ["sources[0].rules[2].when['script_json:x']: this key does not say where in which script"],
        ),
        ("title: Agora\n", "", ["title: is missing"]),
        (
            "profile: https://{instance}/@{handle}",
            "profile: https://a.example/",
            ["profile: 'https://a.example/' is the same"],
        ),
        ("profile: https://{instance}/@{handle}", "profile: a/{handle}", ["profile: 'a/{handle}' is not a URL"]),
        (
            "profile: https://{instance}/@{handle}",
            "profile: https://a/{name}",
            ["profile: 'https://a/{name}' holds the unkn"],
        ),
        (
            "profile: https://{instance}/@{handle}",
            "profile: https://a/{handle}}",
            ["profile: 'https://a/{handle}}' holds a l"],
        ),
        ("recognise: https", "recognise: ftp", ["recognise: 'ftp://{instance}/@{handle}' is not a URL"]),
        (
            "recognise: https://{instance}/@{handle}",
            'recognise: ["https://{handle}.a.example/x", "https://a/{handle}/{handle}", "https://a/?u=x{handle}"]',
            [
                "recognise[0]: 'https://{handle}.a.example/x' must be a web address with {handle} in its path",
                "recognise[1]: 'https://a/{handle}/{handle}' must contain {handle} once",
                "recognise[2]: 'https://a/?u=x{handle}' must be a web address with {handle} in its path",
            ],
        ),
        (
            '"[a-z0-9]{1,20}"',
            '"[a-z"',
            ["handle.pattern: '[a-z' is not a regular expression: unterminated character set"],
        ),
        ('"[a-z0-9]{1,20}"', '"[[a-z]"', ["handle.pattern: '[[a-z]' is not a regular expression: Possible nested set"]),
        (
            "[Admin]",
            "[ad-min, a b]",
            ["controls.present['Big.example'][0]: 'ad-min' is", "controls.present['Big.example'][1]: 'a b' con"],
        ),
        ("[help]", "he-lp", ["controls.present['*']: 'he-lp' is no handle of Agora: it has 1 to 20 letters"]),
        ('absent: "{random}"', "absent: nobody", ["controls.absent: 'nobody' must contain {random} once"]),
        ('absent: "{random}"', 'absent: "{random}-"', ["controls.absent: '{random}-' makes handles such as 'abcdef"]),
        ("length: 12", "length: 30", ["controls.absent: '{random}' makes handles such as"]),
        ("length: 12", "length: 101", ["controls.length: '101' is too long; 100 is the most"]),
        ("phrases: talk", "phrases: [tlak]", ["phrases[0]: there is no phrases/tlak.yaml; did you mean 'talk'?"]),
        ("phrases: talk", "phrases: nowhere", ["phrases: there is no phrases/nowhere.yaml; write"]),
        ("kind: http", "kind: batch", ["sources[0].kind: needs batch: how the members are asked and found"]),
        ("kind: http", "kind: pigeon", ["sources[0].kind: 'pigeon' is unknown; write one of http, batch, browser"]),
        ("kind: http", "method: post", ["sources[0].method: needs body: what is sent, as name: text"]),
        ("kind: http", "body: {q: x}", ["sources[0].body: needs method: post beside it"]),
        ("kind: http", "method: put", ["sources[0].method: 'put' is unknown; write get or post"]),
        ("name: inner", "name: api", ["sources[1].name: 'api' is taken already, on line 11; choose another"]),
        ("id: takedown", "id: profile", ["sources[0].rules[1].id: 'profile' is taken already, on line 23"]),
        (
            "acct={handle}",
            "acct={handel}",
            ["sources[0].url: 'https://{instance}/api?acct={handel}' holds the unknown"],
        ),
        (
            "acct={handle}",
            "a={handle}&t={credential}",
            ["sources[0].url: 'https://{instance}/api?a={handle}&t={credential}"],
        ),
        ("{stable_id}\n", "{handle}\n", ["sources[0].url_by_id: 'https://{instance}/api/{handle}' is the same"]),
        ('    stable_id: {"json:id": "*"}\n', "", ["sources[0].url_by_id: needs stable_id: say which field"]),
        ('{"json:id": "*"}', '{"json:id": "x"}', ["sources[0].stable_id: give one field with one pattern"]),
        ('{"json:username": "@*"}', '{"json:a": "*", "json:b": "*"}', ["sources[0].handle: give one field with one"]),
        (
            '{"json:id": "*"}',
            '{"json:id": "{instanze}/{handle}/*"}',
            ["sources[0].stable_id['json:id']: '{instanze}/{handle}/*' holds the unknown placeholder {instanze}; did"],
        ),
        (
            '{"json:username": "@*"}',
            '{"json:username": ["{stable_id}@*"]}',
            ["sources[0].handle['json:username'][0]: '{stable_id}@*' holds the unknown placeholder {stable_id}; write"],
        ),
        (', Authorization: "Bearer {credential}"', "", ["sources[0].credential: 'token' is sent nowhere"]),
        (
            "Bearer {credential}",
            "Bearer {credential} {x}",
            ["sources[0].headers.Authorization: 'Bearer {credential} {x}'"],
        ),
        ("Accept:", "A(b:", ["sources[0].headers['A(b']: this key is not the name of a header"]),
        (
            "absent: suspended",
            "absent: profile",
            ["sources[0].rules[1].absent: 'profile' is a reason for present, not"],
        ),
        (
            "absent: suspended",
            "absent: gone, present: profile",
            ["sources[0].rules[1]: give exactly one of present, absent"],
        ),
        (", absent: suspended", "", ["sources[0].rules[1]: give exactly one of present, absent and inconclusive"]),
        ('{"json:a": ""}', "{}", ["sources[0].rules[2]: 'when' is empty; name at least one field"]),
        (
            '{"json:a": ""}',
            "{titel: x}",
            ["sources[0].rules[2].when.titel: this key is no field of an answer; did you mean 'ti"],
        ),
        (
            '{"json:a": ""}',
            '{"json:a": "{user} x"}',
            ["sources[0].rules[2].when['json:a']: '{user} x' holds the unknown placeholder {user}; write one of"],
        ),
        ('{"json:a": ""}', "{title: [{a: b}]}", ["sources[0].rules[2].when.title[0]: must be text, not a mapping"]),
        ("errors: div.error-page", "errors: div > p", ["sources[1].errors: 'div > p' is no selector that can be"]),
        ("robots: disallow", "robots: allow", ["sources[1].robots: 'allow' is unknown; write disallow"]),
        (
            "rules:\n      - {id: profile",
            "ruels: x\n    rules:\n      - {id: profile",
            ["sources[0].ruels: unknown key; did you mean"],
        ),
    ],
)
def test_a_faulty_platform_file_is_refused(tmp_path: Path, old: str, new: str, faults: list[str]) -> None:
    """Every fault has its place and says what to write."""
    assert WHOLE.count(old) >= 1
    found = [fault.split(": ", 1)[1] for fault in refused(tmp_path, WHOLE.replace(old, new, 1))]
    assert len(found) == len(faults), found
    for said, expected in zip(found, faults, strict=True):
        assert said.startswith(expected)


UNMET = """\
platform: agora
title: Agora
profile: https://agora.example/@{handle}
handle: {pattern: "[a-z0-9]{1,20}"}
sources:
  - name: page
    answers: html
    url: https://agora.example/@{handle}
    identity: [title]
    errors: div.notice
    stable_id: {canonical: "https://agora.example/users/*"}
    rules:
      - {id: gone, when: {status: [404, "4*"], error: "Nobody*"}, unless: {"meta:x": "{}"}, absent: not_found}
      - {id: moved, when: {status: 200, "script_json:*:user": "{stable_id}"}, present: renamed}
      - {id: wall, when: {status: 403, "header:x-why": "*"}, inconclusive: challenge}
"""
NO_STATUS = "is no HTTP status; write three digits (404), 4* for all that begin so, or a list of such"


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("", "", []),
        ("    errors: div.notice\n", "", ["12:48: rules[0].when.error: this key needs errors in the source: selec"]),
        ("[title]", "[error, title]", []),
        ("    errors: div.notice\n", "    errors: []\n", ["13:48: rules[0].when.error: this key needs errors in the"]),
        (
            'unless: {"meta:x": "{}"}',
            'unless: {"json:user": "*"}',
            ["13:76: rules[0].unless['json:user']: this key is of a JSON answer, and the source answers with html; wr"],
        ),
        (
            "[title]",
            '[title, "json:login"]',
            ["9:23: identity[1]: 'json:login' is of a JSON answer, and the source answers with html; write"],
        ),
        (
            "answers: html",
            "answers: json",
            [
                "9:16: identity[0]: 'title' is of a page, and the source answers with json; write json:PATH",
                "11:17: stable_id.canonical: this key is of a page, and the source answers with json",
                "13:48: rules[0].when.error: this key is of a page, and the source answers with json",
                "13:76: rules[0].unless['meta:x']: this key is of a page, and the source answers with json",
                "14:41: rules[1].when['script_json:*:user']: this key is of a page, and the source answers with json",
            ],
        ),
        (
            "Nobody*",
            "{Handle} is nobody",
            ["13:55: rules[0].when.error: '{Handle} is nobody' holds the unknown placeholder {Handle}; did"],
        ),
        ("Nobody*", "@{ handle }", ["13:55: rules[0].when.error: '@{ handle }' holds the unknown placeholder { handl"]),
        ("Nobody*", '{\\"code\\": {0}, 7}*', []),
        ("404", "4O4", [f"13:36: rules[0].when.status[0]: '4O4' {NO_STATUS}"]),
        ('"4*"', "4xx", [f"13:41: rules[0].when.status[1]: '4xx' {NO_STATUS}"]),
        ('"4*"', "404|410", [f"13:41: rules[0].when.status[1]: '404|410' {NO_STATUS}"]),
        ('"4*"', "40", [f"13:41: rules[0].when.status[1]: '40' {NO_STATUS}"]),
        ("403", "'?'", [f"15:35: rules[2].when.status: '?' {NO_STATUS}"]),
        (
            "404",
            "403",
            ["13:36: rules[0].when.status[0]: '403' says nothing of an account: it is forbidden before"],
        ),
        (
            "404",
            "451",
            ["13:36: rules[0].when.status[0]: '451' says nothing of an account: it is geo_block before"],
        ),
        (
            "404",
            "302",
            ["13:36: rules[0].when.status[0]: '302' says nothing of an account: it is redirect before"],
        ),
        (
            '"4*"',
            '"50*"',
            ["13:41: rules[0].when.status[1]: '50*' says nothing of an account: it is platform_error before"],
        ),
        (
            "200",
            "429",
            ["14:36: rules[1].when.status: '429' says nothing of an account: it is rate_limited before"],
        ),
        (
            '    stable_id: {canonical: "https://agora.example/users/*"}\n',
            "",
            ["13:88: rules[1].present: needs stable_id in the source: say which field of the answer holds the id; or"],
        ),
        (
            '"header:x-why": "*"',
            '"header:x-why": "*", "header:X-Why": "a"',
            ["15:61: rules[2].when['header:X-Why']: this key is the same as header:x-why; write one list of patterns"],
        ),
    ],
)
def test_what_no_answer_could_meet_is_refused(tmp_path: Path, old: str, new: str, faults: list[str]) -> None:
    """Whoever writes 4O4 is told where and what to write, rather than left with a rule that never matches."""
    text = UNMET.replace(old, new, 1)
    if not faults:
        assert load_platforms(write(tmp_path, text))["agora"].sources[0].rules
        return
    found = [fault.removeprefix("agora.yaml:").replace("sources[0].", "") for fault in refused(tmp_path, text)]
    assert len(found) == len(faults), found
    for said, expected in zip(found, faults, strict=True):
        assert said.startswith(expected), said


BATCH = """\
  - name: many
    kind: batch
    answers: json
    url: https://{instance}/api/all?v=1&{members}
    batch:
      size: 50
      member: "acct={handle}"
      join: "&"
      items: {"json:data.users": [name, "id{id}"], "json:errors": value}
      names: ["{handle}", "{stable_id}"]
      handles: "[a-z]{1,20}"
    rules:
      - {id: many-profile, when: {"json:name": "{handle}"}, present: profile}
"""
POSTED = BATCH.replace("all?v=1&{members}", "all").replace(
    "    batch:\n",
    '    method: post\n    body: {query: "{ {members} }", key: "{credential}"}\n    credential: token\n    batch:\n',
)


def test_a_batch_is_read_in_full(tmp_path: Path) -> None:
    """Every key of a batch has its effect; what is not said has the documented default."""
    many = load_platforms(write(tmp_path, WHOLE + BATCH))["agora"].sources[2]
    assert (many.kind, many.method, many.body) == (SourceKind.BATCH, Method.GET, {})
    assert many.batch == Batch(
        size=50,
        member="acct={handle}",
        join="&",
        items=(Items(list_="data.users", names=("name", "id{id}")), Items(list_="errors", names=("value",))),
        names=("{handle}", "{stable_id}"),
        handles="[a-z]{1,20}",
    )
    assert many.batch.room == 48
    assert (many.batch.takes("alice"), many.batch.takes("alice1")) == (True, False)
    plain = BATCH.replace('      names: ["{handle}", "{stable_id}"]\n      handles: "[a-z]{1,20}"\n', "")
    batch = load_platforms(write(tmp_path, WHOLE + plain))["agora"].sources[2].batch
    assert batch is not None
    assert (batch.names, batch.takes("alice1")) == (("{handle}",), True)


def test_a_batch_may_be_posted(tmp_path: Path) -> None:
    """The members stand in the body then, and the credential may."""
    many = load_platforms(write(tmp_path, WHOLE + POSTED))["agora"].sources[2]
    assert (many.method, many.body) == (Method.POST, {"query": "{ {members} }", "key": "{credential}"})


@pytest.mark.parametrize(
    ("old", "new", "faults"),
    [
        ("kind: batch", "kind: http", ["batch: is for kind: batch"]),
        ("answers: json", "answers: html", ["answers: must be json: members are found in lists of a JSON document"]),
        ("v=1&{members}", "v=1", ["url: must contain {members} once, where the members are to stand"]),
        ("v=1&{members}", "{members}&{members}", ["url: must contain {members} once, where the members are to stand"]),
        ("v=1&{members}", "u={handle}&{members}", ["url: 'https://{instance}/api/all?u={handle}&{members}' holds"]),
        ("size: 50", "size: 2", ["batch.size: '2' is too small; two places are the controls', so that 3 is the least"]),
        ('"acct={handle}"', '"acct"', ["batch.member: 'acct' is the same for all members; it must contain {handle}"]),
        ('"acct={handle}"', '"{handle}{x}"', ["batch.member: '{handle}{x}' holds the unknown placeholder {x}"]),
        ('"{stable_id}"]', '"{id}"]', ["batch.names[1]: '{id}' holds the unknown placeholder {id}"]),
        (
            '"json:errors": value',
            '"title": value',
            ["batch.items.title: this key is no list of a JSON answer; write it"],
        ),
        ('{"json:data.users": [name, "id{id}"], "json:errors": value}', "{}", ["batch.items: names no list of the"]),
        ('[a-z]{1,20}"\n    rules', '[a-z"\n    rules', ["batch.handles: '[a-z' is not a regular expression"]),
        (
            "    batch:",
            "    url_by_id: https://x.example/{stable_id}\n    batch:",
            ["url_by_id: is for single look-ups"],
        ),
    ],
)
def test_a_faulty_batch_is_refused(tmp_path: Path, old: str, new: str, faults: list[str]) -> None:
    """Every fault has its place and says what to write."""
    assert BATCH.count(old) == 1
    found = [fault.split(": sources[2].", 1)[1] for fault in refused(tmp_path, WHOLE + BATCH.replace(old, new))]
    assert len(found) == len(faults), found
    for said, expected in zip(found, faults, strict=True):
        assert said.startswith(expected)


def test_faults_of_a_platform_file_are_placed(tmp_path: Path) -> None:
    """File, line and column lead to the key."""
    assert refused(tmp_path, WHOLE.replace("kind: http", "kind: gopher"))[0] == (
        "agora.yaml:12:11: sources[0].kind: 'gopher' is unknown; write one of http, batch, browser"
    )


def test_what_goes_with_a_browser(tmp_path: Path) -> None:
    """A browser renders pages, is sent no credential, and waits for what can be read as a selector."""
    no_credential = "a browser is sent no credential, for scripts of the page could read it; remove it"
    assert refused(tmp_path, WHOLE.replace("kind: http", "kind: browser")) == [
        "agora.yaml:13:5: sources[0].answers: a browser renders pages; write html, or remove kind: browser",
        f"agora.yaml:18:5: sources[0].credential: {no_credential}",
    ]
    [said] = refused(tmp_path, WHOLE.replace("kind: http", "wait_for: main"))
    assert said == "agora.yaml:12:15: sources[0].wait_for: is for kind: browser; nothing is rendered here: remove it"
    page = WHOLE[: WHOLE.index("  - name: api")] + (
        "  - {name: show, kind: browser, answers: html, url: 'https://{instance}/@{handle}', wait_for: WANTED}\n"
    )
    [said] = refused(tmp_path, page.replace("WANTED", "[main, 'main > p']"))
    assert "sources[0].wait_for[1]: 'main > p' is no selector that can be read" in said
    source = load_platforms(write(tmp_path, page.replace("WANTED", "[main, div.gone]")))["agora"].sources[0]
    assert (source.kind, source.wait_for) == (SourceKind.BROWSER, ("main", "div.gone"))


def test_a_platform_needs_a_source(tmp_path: Path) -> None:
    """With nowhere to ask, nothing can be watched."""
    text = WHOLE[: WHOLE.index("sources:")] + "sources: []\n"
    assert refused(tmp_path, text) == ["agora.yaml:10:10: sources: no sources; give at least one place to ask"]


@pytest.mark.parametrize(
    ("phrases", "fault"),
    [
        ("french: {missing: x}", "phrases/talk.yaml:1:1: french: this key is not a language; write a BCP 47 tag"),
        ("fr: {mising: x}", "phrases/talk.yaml:1:6: fr.mising: this key is unknown; did you mean 'missing'?"),
        ("- fr", "phrases/talk.yaml:1:1: must be a mapping, not a list"),
        ("fr: x", "phrases/talk.yaml:1:5: fr: must be a mapping, not text"),
        ("[x", "phrases/talk.yaml:1:1: not valid YAML: "),
    ],
)
def test_a_faulty_phrases_file_is_refused(tmp_path: Path, phrases: str, fault: str) -> None:
    """The phrases file is to blame, not the platform that names it."""
    (found,) = refused(tmp_path, WHOLE, phrases)
    assert found.startswith(fault)


def test_faults_in_several_files_are_told_together(tmp_path: Path) -> None:
    """One run of the check is enough."""
    (tmp_path / "b.yaml").write_text("platform: b\n", "utf-8")
    (tmp_path / "c.yaml").write_text("[", "utf-8")
    (tmp_path / "d.yaml").write_text(WHOLE.replace("phrases: talk\n", ""), "utf-8")
    (tmp_path / "e.yml").write_text("platform: e\n", "utf-8")
    (tmp_path / ".hidden.yaml").write_text("[", "utf-8")
    found = refused(tmp_path, WHOLE)
    assert [fault.split(":")[0] for fault in found] == ["b.yaml"] * 4 + ["c.yaml", "d.yaml", "e.yml"]
    assert "d.yaml:1:11: platform: 'agora' is described already, in" in found[5]
    assert found[6] == "e.yml:1:1: is not read; rename it to e.yaml"


def test_an_operators_file_replaces_the_shipped_one_and_may_use_its_phrases(tmp_path: Path) -> None:
    """Overriding goes by the id of the platform, whatever the file is called."""
    shipped = load_platforms(None)
    text = WHOLE.replace("platform: agora", "platform: x").replace("phrases: talk", "phrases: x")
    platforms = load_platforms(write(tmp_path, text))
    assert platforms["x"].title == "Agora"
    assert platforms["x"].phrases == shipped["x"].phrases != ()
    assert platforms.keys() == shipped.keys()


def test_a_generic_platform_has_its_address_in_the_instance(tmp_path: Path) -> None:
    """What is the same for all accounts elsewhere is a template of its own there."""
    text = "platform: generic\ntitle: G\nprofile: https://a/{handle}\nhandle: {pattern: \\w+}\nsources: []\n"
    assert (
        "profile: 'https://a/{handle}' is the same for all accounts; it must contain {instance}"
        in refused(tmp_path, text)[0]
    )


def test_all_shipped_platforms_load() -> None:
    """Each has a source and rules; at least those of the first release are there."""
    platforms = load_platforms(None)
    assert {"bluesky", "mastodon", "github", "youtube", "x", "generic"} <= platforms.keys()
    for platform in platforms.values():
        assert platform.sources, platform.id
        assert platform.facts, platform.id
        assert all(source.rules for source in platform.sources), platform.id
