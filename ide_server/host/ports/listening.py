"""Which ports somebody listens on, from what the kernel says of a network namespace."""

from contextlib import suppress
from pathlib import Path

LISTEN = "0A"
LOCAL_ADDRESS, STATE = 1, 3
REACHED_ADDRESSES = ("0" * 8, "0100007F", "0" * 32, "0" * 24 + "01000000")
"""Any and the loopback, of both versions of IP, as /proc/net/tcp and tcp6 write them on this machine."""


COUNTS = {"tcp": "sockstat", "tcp6": "sockstat6"}
"""To read a table takes milliseconds, as the kernel goes through the connections of the whole machine; a count does
not."""


def ports_in(network_folder: Path) -> frozenset[int]:
    """network_folder: /proc/PID/net; none where that has just ended. Blocks."""
    found: set[int] = set()
    for table, count in COUNTS.items():
        with suppress(OSError):  # of who has just ended; a kernel without IPv6 has no tcp6 either
            if has_sockets((network_folder / count).read_text()):
                found |= listening((network_folder / table).read_text())
    return frozenset(found)


def has_sockets(count: str) -> bool:
    """Of /proc/PID/net/sockstat or sockstat6: whether there are any of TCP."""
    rows = (line.split() for line in count.splitlines())
    return any(row[0] in ("TCP:", "TCP6:") and row[1:3] != ["inuse", "0"] for row in rows)


def listening(table: str) -> frozenset[int]:
    """Of /proc/PID/net/tcp or tcp6: the ports that can be reached through the loopback."""
    rows = (line.split() for line in table.splitlines()[1:])
    addresses = (row[LOCAL_ADDRESS].split(":") for row in rows if len(row) > STATE and row[STATE] == LISTEN)
    return frozenset(int(port, 16) for address, port in addresses if address in REACHED_ADDRESSES)
