"""Looks at a backing folder that is not mounted: what it holds, and whether a mount would take it."""

from pathlib import Path

from fsquota.backing import opened_backing
from fsquota.ledger import Usage
from fsquota.scan import opened_ledger, read_tree


def check(backing: Path, *, limit_bytes: int | None, limit_files: int | None) -> Usage:
    """The use, and the limits as asked or as the use itself. Raises CannotMount for what a mount would refuse."""
    with opened_backing(backing) as root:
        tree, _ = read_tree(root)
        ledger = opened_ledger(tree, limit_bytes=0, limit_files=0)
        ledger.set_limits(
            limit_bytes=ledger.used_bytes if limit_bytes is None else limit_bytes,
            limit_files=ledger.used_files if limit_files is None else limit_files,
        )
        return ledger.usage
