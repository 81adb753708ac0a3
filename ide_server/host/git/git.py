"""The owner of source control: what stands in a model's repositories, and what is done to them."""

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import NamedTuple

from ide_server.errors import AccessDenied, FileNotFound, FileTooLarge, GitFailed, InvalidRequest, NotAFolder
from ide_server.host.files import Files
from ide_server.host.git import parsing, transfers
from ide_server.host.git.actions import command_of
from ide_server.host.git.failures import failed, last_line, shown
from ide_server.host.git.places import folder_of, path_in
from ide_server.host.git.program import SCRIPTS, Command, Output, Programs, Seats
from ide_server.host.mounts import Mounts
from ide_server.wire import (
    Entry,
    GitAction,
    GitBlame,
    GitCommitDetails,
    GitDone,
    GitLogEntry,
    GitProgress,
    GitRefs,
    GitRepository,
    GitStatus,
    GitTransfer,
    ModelId,
)

CONTENT_BYTES = 10 << 20
LOG_COUNT = 200
FOLDERS_LOOKED_INTO = 200
SKIPPED = frozenset(("node_modules", "__pycache__"))
REVISION = re.compile(r"HEAD|[0-9a-f]{7,64}\^?")
CONTENT = re.compile(rb"([0-9a-f]{40,64}) (\w+) (\d{1,12})\n")
STAGES = {"index": ":0", "base": ":1", "ours": ":2", "theirs": ":3"}


class Content(NamedTuple):
    id: str
    data: bytes


class Git:
    """Every method raises what keeps a workspace from starting, NameNotAllowed for its paths, and GitFailed."""

    def __init__(self, seats: Seats, files: Files, mounts: Mounts) -> None:
        self._programs = Programs(seats)
        self._files = files
        self._mounts = mounts

    async def repositories(self, model_id: ModelId) -> list[GitRepository]:
        """The root's and those of the folders in it, two levels deep. Found without running anything."""
        found: list[GitRepository] = []
        level = [""]
        for _ in range(3):
            listed = await asyncio.gather(*(self._list(model_id, folder) for folder in level))
            found += [
                GitRepository(folder)
                for folder, entries in zip(level, listed, strict=True)
                if any(entry.name == ".git" for entry in entries)
            ]
            level = [entry.path for entries in listed for entry in entries if is_looked_into(entry)]
            level = level[:FOLDERS_LOOKED_INTO]
        return found

    async def status(self, model_id: ModelId, repository: str) -> GitStatus:
        output = await self._programs.run(model_id, Command((f"{SCRIPTS}/status",), folder_of(repository)))
        if output.code != 0 and not output.is_cut:
            raise await self._failed(model_id, output)
        return parsing.status_of(repository, output.stdout, is_cut=output.is_cut)

    async def refs(self, model_id: ModelId, repository: str) -> GitRefs:
        return parsing.refs_of(await self._read(model_id, Command((f"{SCRIPTS}/refs",), folder_of(repository))))

    async def log(self, model_id: ModelId, repository: str, *, path: str, skip: int) -> list[GitLogEntry]:
        """The newest first, LOG_COUNT at most; of one file, where a path is given, also before it was renamed."""
        of_file = ("--follow", "--", path_in(repository, path)) if path else ("--",)
        form = ("git", "log", "-z", "--topo-order", f"--format=tformat:{parsing.LOG_FIELDS}")
        bounds = (f"--max-count={LOG_COUNT}", f"--skip={skip}")
        command = Command((*form, *bounds, *of_file), folder_of(repository))
        output = await self._programs.run(model_id, command)
        if output.code != 0 and "does not have any commits yet" not in output.said:
            raise await self._failed(model_id, output)
        return parsing.log_of(output.stdout)

    async def commit(self, model_id: ModelId, repository: str, revision: str) -> GitCommitDetails:
        form = ("--raw", "--numstat", "-M", "--diff-merges=first-parent", f"--format={parsing.COMMIT_FORMAT}")
        command = Command(("git", "show", "-z", *form, checked_revision(revision), "--"), folder_of(repository))
        details = parsing.commit_of(repository, await self._read(model_id, command))
        if details is None:
            raise GitFailed("Git told nothing of this commit that could be read.", output="")
        return details

    async def blame(self, model_id: ModelId, repository: str, path: str) -> GitBlame:
        """Of the file as it is on disk."""
        arguments = ("git", "blame", "--porcelain", "--", path_in(repository, path))
        return parsing.blame_of(await self._read(model_id, Command(arguments, folder_of(repository))))

    async def content(self, model_id: ModelId, repository: str, path: str, *, version: str) -> Content:
        """Of a file in a commit (an id, its parent with `^`, or HEAD), in the index, or one side of a conflict.

        Raises FileNotFound where it has no such file, FileTooLarge.
        """
        revision = STAGES[version] if version in STAGES else checked_revision(version)
        asked = revision.encode() + b":" + path_in(repository, path)
        command = Command(
            ("git", "cat-file", "--batch", "-z"),
            folder_of(repository),
            stdin=asked + b"\0",
            limit_bytes=CONTENT_BYTES,
        )
        output = await self._programs.run(model_id, command)
        if output.is_cut:
            raise FileTooLarge(f"{path} is larger than {CONTENT_BYTES:,} bytes in {version}: too large to compare.")
        if output.code != 0:
            raise await self._failed(model_id, output)
        header = CONTENT.match(output.stdout)
        if header is None or header[2] != b"blob":
            raise FileNotFound(f"{path} is not in {version}.")
        return Content(header[1].decode(), output.stdout[header.end() :][: int(header[3])])

    async def act(self, model_id: ModelId, action: GitAction) -> GitDone:
        said = ""
        for command in command_of(action):
            output = await self._programs.run(model_id, command)
            if output.code != 0:
                raise await self._failed(model_id, output)
            said = shown(output)
        return GitDone(said)

    async def transfer(self, model_id: ModelId, transfer: GitTransfer) -> AsyncGenerator[GitProgress | GitDone, None]:
        """The last is GitDone. Who stops listening stops git."""
        said = ""
        for command in transfers.commands_of(transfer):
            async with self._programs.start(model_id, command) as running:
                async for line in running.progress():
                    yield GitProgress(transfers.shown(line, running.secrets))
                output = await running.finish()
            if output.code != 0:
                raise await self._failed(model_id, output)
            said = last_line(shown(output))
        yield GitDone(said)

    async def _read(self, model_id: ModelId, command: Command) -> bytes:
        output = await self._programs.run(model_id, command)
        if output.is_cut:
            raise GitFailed("Git had too much to say about this. Look at it in the terminal.", output="")
        if output.code != 0:
            raise await self._failed(model_id, output)
        return output.stdout

    async def _failed(self, model_id: ModelId, output: Output) -> GitFailed:
        mount = await self._mounts.get(model_id)
        return failed(output, await mount.usage())

    async def _list(self, model_id: ModelId, folder: str) -> list[Entry]:
        try:
            return await self._files.list_folder(model_id, folder)
        except (FileNotFound, NotAFolder, AccessDenied):  # gone since its name was read
            return []


def is_looked_into(entry: Entry) -> bool:
    return entry.kind == "folder" and not entry.name.startswith(".") and entry.name not in SKIPPED


def checked_revision(revision: str) -> str:
    if not REVISION.fullmatch(revision):
        raise InvalidRequest(f"Expected HEAD or the id of a commit, got {revision[:80]!r}.")
    return revision
