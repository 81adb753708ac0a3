"""The environments of sandboxes, built once for all tests of a checkout: a first build takes most of a minute."""

import asyncio
import fcntl
import functools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ide_server.host.environments import Environment, Environments
from ide_server.settings import Settings

SHARED = Path(__file__).parents[2] / ".slipway/tests"


def share_environments(data_dir: Path) -> None:
    """Give a data_dir that is about to be served the environments of all the others."""
    build_missing()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = data_dir / "environments"
    if not link.is_symlink():
        link.symlink_to(SHARED / "environments")


@functools.cache
def build_missing() -> None:
    """Once per process: to find that nothing is missing takes seconds on a busy machine."""
    SHARED.mkdir(parents=True, exist_ok=True)
    with (SHARED / "environments.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # In a thread of its own: where a browser is driven, this one has a loop already.
        with ThreadPoolExecutor() as pool:
            pool.submit(lambda: asyncio.run(build_default())).result()


async def build_default() -> Environment:
    environments = Environments(Settings(data_dir=SHARED))
    try:
        return await environments.default()
    finally:
        await environments.close()
