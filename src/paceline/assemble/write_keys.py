"""Write keys of a workspace: made, listed, replaced and withdrawn in its paceline.yaml, comments kept.

The file holds digests only, the newest first. A running gateway with `--reload` follows; another one at its next start.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.errors import UnknownNameError, UsageError
from paceline.runtime.gateway.door import hash_write_key
from paceline.workspace.document import Document
from paceline.workspace.load import find_workspace
from paceline.workspace.yaml_document import read_yaml
from paceline.workspace.yaml_edits import edited_text

SETTINGS_FILE = "paceline.yaml"
MOST_KEYS = 2
SHOWN_DIGITS = 12


class WriteKey(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a source, as its file has it: a digest, or a secret reference."""

    source: str
    key: str


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A new key, which nobody can read again, its digest, and the keys that went for it."""

    source: str
    write_key: str
    digest: str
    withdrawn: list[str] = []


def make_key(source: str = "") -> MadeKey:
    """A random key of 192 bits."""
    write_key = secrets.token_urlsafe(24)
    return MadeKey(source=source, write_key=write_key, digest=f"sha256:{hash_write_key(write_key)}")


def list_keys(path: Path) -> list[WriteKey]:
    """Every key of the workspace at or above `path`, the newest of a source first. Raises UsageError."""
    return [WriteKey(source=name, key=key) for name, keys in _SettingsFile(path).keys.items() for key in keys]


def add_key(path: Path, source: str) -> MadeKey:
    """A further key for a source, which is made when it is not there. Raises UsageError when it has two."""
    file = _SettingsFile(path)
    keys = file.keys.get(source, [])
    if len(keys) >= MOST_KEYS:
        raise UsageError(
            f"the source {source} has {len(keys)} write keys already",
            where=file.name,
            remedy=f"withdraw one (paceline keys revoke {source} …), or run: paceline keys rotate {source}",
        )
    made = make_key(source)
    file.write(source, [made.digest, *keys])
    return made


def rotate_key(path: Path, source: str) -> MadeKey:
    """A new key beside the newest one that the source has; an older one goes. Raises UsageError."""
    file = _SettingsFile(path)
    keys = file.keys_of(source)
    made = make_key(source)
    file.write(source, [made.digest, *keys[: MOST_KEYS - 1]])
    return msgspec.structs.replace(made, withdrawn=keys[MOST_KEYS - 1 :])


def revoke_key(path: Path, source: str, beginning: str) -> WriteKey:
    """Withdraw the key whose digest begins so. Raises UsageError when that is not one key, or the last one."""
    file = _SettingsFile(path)
    keys = file.keys_of(source)
    digits = beginning.removeprefix("sha256:").lower()
    found = [key for key in keys if digits and key.removeprefix("sha256:").lower().startswith(digits)]
    found = found or [key for key in keys if key == beginning]
    if len(found) != 1:
        shown = ", ".join(key[: len("sha256:") + SHOWN_DIGITS] for key in keys)
        raise UsageError(
            f"{len(found) or 'no'} write keys of the source {source} begin with {beginning!r}",
            where=file.name,
            expected=f"the beginning of one of: {shown or 'none'}",
        )
    if len(keys) == 1 and not file.has_webhook(source):
        raise UsageError(
            f"it is the only write key of the source {source}",
            where=file.name,
            remedy=f"make another first (paceline keys rotate {source}), or remove the source from the file",
        )
    file.write(source, [key for key in keys if key != found[0]])
    return WriteKey(source=source, key=found[0])


class _SettingsFile:
    """paceline.yaml of a workspace, and its write keys."""

    def __init__(self, path: Path) -> None:
        self._path = find_workspace(path) / SETTINGS_FILE
        self.name = str(self._path)
        document, findings = read_yaml(self._path.read_bytes(), SETTINGS_FILE)
        if document is None or not isinstance(document.value, dict):
            message = findings[0].message if findings else "the file is no block of keys"
            raise UsageError(message, where=self.name, remedy="run: paceline check")
        self._document: Document = document
        written = document.value.get("sources")
        self._sources: Mapping[str, object] = written if isinstance(written, dict) else {}
        self.keys: dict[str, list[str]] = {name: _keys_in(source) for name, source in self._sources.items()}

    def keys_of(self, source: str) -> list[str]:
        """The keys of a source. Raises UnknownNameError."""
        if source not in self.keys:
            raise UnknownNameError("source", source, self.keys, where=self.name)
        return self.keys[source]

    def has_webhook(self, source: str) -> bool:
        """Whether the source lets signed webhooks in, and so needs no key."""
        declared = self._sources[source]
        return isinstance(declared, dict) and "webhook" in declared

    def write(self, source: str, keys: Sequence[str]) -> None:
        """Put the keys in the file, and leave the rest of it as it is. Raises UsageError when that cannot be done."""
        declared = self._sources.get(source)
        changed = {**(declared if isinstance(declared, dict) else {}), "write_keys": list(keys)}
        text = edited_text(self._document, {("sources",): {**self._sources, source: changed}})
        if text is None:
            listed = "".join(f"\n      - {key}" for key in keys)
            raise UsageError(
                "the file cannot be changed without spoiling it",
                where=self.name,
                remedy=f"write it yourself, below sources, {source}:\n    write_keys:{listed}",
            )
        temporary = self._path.with_name(f".{SETTINGS_FILE}.{os.getpid()}")
        temporary.write_text(text, encoding="utf-8")
        temporary.chmod(self._path.stat().st_mode & 0o777)
        temporary.replace(self._path)


def _keys_in(source: object) -> list[str]:
    keys = source.get("write_keys") if isinstance(source, dict) else None
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []
