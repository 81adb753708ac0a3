"""Catalogs for tests: the migrations run once, and each catalog is a copy of what they made."""

import functools
import tempfile
from pathlib import Path

from ide_server.catalog import migrate
from ide_server.settings import Settings

DATABASE = "slipway.db"


def make_catalog(settings: Settings) -> None:
    """Makes it where there is none."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    database = settings.data_dir / DATABASE
    if not database.exists():
        database.write_bytes(migrated())


@functools.cache
def migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        migrate(Settings(data_dir=Path(folder)))
        return (Path(folder) / DATABASE).read_bytes()
