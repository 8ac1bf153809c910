"""The workspace under test: one contract, one mapping of some twenty fields, and as many webhook lanes as wanted."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

FILES = Path(__file__).parent / "files"
WRITE_KEY = "bench-write-key"
BACKLOG_WRITE_KEY = "bench-backlog-write-key"
SWITCHED_ON = (
    "fsync before every answer (SQLite WAL, synchronous=FULL)",
    "contract validation",
    "dedup by (source, message id)",
    "mapping of about 20 fields",
    "signed webhooks (Standard Webhooks)",
    "ledger, retries and dead letters committed with the cursor",
)

_settings = """\
workspace: bench
gateway: {{host: 127.0.0.1, port: 0}}
sources:
  bench: {{write_keys: ["sha256:{digest}"]}}
  backlog: {{write_keys: ["sha256:{backlog_digest}"]}}
egress: {{allow: ["127.0.0.1:{port}"]}}
"""
_environment = "WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
_integration = """\
integration: lane_{lane}
connector: webhook
stage: marathon
owner: {{team: bench}}
sources: [{sources}]
events: [order_completed.webhook]
settings: {{url: "http://127.0.0.1:{port}/{behavior}/{lane}", secret: "${{env:WEBHOOK_SECRET}}"}}
limits: {{max_in_flight: {max_in_flight}, timeout_secs: {timeout_secs}}}
"""


def use_kafka(folder: Path, bootstrap: Sequence[str]) -> None:
    """Move a workspace onto a Kafka cluster: one broker that syncs before it answers, or three of which two must have
    each event."""
    one = {"replication": 1, "min_insync_replicas": 1, "durability": "single_node"} if len(bootstrap) == 1 else {}
    bus = {"type": "kafka", "bootstrap": list(bootstrap), "topic_prefix": "bench.", "partitions": 4, **one}
    with (folder / "paceline.yaml").open("a") as file:
        file.write(f"bus: {json.dumps(bus)}\n")


def write_workspace(
    folder: Path, *, sink_port: int, behaviors: Sequence[str], max_in_flight: int, backlog_lane: int | None = None
) -> None:
    """Make the workspace in `folder`, with one lane for each of `behaviors` (`ok`, `hang` or `throttle`).

    Only `backlog_lane` takes what comes with the second write key.
    """
    shutil.copytree(FILES, folder)
    (folder / "integrations").mkdir()
    digest, backlog_digest = (hashlib.sha256(key.encode()).hexdigest() for key in (WRITE_KEY, BACKLOG_WRITE_KEY))
    settings = _settings.format(digest=digest, backlog_digest=backlog_digest, port=sink_port)
    (folder / "paceline.yaml").write_text(settings)
    (folder / ".env").write_text(_environment)
    for lane, behavior in enumerate(behaviors):
        text = _integration.format(
            lane=lane,
            sources="bench, backlog" if lane == backlog_lane else "bench",
            port=sink_port,
            behavior=behavior,
            max_in_flight=max_in_flight,
            timeout_secs=30,
        )
        (folder / "integrations" / f"lane_{lane}.yaml").write_text(text)
