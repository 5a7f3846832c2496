"""Indexes for the pages' lists: filtered by what few rows have, a year's cases are not read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0005"
down_revision = "r0004"
branch_labels = None
depends_on = None

_INDEXES = (
    ("incidents", ("source_id", "violation", "opened_at")),
    ("cases", ("source_id", "opened_at", "id")),
    ("cases", ("violation", "opened_at", "id")),
    ("cases", ("worker", "opened_at", "id")),
    ("deliveries", ("incident_id", "state")),  # in the place of ("incident_id",)
    ("deliveries", ("created_at", "id")),
    ("deliveries", ("state", "created_at", "id")),
)


def upgrade() -> None:
    for table, columns in _INDEXES:
        op.create_index(_name(table, columns), table, list(columns), unique=False)
    op.drop_index("ix_deliveries_incident_id", table_name="deliveries")
    unplaced = sa.text("lon_deg IS NULL")
    op.create_index(
        "ix_incidents_unplaced",
        "incidents",
        ["opened_at"],
        unique=False,
        sqlite_where=unplaced,
        postgresql_where=unplaced,
    )


def downgrade() -> None:
    op.create_index("ix_deliveries_incident_id", "deliveries", ["incident_id"], unique=False)
    op.drop_index("ix_incidents_unplaced", table_name="incidents")
    for table, columns in reversed(_INDEXES):
        op.drop_index(_name(table, columns), table_name=table)


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
