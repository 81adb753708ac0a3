"""Which mounts are ours, as the kernel lists them."""

from pathlib import Path

from ide_server.host.mounts.stale import mountpoints

LINE = "{number} 1 0:{number} / {path} rw,nosuid - fuse.fsquota fsquota rw\n"


def test_mounts_below_a_folder_are_found_the_last_first() -> None:
    paths = ["/", "/run/a/mounts/m1", "/run/a/mounts/m\\0402", "/run/a/mounts", "/run/ab/mounts/m3", "/run/a/mounts/m1"]
    lines = [LINE.format(number=number, path=path) for number, path in enumerate(paths, 20)]
    mounts = Path("/run/a/mounts")
    assert mountpoints(mounts, lines) == [mounts / "m1", mounts / "m 2", mounts / "m1"]
