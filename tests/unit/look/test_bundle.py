"""The evidence bundle: what it says, what it must never say, and what vouches for it."""

import json
from dataclasses import replace
from hashlib import sha256

from tests.unit.classify.story import exchange, html, platform, response
from tests.unit.sighted import API, GONE, PAGES, THERE, bundled, control, happened, report, sighting
from watcher.judge.gate import refuse
from watcher.look.bundle import SCHEMA, canonical, rule_hash, witnessed
from watcher.model.exchange import FetchFailure
from watcher.model.finding import Reason
from watcher.model.outage import TransitionKind
from watcher.store.codec import chained_hash, transition_document
from watcher.text import clean


def test_a_missing_page_is_proven_whole() -> None:
    """Request, answer, page, rule and finding are in it, and the bytes beside it."""
    _, kept = bundled(sighting())
    bundle = json.loads(kept["bundle"].content)
    assert bundle["schema"] == SCHEMA
    assert bundle["request"]["url"] == "https://site.example/alice"
    assert (bundle["answer"]["status"], bundle["answer"]["headers"]["retry-after"]) == (404, "7")
    assert bundle["answer"]["body"] == {"sha256": sha256(GONE.body).hexdigest(), "bytes": len(GONE.body), "kept": True}
    assert "Nobody is here" in bundle["answer"]["page"]["blocks"]
    assert (bundle["finding"]["reason"], bundle["rule"]["id"]) == ("not_found", "missing")
    assert kept["target"].content == GONE.body
    assert set(kept) == {"bundle", "target", "controls"}


def test_the_transition_s_hash_covers_the_bundle() -> None:
    """Another bundle would give it another hash."""
    seen = sighting()
    named, kept = bundled(seen)
    assert named.bundle == kept["bundle"].sha256 == sha256(kept["bundle"].content).hexdigest()
    other = replace(named, detail={"bundle": "0" * 64})
    assert chained_hash(transition_document(named), "") != chained_hash(transition_document(other), "")
    assert all(body.bundle == named.bundle for body in kept.values())


def test_no_secret_is_in_it() -> None:
    """No credential of ours, no cookie of theirs; the names of our headers are told, the values hidden."""
    for seen in (sighting(), sighting(THERE, API)):
        _, kept = bundled(seen)
        everything = b"".join(body.content for role, body in kept.items() if role != "target")
        assert b"t0psecret" not in everything
        assert b"s3cr3t" not in everything
        assert b"cookie" not in everything.lower()
    _, kept = bundled(sighting(THERE, API))
    assert json.loads(kept["bundle"].content)["request"]["headers"]["authorization"] == "Bearer ***"


def test_nothing_is_kept_of_a_page_that_shows_the_account() -> None:
    """Neither its bytes nor its texts, also where the gate refused it: only fields that rules look at, and the hash."""
    plain = sighting(THERE, API)
    refused = replace(plain, finding=refuse(plain.finding, Reason.CONTROL_FAILED, "the controls"))
    for seen in (plain, refused):
        _, kept = bundled(seen)
        assert set(kept) == {"bundle", "controls"}
        assert b"hobby" not in kept["bundle"].content + kept["controls"].content
        bundle = json.loads(kept["bundle"].content)
        assert bundle["answer"]["body"]["sha256"] == sha256(THERE.body).hexdigest()
        assert bundle["answer"]["fields"] == {"json:id": ["17"]}


def test_a_page_that_nobody_recognised_is_not_kept_byte_for_byte() -> None:
    """It may be the profile in a new layout."""
    seen = sighting(response(html("Alice", "<p>hello</p>")), PAGES)
    assert seen.finding.reason is Reason.UNRECOGNISED
    assert "target" not in bundled(seen)[1]


