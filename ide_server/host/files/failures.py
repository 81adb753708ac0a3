"""What the kernel refuses, as errors a person can act on."""

import errno
from collections.abc import Callable, Mapping
from typing import Concatenate, ParamSpec, TypeVar

from ide_server import errors
from ide_server.host.files.space import fits, full
from ide_server.host.mounts import Mount

P = ParamSpec("P")
T = TypeVar("T")

_CLOSED = "is closed to you by its permissions. Change them with chmod in a terminal."
_REMOUNTING = "is out of reach while the filesystem is mounted again. Try again."
_ERRORS: Mapping[int, tuple[type[errors.SlipwayError], str]] = {
    errno.ENOENT: (errors.FileNotFound, "is not there; it may have been moved or removed."),
    errno.ENOTDIR: (errors.NotAFolder, "is not a folder, or lies below something that is none."),
    errno.EISDIR: (errors.NotAFile, "is a folder."),
    errno.EEXIST: (errors.AlreadyExists, "exists already. Choose another name."),
    errno.ENOTEMPTY: (errors.FolderNotEmpty, "was filled again while it was being removed. Try again."),
    errno.EXDEV: (errors.UnsafePath, "leads out of the model's filesystem, through a link. Use it in a terminal."),
    errno.ELOOP: (errors.NotAFile, "is a link that leads in a circle."),
    errno.ENAMETOOLONG: (errors.NameNotAllowed, "is too long a name or path."),
    errno.EINVAL: (errors.InvalidRequest, "cannot be moved there: a folder cannot be put into itself."),
    errno.EACCES: (errors.AccessDenied, _CLOSED),
    errno.EPERM: (errors.AccessDenied, _CLOSED),
    errno.ENOTCONN: (errors.FilesystemUnavailable, _REMOUNTING),
    errno.ECONNABORTED: (errors.FilesystemUnavailable, _REMOUNTING),
    errno.ESTALE: (errors.FilesystemUnavailable, _REMOUNTING),
}


async def attempt(
    mount: Mount, path: str, function: Callable[Concatenate[int, P], T], /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """mount.run, with what the kernel refuses as our errors. It adds at most one file or folder, without content."""
    try:
        return await mount.run(function, *args, **kwargs)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise await _full(mount, path) from error
        raise _translated(error, path) from error


async def _full(mount: Mount, path: str) -> errors.SlipwayError:
    usage = await mount.usage()
    if fits(usage, needed_bytes=0, needed_files=1):
        return errors.FilesystemUnavailable(
            f"{path} was not saved: the server's own disk is full. Tell whoever runs it; what was there is unchanged."
        )
    return full(path, usage, needed_bytes=0, needed_files=1)


def _translated(error: OSError, path: str) -> Exception:
    """The error as it is where no request can cause it."""
    if error.errno is None or error.errno not in _ERRORS:
        return error
    kind, sentence = _ERRORS[error.errno]
    return kind(f"{path or 'The filesystem'} {sentence}")
