"""What each state holds, and what made it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Of states that are there already, only what their names tell is known.
    with op.batch_alter_table("states") as states:
        states.add_column(sa.Column("keys", sa.JSON(), nullable=False, server_default="[]"))
        states.add_column(sa.Column("origin", sa.String(), nullable=False, server_default="created"))
        states.add_column(sa.Column("parent_id", sa.String()))
        states.add_column(sa.Column("code_digest", sa.String(), nullable=False, server_default=""))
        states.add_column(sa.Column("parameters", sa.JSON(), nullable=False, server_default="{}"))
    op.execute("UPDATE states SET origin = 'trained' WHERE name LIKE 'trained %'")
    with op.batch_alter_table("states") as states:
        for name in ("keys", "origin", "code_digest", "parameters"):
            states.alter_column(name, server_default=None)
