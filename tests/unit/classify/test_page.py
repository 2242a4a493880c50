"""What an answer holds, field by field."""

import pytest

from tests.unit.classify.story import field, page, redirected, response
from watcher.classify.page import NOT_JSON, NotJson, Page

APOSTROPHE = "This account doesn’t exist"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("status", ("404",)),
        ("final_url", ("https://site.example/@é",)),
        ("redirect", ("/login?next=/@é",)),
        ("header:Retry-After", ("120",)),
        ("header:x-none", ()),
        ("json:error.code", ("88",)),
        ("title", ()),
    ],
)
def test_fields_of_an_answer(name: str, said: tuple[str, ...]) -> None:
    """Status, URLs (decoded), headers by any case, JSON by path."""
    hop = response(url="/login?next=/@%C3%A9")
    answer = response(b'{"error":{"code":88}}', status=404, url="https://site.example/@%C3%A9", retry_after="120")
    hops = redirected(hop).hops
    whole = type(answer)(status=answer.status, url=answer.url, headers=answer.headers, body=answer.body, hops=hops)
    assert Page(whole).values(field(name)) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("title", ("Alice",)),
        ("meta:OG:Title", ("@alice",)),
        ("meta:none", ()),
        ("canonical", ("https://site.example/é",)),
        ("json_ld:author.name", ("Alice",)),
        ("json_ld:none", ()),
        ("error", ("oops",)),
        ("text", ("Hello", "oops")),
        ("json:a", ()),
    ],
)
def test_fields_of_a_page(name: str, said: tuple[str, ...]) -> None:
    """Title, metas by any case, canonical URL (decoded), JSON-LD by path, error containers, visible text."""
    read = page(
        '<title>Alice</title><meta property="og:title" content="@alice"><link rel=canonical href="https://site.example/%C3%A9">'
        '<script type="application/ld+json">{broken</script>'
        '<script type="application/ld+json">{"author":{"name":"Alice"}}</script>Hello<div class=error>oops</div>',
        errors=("div.error",),
    )
    assert read.values(field(name)) == said


def test_a_page_without_anything() -> None:
    """It has no title and no canonical URL, but a status."""
    assert page().values(field("canonical")) == ()
    assert page().values(field("title")) == ()
    assert page().language is None


def test_language() -> None:
    """What the page says, else what the header says, and never a long story."""
    assert page("<html lang=fr>", content_language="de").language == "fr"
    assert page("<html>", content_language="de").language == "de"
    assert page(content_language="x" * 99).language == "x" * 35
    assert page(f"<html lang={'y' * 99}>").language == "y" * 35


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-8", ""),
        ("utf-8-sig", ""),
        ("utf-8-sig", "gbk"),
        ("utf-16", ""),
        ("utf-16", "utf-8"),
        ("utf-16-le", "utf-16le"),
        ("utf-16-be", "UTF-16BE"),
        ("cp1252", "iso-8859-1"),
        ("cp1252", "US-ASCII"),
        ("cp1252", "'windows-1252'"),
        ("gb18030", "gb2312"),
        ("cp949", "euc-kr"),
        ("big5", "Big5"),
        ("cp1254", "ISO-8859-9"),
        ("cp874", "tis-620"),
    ],
)
def test_charsets(encoding: str, named: str) -> None:
    """A byte order mark counts, then the charset of the header, read as browsers read its name."""
    answer = page(
        APOSTROPHE.encode(encoding, "ignore"), content_type=f"text/html; charset={named}" if named else "text/html"
    )
    assert answer.text == APOSTROPHE.encode(encoding, "ignore").decode(encoding)


