"""Which ports somebody listens on, from what the kernel says of a network namespace. Pure."""

LISTEN = "0A"
LOCAL_ADDRESS, STATE = 1, 3
REACHED_ADDRESSES = ("0" * 8, "0100007F", "0" * 32, "0" * 24 + "01000000")
"""Any and the loopback, of both versions of IP, as /proc/net/tcp and tcp6 write them on this machine."""


def listening(table: str) -> frozenset[int]:
    """Of /proc/PID/net/tcp or tcp6: the ports that can be reached through the loopback."""
    rows = (line.split() for line in table.splitlines()[1:])
    addresses = (row[LOCAL_ADDRESS].split(":") for row in rows if len(row) > STATE and row[STATE] == LISTEN)
    return frozenset(int(port, 16) for address, port in addresses if address in REACHED_ADDRESSES)
