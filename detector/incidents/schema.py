"""The tables. A change here needs a migration beside it (`migrations/versions`)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from detector.incidents.utc import UtcDateTime

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is a plain INTEGER.
_Serial = BigInteger().with_variant(Integer, "sqlite")

incidents: Final = Table(
    "incidents",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("violation", String(64), nullable=False),
    Column("subtype", String(64), nullable=False),
    Column("source_id", String(200), nullable=False),
    Column("fixed", Boolean, nullable=False),
    Column("box_unit", JSON, nullable=False),  # where it was opened: [x1, y1, x2, y2]
    Column("seen_box_unit", JSON, nullable=False),  # where it was detected last
    Column("x", Float),  # position in its own crs
    Column("y", Float),
    Column("crs", String(32)),
    Column("error_radius_m", Float),
    Column("lon_deg", Float),  # the same in WGS-84, for the search by place
    Column("lat_deg", Float),
    Column("class_name", String(64), nullable=False),
    Column("zone", String(200)),
    Column("status", String(16), nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("posting", String(16), nullable=False),
    Column("score", Float, nullable=False),
    Column("first_seen_at", UtcDateTime, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("cleared_at", UtcDateTime),
    Column("reopened", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("coverage_text", Text, nullable=False),
    Column("rule_version", String(200), nullable=False),
    Column("model_sha256", JSON, nullable=False),
    Column("clock", String(16), nullable=False),
    # Absence so far: good looks without it, watched seconds between them, the newest of them.
    Column("absent_looks", Integer, nullable=False),
    Column("absent_s", Float, nullable=False),
    Column("absent_at", UtcDateTime),
    # Head of the evidence chain: without it a row cut off at the end would not be missed.
    Column("evidence_count", Integer, nullable=False),
    Column("evidence_head", String(64), nullable=False),
    Index(None, "source_id", "violation", "status"),
    Index(None, "source_id", "violation", "opened_at"),
    Index(None, "violation", "lat_deg"),
    Index(None, "opened_at", "id"),
    Index(None, "cleared_at"),
    Index(
        "ix_incidents_unplaced",
        "opened_at",
        sqlite_where=text("lon_deg IS NULL"),
        postgresql_where=text("lon_deg IS NULL"),
    ),
)

incident_events: Final = Table(
    "incident_events",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),  # the source's clock, or the wall clock for people
    Column("kind", String(32), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("detail", Text, nullable=False),
    Index(None, "incident_id", "id"),
)

evidence: Final = Table(
    "evidence",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("seq", Integer, nullable=False),  # counts the incident's files from 1
    Column("kind", String(16), nullable=False),
    Column("variant", String(16), nullable=False),
    Column("key", String(300), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(100), nullable=False),
    Column("captured_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime),
    Column("clock", String(16), nullable=False),
    Column("rule_version", String(200), nullable=False),
    Column("model_sha256", JSON, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("chain_hash", String(64), nullable=False),
    Column("retention_class", String(32), nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("deleted_at", UtcDateTime),
    UniqueConstraint("incident_id", "seq"),
    Index(None, "key"),
    Index(None, "retention_class", "deleted_at", "captured_at"),
)

verdicts: Final = Table(
    "verdicts",
    metadata,
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("answer", String(16), nullable=False),
    Column("operator", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("class_name", String(64)),
    Column("box_unit", JSON(none_as_null=True)),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)

cases: Final = Table(
    "cases",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("number", String(32), nullable=False, unique=True),
    Column(
        "incident_id",
        ForeignKey("incidents.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("violation", String(64), nullable=False),
    Column("subtype", String(64), nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("state", String(16), nullable=False),
    Column("code_kind", String(16)),
    Column("code", String(32)),
    Column("code_table_version", String(64), nullable=False),
    Column("description", Text, nullable=False),
    Column("source_id", String(200), nullable=False),
    Column("grid", String(32)),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),  # closed, refused or void since then
    Column("worker", String(200)),
    Column("lease_until", UtcDateTime),
    Column("version", Integer, nullable=False),  # counts changes: the optimistic check
    Column("letters", Integer, nullable=False),  # numbers the deliveries of this case
    Column("component", JSON(none_as_null=True)),  # what the cover ledger says of the place
    Column("path", JSON(none_as_null=True)),  # instances that had the case before this one
    Index(None, "state", "opened_at"),
    Index(None, "opened_at", "id"),
    Index(None, "source_id", "opened_at", "id"),
    Index(None, "violation", "opened_at", "id"),
    Index(None, "worker", "opened_at", "id"),
)

case_events: Final = Table(
    "case_events",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("from_state", String(16)),
    Column("to_state", String(16)),
    Column("actor", String(200), nullable=False),
    Column("note", Text, nullable=False),
    Index(None, "case_id", "id"),
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("destination", String(100), nullable=False),
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("idempotency_key", String(100), nullable=False),
    Column("record", JSON, nullable=False),
    Column("frozen", Boolean, nullable=False),  # the record has been shown to the destination
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("worker", String(200)),
    Column("lease_until", UtcDateTime),
    Column("last_error", Text),
    Column("remote_id", String(300)),
    Column("created_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    UniqueConstraint("destination", "case_id", "seq"),
    Index(None, "destination", "state", "created_at"),
    Index(None, "incident_id", "state"),
    Index(None, "created_at", "id"),
    Index(None, "state", "created_at", "id"),
)

outcomes: Final = Table(
    "outcomes",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), nullable=False),
    Column("destination", String(100), nullable=False),
    Column("outcome_key", String(300), nullable=False),  # told twice, it counts once
    Column("kind", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("remote_id", String(300)),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("from_state", String(16), nullable=False),
    Column("to_state", String(16), nullable=False),
    UniqueConstraint("destination", "outcome_key"),
    Index(None, "case_id", "id"),
)

received_cases: Final = Table(
    "received_cases",
    metadata,
    Column("case_id", ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    Column("peer", String(64), nullable=False),  # the instance that sent it
    Column("last_seq", Integer, nullable=False),  # its newest letter: older ones change nothing
    Column("last_key", String(100), nullable=False),
    Column("evidence", JSON, nullable=False),  # as the sender lists it, with its links
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "peer"),
)

presence: Final = Table(
    "presence",
    metadata,
    Column("source_id", String(200), primary_key=True),
    Column("state", JSON, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
)

processed: Final = Table(
    "processed",
    metadata,
    Column("origin_key", String(300), primary_key=True),
    Column("source_id", String(200), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "at"),
)

deletions: Final = Table(
    "deletions",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False),
    Column("data_class", String(32), nullable=False),
    Column("subject", Text, nullable=False),  # key, case number or how many rows
    Column("detail", Text, nullable=False),
    Index(None, "at"),
)

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
