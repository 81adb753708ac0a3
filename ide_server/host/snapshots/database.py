"""The file that snapshots are kept in: SQLite, manifests and the pieces they name. All here blocks.

A piece is there once and as long as a manifest names it. A snapshot appears with its manifest, in one transaction.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import msgspec

from ide_server.host.snapshots.manifest import Digest, Manifest

SCHEMA = """
CREATE TABLE IF NOT EXISTS pieces (digest BLOB PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS manifests (snapshot TEXT PRIMARY KEY, manifest BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS uses (
    snapshot TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (snapshot, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uses_by_digest ON uses (digest);
"""
PAGE_BYTES = 65536
FREED_PAGES = 4096
"""Given back to the disk at once after a removal."""

manifests = msgspec.msgpack.Decoder(Manifest)


class SnapshotLost(Exception):
    """The store lacks a manifest or a piece that a row or a manifest names, or holds other content than it should."""


class Database:
    """Of one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> Self:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # Without rowid: a piece is kept in the index itself. Larger pages hold a piece in fewer of them.
        for pragma in (f"page_size = {PAGE_BYTES}", "auto_vacuum = INCREMENTAL", "journal_mode = WAL"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(SCHEMA)
        return cls(connection)

    def close(self) -> None:
        self._connection.close()

    def put(self, contents: Iterable[bytes]) -> list[Digest]:
        """Their digests. Synced to disk only once a manifest names them."""
        self._connection.execute("BEGIN")
        try:
            digests = [self._put(content) for content in contents]
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return digests

    def piece(self, digest: Digest) -> bytes:
        """Raises SnapshotLost."""
        row = self._connection.execute(
            "SELECT content FROM pieces WHERE digest = ?", (bytes.fromhex(digest),)
        ).fetchone()
        if row is None or hashlib.sha256(row[0]).hexdigest() != digest:
            raise SnapshotLost(f"The piece {digest} is {'missing' if row is None else 'damaged'}.")
        content: bytes = row[0]
        return content

    def keep(self, snapshot: str, manifest: Manifest) -> None:
        """Raises SnapshotLost if a piece that it names was never put."""
        digests = [bytes.fromhex(digest) for digest in manifest.digests]
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute(
                "INSERT INTO manifests VALUES (?, ?)", (snapshot, msgspec.msgpack.encode(manifest))
            )
            self._connection.executemany("INSERT INTO uses VALUES (?, ?)", [(snapshot, digest) for digest in digests])
            missing = "SELECT 1 FROM uses WHERE snapshot = ? AND digest NOT IN (SELECT digest FROM pieces) LIMIT 1"
            if self._connection.execute(missing, (snapshot,)).fetchone() is not None:
                raise SnapshotLost("A piece of the snapshot was not put into the store.")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def manifest(self, snapshot: str) -> Manifest:
        """Raises SnapshotLost."""
        row = self._connection.execute("SELECT manifest FROM manifests WHERE snapshot = ?", (snapshot,)).fetchone()
        if row is None:
            raise SnapshotLost(f"There is no manifest of {snapshot}.")
        return manifests.decode(row[0])

    def forget(self, snapshots: Iterable[str]) -> None:
        """And with them all pieces that no other names."""
        for snapshot in snapshots:
            self._connection.execute("DELETE FROM manifests WHERE snapshot = ?", (snapshot,))
            self._connection.execute("DELETE FROM uses WHERE snapshot = ?", (snapshot,))
        self.sweep()

    def forget_all_but(self, snapshots: Iterable[str]) -> None:
        kept = set(snapshots)
        there = [row[0] for row in self._connection.execute("SELECT snapshot FROM manifests")]
        self.forget(snapshot for snapshot in there if snapshot not in kept)

    def sweep(self) -> None:
        """Pieces that no manifest names: of snapshots that were removed, and of those that were never finished."""
        self._connection.execute("DELETE FROM pieces WHERE digest NOT IN (SELECT digest FROM uses)")
        self._connection.execute(f"PRAGMA incremental_vacuum({FREED_PAGES})").fetchall()

    def byte_size(self) -> int:
        """Of all pieces together."""
        return int(self._connection.execute("SELECT COALESCE(SUM(LENGTH(content)), 0) FROM pieces").fetchone()[0])

    def _put(self, content: bytes) -> Digest:
        digest = hashlib.sha256(content)
        self._connection.execute("INSERT OR IGNORE INTO pieces VALUES (?, ?)", (digest.digest(), content))
        return digest.hexdigest()
