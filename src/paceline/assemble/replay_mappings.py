"""The mappings of an integration as they were at a git revision, for replays that ask for them."""

from __future__ import annotations

from paceline.assemble.lanes import plan_with
from paceline.assemble.opening import OpenWorkspace
from paceline.errors import UsageError
from paceline.model.integration import IntegrationFile
from paceline.model.mapping import MappingFile
from paceline.workspace.history import files_at
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml


def mappings_at(opened: OpenWorkspace, integration: IntegrationFile, revision: str) -> tuple[MappingFile, ...]:
    """The integration's mappings at a revision, in its order, each known to compile.

    Raises UsageError when one was not there yet, was broken or does not fit today's connector; EnvironmentFaultError
    without git.
    """
    kind = KINDS["mapping"]
    found: dict[str, MappingFile] = {}
    for file, content in files_at(opened.workspace.path, revision, kind.folder):
        document = read_yaml(content, file)[0]
        mapping = to_struct(document, kind)[0] if document is not None else None
        if isinstance(mapping, MappingFile):
            found[mapping.mapping] = mapping
    missing = [name for name in integration.events if name not in found]
    if missing:
        raise UsageError(
            f"the mapping {missing[0]} was not there, or could not be read, at {revision}",
            where=f"integrations/{integration.integration}.yaml",
            remedy="choose a revision at which all of the integration's mappings were there",
        )
    mappings = tuple(found[name] for name in integration.events)
    plan_with(opened, integration, mappings)
    return mappings
