"""The tables, as the newest migration leaves them. No statements, no connection.

SQLite and PostgreSQL keep the types of `columns` alike. A stamp `x` is the two columns `x_e` and `x_l`, its earliest
and latest end.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from watcher.model.account import Severity
from watcher.model.finding import Certainty, Reason, Verdict
from watcher.model.notification import IncidentKind, NotificationKind, NotificationState
from watcher.model.outage import EndCause, Phase, TransitionKind
from watcher.store.columns import Digest, Instant, Lines, PageText, Span, Word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite numbers rows by itself only in a column that is INTEGER and nothing else.
_ROW_ID = BigInteger().with_variant(Integer, "sqlite")


def _stamp(name: str, *, nullable: bool = True) -> tuple[Column[Any], Column[Any]]:
    return Column(f"{name}_e", Instant, nullable=nullable), Column(f"{name}_l", Instant, nullable=nullable)


def _one_open(name: str, *columns: str) -> Index:
    return Index(name, *columns, unique=True, sqlite_where=text("closed_at IS NULL"))


account = Table(
    "account",
    metadata,
    Column("id", String, primary_key=True),
    Column("platform", String, nullable=False),
    Column("instance", String, nullable=False),
    Column("handle", PageText, nullable=False),
    Column("display_handle", PageText, nullable=False),
    Column("url", PageText, nullable=False),
    Column("owner", String),
    Column("severity", Word(Severity), nullable=False),
    Column("labels", JSON, nullable=False),
    Column("watched_since", Instant, nullable=False),
    Column("unwatched_at", Instant),
)

outage = Table(
    "outage",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", ForeignKey(account.c.id), nullable=False),
    Column("handle_then", PageText, nullable=False),
    Column("severity_then", Word(Severity), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("certainty", Word(Certainty), nullable=False),
    Column("last_present", Instant, nullable=False),
    *_stamp("began", nullable=False),
    Column("confirmed_at", Instant, nullable=False),
    *_stamp("last_absent", nullable=False),
    *_stamp("ended"),
    Column("closed_at", Instant),
    Column("end_cause", Word(EndCause)),
    Column("unobserved", Span, nullable=False),
    Column("quote", PageText),
    Column("language", PageText),
    Column("previous_id", String),
    Column("retracted_at", Instant),
    Column("retraction", PageText),
    Column("cohort_id", String),
    _one_open("one_open_outage_per_account", "account_id"),
    Index(None, "account_id", "confirmed_at"),
    Index(None, "confirmed_at"),
    Index(None, "cohort_id"),
)

account_state = Table(
    "account_state",
    metadata,
    Column("account_id", ForeignKey(account.c.id), primary_key=True),
    Column("phase", Word(Phase), nullable=False),
    Column("since", Instant, nullable=False),
    Column("n", Integer, nullable=False),
    Column("r", Integer, nullable=False),
    Column("last_counted", Instant),
    Column("last_seen", Instant),
    Column("observed_until", Instant),
    Column("last_probe_at", Instant),
    Column("last_verdict_at", Instant),
    Column("verdict", Word(Verdict)),
    Column("reason", Word(Reason)),
    Column("source", String),
    Column("inconclusive", Integer, nullable=False),
    Column("stable_id", PageText),
    Column("handle", PageText),
    Column("last_present", Instant),
    *_stamp("began"),
    *_stamp("last_absent"),
    *_stamp("returned"),
    Column("next_reason", Word(Reason)),
    Column("blind_since", Instant),
    Column("outage_id", ForeignKey(outage.c.id)),
    Column("previous_outage_id", String),
    Column("last_outage", Span),
    Column("last_outage_id", String),
    Column("outages_total", Integer, nullable=False),
    Column("outage_closed", Span, nullable=False),
    Column("unseen", Span, nullable=False, server_default="0"),
    Column("unobserved", Span, nullable=False),
    Column("observed", Span, nullable=False, server_default="0"),
    Column("outage_unobserved", Span, nullable=False, server_default="0"),
    Column("unplaced", Span, nullable=False, server_default="0"),
    Column("outage_unplaced", Span, nullable=False, server_default="0"),
    Column("counted_until", Instant),
    Column("flaps", Integer, nullable=False, server_default="0"),
    Column("flaps_since", Instant),
    Column("flapping_since", Instant),
)

platform_state = Table(
    "platform_state",
    metadata,
    Column("platform", String, primary_key=True),
    Column("instance", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("vantage", String, primary_key=True),
    Column("positives", JSON, nullable=False),
    Column("negatives", JSON, nullable=False),
    Column("baseline", JSON(none_as_null=True)),
)

# The numbers are given by the program: the hash of a row needs that of the row before. `document`: see `packed`.
transition = Table(
    "transition",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("kind", Word(TransitionKind), nullable=False),
    Column("account_id", ForeignKey(account.c.id), nullable=False),
    Column("outage_id", ForeignKey(outage.c.id)),
    Column("document", LargeBinary, nullable=False),
    Column("hash", Digest, nullable=False),
    UniqueConstraint("account_id", "at", "kind"),
    Index(None, "at"),
    Index(None, "outage_id"),
)

# `content` is gzip, of what is kept here rather than as a file.
evidence = Table(
    "evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("bytes", BigInteger, nullable=False),
    Column("created_at", Instant),
    Column("content", LargeBinary),
)

transition_evidence = Table(
    "transition_evidence",
    metadata,
    Column("seq", ForeignKey(transition.c.seq), primary_key=True),
    Column("role", String, primary_key=True),
    Column("sha256", ForeignKey(evidence.c.sha256), primary_key=True),
    Index(None, "sha256"),
)

# `key` is the account's id where `scope` is "account", and empty where it is "all".
unobserved = Table(
    "unobserved",
    metadata,
    Column("id", _ROW_ID, primary_key=True),
    Column("scope", String, nullable=False),
    Column("key", String, nullable=False),
    Column("from_at", Instant, nullable=False),
    Column("to_at", Instant, nullable=False),
    Column("cause", String, nullable=False),
    UniqueConstraint("scope", "key", "from_at", "cause"),
)

incident = Table(
    "incident",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", Word(IncidentKind), nullable=False),
    Column("key", String, nullable=False),
    Column("severity", Word(Severity), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("detail", PageText, nullable=False),
    Column("acked_by", PageText),
    Column("acked_at", Instant),
    Column("ack_comment", PageText),
    Column("labels", JSON, nullable=False, server_default="{}"),
    _one_open("one_open_incident_per_key", "kind", "key"),
)

# Which outages a GROUP tells of: one outage may be told by several routes, each in a group of its own.
incident_outage = Table(
    "incident_outage",
    metadata,
    Column("incident_id", ForeignKey(incident.c.id), primary_key=True),
    Column("outage_id", ForeignKey(outage.c.id), primary_key=True),
    Index(None, "outage_id"),
)

# Where what is told of an incident belongs, in the channel's own words.
thread = Table(
    "thread",
    metadata,
    Column("channel", String, primary_key=True),
    Column("incident_id", ForeignKey(incident.c.id), primary_key=True),
    Column("ref", Text, nullable=False),
    Index(None, "incident_id"),
)

silence = Table(
    "silence",
    metadata,
    Column("id", String, primary_key=True),
    Column("matchers", JSON, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    Column("by", PageText, nullable=False),
    Column("comment", PageText, nullable=False),
    Index(None, "ends_at"),
)

notification = Table(
    "notification",
    metadata,
    Column("id", _ROW_ID, primary_key=True),
    Column("incident_id", ForeignKey(incident.c.id), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("route", String, nullable=False),
    Column("channel", String, nullable=False),
    Column("kind", Word(NotificationKind), nullable=False),
    Column("dedup_key", String, nullable=False, unique=True),
    Column("due_at", Instant, nullable=False),
    Column("event_at", Instant, nullable=False),
    Column("state", Word(NotificationState), nullable=False),
    Column("claimed_until", Instant),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", Instant),
    Column("recipients", Lines),
    Column("resent_at", Instant),
    Index(None, "state", "due_at"),
    Index(None, "incident_id", "channel", "seq"),
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", _ROW_ID, primary_key=True),
    Column("notification_id", ForeignKey(notification.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("outcome", String, nullable=False),
    Column("answer", PageText, nullable=False),
    Column("latency", Span, nullable=False),
    Index(None, "notification_id"),
)

annotation = Table(
    "annotation",
    metadata,
    Column("id", _ROW_ID, primary_key=True),
    Column("outage_id", ForeignKey(outage.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("by", PageText, nullable=False),
    Column("cause", PageText, nullable=False),
    Column("text", PageText, nullable=False),
    Column("link", PageText),
    Index(None, "outage_id"),
)

# What is not PRESENT, and one PRESENT a day: each change of verdict, reason or source, and the first of each day.
sample = Table(
    "sample",
    metadata,
    Column("id", _ROW_ID, primary_key=True),
    Column("account_id", ForeignKey(account.c.id), nullable=False),
    Column("at", Instant, nullable=False),
    Column("verdict", Word(Verdict), nullable=False),
    Column("reason", Word(Reason), nullable=False),
    Column("source", String, nullable=False),
    Column("vantage", String, nullable=False),
    Column("status", Integer),
    Column("latency", Span),
    Column("imprint", JSON(none_as_null=True)),
    UniqueConstraint("account_id", "at"),
    Index(None, "at"),
)

# What is left of transitions that were forgotten: their places in the chain of hashes, so that the rest still holds.
forgotten = Table(
    "forgotten",
    metadata,
    Column("seq", _ROW_ID, primary_key=True, autoincrement=False),
    Column("hash", Digest, nullable=False),
)

meta = Table(
    "meta",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
