"""What is said of one look: the sentence, the explanation, the data."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from watcher.classify import classify
from watcher.demo import pages
from watcher.judge.gate import admit
from watcher.look.examining import Examined
from watcher.look.ondemand import Look
from watcher.model.account import Account
from watcher.model.control import ControlFinding, ControlKey, ControlReport
from watcher.model.exchange import Exchange, FetchFailure, Hop, Purpose, Response, Target, Task
from watcher.model.finding import Certainty, Evidence, Finding, Reason, Stamp, Verdict
from watcher.model.notification import Delivered, GaveUp, Outcome, RetryAfter
from watcher.model.platform import Source
from watcher.settings.load import load_platforms
from watcher.words.explain import explanation, look_record, outcome_sentence, sentence

T0: Final = datetime(2017, 11, 2, 23, 0, tzinfo=UTC)
SECOND: Final = timedelta(seconds=1)
SHIPPED: Final = load_platforms(None)["x"]
BATCH, API = (source for source in SHIPPED.sources if source.name in ("batch", "api"))
PAGE: Final = replace(next(s for s in SHIPPED.sources if s.name == "page"), robots_override=True)
X: Final = replace(SHIPPED, sources=(API, PAGE))
KEY: Final = ControlKey(platform="x", instance="", source="page", vantage="local")
ACCOUNT: Final = Account(
    id="x:realdonaldtrump",
    platform="x",
    instance="",
    handle="realdonaldtrump",
    display_handle="realDonaldTrump",
    url="https://x.com/realDonaldTrump",
)
MISSING: Final = pages.missing("fr")
NASA: Final = pages.profile(handle="nasa", name="NASA", bio="", stable_id="1", protected=False)


def asked(handle: str, body: str, *, at: int = 0, source: Source = PAGE, hops: tuple[Hop, ...] = ()) -> Exchange:
    """What x.com answered so many seconds after T0."""
    target = Target(handle=handle, instance="", account_id=ACCOUNT.id if handle == ACCOUNT.handle else None)
    task = Task(
        purpose=Purpose.MANUAL if target.account_id else Purpose.CONTROL,
        platform=X,
        source=source,
        target=target,
        due=T0,
        max_age=60 * SECOND,
        timeout=10 * SECOND,
    )
    headers = {"content-type": "text/html"} if hops == () else {}
    outcome = Response(status=200, url=task.url, headers=headers, body=body.encode(), hops=hops)
    age = 3 * SECOND if hops else None
    return Exchange(
        task=task, sent_at=T0 + at * SECOND, received_at=T0 + (at + 0.25) * SECOND, outcome=outcome, age=age
    )


def control(exchange: Exchange) -> ControlFinding:
    """What that exchange says of a control."""
    return ControlFinding(handle=exchange.task.target.handle, finding=classify(exchange).finding)


def examined(exchange: Exchange, *controls: Exchange) -> Examined:
    """The examination of `exchange`; of the controls the first is the positive one."""
    said = tuple(map(control, controls))
    report = ControlReport(key=KEY, positives=said[:1], negatives=said[1:])
    classified = classify(exchange)
    finding = admit(classified.finding, report, exchange.received_at + SECOND)
    return Examined(finding=finding, exchange=exchange, classified=classified, report=report)


def look_of(*examinations: Examined, asked: tuple[Exchange, ...] = ()) -> Look:
    """A look that came to these."""
    asked_at = examinations[0].finding.at
    return Look(
        account=ACCOUNT,
        platform=X,
        is_watched=True,
        examined=examinations,
        asked=asked,
        began_at=asked_at,
        ended_at=asked_at + SECOND,
    )


GONE: Final = (asked(ACCOUNT.handle, MISSING), asked("nasa", NASA, at=1), asked("k3q", MISSING, at=1))


def test_an_absence_in_one_sentence() -> None:
    """Who, where, the verdict, how sure, and the page's own words."""
    assert sentence(look_of(examined(*GONE))) == (
        "@realDonaldTrump on X: ABSENT, not_found (shown by source 'page'): «Désolé, cette page n'existe pas» (French)"
    )


def test_what_was_refused_is_named() -> None:
    """The raw verdict, and why the gate did not let it pass."""
    said = sentence(look_of(examined(GONE[0])))
    assert said.startswith(
        "@realDonaldTrump on X: INCONCLUSIVE, control_failed (shown by source 'page'); absent was not"
    )
    assert said.endswith("no positive control was present after the answer: none was asked")


