"""Letters go out in the order in which they were written, also after a day's outage."""

from __future__ import annotations

from alembic import op

revision = "r0007"
down_revision = "r0006"
branch_labels = None
depends_on = None

_BY_DUE = "ix_deliveries_destination_state_due_at"
_BY_AGE = "ix_deliveries_destination_state_created_at"


def upgrade() -> None:
    op.drop_index(_BY_DUE, table_name="deliveries")
    op.create_index(_BY_AGE, "deliveries", ["destination", "state", "created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(_BY_AGE, table_name="deliveries")
    op.create_index(_BY_DUE, "deliveries", ["destination", "state", "due_at"], unique=False)
