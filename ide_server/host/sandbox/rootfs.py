"""The root filesystem of a sandbox: a small generated folder onto which the host's read-only parts are bound."""

import os
from collections.abc import Iterable
from pathlib import Path

from ide_server.host.sandbox.network import NAME_SERVER
from ide_server.host.sandbox.spec import INSIDE, Mount, SandboxSpec

FOLDERS = ("dev", "etc", "opt", "proc", "run", "sys", "tmp", "usr", "var")
LINKS = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib32": "usr/lib32",
    "lib64": "usr/lib64",
    "libx32": "usr/libx32",
    "sbin": "usr/sbin",
    "etc/mtab": "/proc/self/mounts",
    "var/run": "/run",
    "var/tmp": "/tmp",
}

SYSTEM = (
    "/usr",
    "/etc/alternatives",
    "/etc/inputrc",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/nanorc",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/vim",
    # Numeric libraries count processors and memory nodes here; the rest of /sys is nobody's business.
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
)
"""What every sandbox sees of the host, where the host has it."""


def system_mounts() -> tuple[Mount, ...]:
    return tuple(Mount(Path(path), path) for path in SYSTEM if os.path.exists(path))


def make_rootfs(folder: Path, spec: SandboxSpec, mounts: Iterable[Mount]) -> None:
    """Writes a root filesystem with a mount point for each mount. The folder must not exist."""
    make_folder(folder)
    for name in FOLDERS:
        make_folder(folder / name)
    (folder / "tmp").chmod(0o1777)  # runc gives a tmpfs the mode of the folder that it covers
    for name, target in LINKS.items():
        if target.startswith("/") or os.path.exists("/" + target):
            (folder / name).symlink_to(target)
    for source in sorted((INSIDE / "etc").iterdir()):
        make_file(folder / "etc" / source.name, source.read_text())
    make_file(folder / "etc/hostname", f"{spec.hostname}\n")
    make_file(folder / "etc/hosts", f"127.0.0.1 localhost {spec.hostname}\n::1 localhost\n")
    make_file(folder / "etc/resolv.conf", f"nameserver {NAME_SERVER}\n" if spec.network else "")
    for mount in mounts:
        make_mount_point(folder / mount.destination.lstrip("/"), is_folder=mount.source.is_dir())


def make_mount_point(path: Path, *, is_folder: bool) -> None:
    for parent in reversed(path.parents):
        if not parent.exists():
            make_folder(parent)
    if path.exists():
        return
    if is_folder:
        make_folder(path)
    else:
        make_file(path, "")


def make_folder(path: Path) -> None:
    path.mkdir()
    path.chmod(0o755)  # whatever the umask: other users must pass


def make_file(path: Path, content: str) -> None:
    path.write_text(content)
    path.chmod(0o644)
