"""One model's filesystem: its fsquota process kept alive, its directory reached by descriptor, its changes told on."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, Literal, NamedTuple, ParamSpec, Self, TypeVar

import msgspec

from ide_server.errors import FilesystemUnavailable, LimitBelowUse, SlipwayError
from ide_server.host.events import ModelEvents
from ide_server.host.mounts import stale, views
from ide_server.host.mounts.control import Control, Refused
from ide_server.host.mounts.counter import Counter
from ide_server.host.mounts.group import Group
from ide_server.host.mounts.names import to_wire
from ide_server.host.mounts.process import READY_SECONDS, Fsquota, command
from ide_server.host.mounts.threads import Threads
from ide_server.settings import Settings
from ide_server.wire import (
    FileChange,
    FilesChanged,
    FilesystemChanged,
    FolderRescan,
    FolderUsage,
    ModelId,
    Usage,
    UsageChanged,
)

P = ParamSpec("P")
T = TypeVar("T")

Limits = Callable[[ModelId], Awaitable[Usage]]
"""The limits a model's filesystem is mounted with, from the catalog. Raises ModelNotFound."""

BACK_OFF_SECONDS = (0.0, 0.2, 1.0, 5.0)
"""Waits before a dead process is started again; after as many deaths in quick succession it stays down."""

STEADY_SECONDS = 30.0
REST_SECONDS = 10.0
"""How long one that stays down does so at least, unless a person tries again: what a page reads does not count."""

END_SECONDS = 1.0
"""A process that dies closes its socket first; how it died is known a moment later."""

SAVED = "What was saved is there. Programs that had files open in it have lost them."
GO_ON = "A terminal that says 'Transport endpoint is not connected' goes on after 'cd .'."
BEGIN_ANEW = "Close the terminals from before and open new ones."

THREADS = 4
MAX_UPLOADS = 16


@dataclass(frozen=True)
class Places:
    """Where a mount keeps what is its own."""

    backing: Path
    staging: Path
    aside: Path
    mountpoint: Path
    view: Path
    socket: Path
    counter: Path
    pid_file: Path

    @classmethod
    def of(cls, settings: Settings, model_id: ModelId) -> Self:
        model, control = settings.data_dir / "models" / model_id, settings.run_path / "control"
        return cls(
            backing=model / "files",
            staging=model / "staging",
            aside=model / "aside",
            mountpoint=settings.run_path / "mounts" / model_id,
            view=settings.run_path / "views" / model_id,
            socket=control / f"{model_id}.sock",
            counter=control / f"{model_id}.count",
            pid_file=control / f"{model_id}.pid",
        )


class Moment(NamedTuple):
    """What was seen of a filesystem at one moment is so as long as it is the present one."""

    generation: int
    changes: int


@dataclass(frozen=True)
class Replaced:
    """The file after a replace."""

    modified_ns: int
    byte_size: int


@dataclass(frozen=True)
class Kept:
    """What was set aside, and how much that gave back."""

    key: str
    used_bytes: int
    used_files: int