def test_a_failure_says_what_failed() -> None:
    """Its detail stands in the place of a quote."""
    failed = replace(GONE[0], outcome=FetchFailure(reason=Reason.TIMEOUT, detail="no answer within 10 s"))
    assert sentence(look_of(examined(failed))) == (
        "@realDonaldTrump on X: INCONCLUSIVE, timeout (stated by source 'page'): no answer within 10 s"
    )


def test_a_presence_in_one_sentence() -> None:
    """With the title that shows it; without one the sentence ends earlier."""
    body = pages.profile(handle="realdonaldtrump", name="D", bio="", stable_id="2", protected=False)
    there = examined(asked(ACCOUNT.handle, body))
    said = "@realDonaldTrump on X: PRESENT, profile (shown by source 'page')"
    assert sentence(look_of(there)) == f"{said}: «D (@realdonaldtrump) | Twitter» (English)"
    silent = replace(there.finding, evidence=Evidence(step="structured", rule="profile"))
    assert sentence(look_of(replace(there, finding=silent))) == said


def test_the_explanation_of_an_absence() -> None:
    """Sources, fetches, steps, controls, gate: all that led to it, in that order."""
    by, at = "by rule 'phrase-missing'", "2 Nov 2017 23:00:01 UTC"
    assert list(explanation(look_of(examined(*GONE), asked=GONE))) == [
        "account   x:realdonaldtrump (watched), https://x.com/realDonaldTrump",
        "",
        "sources",
        "  api           not usable: needs the credential 'token'",
        "  page          chosen",
        "",
        "fetched",
        "  account realdonaldtrump, by source 'page', 2 Nov 2017 23:00:00 UTC",
        "    200 https://x.com/realdonaldtrump",
        f"        text/html, {len(MISSING.encode()):,} bytes, no Age, 0.25 s",
        "  control nasa, by source 'page', 2 Nov 2017 23:00:01 UTC",
        "    200 https://x.com/nasa",
        f"        text/html, {len(NASA.encode()):,} bytes, no Age, 0.25 s",
        "  control k3q, by source 'page', 2 Nov 2017 23:00:01 UTC",
        "    200 https://x.com/k3q",
        f"        text/html, {len(MISSING.encode()):,} bytes, no Age, 0.25 s",
        "",
        "classified, the answer of source 'page'",
        "  transport     has nothing to say",
        "  hard barrier  has nothing to say",
        "  structured    has nothing to say",
        "  identity      has nothing to say",
        "  soft barrier  has nothing to say",
        f"  phrase        decides: not_found, shown, {by}: «Désolé, cette page n'existe pas» (French)",
        "",
        "controls",
        f"  positive      nasa, which should be there: present, profile, by rule 'page-profile', {at}",
        f"  negative      k3q, which cannot be there: absent, not_found, {by}, {at}",
        "",
        "gate",
        "  admits it: a positive control was present after the answer",
    ]


def test_redirects_and_age_are_shown() -> None:
    """Each hop with its status, and how old a cache's copy was."""
    hop = Hop(url="https://x.com/realdonaldtrump", status=302, location="/i/flow/login")
    exchange = asked(ACCOUNT.handle, MISSING, hops=(hop,))
    lines = list(explanation(look_of(examined(exchange), asked=(exchange,))))
    assert "    302 https://x.com/realdonaldtrump -> /i/flow/login" in lines
    assert any("no content type" in line and "Age 3 s" in line for line in lines)


def test_a_failed_fetch_is_explained() -> None:
    """With the address that was asked; no control is needed for an answer that says nothing."""
    failed = replace(GONE[0], outcome=FetchFailure(reason=Reason.DNS, detail="no such name"))
    lines = list(explanation(look_of(examined(failed), asked=(failed,))))
    assert "    no answer from https://x.com/realdonaldtrump: dns, no such name (0.25 s)" in lines
    assert "  transport     decides: dns, stated, by rule 'fetch' (no such name)" in lines
    assert "  not asked: an answer that says nothing needs none" in lines
    assert lines[-1] == "  has nothing to admit: an inconclusive answer opens and closes no outage"


def test_one_side_of_the_controls_is_enough_to_say_so() -> None:
    """The side that was not asked is named."""
    lines = list(explanation(look_of(examined(GONE[0], GONE[1]))))
    assert "  negative      none was asked" in lines


def test_a_refusal_is_explained() -> None:
    """What was seen, and why it proves nothing."""
    lines = list(explanation(look_of(examined(GONE[0]))))
    assert "  none to ask" in lines
    assert lines[-1] == (
        "  refuses it: no positive control was present after the answer: none was asked "
        "(what was seen: absent, not_found)"
    )


