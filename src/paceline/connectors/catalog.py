"""Finds connectors by their folders and reads only those that are asked for.

Three places, the first one wins: a workspace's own `connectors/`, the folders beside this file, and packages that
offer the entry point group `paceline.connectors` (its value names a package with the connector's files). A package
cannot take the place of a connector of ours: only the workspace's owner can.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import msgspec

from paceline.connectors.described import DescribedConnector
from paceline.errors import UnknownNameError, UsageError
from paceline.exchange.integration import ImportedDestination, ReadsDestination, WritesRequests
from paceline.model.connector import ActionsFile, Manifest, QualityFile
from paceline.model.mapping import MappingFile

ENTRY_POINT_GROUP = "paceline.connectors"
IN_TREE = Path(__file__).parent

Described = TypeVar("Described", Manifest, ActionsFile, QualityFile, MappingFile)


class Catalog:
    """The connectors that can be used, by name. Looks at folder names at once, at their files when asked.

    `own_folder` is a workspace's `connectors/`; it need not exist.
    """

    def __init__(self, own_folder: Path | None = None, *, with_entry_points: bool = True) -> None:
        self._own_folder = own_folder
        self._with_entry_points = with_entry_points
        self._loaded: dict[str, DescribedConnector] = {}

    @cached_property
    def folders(self) -> Mapping[str, Path]:
        """Where each connector's files are."""
        offered = self._offered_folders
        return dict(sorted({**offered, **self._near_folders}.items()))

    @cached_property
    def _near_folders(self) -> Mapping[str, Path]:
        found = {folder.name: folder for folder in _connector_folders(IN_TREE)}
        if self._own_folder is not None:
            found |= {folder.name: folder for folder in _connector_folders(self._own_folder)}
        return found

    @cached_property
    def _offered_folders(self) -> Mapping[str, Path]:
        return _entry_point_folders() if self._with_entry_points else {}

    @property
    def names(self) -> Sequence[str]:
        """The names of all connectors, sorted."""
        return tuple(self.folders)

    def manifest(self, name: str) -> Manifest:
        """What is known about a vendor, without its actions and its code."""
        if name in self._loaded:
            return self._loaded[name].manifest
        return _read_manifest(self._folder(name), name)

    def quality(self, name: str) -> QualityFile:
        """The connector's quality ladder."""
        return read_description(self._folder(name) / "quality.yaml", QualityFile)

    def load(self, name: str) -> DescribedConnector:
        """The connector, ready for use. The same object each time.

        Raises UnknownNameError for a name that no folder has, UsageError for a description that is wrong.
        """
        connector = self._loaded.get(name)
        if connector is None:
            folder = self._folder(name)
            manifest = _read_manifest(folder, name)
            actions = read_description(folder / "actions.yaml", ActionsFile)
            connector = self._loaded[name] = DescribedConnector(manifest, actions, _load_code(folder, name))
        return connector

    def default_mappings(self, name: str) -> Mapping[str, MappingFile]:
        """The connector's ready-made mappings from the Segment spec, by name; none for a connector without any."""
        files = sorted((self._folder(name) / "mappings").glob("*.yaml"))
        found = (read_description(file, MappingFile) for file in files)
        return {mapping.mapping: mapping for mapping in found}

    def read_rudderstack(self, vendor: str, config: Mapping[str, object]) -> tuple[str, ImportedDestination]:
        """A RudderStack destination's configuration as the connector's name and integrations.

        `vendor` is RudderStack's name of the vendor, in any case (`AM`), or ours. Raises UnknownNameError for one that
        no connector reads, UsageError for a configuration that cannot work.
        """
        name = self._rudderstack_names.get(vendor.lower())
        if name is None:
            raise UnknownNameError("destination type of RudderStack", vendor, self._rudderstack_names)
        read: ReadsDestination = self._rudderstack_code(name).read_destination
        return name, read(config, self.default_mappings(name))

    def rudderstack_notation(self, name: str) -> WritesRequests | None:
        """How RudderStack writes a connector's requests where it writes them otherwise than they are sent."""
        return getattr(self._rudderstack_code(name), "write_requests", None)

    def _rudderstack_code(self, name: str) -> ModuleType:
        return load_module(self._folder(name) / "rudderstack.py", f"paceline_rudderstack_{name}")

    @cached_property
    def _rudderstack_names(self) -> Mapping[str, str]:
        """Connectors that read RudderStack's configurations, by RudderStack's name and by ours."""
        names: dict[str, str] = {}
        for name, folder in self.folders.items():
            if (folder / "rudderstack.py").is_file():
                names[name] = name
                names[self.manifest(name).names_elsewhere.get("rudderstack", name)] = name
        return names

    def _folder(self, name: str) -> Path:
        # Asking the installed packages costs 30 ms, which a known name need not pay.
        folder = self._near_folders.get(name) or self._offered_folders.get(name)
        if folder is None:
            raise UnknownNameError("connector", name, self.folders)
        return folder


def read_description(path: Path, kind: type[Described]) -> Described:
    """One file of a connector as its type. Raises UsageError with the place inside the file."""
    import yaml  # noqa: PLC0415 - costs 10 ms that a list of names need not pay

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open("rb") as file:
            # A safe loader: builds plain values only.
            document = yaml.load(file, Loader=loader)  # noqa: S506
        return msgspec.convert(document, kind)
    except FileNotFoundError:
        raise UsageError("the connector's file is missing", where=str(path), remedy="see docs/connectors.md") from None
    except yaml.YAMLError as error:
        raise UsageError(f"not YAML: {error}", where=str(path)) from None
    except msgspec.ValidationError as error:
        raise UsageError(str(error), where=str(path), remedy="see docs/connectors.md for the form") from None


def _read_manifest(folder: Path, name: str) -> Manifest:
    manifest = read_description(folder / "manifest.yaml", Manifest)
    if manifest.connector != name:
        raise UsageError(
            f"the folder is {name!r} but the manifest says {manifest.connector!r}",
            where=str(folder / "manifest.yaml"),
            remedy="give both the same name",
        )
    if manifest.default_region not in manifest.base_urls:
        raise UsageError(
            f"default_region {manifest.default_region!r} has no base URL",
            where=str(folder / "manifest.yaml"),
            expected=" or ".join(sorted(manifest.base_urls)),
        )
    return manifest


def _load_code(folder: Path, name: str) -> ModuleType | None:
    """The connector's own functions, where it has any."""
    path = folder / "connector.py"
    return load_module(path, f"paceline_connector_{name}") if path.is_file() else None


@functools.cache
def load_module(path: Path, name: str) -> ModuleType:
    """A connector's code. Loaded from the file, so that it works the same way in every place."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _connector_folders(parent: Path) -> list[Path]:
    if not parent.is_dir():
        return []
    return [folder for folder in parent.iterdir() if (folder / "manifest.yaml").is_file()]


def _entry_point_folders() -> dict[str, Path]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to import, and seldom needed

    folders: dict[str, Path] = {}
    for entry_point in entry_points(group=ENTRY_POINT_GROUP):
        spec = importlib.util.find_spec(entry_point.value)
        if spec is None or not spec.submodule_search_locations:
            raise UsageError(
                f"the entry point {entry_point.name!r} names no package",
                where=f"{ENTRY_POINT_GROUP} = {entry_point.value!r}",
                remedy="point it at the package that holds manifest.yaml",
            )
        folders[entry_point.name] = Path(spec.submodule_search_locations[0])
    return folders
