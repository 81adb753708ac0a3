"""What this machine has and lacks for the server: one line each, and for what is missing the command that mends it."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ide_server.host.environments.environment import CA_BUNDLE
from ide_server.host.sandbox.bundle import INIT
from ide_server.host.sandbox.cgroups import find_cgroups
from ide_server.host.sandbox.identity import FIRST_ID, ID_COUNT, own_identity
from ide_server.host.sandbox.network import TUN, missing_for_network
from ide_server.host.sandbox.runtime import find_program
from ide_server.host.search.search import find_ripgrep
from ide_server.settings import MEBIBYTE, Settings

USER_NAMESPACES = Path("/proc/sys/user/max_user_namespaces")
FUSE = Path("/dev/fuse")
MOUNT_TABLE = Path("/etc/mtab")
FREE_BYTES = 2048 * MEBIBYTE
OPENAT2_KERNEL = (5, 6)
RANGE = f"{FIRST_ID}-{FIRST_ID + ID_COUNT - 1}"


@dataclass(frozen=True)
class Check:
    """`consequence` is what does not work while `ok` is false, `remedy` the command or step that mends it."""

    name: str
    ok: bool
    found: str
    consequence: str
    remedy: str
    required: bool = True
    """Without it the server cannot do its work; otherwise it does less, or less safely."""


def checks(settings: Settings) -> list[Check]:
    return [
        kernel(os.uname().release),
        user_namespaces(),
        fuse(),
        mount_table(),
        program("OCI runtime", settings.runtime, "No sandbox starts: no terminals, no runs.", settings.runtime),
        program("init of sandboxes", INIT[0], "No sandbox starts: no terminals, no runs.", "tini"),
        ripgrep(),
        network(settings),
        control_groups(settings),
        ids(),
        free_space(settings.data_dir),
        certificates(),
    ]


def report(found: Sequence[Check]) -> str:
    """One line for each check that passed; what does not work and how to mend it for each that did not."""
    lines = []
    for check in found:
        if check.ok:
            lines.append(f"ok       {check.name}: {check.found}")
        else:
            lines.append(f"{'MISSING' if check.required else 'lacking'}  {check.name}: {check.found}")
            lines.append(f"         {check.consequence} To mend it: {check.remedy}")
    return "\n".join(lines)


def exit_code(found: Sequence[Check]) -> int:
    """1 if something is missing that the server cannot do without."""
    return int(any(check.required and not check.ok for check in found))


def kernel(release: str) -> Check:
    major, minor, *_ = (int("".join(filter(str.isdigit, part)) or 0) for part in release.split(".")[:2])
    return Check(
        name="kernel",
        ok=(major, minor) >= OPENAT2_KERNEL,
        found=f"Linux {release}",
        consequence="Files of a model cannot be opened safely (openat2 came with Linux 5.6).",
        remedy="run a newer kernel.",
    )


def user_namespaces() -> Check:
    most = USER_NAMESPACES.read_text().strip() if USER_NAMESPACES.exists() else "0"
    return Check(
        name="user namespaces",
        ok=most != "0",
        found=f"at most {most}",
        consequence="No sandbox starts: no terminals, no runs.",
        remedy="sysctl user.max_user_namespaces=15000",
    )


def fuse() -> Check:
    mount_program = find_program("fusermount3")
    opens = os.access(FUSE, os.R_OK | os.W_OK)
    return Check(
        name="FUSE",
        ok=opens and mount_program is not None,
        found=f"{FUSE} {'can' if opens else 'cannot'} be opened, {mount_program or 'no fusermount3'}",
        consequence="No model opens: its filesystem cannot be mounted.",
        remedy="apt-get install fuse3; modprobe fuse (in a container: --device /dev/fuse)",
    )


def mount_table() -> Check:
    return Check(
        name="mount table",
        ok=MOUNT_TABLE.exists(),
        found=str(MOUNT_TABLE) if MOUNT_TABLE.exists() else f"no {MOUNT_TABLE}",
        consequence="fusermount3 cannot unmount for a server that is not root: filesystems of models stay behind.",
        remedy=f"ln -s /proc/self/mounts {MOUNT_TABLE}",
        required=False,
    )


def program(name: str, command: str, consequence: str, package: str) -> Check:
    path = find_program(command)
    return Check(
        name=name,
        ok=path is not None,
        found=f"{path}, {version(path)}" if path is not None else f"no {command}",
        consequence=consequence,
        remedy=f"apt-get install {package}",
    )


def ripgrep() -> Check:
    path = find_ripgrep()
    return Check(
        name="search in files",
        ok=path is not None,
        found=f"{path}, {version(path)}" if path is not None else "no rg below /usr",
        consequence="Nothing can be searched for in the files of a model.",
        remedy="apt-get install ripgrep",
        required=False,
    )


def network(settings: Settings) -> Check:
    if settings.network == "none":
        return Check("network of sandboxes", ok=True, found="none, as set", consequence="", remedy="")
    path = find_program(settings.network)
    missing = missing_for_network(path)
    return Check(
        name="network of sandboxes",
        ok=not missing,
        found=missing or f"{path}, {TUN}",
        consequence="Sandboxes have no network: pip and npm install nothing.",
        remedy=f"apt-get install {settings.network}; modprobe tun (in a container: --device {TUN})",
        required=False,
    )


def control_groups(settings: Settings) -> Check:
    cgroups = find_cgroups(settings.run_path)
    return Check(
        name="control groups",
        ok=not cgroups.missing,
        found=cgroups.missing or f"version {cgroups.version}, {', '.join(sorted(cgroups.controllers))}",
        consequence="Memory, processor and process limits hold for each process of a sandbox, or not at all.",
        remedy="run the server as root; in a container, with --privileged or a writable /sys/fs/cgroup.",
        required=False,
    )


def ids() -> Check:
    identity = own_identity()
    subordinate = len(identity.users) > 1 and len(identity.groups) > 1 and find_program("newuidmap") is not None
    return Check(
        name="ids of sandboxes",
        ok=not identity.rootless or subordinate,
        found=f"user 0 of a sandbox is {identity.owner[0]} here"
        + (", others nobody" if identity.rootless and not subordinate else ""),
        consequence="A sandbox has one user id only: programs that change to another fail.",
        remedy=f"apt-get install uidmap; usermod --add-subuids {RANGE} --add-subgids {RANGE} $(id -nu {os.geteuid()})",
        required=False,
    )


def free_space(data_dir: Path) -> Check:
    existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    return Check(
        name="free space",
        ok=free >= FREE_BYTES,
        found=f"{free // MEBIBYTE} MiB at {data_dir}",
        consequence="Environments and models may not find the space that their limits promise.",
        remedy="free some, or set --data-dir to a larger disk.",
        required=False,
    )


def certificates() -> Check:
    return Check(
        name="certificates",
        ok=os.path.exists(CA_BUNDLE),
        found=CA_BUNDLE if os.path.exists(CA_BUNDLE) else f"no {CA_BUNDLE}",
        consequence="git and other programs in a sandbox cannot check whom they talk to.",
        remedy="apt-get install ca-certificates",
        required=False,
    )


def version(path: str) -> str:
    done = subprocess.run((path, "--version"), capture_output=True, text=True, timeout=10)
    lines = (done.stdout or done.stderr).splitlines()
    return lines[0] if lines else "version unknown"
