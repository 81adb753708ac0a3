"""Making a filesystem what a manifest tells of."""

import errno
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from ide_server.errors import FilesystemFull
from ide_server.host.files.failures import attempt
from ide_server.host.mounts import Mount
from ide_server.host.snapshots import plan, tree
from ide_server.host.snapshots.manifest import Manifest
from ide_server.host.snapshots.store import Store
from ide_server.wire import Usage

P = ParamSpec("P")


async def check_room(mount: Mount, manifest: Manifest) -> None:
    """Raises FilesystemFull if the limits are below what the snapshot holds."""
    usage = await mount.usage()
    needed_bytes, needed_files = plan.needed(manifest.entries)
    if needed_bytes > usage.limit_bytes or needed_files > usage.limit_files:
        raise _full(manifest, usage, "Nothing was changed.")


async def fill(mount: Mount, store: Store, manifest: Manifest) -> None:
    """What is there and fits stays, all else goes, then the rest comes. Raises FilesystemFull, AccessDenied."""
    present = await attempt(mount, "", tree.walk)
    steps = plan.restoring(present.entries, present.left_out, manifest.entries)
    await attempt(mount, "", tree.open_up, steps.staying)
    await attempt(mount, "", tree.remove, steps.removed)
    await _write(mount, manifest, tree.make, steps.made)
    digests = {
        piece: digest for entry in steps.made for piece, digest in zip(plan.pieces_of(entry), entry.pieces, strict=True)
    }
    for batch in plan.batches(plan.sized_pieces(steps.made)):
        await _write(mount, manifest, tree.write, {piece: await store.piece(digests[piece]) for piece in batch})
    await _write(mount, manifest, tree.finish, steps.finished)


async def _write(
    mount: Mount,
    manifest: Manifest,
    function: Callable[Concatenate[int, P], None],
    *args: P.args,
    **kwargs: P.kwargs,
) -> None:
    try:
        await mount.run(function, *args, **kwargs)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        done = "Part of it is restored; raise the limit and restore it again."
        raise _full(manifest, await mount.usage(), done) from error


def _full(manifest: Manifest, usage: Usage, done: str) -> FilesystemFull:
    needed_bytes, needed_files = plan.needed(manifest.entries)
    return FilesystemFull(
        f"The snapshot holds {needed_bytes:,} bytes and {needed_files:,} files and folders; the limits are "
        f"{usage.limit_bytes:,} and {usage.limit_files:,}. {done}",
        needed_bytes=needed_bytes,
        free_bytes=max(0, usage.limit_bytes - usage.used_bytes),
        limit_bytes=usage.limit_bytes,
        needed_files=needed_files,
        free_files=max(0, usage.limit_files - usage.used_files),
        limit_files=usage.limit_files,
    )
