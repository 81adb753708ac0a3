"""A model's choice of environment, and its variables."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("models", sa.Column("environment", sa.JSON()))
    op.add_column("models", sa.Column("environment_key", sa.String()))
    op.create_table(
        "variables",
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("secret", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_variables_model_id_models", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("model_id", "name", name="pk_variables"),
    )