@pytest.mark.parametrize(
    ("text", "encoding", "labels"),
    [
        ("このアカウントは存在しません", "cp932", "x-sjis windows-31j csShiftJIS MS_Kanji shift-jis"),
        ("このアカウントは存在しません", "euc_jp", "x-euc-jp cseucpkdfmtjapanese"),
        ("ไม่พบบัญชีนี้", "cp874", "windows-874 dos-874 iso885911 tis-620"),
        ("계정을 찾을 수 없습니다", "cp949", "windows-949 ks_c_5601-1989 ksc_5601 iso-ir-149 cseuckr korean"),
        ("找不到該帳號", "big5", "x-x-big5 cn-big5 big5-hkscs csbig5"),
        ("该帐号不存在", "gbk", "x-gbk gb_2312-80 csgb2312 chinese"),
        ("Аккаунт не найден", "cp1251", "x-cp1251 cp1251"),
        ("Аккаунт не найден", "cp866", "ibm866 cp866 866 csibm866"),
        ("Аккаунт не найден", "koi8_r", "koi koi8 cskoi8r"),
        ("Аккаунт не найден", "mac_cyrillic", "x-mac-cyrillic x-mac-ukrainian"),
        ("Акаунт не знайдено", "koi8_u", "koi8-ru"),
        ("Compte supprimé", "mac_roman", "macintosh mac x-mac-roman csmacintosh"),
        ("Compte supprimé", "cp1252", "x-cp1252 iso88591"),
        ("החשבון לא נמצא", "iso8859_8", "iso-8859-8-i iso-8859-8-e logical visual csiso88598i"),
        ("Konto bulunamadı", "cp1254", "x-cp1254 iso88599"),
        ("Účet nenalezen", "iso8859_2", "iso88592"),
        ("Účet nenalezen", "utf_8", "x-unicode20utf8 unicode11utf8"),
        ("Účet nenalezen", "utf_16_le", "unicode ucs-2"),
    ],
)
def test_labels_that_only_browsers_know(text: str, encoding: str, labels: str) -> None:
    """What a browser reads under a label of the Encoding Standard is read, also where Python has no such name."""
    for label in labels.split():
        assert page(text.encode(encoding), content_type=f"text/html; charset={label}").text == text, label


def test_charset_of_the_page() -> None:
    """Without a charset in the header the page's own counts; the header's wins."""
    body = '<meta charset="koi8-r">Привет'.encode("koi8-r")
    assert "Привет" in page(body).text
    assert "Привет" not in page(body, content_type="text/html;charset=utf-8").text
    assert "Привет" in page('<meta charset="utf-16">Привет').text


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "zip", "hex", "rot13", "utf-7", "unicode_escape", "mbcs", "x.y", "é", "-"]
)
def test_charsets_that_are_none(name: str) -> None:
    """Names that would have Python unpack, or take more than linear time, or nothing at all: then it is UTF-8."""
    assert page(APOSTROPHE, content_type=f"text/html; charset={name}").text == APOSTROPHE
    assert page(f'<meta charset="{name}">{APOSTROPHE}').text.endswith(APOSTROPHE)


def test_bytes_of_no_charset() -> None:
    """They are replaced, never refused."""
    assert page(b"a\xff\xfeb\x80").text == "a��b�"
    assert page(b"\xfe\xff\xd8").text == "�"


def test_a_bio_does_not_choose_the_charset_of_a_document() -> None:
    """JSON is UTF-8 unless the header says otherwise, whatever the texts in it say."""
    body = '{"bio":"charset=utf-16le charset=gbk","name":"é"}'
    assert page(body).values(field("json:name")) == ("é",)
    assert page(body.encode("utf-16"), content_type="application/json").values(field("json:name")) == ("é",)
    assert page(body.encode("cp1252"), content_type="application/json;charset=latin-1").values(field("json:name")) == (
        "é",
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("$", ("…",)),
        ("text", ("a",)),
        ("null", ("null",)),
        ("yes", ("true",)),
        ("no", ("false",)),
        ("int", ("12",)),
        ("float", ("1.5",)),
        ("list", ("…",)),
        ("list.0", ("x",)),
        ("list.1.deep", ("y",)),
        ("list.2", ()),
        ("list.-1", ()),
        ("list.x", ()),
        ("list.٣", ()),
        ("empty", ("[]",)),
        ("nothing", ("{}",)),
        ("text.0", ()),
        ("null.x", ()),
        ("", ()),
        ("list..deep", ()),
        ("twice", ("2",)),
        ("nan", ("nan",)),
        ("huge", ("inf",)),
        ("half", ("�!",)),
        ("pair", ("😀",)),
    ],
)
def test_json_paths(path: str, said: tuple[str, ...]) -> None:
    """Values at a dotted path as rules write them; half a surrogate pair is replaced; the last of doubles counts."""
    body = (
        r'{"text":"a","null":null,"yes":true,"no":false,"int":12,"float":1.5,"list":["x",{"deep":"y"}],"empty":[],'
        r'"nothing":{},"twice":1,"twice":2,"nan":NaN,"huge":1e999,"half":"\ud800!","pair":"\ud83d\ude00"}'
    )
    assert page(body).values(field(f"json:{path}")) == said


