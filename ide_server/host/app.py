"""The host's application: its routes, and the lifespan in which every owner is made and closed."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from ide_server.catalog import Catalog
from ide_server.host.datasets import Datasets
from ide_server.host.environment_files import EnvironmentFiles
from ide_server.host.environments import Environments
from ide_server.host.events import ModelEvents
from ide_server.host.files import Files
from ide_server.host.git import Git
from ide_server.host.idempotency import Idempotency
from ide_server.host.inference import Inference
from ide_server.host.languages import EnvironmentTools, Languages, Programs
from ide_server.host.launchers import Checks, Operations, SandboxSpawn
from ide_server.host.model_environments import ModelEnvironments
from ide_server.host.models import Models
from ide_server.host.mounted_models import MountedModels
from ide_server.host.mounts import Mounts
from ide_server.host.packages import Packages
from ide_server.host.parameter_files import ParameterFiles
from ide_server.host.ports import Ports
from ide_server.host.routes import api, inference
from ide_server.host.sandbox import Sandboxes
from ide_server.host.search import Search
from ide_server.host.snapshots import Snapshots
from ide_server.host.state import HostState
from ide_server.host.states import States
from ide_server.host.templates import Templates
from ide_server.host.terminals import Terminals
from ide_server.host.variables import Variables
from ide_server.host.workspaces import Workspaces
from ide_server.replies import EXCEPTION_HANDLERS
from ide_server.settings import Settings


def create_app(settings: Settings) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[HostState]:
        async with owners(settings) as state:
            yield state

    return Starlette(
        routes=[Mount("/api/v1", routes=api), *inference.routes, Route("/healthz", health)],
        middleware=[Middleware(Idempotency)],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=lifespan,
    )


async def health(_: Request[HostState]) -> Response:
    return PlainTextResponse("ok\n")


@contextlib.asynccontextmanager
async def owners(settings: Settings) -> AsyncIterator[HostState]:
    """Made in the order of need, closed in the reverse: operations first, then sandboxes, then filesystems."""
    async with contextlib.AsyncExitStack() as stack:
        catalog = Catalog.open(settings)
        stack.push_async_callback(catalog.close)
        events = ModelEvents()
        sandboxes = Sandboxes(settings)
        mounts = Mounts(settings, events, limits=catalog.models.get_usage, group=sandboxes.filesystems_group)
        # What a host that was killed left: sandboxes first, as they hold the mounts.
        await sandboxes.remove_stale()
        await mounts.remove_stale()
        stack.push_async_callback(mounts.close)
        stack.push_async_callback(sandboxes.close)
        variables = Variables(settings, catalog, events)
        await variables.start()
        environments = Environments(settings, keys_of_models=catalog.models.environment_keys)
        stack.push_async_callback(environments.close)
        environments.start()
        mounted_models = MountedModels(catalog, events)
        model_environments = ModelEnvironments(catalog, environments, variables, mounted_models, events)
        stack.push_async_callback(model_environments.close)
        files = Files(mounts)
        stack.push_async_callback(files.close)
        programs = Programs(settings, EnvironmentTools(environments))
        stack.push_async_callback(programs.close)
        programs.start()
        workspaces = Workspaces(settings, sandboxes, model_environments, mounts, tools=programs.mounts)
        stack.push_async_callback(workspaces.close)
        ports = Ports(settings, workspaces, events)
        stack.push_async_callback(ports.close)
        ports.start()
        terminals = Terminals(settings, workspaces, events)
        stack.push_async_callback(terminals.close)
        environment_files = EnvironmentFiles(model_environments, programs.mounts, workspaces)
        stack.callback(environment_files.close)
        languages = Languages(settings, workspaces, programs)
        model_environments.on_change(languages.retire)
        variables.on_change(languages.retire)
        mounted_models.on_change(languages.retire)
        model_environments.on_change(workspaces.retire)
        model_environments.on_change(terminals.announce)
        variables.on_change(terminals.announce)
        mounted_models.on_change(workspaces.retire)
        mounted_models.on_change(terminals.announce)
        states = States(settings, catalog, events)
        snapshots = Snapshots(settings, catalog, mounts=mounts, states=states, events=events)
        stack.push_async_callback(snapshots.close)
        await snapshots.start()
        spawn = SandboxSpawn(settings, mounts, model_environments, sandboxes)
        datasets = Datasets(settings, catalog, events)
        stack.callback(datasets.close)
        await datasets.start()
        operations = Operations(settings, catalog, mounts, spawn, states, snapshots, datasets, events)
        await operations.start()
        stack.push_async_callback(operations.close)
        model_environments.on_change(operations.retire_idle)
        variables.on_change(operations.retire_idle)
        mounted_models.on_change(operations.retire_idle)
        checks = Checks(operations.launches, catalog, mounts, spawn, saw_functions=operations.saw_functions)
        stack.push_async_callback(checks.close)
        templates = Templates()
        models = Models(
            settings,
            catalog,
            events=events,
            mounts=mounts,
            files=files,
            templates=templates,
            environments=model_environments,
            mounted=mounted_models,
            workspaces=workspaces,
            terminals=terminals,
            operations=operations,
            checks=checks,
            states=states,
            snapshots=snapshots,
        )
        stack.push_async_callback(models.record_use)
        stack.callback(events.close)
        yield HostState(
            settings=settings,
            catalog=catalog,
            events=events,
            sandboxes=sandboxes,
            environments=environments,
            model_environments=model_environments,
            environment_files=environment_files,
            packages=Packages(mounts, model_environments),
            mounts=mounts,
            files=files,
            git=Git(workspaces, files, mounts),
            workspaces=workspaces,
            ports=ports,
            search=Search(workspaces, mounts),
            terminals=terminals,
            languages=languages,
            states=states,
            snapshots=snapshots,
            datasets=datasets,
            parameter_files=ParameterFiles(mounts, files),
            operations=operations,
            inference=Inference(catalog, operations),
            checks=checks,
            templates=templates,
            variables=variables,
            mounted_models=mounted_models,
            models=models,
        )
