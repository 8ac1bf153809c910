"""`paceline send`: events to a gateway."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import click

BATCH_EVENTS = 100


@click.command()
@click.argument("events", type=click.File("r", encoding="utf-8"), required=False)
@click.option("--sample", "samples", multiple=True, help="A sample of the workspace; may be given several times.")
@click.option("--workspace", type=click.Path(path_type=Path), default=".", show_default=True)
@click.option("--url", help="The gateway; otherwise the one that the workspace's paceline.yaml says.")
@click.option("--write-key", help="The source's write key; otherwise PACELINE_WRITE_KEY of the environment or .env.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each event's verdict.")
def command(
    events: TextIO | None,
    samples: tuple[str, ...],
    workspace: Path,
    url: str | None,
    write_key: str | None,
    as_json: bool,
) -> None:
    """Send events to a gateway: samples of the workspace, or JSON Lines from a file (- for standard input).

    Exit status 1 when an event is not accepted.

    \b
    Example:  paceline send --sample order_completed --workspace shop
              paceline send events.jsonl --url http://127.0.0.1:8080 --write-key KEY
    """
    from paceline.assemble.client import GatewayClient
    from paceline.assemble.opening import open_workspace
    from paceline.assemble.rehearsal import require_write_key
    from paceline.cli.output import print_json
    from paceline.errors import UnknownNameError, UsageError

    if events is None and not samples:
        raise UsageError("there is nothing to send", remedy="name a file of events, or --sample NAME")
    opened = None if url and not samples else open_workspace(workspace, os.environ)
    chosen: Iterator[dict[str, object]] = iter(())
    if events is not None:
        chosen = _read_events(events)
    elif opened is not None:
        for name in samples:
            if name not in opened.workspace.samples:
                raise UnknownNameError("sample", name, opened.workspace.samples)
        chosen = (_as_new(opened.workspace.samples[name]) for name in samples)
    if url is None and opened is not None:
        gateway = opened.workspace.settings.gateway
        url = f"http://{gateway.host}:{gateway.port}"
    environment = opened.environment if opened is not None else os.environ
    client = GatewayClient(url or "", require_write_key(environment, write_key))
    verdicts: Counter[str] = Counter()
    for batch in _batches(chosen):
        for one in client.send(batch):
            verdicts[one.verdict] += 1
            if as_json:
                print_json(one, lines=True)
            elif one.verdict != "accepted":
                click.echo(f"{one.verdict}  {one.id}  {one.reason}: {one.detail}", err=True)
    client.close()
    summary = ", ".join(f"{number} {verdict}" for verdict, number in sorted(verdicts.items())) or "0 sent"
    click.echo(summary, err=as_json)
    sys.exit(0 if set(verdicts) <= {"accepted"} else 1)


def _read_events(lines: TextIO) -> Iterator[dict[str, object]]:
    import msgspec

    from paceline.errors import UsageError

    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield msgspec.json.decode(line, type=dict[str, object])
            except msgspec.DecodeError as error:
                raise UsageError(
                    str(error), where=f"{lines.name}:{number}", expected="one JSON object a line"
                ) from None


def _as_new(sample: dict[str, object]) -> dict[str, object]:
    """A sample with a message id and a time of its own, so that it is not taken for a repetition."""
    import uuid
    from datetime import UTC, datetime

    return {**sample, "messageId": str(uuid.uuid4()), "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")}


def _batches(events: Iterator[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    batch: list[dict[str, object]] = []
    for event in events:
        batch.append(event)
        if len(batch) == BATCH_EVENTS:
            yield batch
            batch = []
    if batch:
        yield batch