@pytest.mark.parametrize(("body", "said"), [("null", "null"), ("[]", "[]"), ("7", "7"), ('"a"', "a"), (" {} ", "{}")])
def test_small_documents(body: str, said: str) -> None:
    """They are whole answers on some platforms."""
    assert page(body).values(field("json:$")) == (said,)


@pytest.mark.parametrize(
    "body", ["", "<html>", "{", '{"a":', "{'a':1}", "[" * 200_000, '{"a":' * 100_000, "9" * 5_000, '{"a":1}x', "\x00"]
)
def test_what_is_no_document(body: str) -> None:
    """Cut off, too deep, a number beyond reading, or something else: there is no JSON, and no error."""
    assert page(body).json is NOT_JSON
    assert isinstance(page(body).json, NotJson)
    assert page(body).values(field("json:a")) == ()


def test_json_is_read_as_deep_as_it_is_named() -> None:
    """A document of some depth is one."""
    assert page("[" * 100 + "1" + "]" * 100).values(field("json:" + ".".join("0" * 100))) == ("1",)


@pytest.mark.parametrize(
    "guard", ["])}while(1);</x>", ")]}'\n", "for (;;);", "for(;;);", "while(1);", "\n ])}while(1);</x>"]
)
def test_a_guard_before_json_is_no_part_of_it(guard: str) -> None:
    """What keeps foreign scripts from running an answer is taken off, once and at the beginning only."""
    assert page(guard + '{"a": 1}').values(field("json:a")) == ("1",)
    assert page('{"a": "' + guard.strip() + '"}').values(field("json:a")) == (guard.strip(),)
    assert page(guard + guard + "1").json is NOT_JSON


SCRIPTS = """
<script id="__DATA__" type="application/json">{"a": {"b.c": [10, {"d": null}]}, "e": "\\u003cb>"}</script>
<script id="other" type="application/json">{"a": {"f": true}, "deep": [[{"route": {"path": "/x"}}]]}</script>
<script type="application/json">{"route": {"path": null}} </script>
<script>var state = {"a": [1, 2], "s": "text = {\\"a\\": 5}"}; run();</script>
<script>
  log("first");
  g_late = {"a": "later"};
</script>
<script>say("x"); hidden = {"a": 1}; var t = "\\n faked = {}";</script>
<script type="application/ld+json">{"a": "ld"}</script>
<template><script id="__DATA__" type="application/json">{"z": 1}</script></template>
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (r"script_json:__DATA__:a.b\.c.0", ("10",)),
        (r"script_json:__DATA__:a.b\.c.1.d", ("null",)),
        ("script_json:__DATA__:e", ("<b>",)),
        ("script_json:__DATA__:$", ("…",)),
        ("script_json:__DATA__:z", ()),
        ("script_json:__DATA__:a.f", ()),
        ("script_json:*:a.f", ("true",)),
        ("script_json:*:**.route.path", ("/x", "null")),
        ("script_json:*:**.path", ("/x", "null")),
        ("script_json:none:**.path", ()),
        ("script_json:state:a.1", ("2",)),
        ("script_json:text:a", ()),
        ("script_json:g_late:a", ("later",)),
        ("script_json:hidden:a", ()),
        ("script_json:faked:$", ()),
    ],
)
def test_documents_in_scripts_are_read_by_path(name: str, said: tuple[str, ...]) -> None:
    """By the id of a JSON script or the variable that a line assigns, from the root or from anywhere."""
    assert page(f"<html><body>{SCRIPTS}</body></html>").values(field(name)) == said


@pytest.mark.parametrize(
    "script",
    [
        '<script id="d" type="application/json">{"a": ',
        '<script id="d" type="application/json">' + '{"a":' * 100_000 + "</script>",
        '<script id="d" type="application/json">' + '[{"a":1},' * 20_000 + "</script>",
        "<script>d = " + '{"a":' * 100_000 + "</script>",
        "<script>" + "d = {\n" * 100_000 + '"a"</script>',
        '<script>d = "a"',
    ],
)
def test_a_script_that_cannot_be_read_holds_nothing(script: str) -> None:
    """Cut off, too deep or none at all: no field, no error."""
    assert page(script).values(field("script_json:d:a")) == ()
    assert page(script).values(field("script_json:*:**.a")) == ()


def test_no_field_has_values_without_end() -> None:
    """A document with a key ten thousand times gives a hundred of its values."""
    many = '<script type="application/json">[' + ",".join(['{"a":1}'] * 10_000) + "]</script>"
    assert len(page(many).values(field("script_json:*:**.a"))) == 100
