"""The catalog on a real SQLite file."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import IntegrityError

from ide_server.catalog import Catalog, OperationRecord, VariableRecord, migrate, schema
from ide_server.errors import ModelNotFound, StateNotFound, VariableNotFound
from ide_server.settings import Settings
from ide_server.wire import EnvironmentChoice, ModelId, Operation, OperationId, Outcome, State, StateId, StateKey

pytestmark = pytest.mark.anyio


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def catalog(settings: Settings) -> AsyncIterator[Catalog]:
    migrate(settings)
    catalog = Catalog.open(settings)
    yield catalog
    await catalog.close()


def operation(model_id: ModelId, **changes: object) -> Operation:
    values = {
        "id": OperationId("o1"),
        "model_id": model_id,
        "kind": "train",
        "status": "queued",
        "parameters": {"steps": 3, "x": [1.5, None]},
        "state_id": None,
        "result_state_id": None,
        "created_at": 1.0,
        "started_at": None,
        "ended_at": None,
        "outcome": None,
    }
    return Operation(**{**values, **changes})  # type: ignore[arg-type]  # the table above has the types


def a_state(model_id: ModelId) -> State:
    return State(
        id=StateId("s1"),
        model_id=model_id,
        name="first",
        created_at=1.0,
        byte_size=10,
        operation_id=None,
        keys=[StateKey("", 10)],
        origin="trained",
        parent_id=StateId("s0"),
        code_digest="0" * 64,
        parameters={"rate": 0.5},
    )


def test_the_migrations_make_exactly_the_tables(settings: Settings) -> None:
    migrate(settings)
    migrate(settings)
    engine = create_engine(f"sqlite:///{settings.data_dir / 'slipway.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


async def test_a_model_keeps_its_choice_of_environment(catalog: Catalog) -> None:
    choice = EnvironmentChoice("3.12", "24", {"torch": "2.13.0"})
    first, second = [await catalog.models.create(name, limit_bytes=1 << 20) for name in ("first", "second")]
    assert (first.environment, first.environment_key) == (None, None)
    for record in (first, second):
        await catalog.models.set_environment(record.id, choice, key="k1")
    await catalog.models.create("third", limit_bytes=1 << 20)
    chosen = await catalog.models.get(first.id)
    assert (chosen.environment, chosen.environment_key) == (choice, "k1")
    assert await catalog.models.environment_keys() == {"k1"}
    await catalog.models.set_environment(first.id, None, key=None)
    cleared = await catalog.models.get(first.id)
    assert (cleared.environment, cleared.environment_key) == (None, None)


async def test_a_model_keeps_what_was_set(catalog: Catalog) -> None:
    record = await catalog.models.create("first", limit_bytes=32 << 20)
    await catalog.models.rename(record.id, "renamed")
    await catalog.models.set_limit(record.id, 64 << 20)
    await catalog.models.set_use(record.id, used_bytes=4096, used_files=3)
    await catalog.models.set_active_state(record.id, StateId("s"))
    await catalog.models.set_functions(record.id, ["evaluate", "train"])
    model = (await catalog.models.get(record.id)).as_model()
    assert (model.name, model.active_state_id, model.functions) == ("renamed", "s", ["evaluate", "train"])
    assert model.usage.limit_bytes == 64 << 20 and model.usage.limit_files == 8192
    assert [each.id for each in await catalog.models.list()] == [record.id]


async def test_an_unknown_model_is_a_user_error(catalog: Catalog) -> None:
    with pytest.raises(ModelNotFound, match="no model 'nope'"):
        await catalog.models.get(ModelId("nope"))


async def test_an_operation_reads_back_as_it_was_written(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    await catalog.operations.create(operation(model.id))
    assert await catalog.operations.list_unfinished() == [operation(model.id)]
    outcome = Outcome("code_terminated", "killed", at="train", signal="SIGKILL", oom=True)
    ended = operation(model.id, status="failed", started_at=2.0, ended_at=3.0, outcome=outcome)
    await catalog.operations.save(ended)
    assert await catalog.operations.get(OperationId("o1")) == ended
    assert await catalog.operations.list(model.id) == [ended]
    assert await catalog.operations.list_unfinished() == []


async def test_a_state_belongs_to_one_model(catalog: Catalog) -> None:
    mine = await catalog.models.create("mine", limit_bytes=1)
    other = await catalog.models.create("other", limit_bytes=1)
    state = a_state(mine.id)
    await catalog.states.create(state)
    assert await catalog.states.get(mine.id, state.id) == state
    with pytest.raises(StateNotFound):
        await catalog.states.get(other.id, state.id)


async def test_a_variable_has_one_value_of_one_model(catalog: Catalog) -> None:
    mine = (await catalog.models.create("mine", limit_bytes=1)).id
    other = (await catalog.models.create("other", limit_bytes=1)).id
    records = [VariableRecord(mine, "B", "sealed", True), VariableRecord(mine, "A", "new", False)]
    for record in (VariableRecord(mine, "A", "old", True), *records, VariableRecord(other, "A", "theirs", False)):
        await catalog.variables.set(record)
    assert await catalog.variables.list(mine) == records[::-1]
    assert await catalog.variables.list_secrets() == [records[0]]
    await catalog.variables.delete(mine, "A")
    assert await catalog.variables.list(mine) == [records[0]]
    assert await catalog.variables.list(other) == [VariableRecord(other, "A", "theirs", False)]
    with pytest.raises(VariableNotFound):
        await catalog.variables.delete(mine, "A")


async def test_a_model_that_was_just_deleted_gets_no_variable(catalog: Catalog) -> None:
    with pytest.raises(ModelNotFound, match="no model 'nope'"):
        await catalog.variables.set(VariableRecord(ModelId("nope"), "A", "value", False))


async def test_deleting_a_model_deletes_its_rows(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    await catalog.variables.set(VariableRecord(model.id, "A", "value", False))
    await catalog.states.create(a_state(model.id))
    await catalog.operations.create(operation(model.id))
    await catalog.models.delete(model.id)
    assert await catalog.states.list(model.id) == []
    assert await catalog.variables.list(model.id) == []
    assert await catalog.operations.list(model.id) == []


async def test_a_sign_in_token_opens_one_session(catalog: Catalog) -> None:
    token = await catalog.sign_in.create_token()
    session = await catalog.sign_in.open_session(token, seconds=60)
    assert session is not None and await catalog.sign_in.is_open(session)
    assert await catalog.sign_in.open_session(token, seconds=60) is None
    await catalog.sign_in.close_session(session)
    assert not await catalog.sign_in.is_open(session)


async def test_a_session_ends_with_its_time(catalog: Catalog) -> None:
    session = await catalog.sign_in.open_session(await catalog.sign_in.create_token(), seconds=0)
    assert session is not None and not await catalog.sign_in.is_open(session)


async def test_operations_saved_at_once_are_all_written_and_the_last_version_of_each_stays(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    ids = [OperationId(f"o{number}") for number in range(50)]
    async with asyncio.TaskGroup() as group:
        for operation_id in ids:
            group.create_task(catalog.operations.create(operation(model.id, id=operation_id)))
        await asyncio.sleep(0)
        for operation_id in ids:
            catalog.operations.save_soon(operation(model.id, id=operation_id, status="running"))
    assert {each.id: each.status for each in await catalog.operations.list(model.id)} == dict.fromkeys(ids, "running")
    for operation_id in ids:
        catalog.operations.save_soon(operation(model.id, id=operation_id, status="succeeded"))
    assert await catalog.operations.list_unfinished() == []


async def test_operations_are_read_a_page_at_a_time_none_twice(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    times = {"a": 1.0, "b": 2.0, "c": 2.0, "d": 3.0}
    for operation_id, created_at in times.items():
        await catalog.operations.create(operation(model.id, id=OperationId(operation_id), created_at=created_at))
    first = await catalog.operations.list(model.id, limit=2)
    assert [each.id for each in first] == ["d", "c"]
    assert [each.id for each in await catalog.operations.list(model.id, older_than=first[-1])] == ["b", "a"]


async def test_the_record_of_an_operation_is_what_was_given_last_of_each_part(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    written = catalog.operations.create_soon(operation(model.id), request=b"asked")
    await catalog.operations.save(operation(model.id, status="running"), OperationRecord(events=b"first"))
    assert written.done()
    assert await catalog.operations.record(OperationId("o1")) == (b"asked", b"first", None)
    await catalog.operations.save(operation(model.id, status="succeeded"), OperationRecord(None, b"all", b"result"))
    await catalog.operations.save(operation(model.id, status="succeeded"))
    assert await catalog.operations.record(OperationId("o1")) == (b"asked", b"all", b"result")
    await catalog.operations.delete(OperationId("o1"))
    assert await catalog.operations.record(OperationId("o1")) == OperationRecord()


async def test_what_is_saved_soon_is_written_without_anything_after_it(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    async with asyncio.timeout(10):
        await catalog.operations.create_soon(operation(model.id))
    assert await catalog.operations.list_unfinished() == [operation(model.id)]


async def test_operations_that_end_beside_each_other_are_written_in_one_commit(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    ids = [OperationId(f"o{number}") for number in range(3)]
    for operation_id in ids:
        catalog.operations.create_soon(operation(model.id, id=operation_id))
    commits: list[Connection] = []
    heard = commits.append
    event.listen(Engine, "commit", heard)
    try:
        async with asyncio.TaskGroup() as group:
            for operation_id in ids:
                group.create_task(catalog.operations.save(operation(model.id, id=operation_id, status="succeeded")))
                for _ in range(3):  # turns of the loop, in which a write begins
                    await asyncio.sleep(0)
    finally:
        event.remove(Engine, "commit", heard)
    assert len(commits) == 1


async def test_a_row_of_a_deleted_model_fails_alone(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    rows = [operation(model.id), operation(ModelId("gone"), id=OperationId("o2")), operation(model.id, id="o3")]
    failed = await asyncio.gather(*(catalog.operations.create(row) for row in rows), return_exceptions=True)
    assert [type(each) for each in failed] == [type(None), IntegrityError, type(None)]
    assert {each.id for each in await catalog.operations.list(model.id)} == {"o1", "o3"}


async def test_what_a_cancelled_caller_saved_is_written_all_the_same(catalog: Catalog) -> None:
    model = await catalog.models.create("m", limit_bytes=1)
    await catalog.operations.create(operation(model.id))
    saving = asyncio.create_task(catalog.operations.save(operation(model.id, status="running")))
    await asyncio.sleep(0)
    saving.cancel()
    assert (await catalog.operations.get(OperationId("o1"))).status == "running"


async def test_a_model_is_read_anew_after_each_change(catalog: Catalog) -> None:
    model = await catalog.models.create("first", limit_bytes=1)
    assert (await catalog.models.find("first")) == [model]
    await catalog.models.rename(model.id, "second")
    assert (await catalog.models.get(model.id)).name == "second"
    assert await catalog.models.find("first") == []
    other = await catalog.models.create("second", limit_bytes=1)
    assert {each.id for each in await catalog.models.find("second")} == {model.id, other.id}
    await catalog.models.delete(other.id)
    assert [each.id for each in await catalog.models.find("second")] == [model.id]
