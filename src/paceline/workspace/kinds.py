"""The file kinds of a workspace: where each lies, what it holds, and how its name is its identity."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import msgspec

from paceline.model.actuals import ActualsFile, CalibrationFile
from paceline.model.adapter import AdapterCasesFile, AdapterFile
from paceline.model.case import CasesFile
from paceline.model.connector import ActionsFile, Manifest, QualityFile
from paceline.model.contract import ContractFile
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile
from paceline.model.request import BacklogFile
from paceline.model.retired import RetiredFile
from paceline.model.settings import PacelineFile
from paceline.model.team import TeamsFile


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of YAML file.

    `location` is a path below the workspace in which `{key}` stands for the value of that key inside the file:
    the file's name is its identity. `name` also names the JSON Schema for editors.
    """

    name: str
    title: str
    location: str
    structure: type[msgspec.Struct]

    @property
    def folder(self) -> str:
        """The top-level folder, empty for files that lie at the top."""
        head, slash, _ = self.location.partition("/")
        return head if slash else ""

    def identity(self, file: str) -> Mapping[str, str] | None:
        """What the file's name says, by key; None when a file of this kind cannot lie there.

        >>> KINDS["contract"].identity("contracts/order_completed/1.2.0.yaml")
        {'contract': 'order_completed', 'version': '1.2.0'}
        """
        match = _location_pattern(self.location).fullmatch(file)
        return match.groupdict() if match else None


@functools.cache
def _location_pattern(location: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{([a-z]+)\\\}", r"(?P<\1>[^/]+)", re.escape(location)))


KINDS: Mapping[str, FileKind] = {
    kind.name: kind
    for kind in (
        FileKind(name="paceline", title="How a workspace runs", location="paceline.yaml", structure=PacelineFile),
        FileKind(name="teams", title="Teams and councils", location="teams.yaml", structure=TeamsFile),
        FileKind(name="backlog", title="Requests for integrations", location="backlog.yaml", structure=BacklogFile),
        FileKind(
            name="contract",
            title="One version of a contract",
            location="contracts/{contract}/{version}.yaml",
            structure=ContractFile,
        ),
        FileKind(name="mapping", title="A mapping", location="mappings/{mapping}.yaml", structure=MappingFile),
        FileKind(
            name="integration",
            title="An integration",
            location="integrations/{integration}.yaml",
            structure=IntegrationFile,
        ),
        FileKind(
            name="tests", title="Contract tests of a mapping", location="tests/{mapping}.yaml", structure=CasesFile
        ),
        FileKind(name="adapter", title="An adapter", location="adapters/{adapter}.yaml", structure=AdapterFile),
        FileKind(
            name="adapter-tests",
            title="Contract tests of an adapter",
            location="tests/adapters/{adapter}.yaml",
            structure=AdapterCasesFile,
        ),
        FileKind(
            name="retired",
            title="An integration that is no more",
            location="retired/{integration}.yaml",
            structure=RetiredFile,
        ),
        FileKind(name="actuals", title="What a request took", location="actuals/{request}.yaml", structure=ActualsFile),
        FileKind(
            name="calibration",
            title="What the past says about estimates",
            location="calibration.yaml",
            structure=CalibrationFile,
        ),
        FileKind(
            name="connector-manifest",
            title="What is known about a vendor",
            location="connectors/{connector}/manifest.yaml",
            structure=Manifest,
        ),
        FileKind(
            name="connector-actions",
            title="What can be done at a vendor",
            location="connectors/{connector}/actions.yaml",
            structure=ActionsFile,
        ),
        FileKind(
            name="connector-quality",
            title="The quality ladder of a connector",
            location="connectors/{connector}/quality.yaml",
            structure=QualityFile,
        ),
    )
}

SAMPLES_FOLDER = "samples"
CONNECTORS_FOLDER = "connectors"
REQUESTS_FOLDER = "samples/requests"
OTHER_FOLDERS = (SAMPLES_FOLDER, CONNECTORS_FOLDER, "runbooks", "rfcs", "schemas")
"""Folders of a workspace that hold, or may hold besides, files of no kind above."""
