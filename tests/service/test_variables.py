"""Variables of models, over a real catalog and key file: their owner, and the routes before it."""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from ide_server.catalog import Catalog, schema
from ide_server.errors import InvalidRequest, ModelNotFound, SecretsUnreadable, VariableNotFound
from ide_server.host.events import ModelEvents
from ide_server.host.routes import variables as routes
from ide_server.host.variables import MAX_TOTAL_BYTES, MAX_VALUE_BYTES, MAX_VARIABLES, Variables
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import ModelId, Variable, VariablesChanged, VariableValue
from tests.support.catalogs import make_catalog

pytestmark = pytest.mark.anyio

SECRET = VariableValue("correct horse battery staple", secret=True)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def catalog(settings: Settings) -> AsyncIterator[Catalog]:
    catalog = Catalog.open(settings)
    yield catalog
    await catalog.close()


@pytest.fixture
def events() -> ModelEvents:
    return ModelEvents()


@pytest.fixture
def variables(settings: Settings, catalog: Catalog, events: ModelEvents) -> Variables:
    return Variables(settings, catalog, events)


@pytest.fixture
async def model(catalog: Catalog) -> ModelId:
    return (await catalog.models.create("m", limit_bytes=1)).id


async def stored(catalog: Catalog) -> list[Any]:
    async with catalog._engine.connect() as connection:
        return list(await connection.execute(select(schema.variables)))


async def test_what_is_set_is_passed_on_and_a_secret_is_not_shown(variables: Variables, model: ModelId) -> None:
    assert await variables.set(model, "TOKEN", SECRET) == Variable("TOKEN", None, True)
    assert await variables.set(model, "MODE", VariableValue("fast")) == Variable("MODE", "fast", False)
    assert await variables.list(model) == [Variable("MODE", "fast", False), Variable("TOKEN", None, True)]
    passed = await variables.environment_of(model)
    assert passed.values == {"MODE": "fast", "TOKEN": SECRET.value}
    assert passed.secrets == {SECRET.value}
    assert SECRET.value not in repr(passed)


async def test_a_variable_is_replaced_and_deleted(variables: Variables, model: ModelId) -> None:
    await variables.set(model, "A", SECRET)
    await variables.set(model, "A", VariableValue("open"))
    assert await variables.list(model) == [Variable("A", "open", False)]
    assert (await variables.environment_of(model)).secrets == frozenset()
    await variables.delete(model, "A")
    assert (await variables.environment_of(model)).values == {}
    with pytest.raises(VariableNotFound, match="no variable 'A'"):
        await variables.delete(model, "A")


async def test_every_change_gives_another_revision_and_is_announced(
    variables: Variables, model: ModelId, events: ModelEvents
) -> None:
    told: list[ModelId] = []
    variables.on_change(told.append)
    with events.subscribe(model) as subscription:
        seen = [variables.revision_of(model)]
        await variables.set(model, "A", VariableValue("1"))
        seen.append(variables.revision_of(model))
        await variables.set(model, "A", SECRET)
        seen.append((await variables.environment_of(model)).revision)
        await variables.delete(model, "A")
        seen.append(variables.revision_of(model))
        subscription.end()
        heard = [event async for event in subscription]
    assert len(set(seen)) == 4
    assert told == [model] * 3
    assert heard == [
        VariablesChanged([Variable("A", "1", False)]),
        VariablesChanged([Variable("A", None, True)]),
        VariablesChanged([]),
    ]


async def test_models_do_not_share_variables_and_take_them_along(
    variables: Variables, catalog: Catalog, model: ModelId
) -> None:
    other = (await catalog.models.create("other", limit_bytes=1)).id
    await variables.set(model, "A", SECRET)
    assert await variables.list(other) == []
    assert variables.revision_of(other) == 0
    await catalog.models.delete(model)
    assert await stored(catalog) == []
    with pytest.raises(ModelNotFound):
        await variables.list(model)
    with pytest.raises(ModelNotFound):
        await variables.set(model, "A", SECRET)
    with pytest.raises(ModelNotFound):
        await variables.delete(model, "A")


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A=B", "A B", "Ä", "A\n", "x" * 129, "PATH", "HOME", "LD_PRELOAD"])
async def test_a_name_that_cannot_be_passed_or_breaks_the_sandbox_is_refused(
    variables: Variables, model: ModelId, name: str
) -> None:
    with pytest.raises(InvalidRequest, match="name") as refused:
        await variables.set(model, name, SECRET)
    assert SECRET.value not in refused.value.message
    assert refused.value.details == {"field": "name"}
    assert await variables.list(model) == []


