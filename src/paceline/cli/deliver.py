"""`paceline deliver`: what would go to a vendor."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

if TYPE_CHECKING:
    from paceline.assemble.preview import Previewer, PreviewLane
    from paceline.cli.json_lines import Row


class RudderStackDestination(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A destination as RudderStack configures it."""

    vendor: str
    destination_config: dict[str, object]


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event on its way to one vendor: through a connector, or as a destination of RudderStack would be imported.

    `mapping` is inline, or the name of a mapping of the workspace; without it the connector's default mappings count.
    """

    event: dict[str, object]
    connector: str = ""
    settings: dict[str, object] = {}
    mapping: dict[str, object] | str | None = None
    rudderstack: RudderStackDestination | None = None
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
    {"connector", "settings", "event", "mapping"?, "now_ms"?}
    {"rudderstack": {"vendor", "destination_config"}, "event", "now_ms"?}
      -> {"requests": [{"method", "url", "headers", "query", "body_format", "body"}]} or {"rejected": {…}}

    Without a mapping, the connector's default mappings are used.

    \b
    Example:  paceline deliver preview --workspace shop < rows.jsonl
    """
    from paceline.assemble.preview import Previewer
    from paceline.cli.json_lines import answer_rows

    previewer = Previewer(workspace)
    answer_rows(lambda row: answer(row, previewer))


def answer(row: Row, previewer: Previewer) -> object:
    """The requests of one row, or why there is none. Raises PacelineError for a row that is wrong in itself."""
    from paceline.assemble.preview import preview_all
    from paceline.errors import UsageError

    asked = msgspec.convert(row, PreviewRow)
    now_ms = time.time_ns() // 1_000_000 if asked.now_ms is None else asked.now_ms
    try:
        lanes = _lanes(asked, previewer)
    except UsageError as error:
        if asked.rudderstack is None:
            raise
        # A destination that cannot work refuses every event; there is no file here that its owner could mend.
        return {"rejected": {"rule": error.where or "destination_config", "reason": "refused", "message": error.what}}
    return preview_all(lanes, asked.event, now_ms=now_ms)


def _lanes(asked: PreviewRow, previewer: Previewer) -> tuple[PreviewLane, ...]:
    from paceline.errors import UsageError

    if (asked.rudderstack is None) is not bool(asked.connector):
        raise UsageError("a row names either a connector or a destination of RudderStack", where="connector")
    if asked.rudderstack is not None:
        return previewer.rudderstack(asked.rudderstack.vendor, asked.rudderstack.destination_config)
    return previewer.integration(asked.connector, asked.settings, asked.mapping)