class Mount:
    """Mounted at `path`, which stays the same over every remount; `generation` counts the mounts made there.

    `lineage` is counted up when a mount is not seen by sandboxes that were begun before. Where the server runs as root
    none is: each is made upon the remains of the one before, and so appears in every sandbox that has that as a slave.

    One that dies again and again stays down until it is tried again.
    """

    def __init__(
        self, model_id: ModelId, places: Places, *, limits: Limits, events: ModelEvents, group: Group | None
    ) -> None:
        self.model_id = model_id
        self.generation = 0
        self.lineage = 0
        self.lost_at = 0.0
        self.remounted_at: float | None = None
        self.uploads = asyncio.Semaphore(MAX_UPLOADS)
        self.threads = Threads.of_container_root(THREADS, name=f"files-{model_id}")
        self._places = places
        self._limits = limits
        self._events = events
        self._group = group
        self._control: Control | None = None
        self._descriptor: int | None = None
        self._counter: Counter | None = None
        self._standing = FilesystemChanged("remounting", "The filesystem is being mounted.", None)
        self._settled = asyncio.Event()
        self._asked_for = asyncio.Event()
        self._lost = ""
        self._rests_until = 0.0
        self._viewed = 0
        self._viewing = asyncio.Lock()
        self._keeping = asyncio.create_task(self._keep_mounted())

    @property
    def path(self) -> Path:
        return self._places.mountpoint

    @property
    def staging(self) -> Path:
        """Where a file is uploaded to before it replaces another."""
        return self._places.staging

    @property
    def standing(self) -> FilesystemChanged:
        return self._standing

    @property
    def over(self) -> bool:
        """It will never be mounted again, even if asked for: it was closed, or a fault of ours ended it."""
        return self._keeping.done()

    @property
    def descriptor(self) -> int:
        """The root folder (O_PATH), until the next remount. Raises FilesystemUnavailable."""
        if self._descriptor is None:
            raise FilesystemUnavailable(self._standing.message)
        return self._descriptor

    @property
    def moment(self) -> Moment | None:
        """Another one as soon as anything in the filesystem has changed; None while it is not mounted."""
        return None if self._counter is None else Moment(self.generation, self._counter.value)

    async def view(self) -> Path:
        """Where nobody can write to it, for the sandboxes of other models; it follows every remount, from now on.

        Raises FilesystemUnavailable.
        """
        if os.geteuid() != 0:  # nothing that is mounted later appears in any sandbox
            return self.path
        try:
            await self._renew_view()
        except OSError as error:
            raise FilesystemUnavailable(
                f"The model's filesystem cannot be shown to others: {error}. This needs Linux 5.12 or newer."
            ) from error
        return self._places.view

    async def wait_ready(self) -> None:
        """Tries again one that has been down for a while. Raises FilesystemUnavailable if it cannot be mounted."""
        if self._descriptor is not None:
            return
        if asyncio.get_running_loop().time() >= self._rests_until:
            self.try_again()
        await self.wait_settled()
        if self._keeping.done() and not self._keeping.cancelled():
            self._keeping.result()
        if self._standing.status != "ready":
            raise FilesystemUnavailable(self._standing.message)

    def try_again(self) -> None:
        """Where it stays down. Dying once more, it stays down at once."""
        if self._standing.status == "failed" and not self.over:
            self._become("remounting", "The filesystem is being mounted again.")
            self._asked_for.set()

    async def wait_settled(self) -> None:
        """Until it is mounted or stays down. Raises FilesystemUnavailable if that takes too long."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._settled.wait()
        except TimeoutError as error:
            raise FilesystemUnavailable(self._standing.message) from error

    async def run(self, function: Callable[Concatenate[int, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """function(root, ...) in a thread that acts as the sandbox's root. Raises FilesystemUnavailable, OSError."""
        root = os.dup(self.descriptor)  # a remount meanwhile may give the number to another file
        try:
            return await self.threads.run(function, root, *args, **kwargs)
        finally:
            os.close(root)

    async def usage(self) -> Usage:
        return msgspec.convert(await self._request("usage"), Usage)

    async def resize(self, limit_bytes: int, limit_files: int, *, below_use: bool = False) -> Usage:
        """Raises LimitBelowUse, unless `below_use`: then nothing grows until enough is removed."""
        accepting = {"below_use": True} if below_use else {}
        try:
            usage = await self._request("resize", limit_bytes=limit_bytes, limit_files=limit_files, **accepting)
        except Refused as refused:
            if refused.code != "limit_below_use":
                raise
            raise LimitBelowUse(
                f"The filesystem holds more than {limit_bytes:,} bytes or {limit_files:,} files and folders. "
                "Remove some first, or choose a higher limit.",
                **refused.details,
            ) from refused
        return msgspec.convert(usage, Usage)

    async def largest_folders(self, count: int) -> list[FolderUsage]:
        folders = (await self._request("largest_folders", count=count))["folders"]
        return [msgspec.convert(folder | {"path": to_wire(folder["path"])}, FolderUsage) for folder in folders]

    async def replace(self, inode: int, staged: str, *, expected: Replaced | None) -> Replaced:
        """Put a file of the staging folder in an inode's place. Raises Refused: changed, full, not_found."""
        arguments = None if expected is None else msgspec.to_builtins(expected)
        return msgspec.convert(await self._request("replace", inode=inode, staged=staged, expected=arguments), Replaced)

    async def set_aside(self, folder: int, name: bytes, *, most_bytes: int, most_files: int) -> Kept:
        """Take what has this name out of the filesystem, to be put back or discarded. Raises Refused: not_found,
        too_large."""
        shown = name.decode(errors="surrogateescape")
        limits = {"most_bytes": most_bytes, "most_files": most_files}
        return msgspec.convert(await self._request("set_aside", folder=folder, name=shown, **limits), Kept)

    async def put_back(self, key: str, folder: int, name: bytes) -> None:
        """Raises Refused: not_found, exists, full."""
        await self._request("put_back", key=key, folder=folder, name=name.decode(errors="surrogateescape"))

    async def discard(self, key: str) -> None:
        """What was set aside, for good; nothing if that is not known any more."""
        try:
            await self._request("discard", key=key)
        except Refused as refused:
            if refused.code != "not_found":
                raise

    async def close(self) -> None:
        message = "The model's filesystem has been unmounted. Reload the page."
        self._standing = FilesystemChanged("failed", message, self.remounted_at)
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        if not self._keeping.cancelled():
            self._keeping.result()

    async def _request(self, operation: str, **arguments: Any) -> dict[str, Any]:
        if self._control is None:
            raise FilesystemUnavailable(self._standing.message)
        return await self._control.request(operation, **arguments)

    async def _keep_mounted(self) -> None:
        """Until it is closed. One that dies too often stays down, and so does one whose first mount fails."""
        deaths, clock = 0, asyncio.get_running_loop().time
        try:
            while True:
                began = clock()
                self._lost = await self._mount_until_lost()
                deaths = 1 if clock() - began > STEADY_SECONDS else deaths + 1
                if self.generation == 0 or deaths > len(BACK_OFF_SECONDS):
                    await self._stay_down()
                else:
                    await asyncio.sleep(BACK_OFF_SECONDS[deaths - 1])
        except Exception:  # a fault of ours: whoever waits for the mount or watches its page hears of it all the same
            self._become("failed", "The filesystem cannot be mounted; the server's log has the cause.")
            raise
        finally:
            self._settled.set()
            self.threads.close()
            for place in (self._places.view, self.path):
                await asyncio.to_thread(stale.detach, place)

    async def _stay_down(self) -> None:
        """Until it is to be tried again. What sandboxes see stays, to be mounted upon."""
        self._asked_for.clear()
        self._rests_until = asyncio.get_running_loop().time() + REST_SECONDS
        self._become("failed", f"The filesystem cannot be mounted. {self._lost}")
        await self._asked_for.wait()

    async def _mount_until_lost(self) -> str:
        """Why it is no longer mounted, in a sentence."""
        try:
            async with AsyncExitStack() as stack:
                fsquota = await self._mount(stack)
                return await self._wait_lost(fsquota)
        except (SlipwayError, OSError) as error:
            return str(error)

    async def _mount(self, stack: AsyncExitStack) -> Fsquota:
        places = self._places
        limits = await self._limits(self.model_id)
        if self.generation == 0:
            await asyncio.to_thread(self._prepare)
        inherits = os.geteuid() == 0 and await asyncio.to_thread(stale.is_mountpoint, places.mountpoint)
        arguments = command(
            backing=places.backing,
            mountpoint=places.mountpoint,
            staging=places.staging,
            aside=places.aside,
            control=places.socket,
            counter=places.counter,
            limits=limits,
        )
        fsquota = await Fsquota.start(arguments, self.model_id, self._group)
        stack.callback(places.pid_file.unlink, missing_ok=True)
        stack.callback(places.socket.unlink, missing_ok=True)
        stack.callback(places.counter.unlink, missing_ok=True)
        stack.push_async_callback(fsquota.stop)
        places.pid_file.write_text(str(fsquota.pid))
        control = await self._subscribe(stack, fsquota)
        counter = Counter(places.counter)
        stack.callback(counter.close)
        descriptor = await asyncio.to_thread(os.open, places.mountpoint, os.O_PATH | os.O_DIRECTORY)
        stack.callback(os.close, descriptor)
        stack.callback(self._forget)
        self._control, self._descriptor, self._counter = control, descriptor, counter
        self._announce(inherits)
        if self._viewed:
            await self._renew_view()
        return fsquota

    async def _renew_view(self) -> None:
        """Generation 0 has been seen by nobody."""
        async with self._viewing:
            while self._viewed != (generation := self.generation):
                await asyncio.to_thread(views.show, self.path, self._places.view)
                self._viewed = generation

    async def _subscribe(self, stack: AsyncExitStack, fsquota: Fsquota) -> Control:
        try:
            control = await Control.connect(self._places.socket, self._publish)
            stack.push_async_callback(control.close)
            await control.request("subscribe")
        except (FilesystemUnavailable, OSError) as error:  # it died as soon as it had mounted
            raise FilesystemUnavailable(await how_it_ended(fsquota)) from error
        return control

    def _prepare(self) -> None:
        for place in (self._places.view, self.path):
            stale.detach(place)
        for folder in (self._places.backing, self._places.staging, self._places.mountpoint, self._places.view):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _announce(self, inherits: bool) -> None:
        self.generation += 1
        self.lineage += not inherits
        if self.generation == 1:
            self._become("ready", "The filesystem is mounted.")
            return
        self.remounted_at = time.time()
        self._become("ready", f"{self._lost} {SAVED} {GO_ON if inherits else BEGIN_ANEW}")
        self._events.publish(self.model_id, FolderRescan(""))

    async def _wait_lost(self, fsquota: Fsquota) -> str:
        assert self._control is not None  # set by _mount
        ended, lost = asyncio.create_task(fsquota.wait()), asyncio.create_task(self._control.wait_lost())
        try:
            await asyncio.wait((ended, lost), return_when=asyncio.FIRST_COMPLETED)
            if lost.done():
                lost.result()
        finally:
            ended.cancel()
            lost.cancel()
            self._forget()
            self.lost_at = time.time()
        self._become("remounting", "The filesystem's process ended. It is being mounted again; what was saved is safe.")
        return await how_it_ended(fsquota)

    def _forget(self) -> None:
        self._control = self._descriptor = self._counter = None

    def _become(self, status: Literal["ready", "remounting", "failed"], message: str) -> None:
        self._standing = FilesystemChanged(status, message, self.remounted_at)
        if status == "remounting":
            self._settled.clear()
        else:
            self._settled.set()
        self._events.publish(self.model_id, self._standing)

    def _publish(self, event: dict[str, Any]) -> None:
        match event["event"]:
            case "changes":
                changes = [_file_change(change) for change in event["changes"]]
                self._events.publish(self.model_id, FilesChanged(changes))
            case "rescan":
                self._events.publish(self.model_id, FolderRescan(to_wire(event["path"])))
            case "usage":
                self._events.publish(self.model_id, UsageChanged(msgspec.convert(event, Usage)))
            case other:
                raise ValueError(f"expected an event changes, rescan or usage from fsquota, got {other!r}")


async def how_it_ended(fsquota: Fsquota) -> str:
    """In a sentence; one that can no longer be reached and does not end is killed."""
    ended = asyncio.create_task(fsquota.wait())
    await asyncio.wait((ended,), timeout=END_SECONDS)
    await fsquota.kill()
    return f"Its process was {await ended}."


def _file_change(change: dict[str, Any]) -> FileChange:
    destination = change.get("destination")
    return FileChange(
        kind=change["kind"],
        path=to_wire(change["path"]),
        destination=None if destination is None else to_wire(destination),
    )
