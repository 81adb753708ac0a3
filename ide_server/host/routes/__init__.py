"""HTTP and WebSocket in front of the host's owners; nothing here decides anything."""

from starlette.routing import BaseRoute

from ide_server.host.routes import files, models, operations, states, terminals, variables

api: list[BaseRoute] = [
    *models.routes,
    *variables.routes,
    *files.routes,
    *terminals.routes,
    *states.routes,
    *operations.routes,
]
