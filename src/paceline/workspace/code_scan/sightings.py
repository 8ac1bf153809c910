"""What is found in one file, and how it is put together over all files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from paceline.workspace.code_scan.texts import Address, Hole, HoleKind, Text, address_of, filled, host_hole
from paceline.workspace.code_scan.vendors import KnownSdk, KnownVendors


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A call with texts among its arguments. `url` is what it requests, where it is known to send a request."""

    line: int
    texts: tuple[Text, ...]
    url: tuple[Text, ...] = ()


class SdkUse(msgspec.Struct, frozen=True, kw_only=True):
    """An import of a vendor's client library, or a call of it: `function` is empty for an import."""

    line: int
    sdk: KnownSdk
    function: str = ""


class Redirect(msgspec.Struct, frozen=True, kw_only=True):
    """A client library that is told which host to talk to; for every file where that is said of the module itself."""

    line: int
    sdk: KnownSdk
    texts: tuple[Text, ...]
    is_global: bool = False


class FileScan(msgspec.Struct, frozen=True, kw_only=True):
    """One file: constants that other files may import, calls, uses of client libraries, and what went wrong."""

    file: str
    constants: Mapping[str, tuple[Text, ...]] = {}
    calls: tuple[Call, ...] = ()
    mentions: tuple[tuple[int, Text], ...] = ()
    uses: tuple[SdkUse, ...] = ()
    redirects: tuple[Redirect, ...] = ()
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look at further."""
        return not (self.constants or self.calls or self.uses or self.redirects or self.problem)


class Sighting(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Code that reaches a vendor. `target` is a host and path, or a function of the vendor's library."""

    vendor: str
    target: str
    file: str
    line: int
    is_call: bool


class Unknown(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Code of which it cannot be told where it sends to, and why."""

    file: str
    line: int
    why: str


def put_together(scans: Sequence[FileScan], vendors: KnownVendors) -> tuple[list[Sighting], list[Unknown]]:
    """Everything that reaches a vendor in these files, and what could not be told."""
    weaver = _Weaver(scans, vendors)
    for scan in scans:
        weaver.take(scan)
    return sorted(set(weaver.found)), sorted(set(weaver.unknown))


class _Weaver:
    """Puts constants into the places of other files that use them."""

    def __init__(self, scans: Sequence[FileScan], vendors: KnownVendors) -> None:
        self._vendors = vendors
        self._constants = _constants(scans)
        self.found: list[Sighting] = []
        self.unknown: list[Unknown] = []
        self._elsewhere = {key for scan in scans for key in self._redirected(scan)}

    def take(self, scan: FileScan) -> None:
        if scan.problem:
            self.unknown.append(Unknown(file=scan.file, line=1, why=scan.problem))
        for call in scan.calls:
            self._call(scan.file, call)
        for line, text in scan.mentions:
            for vendor, address in self._vendors_of([text])[0].items():
                self._see(vendor, str(address), scan.file, line, is_call=False)
        for use in scan.uses:
            package = use.sdk.sdk.package
            if not {(scan.file, package), ("", package)} & self._elsewhere:
                target = f"{package} {use.function}" if use.function else f"the package {package}"
                self._see(use.sdk.vendor, target, scan.file, use.line, is_call=bool(use.function))

    def _call(self, file: str, call: Call) -> None:
        reached, _ = self._vendors_of((*call.url, *call.texts))
        for vendor, address in reached.items():
            self._see(vendor, str(address), file, call.line, is_call=True)
        if not reached and call.url:
            addresses, hole = self._addresses(call.url)
            if not addresses and hole is not None:
                self.unknown.append(Unknown(file=file, line=call.line, why=_why(hole)))

    def _see(self, vendor: str, target: str, file: str, line: int, *, is_call: bool) -> None:
        self.found.append(Sighting(vendor=vendor, target=target, file=file, line=line, is_call=is_call))

    def _vendors_of(self, texts: Iterable[Text]) -> tuple[dict[str, Address], Hole | None]:
        addresses, hole = self._addresses(texts)
        reached: dict[str, Address] = {}
        for one in addresses:
            vendor = self._vendors.of_host(one.host)
            if vendor is not None:
                reached.setdefault(vendor, one)
        return reached, hole

    def _addresses(self, texts: Iterable[Text]) -> tuple[list[Address], Hole | None]:
        """The addresses that texts name once constants of other files are filled in, and a hole in place of a host."""
        addresses: list[Address] = []
        hole: Hole | None = None
        for text in texts:
            for whole in self._filled(text):
                address = address_of(whole)
                if address is not None and address.host.strip("*.:"):
                    addresses.append(address)
                else:
                    hole = hole or host_hole(whole)
        return addresses, hole

    def _filled(self, text: Text) -> list[Text]:
        imported = [piece for piece in text if isinstance(piece, Hole) and piece.kind is HoleKind.IMPORT]
        values = [(piece, self._constants[piece.name]) for piece in imported if piece.name in self._constants]
        return filled(text, values) if values else [text]

    def _redirected(self, scan: FileScan) -> Iterator[tuple[str, str]]:
        """Client libraries that talk to another host: by file, or for all files under an empty name."""
        for redirect in scan.redirects:
            package = redirect.sdk.sdk.package
            addresses, hole = self._addresses(redirect.texts)
            if any(self._vendors.of_host(one.host) == redirect.sdk.vendor for one in addresses):
                continue
            if not addresses:
                why = _why(hole) if hole is not None else "the host is computed"
                self.unknown.append(Unknown(file=scan.file, line=redirect.line, why=f"{package}: {why}"))
            yield "" if redirect.is_global else scan.file, package


def _constants(scans: Iterable[FileScan]) -> Mapping[str, tuple[Text, ...]]:
    """Constants of all files by `NAME` and by `module.NAME`, where modules go by the last part of their name."""
    found: dict[str, tuple[Text, ...]] = {}
    for scan in sorted(scans, key=lambda one: one.file):
        module = scan.file.rpartition("/")[2].partition(".")[0]
        folder = scan.file.rpartition("/")[0].rpartition("/")[2]
        for name, texts in scan.constants.items():
            for module_name in {module, folder if module in {"__init__", "index"} else module}:
                key = f"{module_name}.{name}"
                found[key] = (*found.get(key, ()), *texts)
    return found


def _why(hole: Hole) -> str:
    match hole.kind:
        case HoleKind.ENVIRONMENT:
            return f"the host comes from the environment variable {hole.name or '(computed name)'}"
        case HoleKind.PARAMETER:
            return f"the host comes from the parameter {hole.name}"
        case HoleKind.IMPORT:
            return f"the host comes from {hole.name}, which is not among the scanned files"
        case HoleKind.OTHER:
            return "the host is computed"
