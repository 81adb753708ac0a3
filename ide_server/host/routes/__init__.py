"""HTTP and WebSocket in front of the host's owners; nothing here decides anything."""

from starlette.routing import BaseRoute

from ide_server.host.routes import (
    check,
    datasets,
    environments,
    files,
    git,
    languages,
    launchers,
    model_environment,
    models,
    mounted_models,
    operations,
    parameters,
    ports,
    search,
    snapshots,
    states,
    terminals,
    variables,
)

api: list[BaseRoute] = [
    *snapshots.routes,  # before models, as /models/import is no model
    *models.routes,
    *environments.routes,
    *model_environment.routes,
    *variables.routes,
    *mounted_models.routes,
    *files.routes,
    *search.routes,
    *git.routes,
    *terminals.routes,
    *ports.routes,
    *languages.routes,
    *states.routes,
    *datasets.routes,
    *launchers.routes,
    *parameters.routes,
    *operations.routes,
    *check.routes,
]
