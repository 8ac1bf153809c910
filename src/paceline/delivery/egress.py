"""Which addresses a connector may call. Pure: the caller resolves names and asks about each address it would dial."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

import msgspec

from paceline.errors import UsageError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_denied_networks: tuple[IpNetwork, ...] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fec0::/10",
    )
)


class EgressPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What is allowed although it is not a public address (networks, and single (address, port) pairs), and the ports
    on which public addresses may be called."""

    networks: tuple[IpNetwork, ...] = ()
    endpoints: frozenset[tuple[str, int]] = frozenset()
    ports: frozenset[int] = frozenset({80, 443})


def parse_egress(allow: Iterable[str], *, ports: Iterable[int] = (80, 443)) -> EgressPolicy:
    """The policy for `egress` of paceline.yaml: CIDR ranges and `address:port` pairs, and ports of public addresses.

    Raises UsageError that names the entry which is neither.

    >>> parse_egress(["127.0.0.1:4011"]).endpoints
    frozenset({('127.0.0.1', 4011)})
    """
    networks: list[IpNetwork] = []
    endpoints: set[tuple[str, int]] = set()
    for entry in allow:
        host, _, port = entry.rpartition(":")
        try:
            if port.isdigit() and host and "/" not in entry:
                endpoints.add((str(ipaddress.ip_address(host.strip("[]"))), int(port)))
            else:
                networks.append(ipaddress.ip_network(entry))
        except ValueError:
            raise UsageError(
                f"egress.allow has {entry!r}",
                where="paceline.yaml",
                expected="a range such as 10.1.0.0/16 or an address and port such as 127.0.0.1:4011",
            ) from None
    return EgressPolicy(networks=tuple(networks), endpoints=frozenset(endpoints), ports=frozenset(ports))


def is_denied(address: str, port: int, policy: EgressPolicy) -> bool:
    """Whether a connector must not connect there: what is not public, or a port beyond those of `policy`, unless it is
    allowed.

    IPv4 inside IPv6 (`::ffff:127.0.0.1`) is judged as the IPv4 address. Text that is no address is denied.

    >>> is_denied("169.254.169.254", 80, EgressPolicy()), is_denied("93.184.216.34", 443, EgressPolicy())
    (True, False)
    """
    try:
        ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if (str(ip), port) in policy.endpoints or any(ip in network for network in policy.networks):
        return False
    is_special = not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified
    return is_special or port not in policy.ports or any(ip in network for network in _denied_networks)
