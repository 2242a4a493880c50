"""The record of an outage as it is put together: what it says, and that it claims no more than was seen."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.unit.sighted import bundled, sighting
from tests.unit.store.samples import T0, account, after, alert, closed, delivered, delivery, incident, outage, stamp
from tests.unit.test_dossier import evidence
from tests.unit.web.story import HOSTILE
from watcher.dossier import Dossier
from watcher.model.annotation import Annotation
from watcher.model.finding import Reason, Verdict
from watcher.model.notification import NotificationKind, NotificationState
from watcher.model.outage import EndCause, Outage, TransitionKind, Unobserved
from watcher.model.sample import Sample
from watcher.model.silence import Matcher, Silence
from watcher.record import Case, Kind, Names, OutageRecord, assemble
from watcher.record.case import Told
from watcher.record.data import data_of
from watcher.record.looks import look_of
from watcher.record.markdown import markdown_of, md
from watcher.record.note import note_of
from watcher.record.timeline import timeline
from watcher.record.words import HAPPENED, SAID, UNCLEAR
from watcher.store.codec import chained_hash, transition_document
from watcher.store.values import Trace

OPEN = outage()
OVER = replace(closed(OPEN, 660), last_absent=stamp(650))
NAMES = Names(titles={"x": "X"}, owners={"potus45": "Donald J. Trump"})
NOTE = Annotation(outage_id=OVER.id, at=after(4000), by="desk", cause="human error.")
READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
BARE = Dossier(traces=(), pieces={})


def case(of: Outage = OVER, **more: Any) -> Case:
    """What is kept of it."""
    whose = replace(account(), owner="potus45", display_handle="POTUS")
    return Case(**{"outage": of, "dossier": BARE, "account": whose, **more})


def record(of: Outage = OVER, **more: Any) -> OutageRecord:
    """Its record."""
    return assemble(case(of, **more), NAMES)


def whole(made: OutageRecord) -> str:
    """Everything that it says, as Markdown without its escapes."""
    return "\n".join(markdown_of(made)).replace("\\", "")


def test_the_headline_sentence_and_bounds() -> None:
    """Who, where, how long; between what, to the second and rounded outwards."""
    made = record()
    assert made.headline == "@POTUS was not available on X for 11 min 25 s ± 36 s"
    assert made.summary[0].startswith(
        "Visitors to X who were not logged in could not see the profile of @POTUS (Donald J. Trump) from about "
    )
    assert made.summary[0].endswith(
        "That is about 11 min 25 s: between 10 min 49 s and 12 min 1 s; the looks allow no closer answer."
    )
    assert made.bounds.startswith(
        "It was last seen at 22:59:00 and first found missing by 23:00:01: it went in between."
    )
    least, most = OVER.duration.min, OVER.duration.max
    assert most is not None
    assert f"{least.total_seconds() // 60:.0f} min" in made.bounds


@pytest.mark.parametrize(
    ("of", "headline", "said"),
    [
        (OPEN, "@POTUS is not available on X", "When it came back, if it has: it was not seen again so far."),
        (
            replace(OVER, end_cause=EndCause.RENAMED),
            "@POTUS was not available on X for",
            "The account itself is there, under another handle.",
        ),
        (
            replace(OVER, end_cause=EndCause.REREGISTERED),
            "its handle now belongs to another account",
            "the handle changed hands",
        ),
        (
            replace(OPEN, closed_at=after(90), end_cause=EndCause.UNWATCHED),
            "was then no longer watched",
            "when it came back, if it did, is not known",
        ),
        (
            replace(OVER, retracted_at=after(900), retraction="a test."),
            "Taken back: @POTUS was reported missing on X, but was not",
            "later taken back: a test.",
        ),
    ],
)
def test_how_it_ended(of: Outage, headline: str, said: str) -> None:
    """Each end in its own words; none claims a return that was not seen."""
    made = record(of)
    assert headline in made.headline
    assert said in whole(made)
    assert "deleted" not in whole(made)
    if of.ended is None:
        assert "seen again by" not in whole(made)


def test_the_cause_is_what_people_say() -> None:
    """Without a note none is known; with one it is theirs, and nothing that was seen proves it."""
    assert "Nobody has noted a cause so far." in whole(record())
    made = whole(record(annotations=(NOTE, replace(NOTE, cause="an employee", at=after(5000)))))
    assert "As its cause, desk noted on 3 Nov 2017 00:23:20 UTC: an employee. Earlier notes are below." in made
    assert "nothing that was seen proves it" in made


def test_what_nobody_observed_is_said() -> None:
    """As an entry of its own, and among what is not known; looks that said nothing are told with why."""
    span = Unobserved(account_id=None, from_at=after(100), to_at=after(160), cause="not running")
    blind = Sample(
        account_id=OVER.account_id,
        at=after(200),
        verdict=Verdict.INCONCLUSIVE,
        reason=Reason.LOGIN_WALL,
        source="page",
        vantage="local",
        status=200,
        latency=timedelta(seconds=0.5),
    )
    made = record(unobserved=(span,), samples=(blind,))
    entries = {entry.kind: entry for entry in made.entries}
    assert entries[Kind.UNOBSERVED].text == "Nothing was observed for 1 min: not running."
    assert entries[Kind.UNOBSERVED].until == after(160)
    assert entries[Kind.UNCLEAR].text == "A look that says nothing: the page asked for a login."
    assert "Whether the profile was there between 2 Nov 2017 23:01:40 UTC and 2 Nov 2017 23:02:40 UTC" in whole(made)


def test_who_was_told_and_who_was_not() -> None:
    """Each channel with its tries; what was given up, withheld and is still to come; silences and acknowledgements."""
    row = replace(alert(OVER.id), event_at=after(20), due_at=after(20))
    failed = replace(delivery(row, seconds=21), outcome="retry", answer="503 \x1b[31mbusy")
    told = (
        Told(row=delivered(row, 25), tries=(failed, delivery(row, seconds=25))),
        Told(row=replace(row, state=NotificationState.DEAD)),
        Told(row=replace(row, state=NotificationState.SUPPRESSED), together=True),
        Told(row=replace(row, kind=NotificationKind.RESOLVED)),
    )
    quiet = Silence(
        id="s",
        matchers=(Matcher(name="platform", value="x"),),
        starts_at=after(1),
        ends_at=after(2),
        by="desk",
        comment="known",
    )
    made = whole(record(told=told, silences=(quiet,)))
    for words in (
        "slack was told that it was missing, 5 s after it was known.",
        "Try at 23:00:21: failed, to be tried again: 503 [31mbusy",
        "slack could not be told that it was missing: it was given up.",
        "slack was not told that it was missing: another message said it, or nobody was to be told.",
        "In one message with others that were missing.",
        "slack is still to be told that it was over.",
        "Silenced by desk until 2 Nov 2017",
    ):
        assert words in made, words


def test_who_takes_care_is_told_once_and_a_withdrawal_as_what_it_is() -> None:
    """Not by the channels that have no way to show it; one that has shows how things stood when it was told."""
    row = replace(alert(OVER.id), kind=NotificationKind.ACKNOWLEDGED, state=NotificationState.SUPPRESSED)

    def at(seconds: float, channel: str = "mail") -> Told:
        return Told(row=replace(row, channel=channel, event_at=after(seconds), due_at=after(seconds)))

    shown = (
        Told(row=delivered(at(30, "bot").row, 31)),
        Told(row=delivered(at(40, "bot").row, 41)),
    )
    told = (*(at(seconds, channel) for seconds in (30, 40) for channel in ("mail", "log", "hook", "sms")), *shown)
    made = record(told=told, incident=incident(OVER))
    texts = [entry.text for entry in made.entries if "care" in entry.text]
    assert texts == [
        "Somebody takes care of it.",
        "bot was told that somebody takes care of it, 1 s after it was known.",
        "Nobody takes care of it any more.",
        "bot was told that nobody takes care of it any more, 1 s after it was known.",
    ]
    taken = replace(incident(OVER), acked_at=after(50), acked_by="mia", ack_comment="calling them")
    again = record(told=(*told, at(50)), incident=taken)
    assert [entry.text for entry in again.entries if "care" in entry.text] == [
        *texts,
        "mia takes care of it: calling them",
    ]


def test_a_look_is_told_from_its_bundle() -> None:
    """How it was asked, what came back, by which rule, what the controls said; the page that is kept."""
    dossier = evidence()
    made = record(dossier=dossier)
    looked = [entry for entry in made.entries if entry.seq is not None]
    assert [entry.seq for entry in looked] == [trace.seq for trace in dossier.traces]
    look = look_of(dossier.traces[-1], dossier)
    assert look is not None
    assert any(f"HTTP {look.status}" in detail and look.rule in detail for detail in looked[-1].details)
    assert looked[-1].page in {piece.sha256 for piece in made.pieces if piece.sound}
    assert made.conclusion == "every hash holds"
    assert any(line.startswith(f"watcher asked for {look.url}") for line in made.method)


def test_what_was_missing_too_vouches_for_nothing() -> None:
    """Only controls that were seen are called accounts that exist; the account itself is no control of its own."""
    dossier = evidence()
    trace = dossier.traces[-1]
    [digest] = [digest for role, digest, _ in trace.evidence if role == "controls"]
    document = json.loads(dossier.pieces[digest] or b"")
    [seen, *_] = document["positive"]
    own = dossier.document(trace, "bundle")
    assert own is not None
    there = {"verdict": "present", "reason": "profile"}
    gone = {"verdict": "absent", "reason": "not_found"}
    walled = {"verdict": "inconclusive", "reason": "login_wall"}
    document["positive"] = [
        {**seen, **gone, "handle": own["account"]["handle"]},
        {**seen, **there, "handle": "dora"},
        {**seen, **gone, "handle": "bob"},
        {**seen, **walled, "handle": "carol"},
    ]
    look = look_of(trace, replace(dossier, pieces={**dossier.pieces, digest: json.dumps(document).encode()}))
    assert look is not None
    exist, vouchless, *_ = look.controls
    assert re.fullmatch(r"Accounts that exist, asked the same way: dora seen at [0-9:]+\.", exist)
    assert re.fullmatch(
        r"Not seen either, so they vouch for nothing: bob missing at [0-9:]+ and carol no verdict \(.+\) at [0-9:]+\.",
        vouchless,
    )
    document["positive"] = document["positive"][:1]
    look = look_of(trace, replace(dossier, pieces={**dossier.pieces, digest: json.dumps(document).encode()}))
    assert look is not None
    assert not any("vouch" in said or "exist" in said for said in look.controls)


def test_evidence_that_is_lost_is_told() -> None:
    """A piece that is not there is no proof; the record is made all the same, and says so."""
    kept = evidence()
    lost = dict.fromkeys(kept.pieces)
    made = record(dossier=replace(kept, pieces=lost))
    assert made.conclusion.endswith("not there")
    assert not any(piece.sound for piece in made.pieces)
    assert "lost or damaged" in whole(made)


@pytest.mark.parametrize("bundle", [b"{}", b"[]", b"nothing", b'{"schema": "watcher-evidence/1", "request": 1}'])
def test_a_bundle_of_another_form_is_left_out(bundle: bytes) -> None:
    """What is stored may be damaged: the record is of the rest, and the check tells of it."""
    kept = evidence()
    pieces = {
        digest: bundle if content and content.startswith(b'{"account"') else content
        for digest, content in kept.pieces.items()
    }
    made = record(dossier=replace(kept, pieces=pieces))
    assert made.conclusion.startswith("it is not what it was")
    assert len([entry for entry in made.entries if entry.seq is not None]) == len(kept.traces)


def hostile_trace() -> Dossier:
    """A transition in whose texts somebody tries to break out."""
    named, kept = bundled(sighting())
    assert named.finding is not None
    seen = replace(named.finding, evidence=replace(named.finding.evidence, quote=HOSTILE, language=HOSTILE))
    document = transition_document(replace(named, finding=seen))
    trace = Trace(seq=1, hash=chained_hash(document, ""), previous="", document=document)
    return Dossier(traces=(trace,), pieces={body.sha256: body.content for body in kept.values()})


def test_hostile_texts_make_no_markup() -> None:
    """Whoever wrote them: rendered, the Markdown has no tags but those of its own form, no links and no pictures."""
    bad = (
        f"![x](https://evil.example) [y](javascript:1) <img src=x onerror=1> https://evil.example a@b.example {HOSTILE}"
    )
    note = replace(NOTE, cause=bad, text=f"- {bad}", by=f"# {bad}", link="https://x.com/`a`")
    of = replace(OVER, quote=bad, language='"><script>', handle_then=bad, retracted_at=after(900), retraction=bad)
    made = record(of, annotations=(note,), account=None, dossier=hostile_trace())
    text = "\n".join(markdown_of(made))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\ud800-\udfff]", text)
    tags = set(re.findall(r"<(\w+)", READER.render(text)))
    assert tags <= {
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "strong",
        "blockquote",
        "pre",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert str(data_of(made))


@pytest.mark.parametrize(
    "text",
    ["1. a", "- a", "# a", "> a", "=== a", "+ a", "*a*", "_a_", "`a`", "<b>", "a|b", "~~a~~", "[a](b)", "1) a"],
)
def test_text_stays_as_it_is(text: str) -> None:
    """What a reader of Markdown, of tables and of strikethrough too, makes of it is just that text."""
    assert unescape(READER.render(md(text))) == f"<p>{text}</p>\n"


def test_an_entity_stays_as_it_is() -> None:
    """It is five signs, not one."""
    assert READER.render(md("&lt;b&gt;")) == "<p>&amp;lt;b&amp;gt;</p>\n"


def test_times_of_several_days_have_their_dates() -> None:
    """Or nobody knew which 23:00 is meant."""
    made = record(replace(closed(OPEN, 200_000), last_absent=stamp(199_990)))
    assert "It was last seen at 2 Nov 2017 22:59:00 UTC" in made.bounds
    assert re.findall(r"^### (.*)", "\n".join(markdown_of(made)), re.MULTILINE) == ["2 Nov 2017", "5 Nov 2017"]


def test_every_kind_of_transition_and_reason_has_words() -> None:
    """None is left without; what the platform said is said as in the messages."""
    assert set(HAPPENED) == set(TransitionKind)
    known = set(SAID) | set(UNCLEAR) | {Reason.PROFILE, Reason.PROTECTED, Reason.RENAMED}
    assert known == set(Reason)
    from importlib.resources import files

    words = files("watcher.notify.texts").joinpath("en/words.j2").read_text("utf-8")
    for reason, said in SAID.items():
        assert f'"{reason}": "{said}"' in words


def test_a_note_is_checked() -> None:
    """What is wrong is told by field; what is right is on one line."""
    fields = {"cause": " human\nerror ", "text": "", "link": "", "by": ""}
    note, wrong = note_of("o-1", T0, fields, "web")
    assert wrong == {}
    assert note == Annotation(outage_id="o-1", at=T0, by="web", cause="human error")
    none, wrong = note_of("o-1", T0, {"cause": "\u200b", "text": "x" * 4001, "link": "ftp://x", "by": "a"}, "web")
    assert none is None
    assert set(wrong) == {"cause", "text", "link"}


def test_the_timeline_is_in_order() -> None:
    """Whatever it is made of; of one instant what was seen comes before what was told."""
    row = replace(alert(OVER.id), event_at=after(20), due_at=after(20))
    entries = timeline(case(told=(Told(row=delivered(row, 30)),), annotations=(NOTE,), dossier=evidence()), "X")
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
