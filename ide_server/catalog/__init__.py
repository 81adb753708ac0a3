"""The database: models, variables, states, operations, datasets, sign-in. SQLite by default, PostgreSQL by URL."""

from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ide_server.catalog.api_tokens import ApiTokens
from ide_server.catalog.datasets import DatasetRecord, Datasets, KeyRecord, NumberRange
from ide_server.catalog.ids import new_id
from ide_server.catalog.launchers import LauncherRecord, Launchers
from ide_server.catalog.models import ModelRecord, Models
from ide_server.catalog.mounted_models import MountedModels, MountedRecord
from ide_server.catalog.operations import OperationRecord, Operations
from ide_server.catalog.previews import Previews
from ide_server.catalog.replies import Replies
from ide_server.catalog.sign_in import SignIn
from ide_server.catalog.snapshots import Snapshots
from ide_server.catalog.states import States
from ide_server.catalog.variables import VariableRecord, Variables
from ide_server.settings import Settings

__all__ = [
    "Catalog",
    "DatasetRecord",
    "KeyRecord",
    "LauncherRecord",
    "ModelRecord",
    "MountedRecord",
    "NumberRange",
    "OperationRecord",
    "VariableRecord",
    "migrate",
    "new_id",
]


class Catalog:
    def __init__(self, engine: AsyncEngine, blocking: Engine) -> None:
        self._engine = engine
        self.models = Models(engine)
        self.states = States(engine)
        self.snapshots = Snapshots(engine)
        self.launchers = Launchers(engine)
        self.operations = Operations(engine, blocking)
        self.variables = Variables(engine)
        self.mounted_models = MountedModels(engine)
        self.datasets = Datasets(engine)
        self.sign_in = SignIn(engine)
        self.api_tokens = ApiTokens(engine)
        self.previews = Previews(engine)
        self.replies = Replies(engine)

    @classmethod
    def open(cls, settings: Settings) -> Self:
        engine = create_async_engine(settings.catalog_url, hide_parameters=True)  # an error would log them
        blocking = create_engine(_blocking_url(settings), hide_parameters=True)
        if engine.dialect.name == "sqlite":
            event.listen(engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(blocking, "connect", _prepare_sqlite)
        return cls(engine, blocking)

    async def close(self) -> None:
        await self.operations.close()
        await self._engine.dispose()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    """WAL lets the web and the host process read while the other writes; a commit is on disk when it returns."""
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "busy_timeout = 10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def migrate(settings: Settings) -> None:
    """Bring the schema up to date, making the database if there is none. Blocks; runs before any process opens it."""
    # Here, as host and web, which never migrate, would each take half a second longer to start.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["url"] = _blocking_url(settings)
    command.upgrade(config, "head")


def _blocking_url(settings: Settings) -> URL:
    url = make_url(settings.catalog_url)
    return url.set(drivername=url.drivername.removesuffix("+aiosqlite"))
