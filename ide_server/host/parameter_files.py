"""The slipway.toml of models: what definitions it holds, and other ones written into it."""

from collections.abc import AsyncIterator

from ide_server.errors import FileNotFound, InvalidRequest
from ide_server.host.files import Condition, Files, IfAbsent, IfMatch, check
from ide_server.host.mounts import Mounts
from ide_server.host.parameters import FILE, MAX_FILE_BYTES, parse_definitions, read_definitions, read_text
from ide_server.host.parameters_text import with_definitions
from ide_server.wire import ModelId, ParameterDefinitions


class ParameterFiles:
    """Both methods raise ModelNotFound, FilesystemUnavailable, and InvalidRequest where the file is broken."""

    def __init__(self, mounts: Mounts, files: Files) -> None:
        self._mounts = mounts
        self._files = files

    async def read(self, model_id: ModelId) -> tuple[ParameterDefinitions, str | None]:
        """With the etag to write them with; None if there is no file. It is never of a later file than was read."""
        etag = await self._etag(model_id)
        mount = await self._mounts.get(model_id)
        return await mount.run(read_definitions), etag

    async def write(
        self, model_id: ModelId, definitions: ParameterDefinitions, *, condition: Condition
    ) -> tuple[ParameterDefinitions, str]:
        """What the file holds then, and its etag. Raises FileChanged, FilesystemFull."""
        etag = await self._etag(model_id)
        check(condition, FILE, etag)
        mount = await self._mounts.get(model_id)
        text = with_definitions(await mount.run(read_text), definitions)
        data = text.encode()
        if len(data) > MAX_FILE_BYTES:
            raise InvalidRequest(f"{FILE} would have {len(data):,} bytes; expected at most {MAX_FILE_BYTES:,}.")
        # Whatever was written since its etag was asked for is refused to be replaced.
        present = IfAbsent() if etag is None else IfMatch(frozenset([etag]))
        written = await self._files.write(model_id, FILE, _once(data), condition=present, byte_size=len(data))
        assert written.entry.etag is not None  # of a file always
        return parse_definitions(text), written.entry.etag

    async def _etag(self, model_id: ModelId) -> str | None:
        try:
            return (await self._files.entry(model_id, FILE)).etag
        except FileNotFound:
            return None


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
