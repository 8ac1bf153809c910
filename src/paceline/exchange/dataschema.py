"""The URI by which a record, a bundle or a registry names one version of a contract: CloudEvents `dataschema`.

CloudEvents 1.0 asks for a non-empty URI, and for a new one when the schema changes incompatibly
(https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md#dataschema, read 2026-11-23).
"""

from __future__ import annotations

import re

from paceline.errors import UsageError

_URN = "urn:x-paceline:contract"
_READ_URN = re.compile(rf"{_URN}:(?P<name>[a-z0-9_.]+):(?P<version>[0-9.]+)", re.ASCII)
_READ_URL = re.compile(r".*/contracts/(?P<name>[a-z0-9_.]+)/(?P<version>[0-9.]+)", re.ASCII)


def dataschema_uri(contract: str, version: str, *, base_url: str = "") -> str:
    """The URI of a contract version: below `base_url` where the team publishes its contracts, else a URN.

    >>> dataschema_uri("order_completed", "1.2.0", base_url="https://shop.example")
    'https://shop.example/contracts/order_completed/1.2.0'
    >>> dataschema_uri("order_completed", "1.2.0")
    'urn:x-paceline:contract:order_completed:1.2.0'
    """
    if not base_url:
        return f"{_URN}:{contract}:{version}"
    if not re.match(r"https?://[^/\s]+", base_url):
        raise UsageError(f"{base_url!r} is no web address", expected="such as https://shop.example")
    return f"{base_url.rstrip('/')}/contracts/{contract}/{version}"


def read_dataschema(uri: str) -> tuple[str, str] | None:
    """The contract and the version that a URI names; None when it is not one of ours.

    >>> read_dataschema("https://shop.example/contracts/order_completed/1.2.0")
    ('order_completed', '1.2.0')
    """
    match = _READ_URN.fullmatch(uri) or _READ_URL.fullmatch(uri)
    return (match["name"], match["version"]) if match else None
