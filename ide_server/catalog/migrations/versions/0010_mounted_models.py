"""Mounted models."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "mounted_models",
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("other_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["models.id"], name="fk_mounted_models_model_id_models", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["other_id"], ["models.id"], name="fk_mounted_models_other_id_models", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("model_id", "name", name="pk_mounted_models"),
        sa.UniqueConstraint("model_id", "other_id", name="uq_mounted_models_model_id_other_id"),
    )
    op.create_index("ix_mounted_models_other_id", "mounted_models", ["other_id"])
