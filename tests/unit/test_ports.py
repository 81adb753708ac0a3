"""Which ports listen, whose they are by name, and what passes between their origin and the server in the model."""

import socket
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from ide_server.host.ports.listening import has_sockets, listening, ports_in
from ide_server.web.previews import is_own_origin, place_of, without_domain, without_our_cookie

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000 100000        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000 100000        0 2 1 0 100 0 0 10 0
   2: 6402000A:1F42 00000000:0000 0A 00000000:00000000 00:00000000 00000000 100000        0 3 1 0 100 0 0 10 0
   3: 0100007F:1F43 0100007F:1F40 01 00000000:00000000 00:00000000 00000000 100000        0 4 1 0 100 0 0 10 0
"""
TABLE_6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue
   0: 00000000000000000000000000000000:1F44 00000000000000000000000000000000:0000 0A 00000000:00000000
   1: 00000000000000000000000001000000:1F45 00000000000000000000000000000000:0000 0A 00000000:00000000
"""


def test_ports_that_the_loopback_reaches_are_found() -> None:
    assert listening(TABLE) == {8000, 8001}
    assert listening(TABLE_6) == {8004, 8005}
    assert listening("") == frozenset()


def test_where_there_are_no_sockets_no_table_is_read(tmp_path: Path) -> None:
    (tmp_path / "sockstat").write_text(
        "sockets: used 3\nTCP: inuse 0 orphan 0 tw 2 alloc 9 mem 1\nUDP: inuse 4 mem 0\n"
    )
    (tmp_path / "sockstat6").write_text("TCP6: inuse 0\nUDP6: inuse 2\n")
    assert ports_in(tmp_path) == frozenset()
    (tmp_path / "tcp").write_text(TABLE)
    assert ports_in(tmp_path) == frozenset()
    (tmp_path / "sockstat").write_text("TCP: inuse 4 orphan 0 tw 2 alloc 9 mem 1\n")
    (tmp_path / "sockstat6").unlink()
    assert ports_in(tmp_path) == {8000, 8001}, "without IPv6"
    (tmp_path / "sockstat6").write_text("TCP6: inuse 2\nUDP6: inuse 0\n")
    (tmp_path / "tcp6").write_text(TABLE_6)
    assert ports_in(tmp_path) == {8000, 8001, 8004, 8005}
    assert ports_in(tmp_path / "ended") == frozenset()


def test_sockets_are_counted_by_the_kernel_as_they_come() -> None:
    count = Path("/proc/self/net/sockstat")
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert has_sockets(count.read_text())
        assert server.getsockname()[1] in ports_in(Path("/proc/self/net"))


def connection(**headers: str) -> HTTPConnection:
    return HTTPConnection(
        {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    )


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("8000-abc1.localhost:8000", ("abc1", 8000)),
        ("8000-ABC1.LOCALHOST", ("abc1", 8000)),
        ("5173-m.preview.example", ("m", 5173)),
        ("localhost:8000", None),
        ("8000-m.evil.example", None),
        ("8000-m.localhost.evil.example", None),
        ("x.8000-m.localhost", None),
        ("70000-m.localhost", None),
        ("0-m.localhost", None),
        ("8000-.localhost", None),
    ],
)
def test_a_name_says_which_port_of_which_model_is_meant(host: str, place: tuple[str, int] | None) -> None:
    assert place_of(connection(host=host), ("localhost", "preview.example")) == place


def test_the_origin_is_the_own_one_only_if_it_is_the_same() -> None:
    assert is_own_origin(connection(host="8000-m.localhost:1"))
    assert is_own_origin(connection(host="8000-m.localhost:1", origin="http://8000-m.localhost:1"))
    assert not is_own_origin(connection(host="8000-m.localhost:1", origin="http://8001-m.localhost:1"))
    assert not is_own_origin(connection(host="8000-m.localhost:1", origin="null"))


def test_our_cookie_stays_with_us_and_theirs_with_them() -> None:
    assert without_our_cookie(b"a=1; slipway-preview=secret; b=2") == b"a=1; b=2"
    assert without_our_cookie(b"slipway-preview=secret") == b""
    assert without_domain(b"a=1; Domain=.localhost; Path=/") == b"a=1; Path=/"
