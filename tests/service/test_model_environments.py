"""A model's choice of environment, over a store whose builds go on and end as the test says."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from ide_server.catalog import Catalog
from ide_server.errors import EnvironmentFailed, EnvironmentUnavailable, ModelNotFound
from ide_server.host import model_environments
from ide_server.host.events import ModelEvents
from ide_server.host.model_environments import ModelEnvironments
from ide_server.host.mounted_models import MountedModels
from ide_server.host.routes.model_environment import routes
from ide_server.host.variables import Variables
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings
from ide_server.wire import (
    Build,
    EnvironmentChanged,
    EnvironmentChoice,
    ModelEnvironment,
    ModelEvent,
    ModelId,
    VariableValue,
)
from tests.support.catalogs import make_catalog
from tests.support.environment_store import DEFAULT, NO_SUCH, FakeStore, plan_of
from tests.support.mounted_models import until

pytestmark = pytest.mark.anyio

TORCH = EnvironmentChoice("3.13", "24", {"torch": "2.13.0"})
NODE = EnvironmentChoice("3.13", "20")
UNKNOWN = ModelId("unknown")


class Host:
    def __init__(self, settings: Settings, store: FakeStore, catalog: Catalog) -> None:
        self.store = store
        self.catalog = catalog
        self.events = ModelEvents()
        self.variables = Variables(settings, catalog, self.events)
        mounted = MountedModels(catalog, self.events)
        self.environments = ModelEnvironments(catalog, store, self.variables, mounted, self.events)
        self.changed: list[ModelId] = []
        self.environments.on_change(self.changed.append)

    async def model(self) -> ModelId:
        return (await self.catalog.models.create("model", limit_bytes=1 << 20)).id

    async def choose(self, model_id: ModelId, choice: EnvironmentChoice) -> ModelEnvironment:
        return await self.environments.choose(model_id, choice)

    async def shown(self, model_id: ModelId) -> ModelEnvironment:
        return await self.environments.get(model_id)

    async def kept(self, model_id: ModelId) -> tuple[EnvironmentChoice | None, str | None, EnvironmentChoice | None]:
        record = await self.catalog.models.get(model_id)
        return record.environment, record.environment_key, record.wanted_environment

    async def until_built(self, model_id: ModelId) -> ModelEnvironment:
        return await self.until(model_id, lambda shown: shown.build is None)

    async def until_ended(self, model_id: ModelId) -> Build:
        shown = await self.until(model_id, lambda shown: shown.build is None or shown.build.status != "running")
        assert shown.build is not None
        return shown.build

    async def until(self, model_id: ModelId, condition: Callable[[ModelEnvironment], bool]) -> ModelEnvironment:
        with self.events.subscribe(model_id) as events:
            shown = await self.shown(model_id)
            async with asyncio.timeout(10):
                while not condition(shown):
                    shown = environment_of(await anext(aiter(events)))
        return shown


def environment_of(event: ModelEvent) -> ModelEnvironment:
    assert isinstance(event, EnvironmentChanged)
    return event.environment


def key_of(choice: EnvironmentChoice) -> str:
    return plan_of(choice).key


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
def store() -> FakeStore:
    store = FakeStore()
    store.put(DEFAULT)
    return store


@asynccontextmanager
async def started(settings: Settings, store: FakeStore) -> AsyncIterator[Host]:
    catalog = Catalog.open(settings)
    host = Host(settings, store, catalog)
    yield host
    await host.environments.close()
    await store.close()
    await catalog.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_environments, "REPORT_SECONDS", 0.01)
    monkeypatch.setattr(model_environments, "SETTLE_SECONDS", 0.05)


@pytest.fixture
async def host(settings: Settings, store: FakeStore) -> AsyncIterator[Host]:
    async with started(settings, store) as host:
        yield host


# --- choosing ---


async def test_a_model_without_a_choice_has_the_default(host: Host) -> None:
    model = await host.model()
    assert await host.shown(model) == ModelEnvironment(DEFAULT, key_of(DEFAULT), None)
    assert await host.kept(model) == (None, None, None)


async def test_what_is_built_is_in_use_at_once(host: Host) -> None:
    model = await host.model()
    host.store.put(TORCH)
    assert await host.choose(model, TORCH) == ModelEnvironment(TORCH, key_of(TORCH), None)
    assert await host.kept(model) == (TORCH, key_of(TORCH), None)
    assert host.changed[-1] == model
    assert await host.catalog.models.environment_keys() == {key_of(TORCH)}


async def test_what_is_not_is_built_while_the_one_before_is_in_use_and_then_takes_its_place(host: Host) -> None:
    model = await host.model()
    await host.shown(model)
    chosen = await host.choose(model, TORCH)
    assert (chosen.choice, chosen.key) == (DEFAULT, key_of(DEFAULT))
    assert chosen.build is not None
    assert (chosen.build.choice, chosen.build.status) == (TORCH, "running")
    assert (await host.environments.equip(model)).environment.key == key_of(DEFAULT)
    host.changed.clear()
    await until(lambda: host.store.building(TORCH), what="the build runs")
    host.store.finish(TORCH)
    assert await host.until_built(model) == ModelEnvironment(TORCH, key_of(TORCH), None)
    assert (await host.environments.equip(model)).environment.key == key_of(TORCH)
    assert host.changed == [model]
    assert await host.kept(model) == (TORCH, key_of(TORCH), None)


async def test_another_environment_is_given_beside_the_one_in_use_and_built_for_that(host: Host) -> None:
    model_id = await host.model()
    assert (await host.environments.equip_with(model_id, None)).environment.key == plan_of(DEFAULT).key
    waiting = asyncio.create_task(host.environments.equip_with(model_id, NODE))
    await until(lambda: host.store.building(NODE), what="it is built")
    host.store.finish(NODE)
    assert (await waiting).environment.key == plan_of(NODE).key
    assert await host.kept(model_id) == (None, None, None)
    assert (await host.environments.equip(model_id)).environment.key == plan_of(DEFAULT).key
    abandoned = asyncio.create_task(host.environments.equip_with(model_id, TORCH))
    await until(lambda: host.store.building(TORCH), what="it is built")
    abandoned.cancel()
    await asyncio.wait([abandoned])
    assert not host.store.building(TORCH)


async def test_a_combination_that_does_not_exist_changes_nothing(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    with pytest.raises(EnvironmentUnavailable, match=r"no torch 9\.9\.9"):
        await host.choose(model, NO_SUCH)
    shown = await host.shown(model)
    assert shown.build is not None
    assert (shown.build.choice, shown.build.status) == (TORCH, "running")


async def test_a_failed_build_stays_visible_until_the_next_choice(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    await until(lambda: host.store.building(TORCH), what="the build runs")
    host.store.fail(TORCH, EnvironmentFailed("no route to the registry"))
    build = await host.until_ended(model)
    assert (build.choice, build.status, build.message) == (TORCH, "failed", "no route to the registry")
    assert await host.kept(model) == (None, None, None)
    assert (await host.environments.equip(model)).environment.key == key_of(DEFAULT)
    assert (await host.shown(model)).build == build
    assert await host.choose(model, DEFAULT) == ModelEnvironment(DEFAULT, key_of(DEFAULT), None)


async def test_a_fault_of_the_server_ends_a_build_as_failed(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    await until(lambda: host.store.building(TORCH), what="the build runs")
    host.store.fail(TORCH, ZeroDivisionError("ours"))
    build = await host.until_ended(model)
    assert (build.status, build.message) == ("failed", model_environments.UNEXPECTED)
    assert "ZeroDivisionError: ours" in caplog.text


async def test_a_cancelled_build_leaves_the_one_before_in_use(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    await host.environments.cancel_build(model)
    shown = await host.shown(model)
    assert (shown.choice, shown.key) == (DEFAULT, key_of(DEFAULT))
    assert shown.build is not None
    assert (shown.build.choice, shown.build.status) == (TORCH, "cancelled")
    assert host.store.buildings[key_of(TORCH)].over
    assert await host.kept(model) == (None, None, None)


async def test_cancelling_without_a_build_does_nothing(host: Host) -> None:
    model = await host.model()
    await host.environments.cancel_build(model)
    assert (await host.shown(model)).build is None
    await host.choose(model, TORCH)
    await until(lambda: host.store.building(TORCH), what="the build runs")
    host.store.fail(TORCH, EnvironmentFailed("why"))
    failed = await host.until_ended(model)
    await host.environments.cancel_build(model)
    assert (await host.shown(model)).build == failed


async def test_another_choice_takes_the_place_of_the_one_that_is_built(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    await host.choose(model, NODE)
    assert host.store.buildings[key_of(TORCH)].over
    await until(lambda: host.store.building(NODE), what="the build runs")
    host.store.finish(NODE)
    assert (await host.until_built(model)).choice == NODE


async def test_a_choice_that_is_built_takes_the_place_of_one_that_is_not(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    assert await host.choose(model, DEFAULT) == ModelEnvironment(DEFAULT, key_of(DEFAULT), None)
    assert host.store.buildings[key_of(TORCH)].over
    assert await host.kept(model) == (DEFAULT, key_of(DEFAULT), None)


async def test_choosing_again_what_is_built_goes_on_building_it(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    building = host.store.buildings[key_of(TORCH)]
    await host.choose(model, TORCH)
    assert host.store.buildings[key_of(TORCH)] is building
    assert not building.over


async def test_what_others_want_is_built_on(host: Host) -> None:
    first, second = await host.model(), await host.model()
    for model in (first, second):
        await host.choose(model, TORCH)
    await host.environments.cancel_build(first)
    await until(lambda: host.store.building(TORCH), what="the build runs")
    host.store.finish(TORCH)
    assert (await host.until_built(second)).choice == TORCH
    shown = await host.shown(first)
    assert shown.build is not None
    assert (shown.choice, shown.build.status) == (DEFAULT, "cancelled")


async def test_of_choices_at_once_one_is_in_use_in_the_end(host: Host) -> None:
    model = await host.model()
    host.store.put(TORCH)
    host.store.put(NODE)
    await host.shown(model)
    await asyncio.gather(*(host.choose(model, choice) for choice in (TORCH, NODE, TORCH, NODE)))
    assert await host.shown(model) == ModelEnvironment(NODE, key_of(NODE), None)
    assert await host.kept(model) == (NODE, key_of(NODE), None)


async def test_an_unknown_model_has_no_environment(host: Host) -> None:
    for attempt in (
        host.shown(UNKNOWN),
        host.choose(UNKNOWN, TORCH),
        host.environments.cancel_build(UNKNOWN),
        host.environments.equip(UNKNOWN),
    ):
        with pytest.raises(ModelNotFound):
            await attempt


async def test_a_deleted_model_ends_its_build(host: Host) -> None:
    model = await host.model()
    await host.choose(model, TORCH)
    await host.catalog.models.delete(model)
    await host.environments.forget(model)
    assert host.store.buildings[key_of(TORCH)].over
    with pytest.raises(ModelNotFound):
        await host.shown(model)


# --- what is told ---


async def test_a_build_is_told_as_it_goes_on_but_not_too_often(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_environments, "REPORT_SECONDS", 0.25)
    model = await host.model()
    await host.shown(model)
    with host.events.subscribe(model) as events:
        await host.choose(model, TORCH)
        await until(lambda: host.store.building(TORCH), what="the build runs")
        began = time.monotonic()
        for done in range(1, 101):
            host.store.report(TORCH, phase="downloading", bytes_done=done, bytes_total=100)
            await asyncio.sleep(0.005)
        took = time.monotonic() - began
        host.store.finish(TORCH)
        await host.until_built(model)
        events.end()
        told = [environment_of(event) async for event in events]
    builds = [environment.build for environment in told]
    assert builds[0] is not None
    assert (builds[0].choice, builds[0].phase) == (TORCH, "resolving")
    assert builds[-1] is None
    bytes_done = [build.bytes_done for build in builds if build is not None]
    assert bytes_done == sorted(bytes_done)
    assert 0 < bytes_done[-1] <= 100
    assert len(builds) <= 4 + took / 0.25


# --- what terminals and launchers get ---


async def test_where_nothing_is_in_use_a_terminal_waits_for_the_build(host: Host) -> None:
    host.store.built.clear()
    model = await host.model()
    equipping = asyncio.create_task(host.environments.equip(model))
    await until(lambda: host.store.building(DEFAULT), what="the default is built")
    assert host.environments.present_edition(model) is None
    shown = await host.shown(model)
    assert (shown.choice, shown.key) == (DEFAULT, None)
    host.store.finish(DEFAULT)
    assert (await equipping).environment.key == key_of(DEFAULT)
    assert await host.kept(model) == (None, None, None)


async def test_a_terminal_that_waits_gets_what_is_chosen_meanwhile(host: Host) -> None:
    host.store.built.clear()
    model = await host.model()
    equipping = asyncio.create_task(host.environments.equip(model))
    await until(lambda: host.store.building(DEFAULT), what="the default is built")
    await host.choose(model, TORCH)
    await until(lambda: host.store.building(TORCH), what="the choice is built")
    host.store.finish(TORCH)
    assert (await equipping).environment.key == key_of(TORCH)


async def test_a_terminal_is_told_why_there_is_no_environment_and_the_next_one_tries_again(host: Host) -> None:
    host.store.built.clear()
    model = await host.model()
    for _ in range(2):
        equipping = asyncio.create_task(host.environments.equip(model))
        await until(lambda: host.store.building(DEFAULT), what="the default is built")
        host.store.fail(DEFAULT, EnvironmentFailed("no disk"))
        with pytest.raises(EnvironmentFailed, match="no disk"):
            await equipping
    assert not host.store.building(DEFAULT)
    await host.shown(model)
    assert not host.store.building(DEFAULT), "only who needs it tries again"


async def test_a_terminal_is_told_that_the_build_was_cancelled(host: Host) -> None:
    host.store.built.clear()
    model = await host.model()
    equipping = asyncio.create_task(host.environments.equip(model))
    await until(lambda: host.store.building(DEFAULT), what="the default is built")
    await host.environments.cancel_build(model)
    with pytest.raises(EnvironmentFailed, match="was cancelled"):
        await equipping


async def test_an_environment_that_was_removed_is_built_again(host: Host) -> None:
    model = await host.model()
    host.store.put(TORCH)
    await host.choose(model, TORCH)
    host.store.built.clear()
    equipping = asyncio.create_task(host.environments.equip(model))
    await until(lambda: host.store.building(TORCH), what="it is built")
    host.store.finish(TORCH)
    assert (await equipping).environment.key == key_of(TORCH)


async def test_the_edition_changes_with_the_environment_and_with_the_variables(host: Host) -> None:
    model = await host.model()
    host.store.put(TORCH)
    editions = []
    for act in (
        lambda: host.shown(model),
        lambda: host.choose(model, TORCH),
        lambda: host.variables.set(model, "A", VariableValue("1")),
        lambda: host.choose(model, DEFAULT),
    ):
        await act()
        equipment = await host.environments.equip(model)
        assert equipment.edition == host.environments.present_edition(model)
        editions.append(equipment.edition)
    assert len(set(editions)) == 4
    assert (await host.environments.equip(model)).variables.values == {"A": "1"}


async def test_what_is_used_is_held_in_the_store(host: Host) -> None:
    environment = (await host.environments.equip(await host.model())).environment
    with host.environments.use(environment):
        assert host.store.held == {key_of(DEFAULT): 1}
    assert not +host.store.held


# --- after a restart ---


async def test_a_choice_that_was_being_built_is_built_after_a_restart(settings: Settings, store: FakeStore) -> None:
    store.put(NODE)
    async with started(settings, store) as host:
        model = await host.model()
        await host.choose(model, NODE)
        await host.choose(model, TORCH)
    assert store.buildings[key_of(TORCH)].over
    async with started(settings, store) as host:
        assert not store.building(TORCH), "not before somebody uses the model"
        assert (await host.environments.equip(model)).environment.key == key_of(NODE)
        await until(lambda: store.building(TORCH), what="it is built again")
        shown = await host.shown(model)
        assert (shown.choice, shown.key) == (NODE, key_of(NODE))
        store.finish(TORCH)
        assert await host.until_built(model) == ModelEnvironment(TORCH, key_of(TORCH), None)


async def test_a_choice_whose_build_was_finished_by_others_is_in_use_after_a_restart(
    settings: Settings, store: FakeStore
) -> None:
    async with started(settings, store) as host:
        model = await host.model()
        await host.choose(model, TORCH)
    store.put(TORCH)
    async with started(settings, store) as host:
        assert await host.until_built(model) == ModelEnvironment(TORCH, key_of(TORCH), None)


async def test_what_was_in_use_is_so_after_a_restart_without_being_resolved(
    settings: Settings, store: FakeStore
) -> None:
    store.put(TORCH)
    async with started(settings, store) as host:
        model = await host.model()
        await host.choose(model, TORCH)
    store.resolved = 0
    async with started(settings, store) as host:
        assert await host.shown(model) == ModelEnvironment(TORCH, key_of(TORCH), None)
        assert store.resolved == 0


async def test_a_choice_that_cannot_be_resolved_any_more_is_given_up(settings: Settings, store: FakeStore) -> None:
    async with started(settings, store) as host:
        model = await host.model()
        await host.catalog.models.want_environment(model, NO_SUCH)
        build = await host.until_ended(model)
        assert (build.choice, build.status) == (NO_SUCH, "failed")
        assert "no torch" in build.message
        assert (await host.environments.equip(model)).environment.key == key_of(DEFAULT)
        assert await host.kept(model) == (None, None, None)


# --- routes ---


@pytest.fixture
async def http(host: Host) -> AsyncIterator[httpx.AsyncClient]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        yield {}

    app = Starlette(routes=[Mount("/api/v1", routes=routes)], exception_handlers=EXCEPTION_HANDLERS, lifespan=lifespan)

    async def with_state(scope: Any, receive: Any, send: Any) -> None:
        scope["state"] = {"model_environments": host.environments}
        await app(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(with_state), base_url="http://host/api/v1") as client:
        yield client


async def test_a_choice_is_answered_by_whether_it_is_built(host: Host, http: httpx.AsyncClient) -> None:
    host.store.put(NODE)
    path = f"/models/{await host.model()}/environment"
    body = {"python": "3.13", "node": "20", "packages": {}}
    used = await http.put(path, json=body)
    assert (used.status_code, used.json()) == (200, {"choice": body, "key": key_of(NODE), "build": None})
    built = await http.put(path, json={"python": "3.13", "node": "24", "packages": {"torch": "2.13.0"}})
    assert (built.status_code, built.json()["build"]["status"]) == (202, "running")
    assert (await http.delete(f"{path}/build")).status_code == 204
    assert (await http.get(path)).json()["build"]["status"] == "cancelled"
    refused = await http.put(path, json={"python": "3.12", "node": "24", "packages": {"torch": "9.9.9"}})
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "environment_unavailable")
    assert refused.json()["error"]["details"] == {"available": {"torch": ["2.13.0"]}}
    assert (await http.put(path, json={"python": 3})).status_code == 400
    assert (await http.get("/models/unknown/environment")).status_code == 404