def test_a_wall_is_kept_and_so_is_its_picture() -> None:
    """What stands before every account is proof of why nothing was seen."""
    wall = replace(response("Access denied", status=403), screenshot=b"PNG picture")
    seen = sighting(wall, PAGES)
    _, kept = bundled(seen)
    assert kept["target"].content == b"Access denied"
    assert kept["screenshot"].content == b"PNG picture"
    assert json.loads(kept["bundle"].content)["screenshot"]["sha256"] == sha256(b"PNG picture").hexdigest()
    there = replace(THERE, screenshot=b"PNG picture")
    assert "screenshot" not in bundled(sighting(there, API))[1]


def test_controls_are_named_beside_the_bundle_never_in_it() -> None:
    """So that one of them can be forgotten, and the bundle still holds."""
    seen = sighting()
    assert seen.report is not None
    why = "no positive control was present after the answer: bob login_wall"
    _, kept = bundled(replace(seen, finding=refuse(seen.finding, Reason.CONTROL_FAILED, why)))
    assert b"bob" not in kept["bundle"].content
    said = json.loads(kept["controls"].content)
    assert [each["handle"] for each in said["positive"]] == ["bob"]
    assert said["positive"][0]["answer"]["sha256"]
    assert said["gate"] == {"admitted": False, "why": why}
    assert json.loads(kept["bundle"].content)["controls"]["sha256"] == kept["controls"].sha256


def test_the_account_is_no_control_of_its_own() -> None:
    """Others may be vouched for by it: beside itself it is left out."""
    seen = sighting()
    assert seen.report is not None
    own = replace(seen.report.positives[0], handle=seen.account.handle)
    report = replace(seen.report, positives=(own, *seen.report.positives))
    _, kept = bundled(replace(seen, report=report))
    assert [each["handle"] for each in json.loads(kept["controls"].content)["positive"]] == ["bob"]


def test_of_a_positive_control_no_text_is_kept() -> None:
    """Its page shows an account, too; the negative one's shows nobody."""
    from tests.unit.classify.story import html_source, profile, rule

    source = html_source(rule(Reason.PROFILE, {"canonical": "*{handle}"}))
    bob = control("bob", response(profile("bob", bio="a secret hobby")), source)
    seen = sighting(source=source, controls=replace(report(source), positives=(bob,)))
    kept = bundled(seen)[1]["controls"].content
    assert b"hobby" not in kept
    assert "doesn’t exist" in json.loads(kept)["negative"][0]["answer"]["markup"]["blocks"][0]


def test_no_answer_is_told_as_none() -> None:
    """A failure has its reason, and no body."""
    _, kept = bundled(sighting(FetchFailure(reason=Reason.TIMEOUT, detail="after 10 s"), PAGES))
    answer = json.loads(kept["bundle"].content)["answer"]
    assert answer["failure"] == {"reason": "timeout", "detail": "after 10 s"}
    assert "body" not in answer


def test_the_rule_is_named_by_the_hash_of_its_source() -> None:
    """Of the platform file and the rule's own words; another file, another hash."""
    seen = sighting()
    rule = json.loads(bundled(seen)[1]["bundle"].content)["rule"]
    assert rule["definition"]["id"] == "missing"
    assert rule_hash(rule) == rule["sha256"]
    other = replace(seen, exchange=exchange(GONE, PAGES, of=replace(platform(PAGES), file_sha256="0" * 64)))
    assert json.loads(bundled(other)[1]["bundle"].content)["rule"]["sha256"] != rule["sha256"]


def test_the_same_look_makes_the_same_bundle() -> None:
    """Canonical: byte for byte, and any JSON reader can make it anew."""
    one, other = bundled(sighting())[1]["bundle"], bundled(sighting())[1]["bundle"]
    assert one == other
    assert canonical(json.loads(one.content)) == one.content
    assert clean(one.content.decode("ascii")) == one.content.decode("ascii")


def test_what_no_look_made_has_no_bundle() -> None:
    """Nothing happened, nothing is kept; two things that one look made share one bundle."""
    seen = sighting()
    assert witnessed((), seen) == ((), ())
    both = (happened(seen), happened(seen, TransitionKind.OUTAGE_OPENED))
    named, bodies = witnessed(both, seen)
    assert len({each.bundle for each in named}) == 1
    assert [body.role for body in bodies].count("bundle") == 1
