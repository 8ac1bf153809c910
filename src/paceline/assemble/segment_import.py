"""Segment subscriptions as mapping files of a workspace, for a connector that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from paceline.connectors.catalog import Catalog
from paceline.errors import UnknownNameError
from paceline.exchange.loss import Loss
from paceline.exchange.names import words
from paceline.exchange.segment_directives.subscriptions import (
    Subscription,
    import_subscriptions,
    read_subscriptions,
)
from paceline.mapping.schemas import field_of, inlined
from paceline.mapping.targets import Target, parse_target
from paceline.model.mapping import MappingFile
from paceline.workspace.load import find_workspace, load_workspace
from paceline.workspace.scaffold_text import mapping_text, schema_reference


class SegmentImport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import writes: mapping files by path below `root`, and what did not come along.

    `present` are files that are there already and are left alone.
    """

    root: Path
    files: Mapping[str, bytes]
    present: tuple[str, ...]
    losses: tuple[Loss, ...]


def import_segment(
    document: object, *, workspace: Path, connector: str, actions: Mapping[str, str] | None = None
) -> SegmentImport:
    """Work out the mappings of a document's subscriptions. Nothing is written.

    `actions` says which action of the connector a slug of Segment's is; the others are found by their names. Raises
    UsageError for a document that is none, and UnknownNameError for names that do not exist.
    """
    root = find_workspace(workspace)
    loaded = load_workspace(root)
    described = Catalog(root / "connectors").load(connector)
    for action in (actions or {}).values():
        if action not in described.actions:
            raise UnknownNameError(f"action of {connector}", action, described.actions)
    subscriptions = read_subscriptions(document)
    chosen = {**_same_actions(subscriptions, list(described.actions)), **(actions or {})}
    imported = import_subscriptions(subscriptions, connector=connector, actions=chosen)
    losses = list(imported.losses)
    texts = {file: found.text for file, found in loaded.documents.items()}
    schema = schema_reference(texts, "mappings", "mapping", has_schemas=(root / "schemas").is_dir())
    files: dict[str, bytes] = {}
    present: list[str] = []
    for mapping in imported.mappings:
        file = f"mappings/{mapping.mapping}.yaml"
        if mapping.to.action in described.actions:
            losses += _unknown_fields(mapping, described.actions[mapping.to.action].payload)
        if (root / file).exists():
            present.append(file)
        else:
            files[file] = mapping_text(mapping, [], schema=schema).encode()
    return SegmentImport(root=root, files=files, present=tuple(present), losses=tuple(losses))


def _same_actions(subscriptions: Sequence[Subscription], actions: Sequence[str]) -> dict[str, str]:
    """The connector's action for each slug: the only one, or that of the same words (trackEvent, track_event)."""
    by_words = {tuple(word.lower() for word in words(action)): action for action in actions}
    found: dict[str, str] = {}
    for subscription in subscriptions:
        asked = tuple(word.lower() for word in words(subscription.action))
        same = by_words.get(asked) or (actions[0] if len(actions) == 1 else None)
        if same is not None:
            found[subscription.action] = same
    return found


def _unknown_fields(mapping: MappingFile, payload: dict[str, object]) -> list[Loss]:
    """Fields of Segment's action that the connector's does not have under this name."""
    schema = inlined(payload)
    losses: list[Loss] = []
    seen: set[str] = set()
    for text in mapping.fields:
        target = parse_target(text)
        first = target.keys[0] if isinstance(target, Target) and target.keys else ""
        if first and first not in seen and not field_of(schema, first).is_declared:
            seen.add(first)
            message = f"the action {mapping.to.action} of {mapping.to.connector} has no field {first!r}"
            hint = "rename it to the field that the vendor's API has; paceline check shows the place"
            losses.append(Loss(about=mapping.mapping, pointer=f"/fields/{first}", message=message, hint=hint))
    return losses
