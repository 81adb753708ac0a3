"""Where Alembic meets our tables: one connection, one transaction for all migrations."""

from alembic import context
from sqlalchemy import create_engine, pool

from ide_server.catalog.schema import metadata

engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.connect() as connection:
    # SQLite cannot alter most of a table in place: batch mode copies it.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
