"""The scorer, on folders of cases that somebody else wrote: what it reads, whom it takes them for, what it prints."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.corpus.cases import Case, read_cases
from tests.corpus.score import Result, examine, main, score_folder
from tests.corpus.whom import control_of, platform_of, source_of, target_of
from watcher.model.finding import Reason, Verdict
from watcher.settings.load import load_platforms

PLATFORMS = load_platforms(None)
API = "https://public.api.bsky.app/xrpc/app.bsky.actor.getProfile?actor="
JSON = {"Content-Type": "application/json"}
HTML = {"content-type": "text/html; charset=utf-8"}
NOT_FOUND = '{"error":"InvalidRequest","message":"Profile not found"}'
ANYTHING: dict[str, str | None] = {"verdict": None, "reason": None, "not_verdict": None}
FILLER = "Enough visible text that nobody takes this page for a short answer, and some more."
HEAD = "<html><head><title>{h} - Pier Forum</title></head>"
PROFILE = HEAD + "<body><h1>{h}</h1><p>Joined 2019, {h} wrote a lot.</p></body></html>"
NOBODY = HEAD + "<body><p>No member of that name is known here.</p></body></html>"


def document(**changes: Any) -> dict[str, Any]:
    """A case about a missing account on Bluesky, without controls; keys that are None are left out."""
    url = f"{API}harbour-post.example"
    response = {"status": 400, "headers": JSON, "final_url": url, "body": NOT_FOUND}
    case = {"name": "a", "group": "g", "platform": "bluesky", "account": "harbour-post.example", "url": url}
    whole = {**case, "response": response, "controls": None, "expect": ANYTHING, **changes}
    return {key: value for key, value in whole.items() if value is not None or key == "controls"}


def case_file(folder: Path, **changes: Any) -> Path:
    """That case in a file."""
    path = folder / "a.json"
    path.write_text(json.dumps(document(**changes)), encoding="utf-8")
    return path


def the_case(folder: Path, **changes: Any) -> Case:
    """That case, read."""
    case_file(folder, **changes)
    (case,) = read_cases(folder)
    return case


def the_result(folder: Path, **changes: Any) -> Result:
    """What is said of it."""
    case = the_case(folder, **changes)
    return examine(case, platform_of(case, PLATFORMS))


@pytest.mark.parametrize(
    ("expect", "status"),
    [
        ({"verdict": "ABSENT", "reason": "not_found", "not_verdict": None}, 0),
        ({"verdict": "ABSENT", "reason": None, "not_verdict": "PRESENT"}, 0),
        ({"verdict": "absent"}, 0),
        ({"not_verdict": "PRESENT"}, 0),
        ({"verdict": "PRESENT", "reason": None, "not_verdict": None}, 1),
        ({"verdict": "ABSENT", "reason": "suspended", "not_verdict": None}, 1),
        ({"verdict": None, "reason": None, "not_verdict": "ABSENT"}, 1),
    ],
)
def test_it_fails_on_a_miss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], expect: dict[str, str | None], status: int
) -> None:
    """Its exit status is 1 when a page is not what the file says, and the miss is named with its evidence."""
    case_file(tmp_path, expect=expect)
    assert main([str(tmp_path)]) == status
    printed = capsys.readouterr().out
    assert ("MISS bluesky/a: expected" in printed) == bool(status)
    assert ("by structured/not-found of api, status 400; “Profile not found”" in printed) == bool(status)


def test_it_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json it prints exactly the document that the format has."""
    case_file(tmp_path, expect={"verdict": "PRESENT"})
    (tmp_path / "b.json").write_text(json.dumps(document(name="b", group="h")), encoding="utf-8")
    assert main([str(tmp_path), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {
        "cases": 2,
        "missed": 1,
        "by_group": {"g": {"cases": 1, "missed": 1}, "h": {"cases": 1, "missed": 0}},
        "misses": [{"name": "a", "got": "ABSENT", "reason": "not_found"}],
    }


def test_it_prints_counts_and_a_confusion_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By group, and expected against given."""
    case_file(tmp_path, expect={"verdict": "ABSENT"})
    assert main([str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 cases, 1 as expected, 0 missed"
    assert ["g", "1", "/", "1"] in [line.split() for line in lines]
    assert ["absent", "absent", "1"] in [line.split() for line in lines]


def test_an_empty_folder_is_no_success(tmp_path: Path) -> None:
    """A scorer that found no page has proven nothing."""
    assert main([str(tmp_path)]) == 1


def test_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no folder is named."""
    with pytest.raises(SystemExit):
        main([str(tmp_path / "nowhere")])
    assert "nowhere is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"name": "x", ', "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        (json.dumps(document(response=None)), "response is missing"),
        (json.dumps(document(expect=None)), "expect is missing"),
        (json.dumps(document(response={"status": "soon"})), "response.status is 'soon', not a number"),
        (json.dumps(document(response={"status": 200, "headers": "x"})), "response.headers is a text, not an object"),
        (json.dumps(document(response={"status": 200, "body_file": "no.html"})), "'no.html' cannot be read"),
        (json.dumps(document(controls="none")), "controls is a text"),
        (json.dumps([document(), 7]), "a.json[1]: is a number, not a case"),
    ],
)
def test_a_broken_file_is_a_miss(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, fault: str) -> None:
    """It is named with its fault, and the other cases are scored all the same."""
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    (tmp_path / "good.json").write_text(json.dumps(document(expect={"verdict": "ABSENT"})), encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert f"MISS a.json{'[1]' if text.startswith('[{') else ''}: " in (printed := capsys.readouterr().out)
    assert fault in printed
    made = score_folder(tmp_path, PLATFORMS)
    assert (len(made.broken), [r.finding.reason for r in made.results][-1]) == (1, Reason.NOT_FOUND)


def test_several_cases_in_a_file(tmp_path: Path) -> None:
    """A list of cases, or one under `cases`."""
    (tmp_path / "a.json").write_text(json.dumps([document(name="a"), document(name="b")]), encoding="utf-8")
    (tmp_path / "c.json").write_text(json.dumps({"cases": [document(name="c")]}), encoding="utf-8")
    assert [case.name for case in read_cases(tmp_path)] == ["a", "b", "c"]


def test_files_that_are_no_cases(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A body that is called *.json is no case, and another document is noted."""
    (tmp_path / "body.json").write_text(NOT_FOUND, encoding="utf-8")
    (tmp_path / "about.json").write_text('{"author": "somebody"}', encoding="utf-8")
    response = {"status": 400, "headers": JSON, "body_file": "body.json"}
    case_file(tmp_path, response=response, expect={"verdict": "ABSENT"})
    assert main([str(tmp_path)]) == 0
    assert "note: about.json is no case" in capsys.readouterr().out


def test_headers_and_status_however_they_are_written(tmp_path: Path) -> None:
    """Names in any case, several values, numbers, pairs; a status in quotes; no final URL."""
    headers = {"Content-TYPE": ["application/json", "charset=utf-8"], "Age": 0}
    answer = the_case(tmp_path, response={"status": "400", "headers": headers, "body": NOT_FOUND}).answer
    assert (answer.status, answer.final_url) == (400, None)
    assert answer.headers == {"content-type": "application/json, charset=utf-8", "age": "0"}
    pairs = [["Set-Cookie", "a"], ["set-cookie", "b"]]
    assert the_case(tmp_path, response={"status": 400, "headers": pairs}).answer.headers == {"set-cookie": "a, b"}


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({}, "é", "é".encode()),
        ({"content-type": "text/html; charset=windows-1251"}, "Ошибка", "Ошибка".encode("cp1251")),
        ({"content-type": "text/html"}, '<meta charset="koi8-r">Я', '<meta charset="koi8-r">Я'.encode("koi8-r")),
        ({"content-type": "text/html; charset=iso-8859-1"}, "doesn’t", b"doesn\x92t"),
        ({"content-type": "text/html; charset=iso-8859-1"}, "Я", "Я".encode()),
        ({"content-type": "text/html; charset=nonsense"}, "é", "é".encode()),
        ({}, "\udcff", b"\xff"),
        ({}, "\ud800", b"?"),
        ({}, {"a": "é"}, '{"a": "é"}'.encode()),
    ],
)
def test_a_body_is_in_the_charset_that_it_declares(
    tmp_path: Path, headers: dict[str, str], body: object, expected: bytes
) -> None:
    """The text of a case is what a visitor reads; the bytes are what would have come."""
    assert the_case(tmp_path, response={"status": 200, "headers": headers, "body": body}).answer.body == expected


def test_a_body_shorter_than_declared_ended_early(tmp_path: Path) -> None:
    """As the prober says it: no page was read. A packed one has the length of the package."""
    headers = {**JSON, "content-length": "4000"}
    response = {"status": 400, "headers": headers, "body": NOT_FOUND}
    assert the_result(tmp_path, response=response).finding.reason is Reason.TRUNCATED
    response["headers"] = {**headers, "content-encoding": "gzip"}
    assert the_result(tmp_path, response=response).finding.reason is Reason.NOT_FOUND


def test_a_body_larger_than_the_prober_reads(tmp_path: Path) -> None:
    """Is given up, whatever it says."""
    response = {"status": 200, "headers": HTML, "body": "x" * 2_000_001}
    assert the_result(tmp_path, response=response).finding.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("named", "known"),
    [
        ("Bluesky", "bluesky"),
        ("YouTube", "youtube"),
        ("git-hub", "github"),
        ("twitter", "x"),
        ("X (Twitter)", "x"),
        ("Some Forum", "generic"),
        ("", "generic"),
    ],
)
def test_a_platform_however_it_is_called(tmp_path: Path, named: str, known: str) -> None:
    """Case, spaces and marks do not matter, other names are known, and what is unknown is any site."""
    assert platform_of(the_case(tmp_path, platform=named), PLATFORMS).id == known


def test_a_site_with_two_files(tmp_path: Path) -> None:
    """A channel by its id is judged by the file for ids."""
    url = "https://www.youtube.com/channel/UCabcdefghijklmnopqrstuQ"
    case = the_case(tmp_path, platform="youtube", account="UCabcdefghijklmnopqrstuQ", url=url)
    platform = platform_of(case, PLATFORMS)
    assert (platform.id, target_of(case, platform, source_of(case, platform)).handle) == (
        "youtube_channel",
        "UCabcdefghijklmnopqrstuQ",
    )


@pytest.mark.parametrize(
    ("platform", "url", "source"),
    [
        ("github", "https://github.com/alice/", "page"),
        ("github", "https://API.github.com/users/alice", "api"),
        ("github", "https://www.github.com/Alice?tab=repositories", "page"),
        ("x", "https://mobile.twitter.com/alice", "page"),
        ("x", "https://api.x.com/2/users/by/username/alice", "api"),
        ("mastodon", "https://mastodon.example/api/v1/accounts/lookup?acct=alice", "lookup"),
        ("mastodon", "https://mastodon.example/users/alice", "actor"),
        ("youtube", "https://www.youtube.com/@alice", "page"),
    ],
)
def test_the_source_is_that_of_the_address(tmp_path: Path, platform: str, url: str, source: str) -> None:
    """Whatever the host is for, and whatever else stands in the address."""
    page = {"status": 200, "headers": HTML if source == "page" else JSON, "body": f"<p>{FILLER}"}
    case = the_case(tmp_path, platform=platform, account="alice", url=url, response=page)
    assert source_of(case, PLATFORMS[platform]).name == source


def test_an_api_that_answered_for_a_profile(tmp_path: Path) -> None:
    """A case that names the profile and shows what the API said is about the API; not every JSON is."""
    said = {"status": 404, "headers": JSON, "body": '{"message":"Not Found","status":"404"}'}
    profile = {"platform": "github", "account": "alice", "url": "https://github.com/alice"}
    result = the_result(tmp_path, response=said, **profile)
    assert (result.finding.source, result.finding.reason) == ("api", Reason.NOT_FOUND)
    said["body"] = '["unexpected"]'
    assert the_result(tmp_path, response=said, **profile).finding.reason is Reason.BAD_RESPONSE


@pytest.mark.parametrize(
    ("platform", "account", "url", "handle", "instance"),
    [
        ("mastodon", "@Alice", "https://mastodon.example/@alice", "alice", "mastodon.example"),
        ("mastodon", "alice@mastodon.example", "https://mastodon.example/users/alice", "alice", "mastodon.example"),
        ("mastodon", "@alice@mastodon.example", "https://mastodon.example/@alice", "alice", "mastodon.example"),
        ("x", "https://x.com/Alice", "https://x.com/Alice", "alice", ""),
        ("x", "", "https://x.com/alice", "alice", ""),
        ("generic", "alice", "https://a.example/u/alice/about", "alice", "https://a.example/u/{handle}/about"),
        ("generic", "a", "https://forum.example/u/a/about", "a", "https://forum.example/u/{handle}/about"),
        ("generic", "alice", "https://f.example/m?id=1&u=alice", "alice", "https://f.example/m?id=1&u={handle}"),
        ("generic", "alice", "https://alice.blogs.example/", "alice", "https://{handle}.blogs.example/"),
        ("generic", "alice", "https://f.example/members/17/", "alice", "https://f.example/members/17/"),
    ],
)
def test_whom_it_is_about(tmp_path: Path, platform: str, account: str, url: str, handle: str, instance: str) -> None:
    """The handle as it is polled, and the instance or template that stands in the URL."""
    case = the_case(tmp_path, platform=platform, account=account, url=url)
    target = target_of(case, PLATFORMS[platform], source_of(case, PLATFORMS[platform]))
    assert (target.handle, target.instance) == (handle, instance)


FORUM = {"platform": "generic", "account": "alice", "url": "https://forum.example/u/alice"}


def page(handle: str, *, exists: bool, **changes: Any) -> dict[str, Any]:
    """A page of a forum that answers 200 for everybody and repeats the name in its title."""
    body = (PROFILE if exists else NOBODY).replace("{h}", handle)
    return {"status": 200, "headers": HTML, "body": body, **changes}


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize("url", [None, "https://forum.example/u/"])
def test_controls_are_known_by_url_or_by_what_they_show(tmp_path: Path, url: str | None, exists: bool) -> None:
    """Without a final URL the name is found where the account's page has its own."""
    present, absent = page("bob", exists=True), page("qx71hw", exists=False)
    if url is not None:
        present["final_url"], absent["final_url"] = f"{url}bob", f"{url}qx71hw"
    result = the_result(
        tmp_path, response=page("alice", exists=exists), controls={"present": present, "absent": absent}, **FORUM
    )
    assert result.finding.verdict is (Verdict.PRESENT if exists else Verdict.ABSENT)


@pytest.mark.parametrize("exists", [True, False])
def test_controls_that_were_made_out_of_the_accounts_page(tmp_path: Path, exists: bool) -> None:
    """Whoever left the account's name in them meant it for theirs."""
    controls = {"present": page("alice", exists=True), "absent": page("alice", exists=False)}
    result = the_result(tmp_path, response=page("alice", exists=exists), controls=controls, **FORUM)
    assert result.finding.verdict is (Verdict.PRESENT if exists else Verdict.ABSENT)


def test_a_control_that_names_itself_in_a_field(tmp_path: Path) -> None:
    """Where neither URL nor title say it, the field does in which the platform gives the handle."""
    case = the_case(tmp_path)
    bluesky = PLATFORMS["bluesky"]
    present = {"status": 200, "headers": JSON, "body": '{"did":"did:plc:a","handle":"atproto.com"}'}
    case = the_case(tmp_path, controls={"present": present, "absent": None})
    assert case.present is not None
    control = control_of(case.present, case, bluesky, source_of(case, bluesky), exists=True)
    assert control.handle == "atproto.com"


def test_the_gate(tmp_path: Path) -> None:
    """Controls gate as in the running program: a walled one proves nothing, and none given means none asked."""
    good = {"status": 200, "headers": JSON, "body": '{"did":"did:plc:a","handle":"bsky.app"}'}
    missing = {"status": 400, "headers": JSON, "body": NOT_FOUND}
    wall = {"status": 200, "headers": HTML, "final_url": "https://bsky.app/login", "body": FILLER}
    assert the_result(tmp_path).finding.is_absent
    assert the_result(tmp_path, controls={"present": good, "absent": missing}).finding.is_absent
    assert the_result(tmp_path, controls={"present": good}).finding.is_absent
    for controls in ({"present": wall, "absent": missing}, {"absent": missing}, {"present": missing}):
        finding = the_result(tmp_path, controls=controls).finding
        assert (finding.reason, finding.refused is not None) == (Reason.CONTROL_FAILED, True)


def test_a_site_of_which_nothing_is_known(tmp_path: Path) -> None:
    """Without controls it is never told as gone, however plainly it says so."""
    gone = page("alice", exists=False, status=410)
    result = the_result(tmp_path, response=gone, **FORUM)
    assert result.finding.verdict is Verdict.INCONCLUSIVE
