"""What people read: no more than was seen, with bounds, and harmless."""

import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.story import CLOSED, EVENING, OPEN, POTUS, TRUMP, S, account, incident, state, view
from watcher.model.account import Severity
from watcher.model.finding import Certainty, Reason, Verdict, verdict_of
from watcher.model.notification import IncidentKind, Message, NotificationKind, Quote
from watcher.model.outage import EndCause, Phase
from watcher.notify.render import render
from watcher.notify.view import View

RESOLVED = NotificationKind.RESOLVED
ABSENT_REASONS = [reason for reason in Reason if verdict_of(reason) is Verdict.ABSENT]


def text_of(message: Message) -> str:
    """Everything that a reader may see."""
    facts = [f"{label}: {value}" for label, value in message.facts]
    links = [f"{label} {url}" for label, url in message.links]
    quote = [] if message.quote is None else [message.quote.text, message.quote.language or ""]
    return "\n".join((message.headline, *message.sentences, *facts, *links, *quote))


def test_the_alert_of_2017() -> None:
    """The alert says who, where, what visitors see, since when, how sure, and that the other account is up."""
    message = render(view(public_url="https://watcher.example/"))
    assert replace(message, alerts=()) == Message(
        headline="@realDonaldTrump is not available on X",
        sentences=(
            "A logged-out visitor no longer sees the profile: X answers as it does for an account that does not exist.",
            "Other accounts of Donald J. Trump: @POTUS on X is still up.",
        ),
        severity=Severity.CRITICAL,
        kind=NotificationKind.ALERT,
        dedup_key="01OUTAGE/slack/alert",
        facts=(
            ("Missing since", "between 2 Nov 2017 23:00:00 UTC and 2 Nov 2017 23:00:40 UTC"),
            ("Confirmed", "2 Nov 2017 23:01:00 UTC"),
            ("So far", "at least 20 s"),
            ("How sure", "the page says so"),
            ("Owner", "Donald J. Trump"),
            ("Evidence hash", "5eed" * 5),
        ),
        quote=Quote(text="Désolé, cette page n'existe pas", language="French", intro="Visitors see (French)"),
        footer="Sent by watcher (critical alert, incident 01OUTAGE).",
        links=(
            ("Profile", "https://x.example/realDonaldTrump"),
            ("Outage record", "https://watcher.example/outages/01OUTAGE"),
        ),
        incident_id="01OUTAGE",
        subject="@realDonaldTrump (X) unavailable",
    )


def test_the_recovery_of_2017() -> None:
    """The recovery gives the best estimate in the headline and the bounds in the text."""
    message = render(view(CLOSED, RESOLVED))
    assert message.kind is RESOLVED
    assert message.headline == "@realDonaldTrump is back on X after 11 min ± 40 s"
    assert message.sentences[0] == (
        "A logged-out visitor did not see the profile from about 2 Nov 2017 23:00:20 UTC "
        "to about 2 Nov 2017 23:11:20 UTC: between 10 min 20 s and 11 min 40 s."
    )
    assert ("Seen again", "between 2 Nov 2017 23:11:00 UTC and 2 Nov 2017 23:11:40 UTC") in message.facts


def test_a_late_alert_tells_the_whole_story() -> None:
    """An alert that is sent when all is over says both, and does not look like an alarm."""
    message = render(view(CLOSED, NotificationKind.ALERT))
    assert message.kind is RESOLVED
    assert message.headline == "@realDonaldTrump was not available on X for 11 min ± 40 s"
    assert "between 10 min 20 s and 11 min 40 s" in message.sentences[0]
    assert message.quote is not None
    assert (message.quote.language, message.quote.intro) == ("French", "Visitors saw (French)")
    assert "@POTUS on X is up." in text_of(message)


def test_an_update_says_that_it_goes_on() -> None:
    """A changed reason is told as such, not as a new outage; a page that was read is not called an API."""
    outage = replace(OPEN, reason=Reason.SUSPENDED, certainty=Certainty.STATED)
    message = render(view(outage, NotificationKind.UPDATE))
    assert message.headline == "@realDonaldTrump is still not available on X"
    assert "X shows that the account is suspended" in message.sentences[0]
    assert ("How sure", "the platform says so by a code or a field") in message.facts


