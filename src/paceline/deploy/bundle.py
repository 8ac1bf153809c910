"""What is packed: one integration with everything that delivers it, secrets only as references."""

from __future__ import annotations

from pathlib import Path

import msgspec

from paceline.errors import EnvironmentFaultError
from paceline.model.connector import ActionsFile, Manifest
from paceline.model.contract import ContractFile
from paceline.model.integration import IntegrationFile
from paceline.model.settings import PacelineFile

BUNDLE_FILE = "integration.json"
CODE_FILE = "connector.py"


class PackedMapping(msgspec.Struct, frozen=True, kw_only=True):
    """A mapping as Python source in `module`. `takes` is the type of records that it is for, empty for every track."""

    name: str
    version: int
    takes: str
    action: str
    module: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """One integration, as a function reads it when it starts.

    `settings` is paceline.yaml with the integration's sources only; `contracts` are those of the events that it takes.
    `source` is whom events belong to that come without saying so (from a queue or a stream).
    """

    paceline: str
    integration: IntegrationFile
    settings: PacelineFile
    contracts: dict[str, dict[str, ContractFile]]
    manifest: Manifest
    actions: ActionsFile
    mappings: list[PackedMapping]
    source: str


def write_bundle(bundle: Bundle) -> bytes:
    """The same bundle gives the same bytes."""
    return msgspec.json.format(msgspec.json.encode(bundle, order="deterministic"), indent=1) + b"\n"


def read_bundle(folder: Path) -> Bundle:
    """The bundle in a packed folder. Raises EnvironmentFaultError when there is none that can be read."""
    path = folder / BUNDLE_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bundle)
    except (OSError, msgspec.DecodeError) as error:
        raise EnvironmentFaultError(
            f"the packed integration cannot be read: {error}", where=str(path), remedy="build it again: paceline build"
        ) from None
