"""How models are launched, what operations ran on, persistent launchers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("models", sa.Column("launch", sa.JSON(none_as_null=True)))
    for name in ("spec", "max_durations", "launcher"):
        op.add_column("operations", sa.Column(name, sa.JSON(none_as_null=True)))
    op.create_table(
        "launchers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("choice", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], ondelete="CASCADE", name="fk_launchers_model_id_models"),
        sa.PrimaryKeyConstraint("id", name="pk_launchers"),
    )
