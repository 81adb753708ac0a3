"""Who a sandbox's users are on the host: unused ids where the server is root, else its own and subordinate ones."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FIRST_ID = 100_000
ID_COUNT = 65_536


@dataclass(frozen=True)
class IdRange:
    inside: int
    outside: int
    count: int

    def holds(self, inside: int) -> bool:
        return self.inside <= inside < self.inside + self.count


@dataclass(frozen=True)
class Identity:
    users: tuple[IdRange, ...]
    groups: tuple[IdRange, ...]
    rootless: bool

    @property
    def owner(self) -> tuple[int, int]:
        """uid and gid on the host of the sandbox's user 0."""
        return self.users[0].outside, self.groups[0].outside

    def has_group(self, inside: int) -> bool:
        return any(group.holds(inside) for group in self.groups)


def own_identity() -> Identity:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        everyone = (IdRange(0, FIRST_ID, ID_COUNT),)
        return Identity(users=everyone, groups=everyone, rootless=False)
    owners = {str(uid), user_name(uid)}
    return Identity(
        users=rootless_ranges(uid, subordinate_ids(lines_of(Path("/etc/subuid")), owners)),
        groups=rootless_ranges(gid, subordinate_ids(lines_of(Path("/etc/subgid")), owners)),
        rootless=True,
    )


def rootless_ranges(own: int, subordinate: tuple[int, int] | None) -> tuple[IdRange, ...]:
    """Oneself as 0; with subordinate ids (first, count) also 1 and up."""
    if subordinate is None:
        return (IdRange(0, own, 1),)
    first, count = subordinate
    return IdRange(0, own, 1), IdRange(1, first, min(count, ID_COUNT - 1))


def subordinate_ids(lines: Iterable[str], owners: set[str]) -> tuple[int, int] | None:
    """The first range of subuid(5) or subgid(5) that belongs to one of the owners: (first id, count)."""
    for line in lines:
        owner, _, span = line.strip().partition(":")
        first, _, count = span.partition(":")
        if owner in owners and first.isdigit() and count.isdigit():
            return int(first), int(count)
    return None


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def lines_of(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
