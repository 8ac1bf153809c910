"""Which addresses a connector may call."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.egress import EgressPolicy, is_denied, parse_egress
from paceline.errors import UsageError

NOTHING = EgressPolicy()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.9.10", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "192.88.99.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2001::1", "2001:db8::1", "no-address", "",
    ],
)  # fmt: skip
def test_address_that_is_not_public_is_denied(address: str):
    assert is_denied(address, 443, NOTHING)


@pytest.mark.parametrize("address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_address_is_allowed(address: str):
    assert not is_denied(address, 443, NOTHING)


def test_allowed_endpoint_opens_its_port_alone():
    policy = parse_egress(["127.0.0.1:4011"])
    assert not is_denied("127.0.0.1", 4011, policy)
    assert is_denied("127.0.0.1", 4012, policy)


def test_allowed_endpoint_counts_in_its_mapped_form_too():
    assert not is_denied("::ffff:127.0.0.1", 4011, parse_egress(["127.0.0.1:4011"]))


def test_allowed_network_opens_every_address_in_it():
    policy = parse_egress(["10.20.0.0/16", "fd00::/8"])
    assert not is_denied("10.20.3.4", 80, policy)
    assert not is_denied("fd00::5", 80, policy)
    assert is_denied("10.21.0.1", 80, policy)


@pytest.mark.parametrize("entry", ["localhost:80", "10.0.0.0/99", "example.com", "1.2.3.4:port", "", "10.0.0.1/8"])
def test_entry_that_is_neither_range_nor_endpoint_is_named(entry: str):
    with pytest.raises(UsageError, match=r"egress\.allow"):
        parse_egress([entry])


@given(st.ip_addresses(v=4))
def test_mapped_address_is_judged_like_the_address_itself(address: ipaddress.IPv4Address):
    assert is_denied(f"::ffff:{address}", 80, NOTHING) == is_denied(str(address), 80, NOTHING)
