"""What a backtest says, for people and for programs. Pure."""

from collections.abc import Iterator
from datetime import datetime

from watcher.backtest.differ import Comparison, Difference, Kind
from watcher.model.outage import Outage
from watcher.model.record import Record, instant
from watcher.notify.wording import format_span, format_stamp


def said(tested: Comparison) -> Iterator[str]:
    """The result for people."""
    span = f"{format_stamp(tested.since)} to {format_stamp(tested.until)}"
    yield f"accounts: {tested.accounts}; samples: {tested.samples}, standing for {tested.looks} looks; {span}"
    if tested.share is not None:
        yield f"judged again: {tested.judged} looks, {100 * tested.share:.1f} %; the others count as they were"
    for why, looks in tested.unjudged.most_common():
        yield f"  {looks:>8}  {why}"
    for line in tested.left_out:
        yield f"left out  {line}"
    yield "each account is judged alone: what a run holds back as part of a mass event is called gone here"
    yield ""
    yield f"alerts: {tested.same} would have been the same; differences: {len(tested.differences)}"
    yield from (f"  {_sentence(difference)}" for difference in tested.differences)


def _sentence(difference: Difference) -> str:
    was, now, who = difference.was, difference.now, difference.account_id
    if was is None or now is None:
        outage = was or now
        assert outage is not None  # noqa: S101 - one of the two there is
        opened = "would have been called gone" if was is None else "would not have been called gone"
        taken_back = " (that was taken back)" if outage.is_retracted else ""
        return f"{who} {opened}: {format_stamp(outage.confirmed_at)}, {outage.reason}{taken_back}"
    match difference.kind:
        case Kind.REASON:
            return f"{who}: {now.reason} rather than {was.reason}, {format_stamp(was.confirmed_at)}"
        case Kind.BEGINNING:
            return f"{who} would have been called gone {_shift(was.confirmed_at, now.confirmed_at)}"
        case _ if was.closed_at is not None and now.closed_at is not None:
            return f"{who} would have been called back {_shift(was.closed_at, now.closed_at)}"
        case _:
            return f"{who} would {'' if now.closed_at else 'not '}have been called back by now: {was.id}"


def _shift(was: datetime, now: datetime) -> str:
    how = "earlier" if now < was else "later"
    return f"{format_span(abs(now - was))} {how}: {format_stamp(now)} rather than {format_stamp(was)}"


def record(tested: Comparison) -> Record:
    """The result as data."""
    return {
        "since": instant(tested.since),
        "until": instant(tested.until),
        "accounts": tested.accounts,
        "samples": tested.samples,
        "looks": tested.looks,
        "judged": tested.judged,
        "share": tested.share,
        "unjudged": dict(tested.unjudged),
        "left_out": list(tested.left_out),
        "same": tested.same,
        "differences": [
            {
                "kind": str(difference.kind),
                "account": difference.account_id,
                "was": _outage(difference.was),
                "now": _outage(difference.now),
            }
            for difference in tested.differences
        ],
    }


def _outage(outage: Outage | None) -> Record | None:
    if outage is None:
        return None
    return {
        "id": outage.id,
        "reason": str(outage.reason),
        "confirmed_at": instant(outage.confirmed_at),
        "closed_at": None if outage.closed_at is None else instant(outage.closed_at),
        "retracted": outage.is_retracted,
    }
