"""contracts.lock: which contract versions are released, and the hash of what each may never change.

It is one text file at the top of the workspace, as lock files of package managers are: one line a version, so that git
shows and merges releases line by line; by contract, and inside a contract in the order of release, which is the order
in which a registry numbers versions. `paceline contracts release` adds lines; nothing else writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from paceline.contracts.hashing import contract_hash
from paceline.errors import UsageError
from paceline.model.contract import ContractFile

LOCK_FILE = "contracts.lock"
_HEAD = """\
# Released contract versions and the SHA-256 of what they may never change (RFC 8785), in the order of release.
# Written by `paceline contracts release`; do not edit.
"""
_LINE = re.compile(
    r"(?P<contract>[a-z][a-z0-9_.]*) (?P<version>[0-9]+\.[0-9]+\.[0-9]+) (?P<hash>sha256:[0-9a-f]{64})", re.ASCII
)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the lock; `line` counts from 1, 0 for one that is not written yet."""

    contract: str
    version: str
    content_hash: str
    line: int = 0


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """What is released, by contract and in the order of release. `wrong_lines` cannot be read."""

    releases: tuple[Release, ...] = ()
    wrong_lines: tuple[int, ...] = ()

    def find(self, contract: str, version: str) -> Release | None:
        """The release of a version, None when it is not released."""
        return next((one for one in self.releases if (one.contract, one.version) == (contract, version)), None)

    def order(self) -> Mapping[str, list[str]]:
        """By contract, its versions in the order of release."""
        order: dict[str, list[str]] = {}
        for one in self.releases:
            order.setdefault(one.contract, []).append(one.version)
        return order


def read_lock(workspace: Path) -> Lock:
    """The lock of the workspace at this path; an empty one where nothing is released. Raises UsageError."""
    path = workspace / LOCK_FILE
    if not path.is_file():
        return Lock()
    try:
        return parse_lock(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot be read: {error}", where=str(path)) from None


def parse_lock(text: str) -> Lock:
    """The lock in a file's text. A line that is wrong, or names a version again, is in `wrong_lines`."""
    releases: dict[tuple[str, str], Release] = {}
    wrong: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or (match["contract"], match["version"]) in releases:
            wrong.append(number)
            continue
        releases[match["contract"], match["version"]] = Release(
            contract=match["contract"], version=match["version"], content_hash=match["hash"], line=number
        )
    return Lock(releases=tuple(releases.values()), wrong_lines=tuple(wrong))


def lock_text(lock: Lock) -> str:
    """The lock as a file: contracts by name, versions of each as they were released."""
    ordered = sorted(lock.releases, key=lambda one: one.contract)
    return _HEAD + "".join(f"{one.contract} {one.version} {one.content_hash}\n" for one in ordered)


def release_of(contract: ContractFile) -> Release:
    """The line for a contract version as it is now."""
    return Release(contract=contract.contract, version=contract.version, content_hash=contract_hash(contract))
