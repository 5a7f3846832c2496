"""Tables of users, keys, the audit log and the operators' pages, beside those of the records."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
)

from detector.incidents.schema import incidents, metadata
from detector.incidents.utc import UtcDateTime

_Serial = BigInteger().with_variant(Integer, "sqlite")

users: Final = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(64), nullable=False, unique=True),  # lower case
    Column("role", String(16), nullable=False),
    Column("password_hash", Text, nullable=False),  # argon2id; empty: cannot sign in with one
    Column("must_change", Boolean, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),  # in a row, since the last success
    Column("locked_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_login_at", UtcDateTime),
)

sessions: Final = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # sha256: a stolen table opens no door
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "user_id"),
    Index(None, "expires_at"),
)

api_keys: Final = Table(
    "api_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    Column("used_at", UtcDateTime),
)

audit_log: Final = Table(
    "audit_log",
    metadata,
    Column("id", _Serial, primary_key=True, autoincrement=True),
    Column("seq", BigInteger, nullable=False, unique=True),  # counts from 1 without a gap
    Column("at", UtcDateTime, nullable=False),
    Column("actor", String(100), nullable=False),
    Column("via", String(16), nullable=False),  # session, key, command, service
    Column("action", String(64), nullable=False),
    Column("subject", String(300), nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", String(64), nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("entry_hash", String(64), nullable=False),
    Index(None, "action", "id"),
    Index(None, "actor", "id"),
)

camera_settings: Final = Table(
    "camera_settings",
    metadata,
    Column("camera_id", String(200), primary_key=True),
    Column("settings", JSON, nullable=False),  # keys of CameraConfig that override the file's
    Column("version", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("updated_by", String(100), nullable=False),
)

review_leases: Final = Table(
    "review_leases",
    metadata,
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("holder", String(100), nullable=False),  # a signed-in user's name
    Column("until", UtcDateTime, nullable=False),
    Index(None, "holder"),
    Index(None, "until"),
)

held_verdicts: Final = Table(
    "held_verdicts",
    metadata,
    Column("incident_id", ForeignKey("incidents.id", ondelete="CASCADE"), primary_key=True),
    Column("operator", String(100), nullable=False),
    Column("answer", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("class_name", String(64)),
    Column("box_unit", JSON(none_as_null=True)),
    Column("held_at", UtcDateTime, nullable=False),
    Column("commit_at", UtcDateTime, nullable=False),
    Index(None, "commit_at"),
)

review_order: Final = Index(
    "ix_incidents_verdict_urgent_opened_at_id",
    incidents.c.verdict,
    incidents.c.urgent,
    incidents.c.opened_at,
    incidents.c.id,
)
"""The review queue's order."""
