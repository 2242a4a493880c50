"""The records that the API, the command line and the demo print."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from tests.unit.web.story import HOSTILE, NOW, TRUMP, UNSEEN, ago, closed, outage, state
from watcher.model.outage import EndCause, Phase
from watcher.model.record import account_record, instant, outage_record


def test_open_outage_has_a_beginning_but_no_end() -> None:
    """While open, everything about the end is None and the best estimate is the lower bound."""
    record = outage_record(outage())
    assert record == {
        "id": "o-1",
        "account": "x:realdonaldtrump",
        "handle": "realdonaldtrump",
        "severity": "critical",
        "reason": "not_found",
        "certainty": "shown",
        "began_at": "2017-11-02T23:00:11.000Z",
        "began": {"earliest": "2017-11-02T22:59:40.000Z", "latest": "2017-11-02T23:00:42.000Z"},
        "confirmed_at": "2017-11-02T23:01:02.000Z",
        "ended_at": None,
        "ended": None,
        "closed_at": None,
        "end_cause": None,
        "duration_seconds": {"min": 594.0, "best": 594.0, "max": None},
        "unobserved_seconds": 0.0,
        "quote": "Désolé, cette page n'existe pas",
        "language": "fr",
        "open": True,
        "retracted_at": None,
        "retraction": None,
    }


def test_closed_outage_has_bounds_whose_middles_are_best_apart() -> None:
    """From `began_at` to `ended_at` it is exactly `duration_seconds.best`."""
    record = outage_record(closed(end_cause=EndCause.RECOVERED, unobserved=timedelta(seconds=30)))
    assert record["open"] is False
    assert record["end_cause"] == "recovered"
    assert record["ended"] == {"earliest": "2017-11-02T23:10:36.000Z", "latest": "2017-11-02T23:10:42.000Z"}
    assert record["duration_seconds"] == {"min": 594.0, "best": 628.0, "max": 662.0}
    apart = datetime.fromisoformat(record["ended_at"]) - datetime.fromisoformat(record["began_at"])
    assert apart == timedelta(seconds=628)
    assert record["closed_at"] == "2017-11-02T23:10:52.000Z"
    assert record["unobserved_seconds"] == 30.0


def test_unwatched_outage_is_closed_without_an_end() -> None:
    """An outage of an account no longer watched is not open, and nobody knows when it ended."""
    record = outage_record(outage(closed_at=NOW, end_cause=EndCause.UNWATCHED))
    assert record["open"] is False
    assert record["end_cause"] == "unwatched"
    assert record["ended_at"] is None
    assert record["duration_seconds"]["max"] is None


def test_account_record_holds_its_open_outage() -> None:
    """An account that is down shows its state, its counters and the outage itself."""
    opened = outage()
    record = account_record(TRUMP, state(TRUMP, Phase.DOWN, outage=opened, outages_total=1, blind_since=ago(seconds=5)))
    assert record["outage"] == outage_record(opened)
    assert record["outage_seconds_total"] == 594.0
    assert {key: record[key] for key in ("id", "platform", "handle", "display_handle", "owner", "state")} == {
        "id": "x:realdonaldtrump",
        "platform": "x",
        "handle": "realdonaldtrump",
        "display_handle": "@realDonaldTrump",
        "owner": "trump",
        "state": "down",
    }
    assert record["labels"] == {"desk": "politics"}
    assert record["blind_since"] == "2017-11-02T23:10:35.000Z"
    assert record["last_probe_at"] == "2017-11-02T23:10:30.000Z"


def test_account_never_probed_has_nothing_to_say() -> None:
    """What is not known is None, never a made-up value."""
    fresh = replace(state(UNSEEN, Phase.NEW), last_probe_at=None, last_verdict_at=None, verdict=None, reason=None)
    record = account_record(UNSEEN, fresh)
    missing = ("verdict", "reason", "last_probe_at", "last_verdict_at", "blind_since", "outage")
    assert [record[key] for key in missing] == [None] * len(missing)


def test_renamed_account_shows_the_new_handle() -> None:
    """After a rename the id stays and both handles are the new one."""
    record = account_record(TRUMP, state(TRUMP, handle="newname"))
    assert (record["id"], record["handle"], record["display_handle"]) == ("x:realdonaldtrump", "newname", "newname")


def test_instants_are_utc_with_a_z() -> None:
    """An instant in another zone comes out in UTC, in milliseconds."""
    paris = timezone(timedelta(hours=1))
    assert instant(datetime(2017, 11, 3, 0, 0, 0, 123456, tzinfo=paris)) == "2017-11-02T23:00:00.123Z"


def test_hostile_texts_survive_json_as_ascii() -> None:
    """Whatever a page says, the record is plain JSON, and reads back as it was."""
    text = json.dumps(outage_record(outage(quote=HOSTILE)))
    assert text.isascii()
    assert json.loads(text)["quote"] == HOSTILE