@pytest.mark.parametrize("name", ["A", "_", "a1", "x" * 128, "PYTHONPATH", "NODE_OPTIONS", "LANG", "PIP_INDEX_URL"])
async def test_other_names_are_taken(variables: Variables, model: ModelId, name: str) -> None:
    await variables.set(model, name, VariableValue(""))
    assert (await variables.environment_of(model)).values == {name: ""}


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (VariableValue("private\0", secret=True), "zero byte"),
        (
            VariableValue("private" + "é" * (MAX_VALUE_BYTES // 2), secret=True),
            "at most 32,768 bytes for A, got 32,775",
        ),
        (VariableValue("pri", secret=True), "at least 4 characters"),
        (VariableValue("pri\npri\n", secret=True), "at least 4 characters"),
        (VariableValue("", secret=True), "at least 4 characters"),
    ],
)
async def test_a_value_that_cannot_be_kept_is_refused_without_quoting_it(
    variables: Variables, model: ModelId, new: VariableValue, said: str
) -> None:
    with pytest.raises(InvalidRequest, match=said) as refused:
        await variables.set(model, "A", new)
    assert "private" not in refused.value.message


async def test_a_model_has_a_bounded_number_of_variables(variables: Variables, model: ModelId) -> None:
    for number in range(MAX_VARIABLES):
        await variables.set(model, f"A{number}", VariableValue("x"))
    with pytest.raises(InvalidRequest, match="has 100 variables"):
        await variables.set(model, "B", VariableValue("x"))
    await variables.set(model, "A0", VariableValue("another"))


async def test_a_model_has_bounded_room_for_values(variables: Variables, model: ModelId) -> None:
    largest = VariableValue("x" * MAX_VALUE_BYTES)
    fitting = MAX_TOTAL_BYTES // MAX_VALUE_BYTES - 1
    for number in range(fitting):
        await variables.set(model, f"A{number}", largest)
    with pytest.raises(InvalidRequest, match="262,144 bytes"):
        await variables.set(model, "B", largest)
    await variables.set(model, "A0", largest)


async def test_the_database_alone_reveals_nothing(
    variables: Variables, settings: Settings, model: ModelId, catalog: Catalog
) -> None:
    await variables.set(model, "TOKEN", SECRET)
    await catalog.close()
    for path in settings.data_dir.iterdir():
        assert SECRET.value.encode() not in path.read_bytes(), path
    assert (settings.data_dir / "secrets.key").stat().st_mode & 0o777 == 0o600


async def test_a_sealed_value_opens_in_no_other_row(variables: Variables, catalog: Catalog, model: ModelId) -> None:
    other = (await catalog.models.create("other", limit_bytes=1)).id
    await variables.set(model, "A", SECRET)
    [row] = await stored(catalog)
    copies = [(model, "B"), (other, "A")]
    async with catalog._engine.begin() as connection:
        for model_id, name in copies:
            values = {"model_id": model_id, "name": name, "value": row.value, "secret": True}
            await connection.execute(insert(schema.variables).values(values))
    for model_id, name in copies:
        with pytest.raises(SecretsUnreadable) as refused:
            await variables.environment_of(model_id)
        assert refused.value.details == {"names": [name]}


