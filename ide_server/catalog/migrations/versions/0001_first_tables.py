"""The first tables: models, states, operations, sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "models",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("limit_bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_bytes", sa.BigInteger(), nullable=False),
        sa.Column("used_files", sa.BigInteger(), nullable=False),
        sa.Column("active_state_id", sa.String()),
        sa.Column("functions", sa.JSON()),
        sa.PrimaryKeyConstraint("id", name="pk_models"),
    )
    op.create_table(
        "states",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("byte_size", sa.BigInteger(), nullable=False),
        sa.Column("operation_id", sa.String()),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_states_model_id_models", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_states"),
    )
    op.create_index("ix_states_model_id_created_at", "states", ["model_id", "created_at"])
    op.create_table(
        "operations",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("state_id", sa.String()),
        sa.Column("result_state_id", sa.String()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double()),
        sa.Column("ended_at", sa.Double()),
        sa.Column("outcome", sa.JSON()),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_operations_model_id_models", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_operations"),
    )
    op.create_index("ix_operations_model_id_created_at", "operations", ["model_id", "created_at"])
    op.create_index("ix_operations_status", "operations", ["status"])
    op.create_table(
        "sign_in_tokens",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sign_in_tokens"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )


def downgrade() -> None:
    for table in ("sessions", "sign_in_tokens", "operations", "states", "models"):
        op.drop_table(table)
