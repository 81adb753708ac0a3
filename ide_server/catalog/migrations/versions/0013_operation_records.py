"""What short operations leave, in the database."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "operation_records",
        sa.Column("operation_id", sa.String(), nullable=False),
        sa.Column("request", sa.LargeBinary()),
        sa.Column("events", sa.LargeBinary()),
        sa.Column("result", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["operation_id"],
            ["operations.id"],
            ondelete="CASCADE",
            name="fk_operation_records_operation_id_operations",
        ),
        sa.PrimaryKeyConstraint("operation_id", name="pk_operation_records"),
    )