@pytest.mark.parametrize(
    ("verdict", "reason", "said"),
    [
        (Verdict.PRESENT, Reason.PROFILE, "admits it: no handle that cannot exist is shown as present"),
        (
            Verdict.ABSENT,
            Reason.UNAVAILABLE,
            "admits it: a positive control was present after the answer, and a negative one looks the same",
        ),
    ],
)
def test_what_the_gate_admits(verdict: Verdict, reason: Reason, said: str) -> None:
    """A presence by the negatives, a likeness by both."""
    finding = replace(examined(*GONE).finding, verdict=verdict, reason=reason, certainty=Certainty.RESEMBLES)
    assert list(explanation(look_of(replace(examined(*GONE), finding=finding))))[-1] == f"  {said}"


def test_sources_in_turn() -> None:
    """Which one was passed over, which one counts, and which one was not needed."""
    first, last = replace(PAGE, name="first"), replace(PAGE, name="last")
    shell = replace(examined(*GONE), finding=replace(examined(*GONE).finding, source="first"))
    look = replace(look_of(shell, examined(*GONE)), platform=replace(X, sources=(first, PAGE, last)))
    lines = list(explanation(look))
    assert "  first         asked, said nothing by itself: the next one was asked" in lines
    assert "  page          chosen" in lines
    assert "  last          not asked: the one before it was enough" in lines


def test_a_batch_is_no_source_of_one_look() -> None:
    """Why it was passed over is said."""
    look = replace(look_of(examined(*GONE)), platform=replace(X, sources=(replace(BATCH, secret="t"), PAGE)))
    assert "  batch         not asked: it is for many accounts at once" in list(explanation(look))


NOTHING: Final = Examined(
    finding=Finding(
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.NO_SOURCE,
        certainty=Certainty.STATED,
        source="",
        vantage="local",
        at=T0,
        seen=Stamp(earliest=T0, latest=T0),
        evidence=Evidence(step="transport", rule="no-source", detail="api needs the credential 'token'"),
    )
)


def test_nothing_to_ask() -> None:
    """An account whose platform has no usable source."""
    look = replace(look_of(NOTHING), is_watched=False)
    assert sentence(look) == "@realDonaldTrump on X: INCONCLUSIVE, no_source: api needs the credential 'token'"
    lines = list(explanation(look))
    assert lines[0].startswith("account   x:realdonaldtrump (not watched)")
    assert "  nothing: there is no source to ask" in lines
    assert "  nothing to classify: api needs the credential 'token'" in lines


def test_the_same_as_data() -> None:
    """The finding at the top, what it rests on below; ready for any JSON writer."""
    record = look_record(look_of(examined(*GONE), asked=GONE))
    assert json.loads(json.dumps(record)) == record
    assert (record["account"], record["verdict"], record["reason"]) == ("x:realdonaldtrump", "absent", "not_found")
    assert record["refused"] is None
    assert [source["source"] for source in record["sources"]] == ["api", "page"]
    assert [fetch["purpose"] for fetch in record["fetches"]] == ["manual", "control", "control"]
    assert record["fetches"][0]["seconds"] == 0.25
    [one] = record["looks"]
    assert one["gate"] == {"admitted": True, "why": None}
    assert one["steps"][-1]["said"]["rule"] == "phrase-missing"
    assert one["steps"][0]["said"] is None
    assert [control["handle"] for control in one["controls"]["positives"]] == ["nasa"]
    assert [control["verdict"] for control in one["controls"]["negatives"]] == ["absent"]


def test_failures_refusals_and_nothing_as_data() -> None:
    """What there is not is null or empty."""
    failed = replace(GONE[0], outcome=FetchFailure(reason=Reason.DNS, detail="no such name"))
    record = look_record(look_of(NOTHING, examined(GONE[0]), asked=(failed,)))
    assert record["fetches"][0]["failure"] == {"reason": "dns", "detail": "no such name"}
    assert record["refused"]["verdict"] == "absent"
    assert record["looks"][0]["steps"] == []
    assert record["looks"][0]["controls"] == {"positives": [], "negatives": []}
    assert record["looks"][1]["gate"]["admitted"] is False


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (Delivered(), "delivered"),
        (Delivered(answer="ok"), "delivered, it answered 'ok'"),
        (RetryAfter(reason="timeout"), "not delivered: timeout; a run would try again"),
        (
            RetryAfter(reason="rate_limited: 429", wait=timedelta(seconds=30)),
            "not delivered: rate_limited: 429, asked to wait 30 s; a run would try again",
        ),
        (GaveUp(reason="gone: 404 no_service"), "not delivered: gone: 404 no_service; trying again would not help"),
    ],
)
def test_how_a_message_fared(outcome: Outcome, said: str) -> None:
    """And whether another try makes sense."""
    assert outcome_sentence(outcome) == said
