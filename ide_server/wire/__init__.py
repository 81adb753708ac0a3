"""Messages between processes and with the page, as types. frontend/src/wire.ts is generated from these modules.

Times are seconds since the epoch (float, UTC), sizes are bytes, durations are seconds.
"""

from ide_server.wire.api_tokens import *
from ide_server.wire.base import *
from ide_server.wire.code import *
from ide_server.wire.datasets import *
from ide_server.wire.environments import *
from ide_server.wire.files import *
from ide_server.wire.git import *
from ide_server.wire.languages import *
from ide_server.wire.launchers import *
from ide_server.wire.model_events import *
from ide_server.wire.models import *
from ide_server.wire.operation_events import *
from ide_server.wire.operations import *
from ide_server.wire.search import *
from ide_server.wire.sockets import *
from ide_server.wire.states import *
from ide_server.wire.terminals import *
from ide_server.wire.values import *
