"""The environment of sandboxes, built once for all tests of a checkout: building it takes most of a minute."""

import asyncio
import fcntl
from pathlib import Path

from ide_server.host.environments import environments

SHARED = Path(__file__).parents[2] / ".slipway/tests/environments"


def share_environments(data_dir: Path) -> None:
    """Give a data_dir that is about to be served the environments of all the others."""
    build_missing()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = data_dir / "environments"
    if not link.is_symlink():
        link.symlink_to(SHARED)


def build_missing() -> None:
    SHARED.mkdir(parents=True, exist_ok=True)
    interpreter = environments.own_interpreter()
    folder = SHARED / environments.key_of(interpreter, environments.LOCK.read_text())
    with (SHARED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            asyncio.run(environments.build(folder, interpreter))
