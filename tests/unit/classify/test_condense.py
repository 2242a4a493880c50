"""What is kept of an answer is judged as the answer was, and says nothing that must not be kept."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus.cases import read_cases
from tests.corpus.score import ASKED_AT, exchange_of
from tests.corpus.whom import source_of, target_of
from tests.unit.classify.story import (
    exchange,
    html,
    html_source,
    json_source,
    missing,
    platform,
    profile,
    response,
    rule,
)
from tests.unit.classify.test_properties import KNOWN, exchanges
from watcher.classify import classify
from watcher.classify.condense import condense, kept_controls
from watcher.classify.restore import NotKeptError, judge_again
from watcher.judge.gate import refuse
from watcher.model.control import ControlFinding, ControlKey, ControlReport, References
from watcher.model.exchange import Exchange, Response
from watcher.model.finding import Finding, Reason, Verdict
from watcher.model.imprint import Imprint, KeptControl
from watcher.settings.load import load_platforms
from watcher.store.codec import from_json, to_json, without_defaults

CORPUS = Path(__file__).parents[2] / "corpus"


def stored(asked: Exchange, finding: Finding, controls: tuple[KeptControl, ...] = ()) -> Imprint:
    """The imprint, through the form in which it is stored."""
    imprint = condense(asked, finding)
    assert imprint is not None
    whole = replace(imprint, controls=controls)
    text = json.dumps(without_defaults(to_json(whole)))
    back = from_json(Imprint, json.loads(text))
    assert back == whole
    assert isinstance(back, Imprint)
    return back


def controls_of(references: References) -> tuple[KeptControl, ...]:
    """The negative controls of these references, as a sample keeps them."""
    absent = classify(exchange(response(missing()), html_source())).finding
    return tuple(
        KeptControl(
            exists=False,
            verdict=Verdict.ABSENT,
            reason=Reason.NOT_FOUND,
            certainty=absent.certainty,
            at=absent.at,
            seen=absent.seen,
            status=each.status,
            fields=each.fields,
        )
        for each in references.negatives
    )


def sends_to(address: str) -> str:
    """A page that only sends its visitor somewhere else."""
    return html("Site", "", f'<meta http-equiv="refresh" content="0; url={address}">')


def said(finding: Finding) -> tuple[str, str, str]:
    """What must be the same."""
    return str(finding.verdict), str(finding.reason), finding.evidence.rule


def test_every_page_of_the_corpus_is_judged_again_alike() -> None:
    """Verdict, reason and rule; but for likeness, and for texts of pages that show the account: that is said."""
    platforms = load_platforms(None)
    judged = 0
    cases = read_cases(CORPUS)
    for case in cases:
        of = platforms[case.platform]
        source = source_of(case, of)
        target = target_of(case, of, source)
        asked = exchange_of(case.answer, case.url, of, source, target, ASKED_AT)
        plain = classify(asked).finding
        try:
            again = judge_again(stored(asked, plain), of, source, account_id="a", vantage="local").finding
        except NotKeptError:
            assert plain.is_present, case.label
            continue
        judged += 1
        assert said(again) == said(plain), case.label
    assert judged > 0.98 * len(cases)


@settings(max_examples=250, deadline=None)
@given(asked=exchanges(), known=st.sampled_from([References(), KNOWN]))
def test_anything_is_judged_again_alike_or_not_at_all(asked: Exchange, known: References) -> None:
    """Whatever the bytes: the same verdict, reason and rule, or NotKeptError; never another answer."""
    finding = classify(asked, replace(known, positives=())).finding
    imprint = stored(asked, finding, controls_of(known))
    of, source = asked.task.platform, asked.task.source
    try:
        again = judge_again(imprint, of, source, account_id="a", vantage="local").finding
    except NotKeptError:
        return
    assert said(again) == said(finding)


def test_of_a_page_that_shows_the_account_only_fields_are_kept() -> None:
    """Those that rules look at; no text of the page, however it was phrased."""
    source = html_source(rule(Reason.PROFILE, {"meta:og:title": "*{handle}*"}))
    asked = exchange(response(profile(name="Alice Smith", bio="A secret hobby.")), source)
    imprint = stored(asked, classify(asked).finding)
    assert (imprint.whole, imprint.markup, imprint.document) == (False, None, None)
    assert {field.name for field in imprint.fields} == {"meta:og:title", "canonical", "title"}
    assert "hobby" not in json.dumps(to_json(imprint))


def test_what_the_gate_refused_is_kept_as_what_it_showed() -> None:
    """A profile that could not be proven is a profile all the same: no text of it is kept."""
    source = html_source(rule(Reason.PROFILE, {"meta:og:title": "*{handle}*"}))
    asked = exchange(response(profile(bio="A secret hobby.")), source)
    found = classify(asked).finding
    assert "hobby" not in json.dumps(to_json(stored(asked, refuse(found, Reason.CONTROL_FAILED, "no control"))))


def test_a_missing_page_is_kept_as_a_visitor_saw_it() -> None:
    """With its texts, and without what was in scripts."""
    asked = exchange(response(missing() + "<script>nonce=123456</script>"), html_source())
    imprint = stored(asked, classify(asked).finding)
    assert imprint.markup is not None
    assert "This account doesn’t exist" in imprint.markup.blocks
    assert "nonce" not in json.dumps(to_json(imprint))


@pytest.mark.parametrize("name", ["set-cookie", "authorization", "x-csrf-token", "x-unknown"])
def test_headers_are_kept_by_an_allow_list(name: str) -> None:
    """What is not on it is not kept, and no secret is even where a rule looks at it."""
    source = json_source(rule(Reason.QUOTA, {f"header:{name}": "*"}))
    headers = {"content-type": "application/json", name: "s3cr3t"}
    asked = exchange(Response(status=200, url="https://site.example/alice", headers=headers, body=b"{}"), source)
    imprint = stored(asked, classify(asked).finding)
    assert set(imprint.headers) == {"content-type"}
    assert ("s3cr3t" in json.dumps(to_json(imprint))) == (name == "x-unknown")


def test_a_rule_that_looks_elsewhere_now_is_not_answered_by_nothing() -> None:
    """A field that was not kept is not taken for missing: the look cannot be judged."""
    then = json_source(rule(Reason.PROFILE, {"json:id": "*"}))
    asked = exchange(response('{"id": "17", "state": "gone"}', content_type="application/json"), then)
    imprint = stored(asked, classify(asked).finding)
    now = json_source(rule(Reason.SUSPENDED, {"json:state": "gone"}), rule(Reason.PROFILE, {"json:id": "*"}))
    with pytest.raises(NotKeptError, match="json:state"):
        judge_again(imprint, platform(now), now, account_id="a", vantage="local")


def test_new_texts_of_a_page_that_showed_the_account_cannot_be_looked_for() -> None:
    """Only what the rules of then found was kept of its texts."""
    then = html_source(rule(Reason.PROFILE, {"text": "*write*"}))
    asked = exchange(response(profile()), then)
    imprint = stored(asked, classify(asked).finding)
    again = judge_again(imprint, platform(then), then, account_id="a", vantage="local").finding
    assert again.reason is Reason.PROFILE
    now = html_source(rule(Reason.SUSPENDED, {"text": "*suspended*"}), rule(Reason.PROFILE, {"text": "*write*"}))
    with pytest.raises(NotKeptError, match="text"):
        judge_again(imprint, platform(now), now, account_id="a", vantage="local")


def test_other_error_containers_make_it_undecidable() -> None:
    """The texts were read from the containers of then."""
    asked = exchange(response(missing()), html_source())
    imprint = stored(asked, classify(asked).finding)
    now = html_source(errors=("div.notice",))
    with pytest.raises(NotKeptError, match="containers"):
        judge_again(imprint, platform(now), now, account_id="a", vantage="local")


def test_a_changed_rule_changes_the_verdict() -> None:
    """A page that nobody recognised is told by a new rule."""
    source = json_source()
    asked = exchange(response('{"error": "NoSuchActor"}', content_type="application/json"), source)
    imprint = stored(asked, classify(asked).finding)
    now = json_source(rule(Reason.NOT_FOUND, {"json:error": "NoSuchActor"}))
    again = judge_again(imprint, platform(now), now, account_id="a", vantage="local").finding
    assert (again.verdict, again.evidence.body_sha256) == (Verdict.ABSENT, imprint.sha256)


def test_a_long_page_is_cut_and_says_so() -> None:
    """The imprint is bounded whatever the page, and what was cut is not judged by."""
    body = "".join(f"<p>{n} {'words ' * 60}</p>" for n in range(400))
    source = html_source(rule(Reason.SUSPENDED, {"text": "*gone*"}))
    asked = exchange(response(missing() + body, content_type="text/html"), source)
    finding = classify(asked, KNOWN).finding
    imprint = stored(asked, finding)
    assert imprint.cut == ("text",)
    assert len(json.dumps(to_json(imprint))) < 8_000
    with pytest.raises(NotKeptError, match="text"):
        judge_again(imprint, platform(source), source, account_id="a", vantage="local")


def test_controls_are_kept_without_their_names() -> None:
    """Of whoever served as a control nothing is left that could name them."""
    shown = classify(exchange(response(profile("bob")), html_source()), KNOWN)
    report = ControlReport(
        key=ControlKey(platform="site", instance="", source="page", vantage="local"),
        positives=(ControlFinding(handle="bob", finding=shown.finding, features=shown.features),),
    )
    assert "bob" not in json.dumps(to_json(kept_controls(report)))
    assert kept_controls(None) == ()


def test_a_line_of_plain_text_is_not_judged_without_the_pages_beside_it() -> None:
    """With both controls it may have counted, and their words are not kept; alone it never does."""
    line = html("Site", "<div>This account doesn’t exist</div>")
    source = html_source()
    asked = exchange(response(line), source)
    finding = classify(asked, References()).finding
    alone = judge_again(stored(asked, finding), platform(source), source, account_id="a", vantage="local")
    assert said(alone.finding) == said(finding)
    (negative,) = controls_of(KNOWN)
    both = (negative, replace(negative, exists=True, verdict=Verdict.PRESENT, reason=Reason.PROFILE))
    with pytest.raises(NotKeptError, match="line of plain text"):
        judge_again(stored(asked, finding, both), platform(source), source, account_id="a", vantage="local")


def test_a_page_that_was_too_long_to_read_is_so_again() -> None:
    """Of what was not read nothing is known later either."""
    source = html_source()
    asked = exchange(response(missing().replace("</body>", "<br hidden>" * 10_000 + "</body>")), source)
    found = classify(asked, KNOWN).finding
    again = judge_again(
        stored(asked, found, controls_of(KNOWN)), platform(source), source, account_id="site:alice", vantage="local"
    ).finding
    assert (again.verdict, again.reason) == (found.verdict, found.reason) == (Verdict.INCONCLUSIVE, Reason.BAD_RESPONSE)


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("/accounts/login?next=/alice", ("inconclusive", "login_wall", "login-refresh")),
        ("https://portal.example/welcome", ("inconclusive", "local_network", "captive-portal")),
        ("/elsewhere", ("inconclusive", "redirect", "refresh")),
    ],
)
def test_a_page_that_sends_its_visitor_on_is_judged_again_alike(address: str, found: tuple[str, str, str]) -> None:
    """Where it sends them is kept; else it would pass for a page that says nothing."""
    asked = exchange(response(sends_to(address)), html_source())
    finding = classify(asked).finding
    assert said(finding) == found
    again = judge_again(
        stored(asked, finding), platform(html_source()), html_source(), account_id="site:alice", vantage="local"
    )
    assert said(again.finding) == found


def test_a_meta_without_a_name_takes_no_other_with_it() -> None:
    """What a rule may come to look at is kept beside an `http-equiv`."""
    head = '<meta http-equiv="X-UA-Compatible" content="IE=edge"><meta property="og:title" content="Nobody">'
    asked = exchange(response(html("Site", "<div class=error>This account doesn’t exist</div>", head)), html_source())
    imprint = stored(asked, classify(asked).finding)
    assert imprint.markup is not None
    assert (imprint.markup.metas, imprint.cut) == ({"og:title": "Nobody"}, ())


def test_a_page_that_sends_its_visitor_on_at_great_length_is_not_judged_by_half() -> None:
    """There is no room for what it says, so nobody can tell where it led."""
    asked = exchange(response(sends_to("https://portal.example/" + "a" * 3_500)), html_source())
    imprint = stored(asked, classify(asked).finding)
    assert imprint.cut == ("refresh",)
    with pytest.raises(NotKeptError, match="refresh"):
        judge_again(imprint, platform(html_source()), html_source(), account_id="site:alice", vantage="local")


def test_what_was_stored_before_refresh_was_kept_is_still_read() -> None:
    """Such a sample has no word of it, and is judged by the rest."""
    asked = exchange(response(missing()), html_source())
    finding = classify(asked).finding
    data = without_defaults(to_json(stored(asked, finding)))
    assert "refresh" not in data["markup"]  # as an older release wrote it
    old = from_json(Imprint, data)
    again = judge_again(old, platform(html_source()), html_source(), account_id="site:alice", vantage="local")
    assert said(again.finding) == said(finding)
