"""What gives a vendor away in code: its hosts and its client libraries, as connectors' manifests state them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from paceline.model.connector import Language, Manifest, Sdk

_HOST = re.compile(r"^[a-z][a-z0-9+.-]*://(?P<host>[^/?#]+)", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_SHARED_DOMAINS = frozenset(
    {
        "amazonaws.com", "appspot.com", "azure.com", "azurewebsites.net", "cloudflare.com", "cloudfront.net",
        "cloudfunctions.net", "facebook.com", "github.com", "github.io", "google.com", "googleapis.com",
        "herokuapp.com", "linkedin.com", "microsoft.com", "netlify.app", "pages.dev", "run.app", "tiktok.com",
        "twitter.com", "vercel.app", "windows.net", "workers.dev", "x.com",
    }
)  # fmt: skip
"""Domains with much else than the vendor's API: there, only the very host counts."""
_FOR_PEOPLE = frozenset(
    {"blog", "community", "developer", "developers", "docs", "help", "learn", "status", "support", "university", "www"}
)
"""Names before a domain under which there are pages to read."""
_TWO_PART_ENDS = frozenset({"co", "com", "net", "org", "ac", "gov"})


class KnownSdk(msgspec.Struct, frozen=True, kw_only=True):
    """A client library, with its vendor."""

    vendor: str
    sdk: Sdk

    @property
    def modules(self) -> tuple[str, ...]:
        """What programs import."""
        return tuple(self.sdk.modules) or (self.sdk.package,)


class KnownVendors:
    """Hosts and client libraries of many vendors, made for looking up.

    Example: `KnownVendors([manifest]).of_host("track.customer.io")` is `"customerio"`.
    """

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._exact: dict[str, str] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        self._domains: dict[str, str] = {}
        self._sdks: dict[tuple[Language, str], KnownSdk] = {}
        for manifest in sorted(manifests, key=lambda one: one.connector):
            if manifest.hosts_fixed:
                for url in manifest.base_urls.values():
                    self._add_host(url, manifest.connector)
            for host in manifest.other_hosts:
                self._add_host(f"https://{host}", manifest.connector)
            for sdk in manifest.sdks:
                known = KnownSdk(vendor=manifest.connector, sdk=sdk)
                for module in known.modules:
                    self._sdks.setdefault((sdk.language, module), known)

    def of_host(self, host: str) -> str | None:
        """The vendor of a host; `*` in it stands for what is not known. None for every other host."""
        host = host.lower().partition(":")[0].rstrip(".")
        if host in self._exact:
            return self._exact[host]
        labels = host.split(".")
        if len(labels) < 2 or "*" in labels[-1] or "*" in labels[-2] or labels[0] in _FOR_PEOPLE:
            return None
        by_pattern = next((vendor for pattern, vendor in self._patterns if pattern.fullmatch(host)), None)
        return by_pattern or self._domains.get(_domain(host))

    def of_module(self, language: Language, module: str) -> KnownSdk | None:
        """The client library that a program imports by this name, or a part of it."""
        separator = "." if language is Language.PYTHON else "/"
        while module:
            if (known := self._sdks.get((language, module))) is not None:
                return known
            module = module.rpartition(separator)[0]
        return None

    def tokens(self, language: Language) -> tuple[bytes, ...]:
        """Byte strings, one of which every file with a vendor's host or library in plain sight has in it."""
        hosts = {_domain(host) for host in self._exact} | set(self._domains)
        hosts |= {pattern.pattern.rpartition("+")[2].replace("\\", "").lstrip(".") for pattern, _ in self._patterns}
        modules = {module for of, module in self._sdks if of is language}
        return tuple(sorted(token.encode() for token in hosts | modules if token))

    def _add_host(self, url: str, vendor: str) -> None:
        match = _HOST.match(url)
        if match is None:
            return
        host = match["host"].lower().partition(":")[0]
        fixed = _PLACEHOLDER.sub("", host)
        if fixed.count(".") < 1 or len(fixed.strip(".").split(".")) < 2:
            return  # the user says which host it is
        if _PLACEHOLDER.search(host):
            parts = (re.escape(part) for part in _PLACEHOLDER.split(host))
            self._patterns.append((re.compile("[^/]+".join(parts)), vendor))
        else:
            self._exact.setdefault(host, vendor)
        domain = _domain(fixed.strip("."))
        if domain not in _SHARED_DOMAINS:
            self._domains.setdefault(domain, vendor)


def _domain(host: str) -> str:
    """The part of a host that somebody registered.

    >>> _domain("track-eu.customer.io"), _domain("api.shop.co.uk")
    ('customer.io', 'shop.co.uk')
    """
    labels = host.split(".")
    is_two_part = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _TWO_PART_ENDS
    return ".".join(labels[-3:] if is_two_part else labels[-2:])


def sdk_by_name(names: Mapping[str, KnownSdk], name: str) -> KnownSdk | None:
    """The client library that a dotted name, or what it begins with, stands for."""
    while name:
        if name in names:
            return names[name]
        name = name.rpartition(".")[0]
    return None
