"""Scans folders of code for places that reach a vendor."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import msgspec

from paceline.errors import MissingExtraError
from paceline.model.connector import Language, Manifest
from paceline.workspace.code_scan.files import MOST_BYTES, code_files
from paceline.workspace.code_scan.python import scan_python
from paceline.workspace.code_scan.sightings import FileScan, Sighting, Unknown, put_together
from paceline.workspace.code_scan.texts import address_of
from paceline.workspace.code_scan.vendors import KnownVendors

_HTTP_TOKENS = {
    Language.PYTHON: (b"requests", b"httpx", b"aiohttp", b"urllib", b"HTTPConnection", b"HTTPSConnection", b"httplib2"),
    Language.JAVASCRIPT: (b"fetch", b"axios", b"sendBeacon", b"XMLHttpRequest", b"https", b"got", b"ky", b"ajax"),
}


class CodeScan(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: `files` counts those that were looked at, `read` those of them that had to be parsed."""

    sightings: tuple[Sighting, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    files: int = 0
    read: int = 0
    skipped: str = ""


def scan_code(
    roots: Sequence[tuple[str, Path]],
    manifests: Iterable[Manifest],
    *,
    with_tests: bool = False,
    ignore: Collection[str] = (),
    progress: Callable[[int, int], None] | None = None,
) -> CodeScan:
    """Scan folders, each with the name under which its files are shown. `progress` is told files done and in all.

    Files that share no word with any vendor or HTTP library are not parsed. JavaScript is left out, and `skipped` says
    so, where tree-sitter is not installed.
    """
    vendors = KnownVendors(manifests)
    tokens = {language: (*vendors.tokens(language), *_HTTP_TOKENS[language]) for language in Language}
    found = [
        (_shown(name, root, path), path, language)
        for name, root in roots
        for path, language in code_files(root, with_tests=with_tests, ignore=ignore)
    ]
    scanner = _Scanner(vendors)
    left = []
    for number, (shown, path, language) in enumerate(found, start=1):
        if not scanner.take(shown, path, language, tokens[language]):
            left.append((shown, path, language))
        if progress is not None:
            progress(number, len(found))
    if names := scanner.shared_names():
        for shown, path, language in left:
            scanner.take(shown, path, language, names)
    sightings, unknown = put_together([scan for scan in scanner.scans if not scan.is_empty], vendors)
    return CodeScan(
        sightings=tuple(sightings),
        unknown=tuple(unknown),
        files=len(found),
        read=len(scanner.scans),
        skipped=scanner.skipped,
    )


class _Scanner:
    """Parses the files that are worth it."""

    def __init__(self, vendors: KnownVendors) -> None:
        self._vendors = vendors
        self.scans: list[FileScan] = []
        self.skipped = ""

    def take(self, shown: str, path: Path, language: Language, tokens: Collection[bytes]) -> bool:
        """Scan a file with one of these words in it. Says whether it had one."""
        source = _content(path)
        if source is None or not any(token in source for token in tokens):
            return False
        try:
            self.scans.append(_scan(source, shown, language, self._vendors))
        except MissingExtraError as error:
            self.skipped = str(error)
        return True

    def shared_names(self) -> frozenset[bytes]:
        """Names of constants with a vendor's host, which other files may use without any word of the vendor's."""
        return frozenset(
            name.rpartition(".")[2].encode()
            for scan in self.scans
            for name, texts in scan.constants.items()
            if any((one := address_of(text)) is not None and self._vendors.of_host(one.host) for text in texts)
        )


def _scan(source: bytes, shown: str, language: Language, vendors: KnownVendors) -> FileScan:
    if language is Language.PYTHON:
        return scan_python(source, shown, vendors)
    from paceline.workspace.code_scan.javascript import scan_javascript  # noqa: PLC0415 - of the extra `scan`

    return scan_javascript(source, shown, vendors)


def _shown(name: str, root: Path, path: Path) -> str:
    below = path.relative_to(root).as_posix()
    return name if below == "." else below if name in {"", "."} else f"{name.rstrip('/')}/{below}"


def _content(path: Path) -> bytes | None:
    """The content of a file; None for one that cannot be read, or is too large to be written by hand."""
    try:
        return path.read_bytes() if path.stat().st_size <= MOST_BYTES else None
    except OSError:
        return None
