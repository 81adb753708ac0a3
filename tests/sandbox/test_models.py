"""Models as a whole, with every owner of the host real."""

import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from ide_server.errors import FilesystemFull, InvalidRequest, LimitBelowUse, ModelNotFound, StateNotFound
from ide_server.host.app import owners
from ide_server.host.files.conditions import IfMatch
from ide_server.host.state import HostState
from ide_server.host.templates import Templates
from ide_server.settings import MEBIBYTE, Settings
from ide_server.wire import ModelChange, ModelId, NewModel, NewOperation, StateId
from tests.support.catalogs import make_catalog
from tests.support.environments import share_environments

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox, pytest.mark.fuse]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, default_limit_mebibytes=1, max_limit_mebibytes=4)
    share_environments(tmp_path)
    make_catalog(settings)
    return settings


@pytest.fixture
async def host(settings: Settings) -> AsyncIterator[HostState]:
    async with owners(settings) as state:
        yield state


async def test_every_template_makes_a_model_with_its_files(host: HostState) -> None:
    for template in host["templates"].list():
        model = await host["models"].create(NewModel(f" {template.name} ", template.id))
        assert model.name == template.name
        paths = {entry.path for entry in await host["files"].list_folder(model.id, "")}
        assert paths == {path.split("/")[0] for path in host["templates"].files(template.id)}
    assert len(await host["models"].list()) == len(host["templates"].list())


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 101])
async def test_a_name_that_cannot_be_shown_is_refused_and_makes_nothing(host: HostState, name: str) -> None:
    with pytest.raises(InvalidRequest, match="Expected a name"):
        await host["models"].create(NewModel(name, "image"))
    assert await host["models"].list() == []


async def test_a_template_that_does_not_fit_leaves_nothing(
    host: HostState, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(_: Templates, __: str) -> Mapping[str, bytes]:
        return {"a": b"fits", "b": b"x" * (2 * MEBIBYTE)}

    monkeypatch.setattr(Templates, "files", too_large)
    with pytest.raises(FilesystemFull):
        await host["models"].create(NewModel("too large", "image"))
    assert await host["models"].list() == []
    assert list((settings.data_dir / "models").iterdir()) == []


async def test_the_limit_is_raised_and_not_lowered_below_the_use(host: HostState) -> None:
    model = await host["models"].create(NewModel("m", "image"))
    raised = await host["models"].change(model.id, ModelChange(limit_bytes=3 * MEBIBYTE))
    assert raised.usage.limit_bytes == 3 * MEBIBYTE
    await host["files"].write_new(model.id, "big", b"x" * (2 * MEBIBYTE))
    with pytest.raises(LimitBelowUse) as refused:
        await host["models"].change(model.id, ModelChange(limit_bytes=MEBIBYTE))
    assert refused.value.details["used_bytes"] > 2 * MEBIBYTE
    assert (await host["models"].get(model.id)).usage.limit_bytes == 3 * MEBIBYTE


async def test_a_limit_below_the_use_is_taken_when_asked_for_and_lets_nothing_grow_until_below(host: HostState) -> None:
    model = await host["models"].create(NewModel("m", "image"))
    await host["models"].change(model.id, ModelChange(limit_bytes=3 * MEBIBYTE))
    await host["files"].write_new(model.id, "big", b"x" * (2 * MEBIBYTE))
    lowered = await host["models"].change(model.id, ModelChange(limit_bytes=MEBIBYTE, below_use=True))
    assert (lowered.usage.limit_bytes, lowered.usage.used_bytes > 2 * MEBIBYTE) == (MEBIBYTE, True)
    with pytest.raises(FilesystemFull):
        await host["files"].write_new(model.id, "small", b"x")
    await host["files"].remove(model.id, "big", condition=IfMatch(None))
    await host["files"].write_new(model.id, "small", b"x")


@pytest.mark.parametrize("limit_bytes", [0, MEBIBYTE - 1, 5 * MEBIBYTE, -1])
async def test_a_limit_outside_of_the_settings_is_refused(host: HostState, limit_bytes: int) -> None:
    model = await host["models"].create(NewModel("m", "image"))
    with pytest.raises(InvalidRequest, match="from 1 MiB to 4 MiB"):
        await host["models"].change(model.id, ModelChange(limit_bytes=limit_bytes))


async def test_only_a_state_of_the_model_can_be_its_active_one(host: HostState) -> None:
    model = await host["models"].create(NewModel("m", "image"))
    with pytest.raises(StateNotFound):
        await host["models"].change(model.id, ModelChange(active_state_id=StateId("other")))


async def test_a_deleted_model_leaves_nothing_even_while_it_is_used(host: HostState, settings: Settings) -> None:
    model = await host["models"].create(NewModel("m", "linear-regression"))
    await host["terminals"].create(model.id, rows=24, columns=80)
    await host["operations"].create(model.id, NewOperation("train", {"steps": 100000}))
    await host["models"].delete(model.id)
    with pytest.raises(ModelNotFound):
        await host["models"].get(model.id)
    assert list((settings.data_dir / "models").iterdir()) == []
    assert list((settings.data_dir / "operations").iterdir()) == []
    assert host["mounts"].mounted(model.id) is None


async def test_an_unknown_model_cannot_be_changed_or_deleted(host: HostState) -> None:
    for attempt in (
        host["models"].change(ModelId("nope"), ModelChange(name="n")),
        host["models"].delete(ModelId("nope")),
    ):
        with pytest.raises(ModelNotFound):
            await attempt


async def test_models_are_listed_though_the_filesystem_of_one_does_not_answer(
    host: HostState, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ide_server.host.mounts.mounts.USAGE_SECONDS", 0.1)
    stuck, well = [await host["models"].create(NewModel(name, "image")) for name in "ab"]
    fsquota = int((settings.run_path / "control" / f"{stuck.id}.pid").read_text())
    os.kill(fsquota, signal.SIGSTOP)
    try:
        listed = {model.name: model.usage.used_files for model in await host["models"].list()}
    finally:
        os.kill(fsquota, signal.SIGCONT)
    assert listed == {"a": 0, "b": well.usage.used_files}


async def test_the_use_is_known_after_a_restart_without_mounting(settings: Settings) -> None:
    async with owners(settings) as state:
        model = await state["models"].create(NewModel("m", "image"))
    async with owners(settings) as state:
        listed = (await state["models"].list())[0]
        assert listed.usage == model.usage
        assert state["mounts"].mounted(model.id) is None
