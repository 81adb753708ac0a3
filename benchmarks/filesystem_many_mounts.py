"""What many mounts cost together: idle ones, and busy ones as the server has them, with the spin before sleeping that
is a shell's, and with neither."""

import contextlib
import functools
import multiprocessing
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks.filesystem_variants import LIMIT_BYTES, LIMIT_FILES, Place, filesystems_group, limited
from benchmarks.filesystem_workloads import small_files
from tests.support.fsquota import MountedFilesystem, mounted

STARTS: Mapping[str, Callable[[Path], AbstractContextManager[Place]]] = {
    "served": limited,
    "spin": functools.partial(limited, served=False),
    "neither": lambda folder: limited(folder, "--spin-microseconds=0", served=False),
}
SETTLE_SECONDS = 1.0


@contextlib.contextmanager
def mounts(folder: Path, count: int) -> Iterator[list[MountedFilesystem]]:
    with contextlib.ExitStack() as stack:
        group = stack.enter_context(filesystems_group(folder))
        found = []
        for number in range(count):
            place = folder / str(number)
            place.mkdir(parents=True)
            mount = mounted(place, limit_bytes=LIMIT_BYTES, limit_files=LIMIT_FILES, group=group)
            found.append(stack.enter_context(mount))
        yield found


def idle_cost(folder: Path, *, count: int, watch_seconds: float) -> tuple[float, float]:
    """Share of one core that one idle mount takes, and the MiB that belong to it."""
    with mounts(folder, count) as found:
        pids = [mount.process.pid for mount in found]
        time.sleep(SETTLE_SECONDS)  # what follows the start is not idling
        before, start = processor_seconds(pids), time.monotonic()
        time.sleep(watch_seconds)
        share = (processor_seconds(pids) - before) / (time.monotonic() - start)
        return share / count, statistics.median(map(proportional_mebibytes, pids))


def processor_seconds(pids: Sequence[int]) -> float:
    """To the nanosecond, which the clock ticks of /proc/PID/stat are too coarse for."""
    threads = (thread for pid in pids for thread in Path(f"/proc/{pid}/task").iterdir())
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def proportional_mebibytes(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kibibytes) for kibibytes in re.findall(r"(?m)^Pss:\s+(\d+) kB", rollup)) / 1024


def busy_seconds(folder: Path, *, count: int, files: int, rounds: int) -> dict[str, list[float]]:
    """What `count` programs took in sum, each on a mount of its own and all at once, round by round."""
    found: dict[str, list[float]] = {name: [] for name in STARTS}
    with contextlib.ExitStack() as stack:
        pool = stack.enter_context(multiprocessing.get_context("fork").Pool(count))
        places = {
            name: [stack.enter_context(start(folder / name / str(number))) for number in range(count)]
            for name, start in STARTS.items()
        }
        for turn in range(rounds):
            for name in sorted(STARTS, reverse=turn % 2 == 1):
                found[name].append(sum(pool.map(functools.partial(work, files=files), places[name], chunksize=1)))
    return found


def work(place: Place, *, files: int) -> float:
    with place.fresh() as stage:
        return small_files(stage.root, files)["small_files"]
