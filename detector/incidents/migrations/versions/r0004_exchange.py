"""Cases of other instances, and the component that a case is about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("cases", sa.Column("component", sa.JSON(), nullable=True))
    op.add_column("cases", sa.Column("path", sa.JSON(), nullable=True))
    op.create_table(
        "received_cases",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("peer", sa.String(length=64), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("last_key", sa.String(length=100), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name="fk_received_cases_case_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", name="pk_received_cases"),
    )
    op.create_index("ix_received_cases_peer", "received_cases", ["peer"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_received_cases_peer", table_name="received_cases")
    op.drop_table("received_cases")
    op.drop_column("cases", "path")
    op.drop_column("cases", "component")
