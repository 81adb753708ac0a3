from ipaddress import IPv4Network

from ide_server.host.sandbox.neighbours import own_networks, routes

FIB_TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 192.0.2.0/24 2 0 2
        |-- 192.0.2.0
           /24 link UNICAST
        |-- 192.0.2.2
           /32 host LOCAL
     |-- 198.51.100.0
        /24 universe UNICAST
"""
CLOUDS = [
    "route add unreachable 100.100.100.200/32",
    "route add unreachable 168.63.129.16/32",
    "route add unreachable 169.254.0.0/16",
]


def networks(*texts: str) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts]


def test_the_machines_own_addresses_and_networks_are_read_but_not_what_lies_behind_a_gateway() -> None:
    assert own_networks(FIB_TRIE) == set(networks("127.0.0.0/8", "192.0.2.0/24", "192.0.2.2/32"))


def test_they_and_the_clouds_metadata_are_closed_off() -> None:
    closed = ["route add unreachable 192.0.2.0/24", "route add unreachable 192.0.2.2/32"]
    assert routes(own_networks(FIB_TRIE), reachable=[]) == [*CLOUDS, *closed]


def test_the_sandboxs_own_loopback_and_network_stay_open_and_so_does_a_way_out_without_a_gateway() -> None:
    assert (
        routes(networks("127.0.0.0/8", "10.0.2.0/24", "10.0.2.15/32", "0.0.0.0/0", "128.0.0.0/1"), reachable=[])
        == CLOUDS
    )


def test_a_reachable_network_is_opened_but_this_machine_in_it_is_not() -> None:
    assert routes(networks("192.0.2.0/24", "192.0.2.2/32"), reachable=networks("192.0.2.0/24")) == [
        *CLOUDS,
        "route add unreachable 192.0.2.2/32",
        "route add 192.0.2.0/24 via 10.0.2.2",
    ]
