"""Operations on snapshots, and those that go on with what others left."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for name in ("snapshot_id", "resumes_id"):
        op.add_column("operations", sa.Column(name, sa.String()))
