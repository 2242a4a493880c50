"""What is said of an outage afterwards: no more than people noted, and harmless."""

from dataclasses import replace
from operator import itemgetter
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from tests.unit.notify.story import CLOSED, EVENING, OPEN, S, view
from watcher.model.annotation import Annotation
from watcher.model.notification import Delivered, Message, NotificationKind
from watcher.model.outage import Outage
from watcher.notify.channels.log import LogChannel
from watcher.notify.channels.slackblocks import payload
from watcher.notify.render import render

CORRECTION = NotificationKind.CORRECTION
RETRACTED = replace(CLOSED, retracted_at=EVENING + 7200 * S, retraction="a test of the platform.")


def note(cause: str = "a departing employee", seconds: int = 3600, **more: Any) -> Annotation:
    """A note on the outage."""
    return Annotation(outage_id=OPEN.id, at=EVENING + seconds * S, by="desk", cause=cause, **more)


def correction(outage: Outage, *notes: Annotation, **more: Any) -> Message:
    """The correction of that outage."""
    return render(view(outage, CORRECTION, annotations=notes, dedup_key="01OUTAGE/slack/correction/1", **more))


def test_a_retraction_says_so_first() -> None:
    """That the report was wrong, when it was taken back, why; the subject is that of the alert."""
    message = correction(RETRACTED)
    alert = render(view())
    assert message.headline == "Correction: @realDonaldTrump on X was not gone; the report is taken back"
    assert message.sentences[0] == "Taken back on 3 Nov 2017 01:00:00 UTC: a test of the platform."
    assert message.kind is CORRECTION
    assert (message.subject, message.incident_id) == (alert.subject, alert.incident_id)
    assert ("Missing since", "between 2 Nov 2017 23:00:00 UTC and 2 Nov 2017 23:00:40 UTC") in message.facts
    assert message.links[0] == ("Profile", "https://x.example/realDonaldTrump")


def test_the_record_of_what_was_taken_back_is_linked_as_such() -> None:
    """By the page of its own, which says that it was taken back; a list may be without it."""
    links = dict(correction(RETRACTED, public_url="https://watcher.example").links)
    assert links["Outage record"].endswith("/outages/01OUTAGE")


def test_a_cause_is_told_with_who_says_so() -> None:
    """The latest note leads; the earlier ones are facts; the sources are linked once each."""
    link = "https://x.example/TwitterGov/1"
    message = correction(
        CLOSED, note("human error", link=link), note(seconds=7200, text="On their last day.", link=link)
    )
    headline = "Why @realDonaldTrump was not available on X for 11 min ± 40 s: a departing employee"
    assert message.headline == headline
    assert message.sentences == ("Cause, says desk: a departing employee.", "On their last day.")
    assert ("Noted before", "human error (desk, 3 Nov 2017 00:00:00 UTC)") in message.facts
    assert [url for label, url in message.links if label.startswith("Source")] == [link]
    assert "taken back" not in str(message)


def test_a_cause_of_an_outage_that_is_still_open() -> None:
    """Nothing is said of its end."""
    message = correction(OPEN, note())
    assert message.headline == "Why @realDonaldTrump is not available on X: a departing employee"
    assert [label for label, _ in message.facts] == ["Missing since"]
    assert message.kind is CORRECTION


def test_a_correction_without_a_note_says_little() -> None:
    """It may have been forgotten meanwhile."""
    assert correction(CLOSED).headline.startswith("More is known of why @realDonaldTrump was not available")


def test_an_alert_that_leaves_after_the_retraction_says_that_it_is_wrong() -> None:
    """A channel that was down for so long is told at once."""
    message = render(view(RETRACTED))
    assert message.sentences[0] == "Taken back on 3 Nov 2017 01:00:00 UTC: a test of the platform."
    assert not any(sentence.startswith("Taken back") for sentence in render(view(CLOSED)).sentences)


@pytest.mark.parametrize("outage", [RETRACTED, CLOSED])
def test_what_people_typed_is_made_harmless(outage: Outage) -> None:
    """Control characters go, whoever typed them; lengths are bounded."""
    hostile = "\x1b[31m\u202e<!channel>\r\nBcc: all@x" * 200
    message = correction(
        replace(outage, retraction=hostile if outage.retracted_at else None),
        note("first"),
        note(hostile, text=hostile, link="https://x.example/\r\nX: y"),
    )
    texts = [
        message.headline,
        *message.sentences,
        *map(itemgetter(1), message.facts),
        *(u for _, u in message.links),
    ]
    assert all(character.isprintable() for text in texts for character in text)
    assert max(map(len, texts)) <= 2000
    body = payload(message)
    assert "<!channel>" not in body["text"]


def test_slack_shows_a_correction_as_one() -> None:
    """Neither as alarming as the alert nor as the end."""
    assert payload(correction(RETRACTED))["text"].startswith("✏️ Correction: @realDonaldTrump on X was not gone")


async def test_the_log_has_it_as_information() -> None:
    """However severe the outage was."""
    with capture_logs() as lines:
        assert await LogChannel("log", structlog.get_logger()).send(correction(RETRACTED)) == Delivered()
    assert [(line["log_level"], line["event"][:11]) for line in lines] == [("info", "Correction:")]