@pytest.mark.parametrize("reason", ABSENT_REASONS)
@pytest.mark.parametrize("certainty", list(Certainty))
@pytest.mark.parametrize("outage", [OPEN, CLOSED], ids=["open", "closed"])
def test_no_more_is_claimed_than_was_seen(reason: Reason, certainty: Certainty, outage: object) -> None:
    """Whatever the reason, the text says who said it, and never that the account was deleted."""
    assert isinstance(outage, type(OPEN))
    told = text_of(render(view(replace(outage, reason=reason, certainty=certainty))))
    assert "delete" not in told.lower()
    assert "How sure: the p" in told
    assert ("suspended" in told) == (reason is Reason.SUSPENDED)


def test_resemblance_is_said_to_be_one() -> None:
    """Mere likeness to the control is not sold as a statement."""
    message = render(view(replace(OPEN, certainty=Certainty.RESEMBLES)))
    assert ("How sure", "the page looks like that of an account that does not exist") in message.facts


@pytest.mark.parametrize(
    ("cause", "new_handle", "headline", "sentence"),
    [
        (
            EndCause.REREGISTERED,
            None,
            "A different account now holds @realDonaldTrump on X",
            "The account seen now has another id than the one watched: the handle changed hands.",
        ),
        (
            EndCause.RENAMED,
            "djt",
            "@realDonaldTrump on X was renamed to @djt",
            "The account itself is there, as @djt.",
        ),
        (
            EndCause.RENAMED,
            None,
            "@realDonaldTrump on X was renamed",
            "The account itself is there, under another handle.",
        ),
        (
            EndCause.UNWATCHED,
            None,
            "@realDonaldTrump on X is no longer watched",
            "It was taken off the watchlist before it came back; when the outage ends is not known.",
        ),
    ],
)
@pytest.mark.parametrize("kind", [NotificationKind.ALERT, RESOLVED])
def test_each_end_has_its_words(
    cause: EndCause, new_handle: str | None, headline: str, sentence: str, kind: NotificationKind
) -> None:
    """Not every end is a recovery, and none is called one that is not."""
    message = render(view(replace(CLOSED, end_cause=cause), kind, new_handle=new_handle))
    assert message.headline == headline
    assert sentence in message.sentences
    assert "is back" not in text_of(message)


def test_an_unwatched_outage_has_no_end() -> None:
    """The end of an outage that nobody watched any more is not made up."""
    outage = replace(OPEN, closed_at=EVENING + 90 * S, end_cause=EndCause.UNWATCHED)
    message = render(view(outage, RESOLVED))
    assert message.sentences[0] == (
        "A logged-out visitor did not see the profile from about 2 Nov 2017 23:00:20 UTC on: at least 20 s."
    )
    assert "Seen again" not in dict(message.facts)


def test_unobserved_time_and_controls_are_told() -> None:
    """Time in which nobody looked, and what the controls said, stand beside the duration."""
    outage = replace(CLOSED, unobserved=90 * S)
    facts = dict(render(view(outage, incident=incident(outage, detail="two controls are there"))).facts)
    assert facts["Not observed"] == "1 min 30 s of this time"
    assert facts["Controls"] == "two controls are there"


@pytest.mark.parametrize(
    ("phase", "changes", "words"),
    [
        (Phase.UP, {}, "@POTUS on X is still up"),
        (Phase.SUSPECT, {}, "@POTUS on X may be missing too and is being checked"),
        (Phase.DOWN, {"outage": OPEN}, "@POTUS on X is not available either since 2 Nov 2017 23:00:40 UTC"),
        (Phase.DOWN, {}, "@POTUS on X is not available either."),
        (Phase.RECOVERING, {"blind_since": EVENING}, "@POTUS on X seems to be coming back"),
        (Phase.NEW, {}, "@POTUS on X was not looked at yet"),
        (Phase.NEVER_SEEN, {}, "@POTUS on X was never seen"),
        (Phase.UP, {"blind_since": EVENING}, "@POTUS on X cannot be observed since 2 Nov 2017 23:00:00 UTC"),
        (Phase.UP, {"handle": "potus45"}, "@potus45 on X is still up"),
    ],
)
def test_the_owners_other_accounts(phase: Phase, changes: dict[str, object], words: str) -> None:
    """The line on the other accounts says how each stands now."""
    assert words in render(view(others=((POTUS, state(POTUS, phase, **changes)),))).sentences[1]


