"""HTTP and WebSocket in front of the host's owners; nothing here decides anything."""

from starlette.routing import BaseRoute

from ide_server.host.routes import (
    environments,
    files,
    model_environment,
    models,
    operations,
    states,
    terminals,
    variables,
)

api: list[BaseRoute] = [
    *models.routes,
    *environments.routes,
    *model_environment.routes,
    *variables.routes,
    *files.routes,
    *terminals.routes,
    *states.routes,
    *operations.routes,
]
