import struct

import pytest

from fsquota.device import AUTO_INVAL_DATA, CACHE_SYMLINKS, HANDLE_KILLPRIV_V2, with_flags

ASYNC_READ = 1


def request(flags: int) -> bytes:
    header = struct.pack("=IIQQIIIHH", 104, 26, 1, 0, 0, 0, 0, 0, 0)
    return header + struct.pack("=IIII", 7, 41, 131072, flags) + bytes(48)


def reply(flags: int) -> bytes:
    return struct.pack("=IiQ", 80, 0, 1) + struct.pack("=IIII", 7, 38, 131072, flags) + bytes(48)


@pytest.mark.parametrize(
    ("offered", "taken", "expected"),
    [
        (HANDLE_KILLPRIV_V2 | ASYNC_READ, ASYNC_READ, HANDLE_KILLPRIV_V2 | ASYNC_READ),
        (HANDLE_KILLPRIV_V2, 0, HANDLE_KILLPRIV_V2),
        (ASYNC_READ, ASYNC_READ, ASYNC_READ),
        (CACHE_SYMLINKS, 0, CACHE_SYMLINKS),
        (AUTO_INVAL_DATA | ASYNC_READ, AUTO_INVAL_DATA | ASYNC_READ, ASYNC_READ),
    ],
)
def test_flags_are_added_where_the_kernel_offers_them_and_taken_back_where_they_harm(
    offered: int, taken: int, expected: int
) -> None:
    assert with_flags(reply(taken), request(offered)) == reply(expected)
