"""The environment that a model is to have once it is built."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("models", sa.Column("wanted_environment", sa.JSON()))