async def test_a_lost_key_names_the_secrets_and_leaves_a_way_out(
    variables: Variables, settings: Settings, model: ModelId, caplog: pytest.LogCaptureFixture
) -> None:
    await variables.set(model, "PLAIN", VariableValue("p"))
    for name in ("A", "B"):
        await variables.set(model, name, SECRET)
    key_file = settings.data_dir / "secrets.key"
    kept = key_file.read_bytes()
    key_file.unlink()
    await variables.start()
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert len(await variables.list(model)) == 3
    with pytest.raises(SecretsUnreadable) as refused:
        await variables.environment_of(model)
    assert refused.value.details == {"names": ["A", "B"]}
    assert str(key_file) in refused.value.message and "Secrets: A, B." in refused.value.message
    key_file.write_bytes(kept)
    assert set((await variables.environment_of(model)).values) == {"PLAIN", "A", "B"}
    key_file.unlink()
    await variables.set(model, "A", SECRET)
    with pytest.raises(SecretsUnreadable, match="No key in"):
        await variables.environment_of(model)
    await variables.delete(model, "B")
    assert (await variables.environment_of(model)).values == {"PLAIN": "p", "A": SECRET.value}


async def test_a_new_key_takes_over_at_the_next_start(
    variables: Variables, settings: Settings, catalog: Catalog, model: ModelId
) -> None:
    await variables.set(model, "A", SECRET)
    key_file = settings.data_dir / "secrets.key"
    old = key_file.read_text()
    key_file.write_text("q" * 43 + "=\n" + old)
    await variables.start()
    renewed = await stored(catalog)
    key_file.write_text("q" * 43 + "=\n")
    assert (await variables.environment_of(model)).values == {"A": SECRET.value}
    await variables.start()
    assert await stored(catalog) == renewed


async def test_an_error_of_the_database_quotes_no_value(catalog: Catalog, model: ModelId) -> None:
    async with catalog._engine.begin() as connection:
        with pytest.raises(Exception, match="no such column") as failed:
            await connection.execute(update(schema.variables).values(value="private").where(text("nope = 1")))
    assert "private" not in str(failed.value)


# --- routes ---


class Served:
    def __init__(self, client: TestClient, model_id: ModelId) -> None:
        self.client = client
        self.path = f"/api/v1/models/{model_id}/variables"


@pytest.fixture
def served(settings: Settings) -> Iterator[Served]:
    made: list[ModelId] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        catalog = Catalog.open(settings)
        made.append((await catalog.models.create("m", limit_bytes=1)).id)
        yield {"variables": Variables(settings, catalog, ModelEvents())}
        await catalog.close()

    app = Starlette(
        routes=[Mount("/api/v1", routes=routes.routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan
    )
    with TestClient(app) as client:
        yield Served(client, made[0])


def test_variables_are_set_listed_and_deleted_by_the_api(served: Served) -> None:
    client, path = served.client, served.path
    assert client.get(path).json() == []
    plain = client.put(f"{path}/MODE", json={"value": "fast"})
    assert (plain.status_code, plain.json()) == (200, {"name": "MODE", "value": "fast", "secret": False})
    secret = client.put(f"{path}/TOKEN", json={"value": SECRET.value, "secret": True})
    assert (secret.status_code, secret.json()) == (200, {"name": "TOKEN", "value": None, "secret": True})
    assert client.get(path).json() == [plain.json(), secret.json()]
    assert client.delete(f"{path}/TOKEN").status_code == 204
    gone = client.delete(f"{path}/TOKEN")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "variable_not_found")


def test_the_largest_value_fits_into_a_request_however_it_is_written(served: Served) -> None:
    largest = "\x01" * MAX_VALUE_BYTES  # in JSON six bytes each
    assert served.client.put(f"{served.path}/A", json={"value": largest}).json()["value"] == largest


@pytest.mark.parametrize(
    "body",
    [
        b'{"value": ["private"]}',
        b'{"value": "private", "secret": "private"}',
        b'{"value": "private", "more": "private"}',
        b'{"value": "private',
        b'{"value": "private" private',
        b'{"value": "private\\ud800"}',
        b'"private"',
        b'{"secret": true}',
    ],
)
def test_a_request_that_is_not_understood_is_not_quoted(served: Served, body: bytes) -> None:
    reply = served.client.put(f"{served.path}/A", content=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")
    assert "private" not in reply.text
