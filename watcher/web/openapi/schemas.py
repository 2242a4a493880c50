"""The shapes of what the API takes and gives, as JSON Schema 2020-12. Data; those of model/record.py and its kin.

Every object says all its keys: a key that is new in an answer and not here fails a test.
"""

from collections.abc import Iterable
from typing import Any, Final

from watcher.dossier import Outcome
from watcher.model.account import Severity
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.model.notification import IncidentKind, NotificationKind, NotificationState
from watcher.model.outage import EndCause, Phase
from watcher.record import Kind
from watcher.record.data import SCHEMA

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time", "description": "ISO 8601 in UTC, with milliseconds"}
SECONDS: Final[Schema] = {"type": "number", "minimum": 0}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
FLAG: Final[Schema] = {"type": "boolean"}
HASH: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256, hexadecimal"}


def ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}


def maybe(schema: Schema) -> Schema:
    """The same or null."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    kind = schema["type"]
    both = {**schema, "type": [kind, "null"]}
    return {**both, "enum": [*schema["enum"], None]} if "enum" in schema else both


def many(schema: Schema) -> Schema:
    """A list of them."""
    return {"type": "array", "items": schema}


def one_of(words: Iterable[str]) -> Schema:
    """One of these words."""
    return {"type": "string", "enum": [str(word) for word in words]}


def obj(description: str, keys: dict[str, Schema], *, optional: Iterable[str] = ()) -> Schema:
    """An object of these keys and no others; all are there but the optional ones."""
    return {
        "type": "object",
        "description": description,
        "properties": keys,
        "required": [key for key in keys if key not in set(optional)],
        "additionalProperties": False,
    }


_ACCOUNT: Final[dict[str, Schema]] = {
    "id": TEXT,
    "platform": TEXT,
    "handle": TEXT,
    "display_handle": TEXT,
    "url": TEXT,
    "owner": maybe(TEXT),
    "severity": one_of(Severity),
    "labels": {"type": "object", "additionalProperties": TEXT},
    "state": one_of(Phase),
    "since": INSTANT,
    "verdict": maybe(one_of(Verdict)),
    "reason": maybe(one_of(Reason)),
    "source": maybe(TEXT),
    "last_probe_at": maybe(INSTANT),
    "last_verdict_at": maybe(INSTANT),
    "blind_since": maybe(INSTANT),
    "outage": maybe(ref("Outage")),
    "outages_total": COUNT,
    "outage_seconds_total": SECONDS,
    "unobserved_seconds": SECONDS,
}
_INCIDENT: Final[dict[str, Schema]] = {
    "id": TEXT,
    "kind": one_of(IncidentKind),
    "key": TEXT,
    "severity": one_of(Severity),
    "opened_at": INSTANT,
    "closed_at": maybe(INSTANT),
    "open": FLAG,
    "detail": TEXT,
    "acknowledged": maybe(ref("Acknowledgement")),
}

_SILENCE: Final[dict[str, Schema]] = {
    "id": TEXT,
    "state": one_of(("active", "pending", "expired")),
    "matchers": many(TEXT),
    "starts_at": INSTANT,
    "ends_at": INSTANT,
    "by": TEXT,
    "comment": TEXT,
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Error": obj("What is wrong, in words.", {"error": TEXT}),
    "Bounds": obj("It lies between these two instants.", {"earliest": INSTANT, "latest": INSTANT}),
    "Duration": obj(
        "The truth lies between min and max; max is null while the end is not known.",
        {"min": SECONDS, "best": SECONDS, "max": maybe(SECONDS)},
    ),
    "Annotation": obj(
        "What somebody noted of an outage. Plain text: nothing in it is markup.",
        {"at": INSTANT, "by": TEXT, "cause": TEXT, "text": TEXT, "link": maybe(TEXT)},
    ),
    "Outage": obj(
        "One absence of one account. Texts are as the platform wrote them: escape them where you show them.",
        {
            "id": TEXT,
            "account": TEXT,
            "handle": TEXT,
            "severity": one_of(Severity),
            "reason": one_of(Reason),
            "certainty": one_of(Certainty),
            "began_at": INSTANT,
            "began": ref("Bounds"),
            "confirmed_at": INSTANT,
            "ended_at": maybe(INSTANT),
            "ended": maybe(ref("Bounds")),
            "closed_at": maybe(INSTANT),
            "end_cause": maybe(one_of(EndCause)),
            "duration_seconds": ref("Duration"),
            "unobserved_seconds": SECONDS,
            "quote": maybe(TEXT),
            "language": maybe(TEXT),
            "open": FLAG,
            "retracted_at": maybe(INSTANT),
            "retraction": maybe(TEXT),
            "annotations": many(ref("Annotation")),
        },
        optional=("annotations",),
    ),
    "Uptime": obj(
        "How a span of time divides. ratio is present / (present + absent), null where nothing was observed.",
        {
            "since": INSTANT,
            "until": INSTANT,
            "ratio": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
            "present_seconds": SECONDS,
            "absent_seconds": SECONDS,
            "unobserved_seconds": SECONDS,
        },
    ),
    "Account": obj("An account as it stands.", _ACCOUNT),
    "AccountWithUptime": obj(
        "An account as it stands, with its uptime of 30 days and how many of outages_total were taken back. "
        "Both are null while the store cannot be read.",
        {**_ACCOUNT, "uptime_30d": maybe(ref("Uptime")), "outages_retracted": maybe(COUNT)},
    ),
    "Silence": obj("What nobody is told of for a while.", _SILENCE),
    "AddedSilence": obj(
        "A silence that was added, with what may be wrong with it.",
        {
            **_SILENCE,
            "warnings": {**many(TEXT), "description": "What it speaks of that nobody knows; a past beginning"},
        },
    ),
    "NewSilence": obj(
        "A silence that is asked for: give exactly one of `for` and `ends_at`.",
        {
            "matchers": {
                "anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}],
                "examples": [["platform=x", 'owner=~"mayor|press"']],
            },
            "for": {**TEXT, "description": "How long, such as 2h or 30m"},
            "starts_at": {**TEXT, "description": "An instant, a date, or a span from now; else at once"},
            "ends_at": {**TEXT, "description": "An instant, a date, or a span from now"},
            "comment": {**TEXT, "description": "Why, in a few words"},
            "by": {**TEXT, "description": "Who says so; else api"},
        },
        optional=("for", "starts_at", "ends_at", "by"),
    ),
    "SilenceEnded": obj("A silence that has ended.", {"id": TEXT, "state": one_of(("expired",)), "changed": FLAG}),
    "Acknowledgement": obj("Who takes care of it.", {"by": TEXT, "at": INSTANT, "comment": maybe(TEXT)}),
    "NewAcknowledgement": obj(
        "Who takes care of it, and what they say.", {"by": TEXT, "comment": TEXT}, optional=("by", "comment")
    ),
    "Incident": obj("Something that people are told about once, and again when it ends.", _INCIDENT),
    "IncidentWithAll": obj(
        "An incident, the outages that it is about, and all that was told of it.",
        {**_INCIDENT, "outages": many(ref("Outage")), "notifications": many(ref("Notification"))},
    ),
    "Notification": obj(
        "What a channel was told, or is to be.",
        {
            "kind": one_of(NotificationKind),
            "channel": TEXT,
            "route": TEXT,
            "state": one_of(NotificationState),
            "dedup_key": TEXT,
            "event_at": INSTANT,
            "due_at": INSTANT,
            "delivered_at": maybe(INSTANT),
            "latency_seconds": maybe({"type": "number"}),
            "attempts": COUNT,
            "deliveries": many(ref("Delivery")),
        },
    ),
    "Delivery": obj(
        "One try to tell.", {"at": INSTANT, "outcome": TEXT, "answer": TEXT, "latency_seconds": {"type": "number"}}
    ),
    "Record": obj(
        "The record of an outage: what happened, how it is known, and what is not.",
        {
            "schema": one_of((SCHEMA,)),
            "made_by": TEXT,
            "updated_at": INSTANT,
            "headline": TEXT,
            "summary": many(TEXT),
            "account": ref("RecordAccount"),
            "outage": ref("Outage"),
            "bounds": TEXT,
            "moments": many(ref("Moment")),
            "visitors_saw": maybe(ref("Quote")),
            "timeline": many(ref("Entry")),
            "unobserved": many(ref("Unobserved")),
            "notifications": many(ref("Notification")),
            "silences": many(ref("SilencedThen")),
            "method": many(TEXT),
            "not_known": many(TEXT),
            "evidence": ref("Evidence"),
        },
    ),
    "RecordAccount": obj(
        "Whose outage it was, as people call it.",
        {"id": TEXT, "name": TEXT, "place": TEXT, "owner": maybe(TEXT), "url": maybe(TEXT)},
    ),
    "Moment": obj(
        "One of the instants that bound the outage.",
        {
            "name": one_of(("last_seen", "first_missing", "confirmed", "last_missing", "seen_again")),
            "label": TEXT,
            "earliest": INSTANT,
            "latest": INSTANT,
        },
    ),
    "Quote": obj("A page's own words.", {"text": TEXT, "language": maybe(TEXT), "language_name": maybe(TEXT)}),
    "Entry": obj(
        "One line of what happened. seq and hash are those of the log; page and screenshot what is kept of the look.",
        {
            "at": INSTANT,
            "until": maybe(INSTANT),
            "kind": one_of(Kind),
            "text": TEXT,
            "details": many(TEXT),
            "quote": maybe(ref("Quote")),
            "seq": maybe(COUNT),
            "hash": maybe(HASH),
            "page": maybe(HASH),
            "screenshot": maybe(HASH),
        },
    ),
    "SilencedThen": obj(
        "Nobody was to be told of it meanwhile.",
        {"id": TEXT, "starts_at": INSTANT, "ends_at": INSTANT, "by": TEXT, "comment": TEXT},
    ),
    "Unobserved": obj("Time in which nothing was seen.", {"from": INSTANT, "to": INSTANT, "cause": TEXT}),
    "Evidence": obj(
        "What the record rests on, and whether it still has its hashes.",
        {
            "conclusion": TEXT,
            "entries": many(ref("LogEntry")),
            "pieces": many(obj("A page or a picture.", {"sha256": HASH, "role": TEXT, "bytes": COUNT, "sound": FLAG})),
            "sound": FLAG,
            "missing": COUNT,
            "checks": many(obj("One check.", {"outcome": one_of(Outcome), "what": TEXT})),
        },
    ),
    "LogEntry": obj(
        "An entry of the log.",
        {
            "seq": COUNT,
            "hash": HASH,
            "at": INSTANT,
            "kind": TEXT,
            "account": TEXT,
            "evidence": many(obj("A piece that it rests on.", {"role": TEXT, "sha256": HASH, "bytes": COUNT})),
        },
    ),
}