def test_many_other_accounts_are_counted() -> None:
    """Of very many accounts the first are named and the rest are counted, with how many are missing."""
    many = [account("x", f"a{n}") for n in range(12)]
    others = tuple((each, state(each, Phase.DOWN if n > 9 else Phase.UP)) for n, each in enumerate(many))
    said = render(view(others=others, owner=None)).sentences[1]
    assert said.startswith("Other accounts of the same owner: @a0 on X is still up;")
    assert said.endswith("4 more, 2 of them not available.")


def test_an_account_that_is_not_listed_any_more() -> None:
    """Without the account the text falls back on the outage; without either on the incident's key."""
    message = render(view(account=None, others=()))
    assert message.headline == "@realdonaldtrump is not available on X"
    assert message.links == ()
    bare = view(None, account=None, others=(), owner=None, digest="")
    assert render(bare).headline == "News of @realdonaldtrump on X"


def test_the_handle_of_then_is_told() -> None:
    """After a rename an old outage is told under the handle that it happened to."""
    renamed = replace(TRUMP, display_handle="djt", handle="djt")
    assert render(view(CLOSED, RESOLVED, account=renamed)).headline.startswith("@realdonaldtrump is back")


def test_a_notice_is_its_own_headline() -> None:
    """A notice is told in its own words and stays an alert, though it is closed from the beginning."""
    told = incident(None, kind=IncidentKind.NOTICE, detail="@POTUS was renamed to @POTUS45", closed_at=EVENING)
    message = render(view(None, incident=told))
    assert message.headline == "@POTUS was renamed to @POTUS45"
    assert message.kind is NotificationKind.ALERT
    assert ("When", "2 Nov 2017 23:01:00 UTC") in message.facts
    assert ("Profile", TRUMP.url) in message.links


def blind(told: NotificationKind = NotificationKind.ALERT, *, without_verdict: int = 0, **changes: object) -> View:
    """An incident that is about no account."""
    about = incident(None, **{"kind": IncidentKind.PLATFORM, "key": "x", **changes})
    return view(None, told, incident=about, account=None, others=(), without_verdict=without_verdict)


def test_a_platform_that_cannot_be_observed() -> None:
    """A blind platform is not an outage of the accounts, and the message says so."""
    message = render(blind(detail="the controls meet a login wall.", without_verdict=12))
    assert message.headline == "X cannot be observed"
    assert message.sentences == (
        (
            "X cannot be observed: the controls meet a login wall; 12 accounts without a verdict; "
            "this is not an outage of the accounts."
        ),
    )
    [one] = render(blind(key="mastodon@social.example", without_verdict=1)).sentences
    assert one.startswith("Mastodon (social.example) cannot be observed: 1 account without a verdict; this")
    [none] = render(blind()).sentences
    assert none == "X cannot be observed: this is not an outage of the accounts."


def test_a_platform_that_is_seen_again() -> None:
    """The end of a blind time is told with its span, also when the alert itself comes too late."""
    end = EVENING + 780 * S
    message = render(blind(RESOLVED, closed_at=end, detail="login wall"))
    assert message.headline == "X can be observed again after 12 min"
    assert message.sentences[0] == (
        "X could not be observed from 2 Nov 2017 23:01:00 UTC to 2 Nov 2017 23:13:00 UTC: login wall."
    )
    assert render(blind(closed_at=end)).headline == "X was not observed for 12 min"


def test_a_platform_that_nobody_watches_any_more() -> None:
    """Its accounts were taken off while it could not be seen: nothing is claimed of its being seen again."""
    message = render(replace(blind(RESOLVED, closed_at=EVENING + 780 * S), is_watched=False))
    assert message.headline == "X is no longer watched"
    assert message.sentences == (
        (
            "It could not be observed from 2 Nov 2017 23:01:00 UTC on, for 12 min; "
            "none of its accounts is watched any more."
        ),
    )


