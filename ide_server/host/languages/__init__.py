"""Language servers: programs in a model's workspace that know its code, each spoken with through a socket."""

from ide_server.host.languages.fetching import EnvironmentTools
from ide_server.host.languages.framing import MAX_MESSAGE_BYTES, Skipped
from ide_server.host.languages.languages import Languages, LanguageServer
from ide_server.host.languages.programs import Programs

__all__ = ["MAX_MESSAGE_BYTES", "EnvironmentTools", "LanguageServer", "Languages", "Programs", "Skipped"]
