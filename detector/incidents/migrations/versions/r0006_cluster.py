"""Machines that share the cameras, and their leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0006"
down_revision = "r0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("incarnation", sa.Uuid(), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("capacity", sa.Float(), nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("looks_per_s", sa.Float(), nullable=False),
        sa.Column("camera_list", sa.String(length=64), nullable=False),
        sa.Column("seal_key_id", sa.String(length=32), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_nodes"),
    )
    op.create_table(
        "leases",
        sa.Column("unit", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=100), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("unit", name="pk_leases"),
    )
    op.create_index("ix_leases_holder", "leases", ["holder"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_leases_holder", table_name="leases")
    op.drop_table("leases")
    op.drop_table("nodes")
