"""The record of an outage as data, ready for any JSON writer: the API's outage, and all that is around it. Pure."""

from typing import Any, Final

from watcher import __version__
from watcher.dossier import as_data, listing
from watcher.model.attention import notification_record
from watcher.model.record import Record, instant, outage_record
from watcher.model.silence import Silence
from watcher.record.case import Entry, OutageRecord, Piece, Quoted

SCHEMA: Final = "watcher-record/1"


def data_of(record: OutageRecord) -> Record:
    """One document. Instants and spans are as everywhere in the API; texts are plain, and as others wrote them."""
    case, outage = record.case, record.outage
    return {
        "schema": SCHEMA,
        "made_by": f"watcher {__version__}",
        "updated_at": instant(record.updated),
        "headline": record.headline,
        "summary": list(record.summary),
        "account": {
            "id": outage.account_id,
            "name": record.name,
            "place": record.place,
            "owner": record.owner,
            "url": record.url,
        },
        "outage": outage_record(outage, case.annotations),
        "bounds": record.bounds,
        "moments": [
            {
                "name": moment.name,
                "label": moment.label,
                "earliest": instant(moment.earliest),
                "latest": instant(moment.latest),
            }
            for moment in record.moments
        ],
        "visitors_saw": _quote(record.quote),
        "timeline": [_entry(entry) for entry in record.entries],
        "unobserved": [
            {"from": instant(span.from_at), "to": instant(span.to_at), "cause": span.cause} for span in case.unobserved
        ],
        "notifications": [notification_record(told.row, told.tries) for told in case.told],
        "silences": [_silence(silence) for silence in case.silences],
        "method": list(record.method),
        "not_known": list(record.unknown),
        "evidence": {
            "conclusion": record.conclusion,
            "entries": listing(case.dossier.traces),
            "pieces": [_piece(piece) for piece in record.pieces],
            **as_data(record.checks),
        },
    }


def _quote(quote: Quoted | None) -> Record | None:
    return None if quote is None else {"text": quote.text, "language": quote.tag, "language_name": quote.language}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "at": instant(entry.at),
        "until": None if entry.until is None else instant(entry.until),
        "kind": str(entry.kind),
        "text": entry.text,
        "details": list(entry.details),
        "quote": _quote(entry.quote),
        "seq": entry.seq,
        "hash": entry.hash,
        "page": entry.page,
        "screenshot": entry.screenshot,
    }


def _silence(silence: Silence) -> Record:
    """Without whether it holds now: the record is of then."""
    return {
        "id": silence.id,
        "starts_at": instant(silence.starts_at),
        "ends_at": instant(silence.ends_at),
        "by": silence.by,
        "comment": silence.comment,
    }


def _piece(piece: Piece) -> Record:
    return {"sha256": piece.sha256, "role": piece.role, "bytes": piece.size, "sound": piece.sound}
