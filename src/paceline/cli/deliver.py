"""`paceline deliver`: what would go to a vendor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from paceline.cli.json_lines import Row
    from paceline.connectors.catalog import Catalog
    from paceline.model.delivery import Item, Request
    from paceline.model.event import Filtered, Refusal
    from paceline.model.mapping import MappingFile


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event on its way to one vendor; `mapping` is inline, or the name of a mapping of the workspace."""

    connector: str
    settings: dict[str, object]
    event: dict[str, object]
    mapping: dict[str, object] | str | None = None
    now_ms: int | None = None


@click.group()
def command() -> None:
    """See what would be delivered, without sending anything."""


@command.command()
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where mappings are looked up by name, and connectors of your own.",
)
def preview(workspace: Path | None) -> None:
    """Show the requests that an event would make, one JSON line in, one out.

    \b
    {"connector", "settings", "event", "mapping", "now_ms"?}
      -> {"requests": [{"method", "url", "headers", "query", "body_format", "body"}]} or {"rejected": {…}}

    \b
    Example:  paceline deliver preview --workspace shop < rows.jsonl
    """
    from paceline.cli.json_lines import answer_rows
    from paceline.connectors.catalog import Catalog

    catalog = Catalog(workspace / "connectors" if workspace is not None else None)
    answer_rows(lambda row: answer(row, catalog, workspace))


def answer(row: Row, catalog: Catalog, workspace: Path | None) -> object:
    """The requests of one row, or why there is none. Raises PacelineError for a row that is wrong in itself."""
    from paceline.errors import UsageError
    from paceline.model.event import Filtered, Refusal

    if "rudderstack" in row:
        raise UsageError(
            "destination configurations of RudderStack cannot be read yet",
            where="rudderstack",
            expected='{"connector", "settings", "event", "mapping"}',
        )
    asked = msgspec.convert(row, PreviewRow)
    connector = catalog.load(asked.connector)
    faults = connector.settings_faults(asked.settings)
    if faults:
        place = ".".join(("settings", *map(str, faults[0].path)))
        raise UsageError(faults[0].message, where=place, remedy=faults[0].hint)
    mapping = _find_mapping(asked, workspace)
    now_ms = int(time.time() * 1000) if asked.now_ms is None else asked.now_ms
    item = _map_event(mapping, asked.event, now_ms)
    if isinstance(item, Filtered):
        return {"requests": [], "filtered": item}
    if isinstance(item, Refusal):
        return {"rejected": item}
    refusal = connector.payload_refusal(mapping.to.action, item.payload)
    if refusal is not None:
        return {"rejected": refusal}
    request = connector.build(mapping.to.action, [item], asked.settings, now_ms=now_ms)
    unsafe = _refuse_unsafe(request)
    return {"rejected": unsafe} if unsafe is not None else {"requests": [request]}


def _find_mapping(asked: PreviewRow, workspace: Path | None) -> MappingFile:
    """The mapping that a row means, for the connector that it names."""
    from paceline.errors import UnknownNameError, UsageError
    from paceline.model.mapping import MappingFile

    match asked.mapping:
        case dict():
            mapping = msgspec.convert(asked.mapping, MappingFile)
        case None:
            raise UsageError("no mapping is given", where="mapping", expected="a mapping, or its name and --workspace")
        case name:
            if workspace is None:
                raise UsageError(f"where is the mapping {name!r}?", where="mapping", remedy="say --workspace DIR")
            from paceline.workspace.load import load_workspace

            known = load_workspace(workspace).mappings
            if name not in known:
                raise UnknownNameError("mapping", name, known, where="mapping")
            mapping = known[name]
    if mapping.to.connector != asked.connector:
        raise UsageError(f"the mapping is for {mapping.to.connector!r}, not {asked.connector!r}", where="mapping.to")
    return mapping


def _map_event(mapping: MappingFile, event: dict[str, object], now_ms: int) -> Item | Filtered | Refusal:
    """The item that a lane would deliver; Filtered or Refusal when it would not."""
    from paceline.delivery.plan import make_delivery_id
    from paceline.errors import UsageError
    from paceline.mapping.compile import CompiledMapping, compile_mapping
    from paceline.model.delivery import Item

    compiled = compile_mapping(mapping)
    if not isinstance(compiled, CompiledMapping):
        raise UsageError(f"the mapping has faults: {compiled[0].message}", where="mapping")
    whole = _complete(event, now_ms)
    payload = compiled.apply(whole, now_ms=now_ms)
    if not isinstance(payload, dict):
        return payload
    delivery_id = make_delivery_id("preview", "preview", str(whole["messageId"]))
    return Item(delivery_id=delivery_id, payload=payload, occurred_ms=now_ms)


def _complete(event: dict[str, object], now_ms: int) -> dict[str, object]:
    """The event with what the gateway adds to every event. A timestamp that it has is taken as right."""
    from paceline.model.event import isoformat_ms

    received = isoformat_ms(now_ms)
    timestamp = event.get("originalTimestamp") or received
    return {"messageId": "preview", "receivedAt": received, "timestamp": timestamp, **event}


def _refuse_unsafe(request: Request) -> Refusal | None:
    from paceline.delivery.encoding import encode
    from paceline.model.event import Refusal

    wire = encode(request)
    return wire if isinstance(wire, Refusal) else None