def test_watcher_itself() -> None:
    """What is wrong comes first, a fault a line; then what goes on meanwhile; the end says for how long."""
    faults = "watchlist.yaml:2:1: a: unknown key\nwatchlist.yaml:3:1: b: unknown key; did you mean 'c'?"
    message = render(blind(kind=IncidentKind.META, key="configuration", detail=faults))
    assert message.headline == message.subject == "watcher refuses its changed configuration"
    assert message.sentences == (
        "watchlist.yaml:2:1: a: unknown key.",
        "watchlist.yaml:3:1: b: unknown key; did you mean 'c'?",
        "It goes on with the configuration that it had.",
    )
    over = render(blind(RESOLVED, kind=IncidentKind.META, key="configuration", closed_at=EVENING + 780 * S))
    assert over.headline == "watcher takes its configuration again"
    assert over.subject == message.subject
    assert over.sentences == ("From 2 Nov 2017 23:01:00 UTC, for 12 min: watcher refuses its changed configuration.",)


def test_our_own_network() -> None:
    """Our own network is blamed by name, and nothing is said of the accounts."""
    down = blind(kind=IncidentKind.EGRESS, key="local", detail="no platform and no resolver answers")
    assert render(down).sentences == (
        "watcher's own network is down since 2 Nov 2017 23:01:00 UTC; nothing is observed.",
        "no platform and no resolver answers.",
    )
    over = render(blind(RESOLVED, kind=IncidentKind.EGRESS, key="local", closed_at=EVENING + 120 * S))
    assert over.headline == "watcher's own network was down for 1 min"
    assert over.sentences == (
        "watcher's own network was down from 2 Nov 2017 23:01:00 UTC to 2 Nov 2017 23:02:00 UTC; nothing was observed.",
    )


def test_a_recovery_of_what_is_still_open_is_an_update() -> None:
    """No message says that something is over while the records say that it is not."""
    message = render(view(OPEN, RESOLVED))
    assert message.kind is NotificationKind.UPDATE
    assert message.headline == "@realDonaldTrump is still not available on X"


def test_a_long_quote_is_cut() -> None:
    """Quotes end at 300 characters; an empty one is none."""
    quote = render(view(replace(OPEN, quote="ü" * 400, language=None))).quote
    assert quote == Quote(text="ü" * 299 + "…", language=None, intro="Visitors see")
    assert render(view(replace(OPEN, quote="\u200b \n"))).quote is None


hostile = st.text(alphabet=st.characters(exclude_categories=()), max_size=400)


@given(
    handle=hostile,
    quote=st.none() | hostile,
    language=st.none() | hostile,
    detail=hostile,
    owner=st.none() | hostile,
    outage=st.sampled_from([OPEN, CLOSED, None]),
    kind=st.sampled_from(NotificationKind),
    about=st.sampled_from(IncidentKind),
    cause=st.none() | st.sampled_from(EndCause),
    reason=st.sampled_from(ABSENT_REASONS),
    key=hostile,
    late=st.timedeltas(timedelta(days=-9), timedelta(days=9)),
    phase=st.sampled_from(Phase),
    listed=st.booleans(),
)
def test_render_never_raises_and_is_harmless(  # noqa: PLR0917 - as many as there is to vary
    handle: str,
    quote: str | None,
    language: str | None,
    detail: str,
    owner: str | None,
    outage: object,
    kind: NotificationKind,
    about: IncidentKind,
    cause: EndCause | None,
    reason: Reason,
    key: str,
    late: timedelta,
    phase: Phase,
    listed: bool,
) -> None:
    """Whatever pages and people wrote, there is a message, on one line each, without control characters."""
    told = None
    if isinstance(outage, type(OPEN)):
        ended = None if outage.ended is None else replace(outage.ended, latest=outage.ended.latest + late)
        told = replace(outage, handle_then=handle, quote=quote, language=language, reason=reason, end_cause=cause)
        told = replace(told, ended=ended)
    other = account("x", handle)
    message = render(
        view(
            told,
            kind,
            incident=incident(told, kind=about, key=key, detail=detail),
            account=account("x", handle, url=f"https://x.example/{handle}") if listed else None,
            owner=owner,
            others=((other, state(other, phase)),),
            new_handle=handle,
            public_url=f"https://{key}.example",
        )
    )
    told_text = text_of(message).replace("\n", "")
    assert not {unicodedata.category(char) for char in told_text} & {"Cc", "Cs", "Zl", "Zp"}
    assert message.headline
