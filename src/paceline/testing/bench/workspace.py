"""The workspace under test: one contract, one mapping of some twenty fields, and as many webhook lanes as wanted."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

FILES = Path(__file__).parent / "files"
WRITE_KEY = "bench-write-key"
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
egress: {{allow: ["127.0.0.1:{port}"]}}
"""
_environment = "WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"
_integration = """\
integration: lane_{lane}
connector: webhook
stage: marathon
owner: {{team: bench}}
events: [order_completed.webhook]
settings: {{url: "http://127.0.0.1:{port}/{behavior}/{lane}", secret: "${{env:WEBHOOK_SECRET}}"}}
limits: {{max_in_flight: {max_in_flight}, timeout_secs: {timeout_secs}}}
"""


def write_workspace(folder: Path, *, sink_port: int, behaviors: Sequence[str], max_in_flight: int) -> None:
    """Make the workspace in `folder`, with one lane for each of `behaviors` (`ok`, `hang` or `throttle`)."""
    shutil.copytree(FILES, folder)
    (folder / "integrations").mkdir()
    digest = hashlib.sha256(WRITE_KEY.encode()).hexdigest()
    (folder / "paceline.yaml").write_text(_settings.format(digest=digest, port=sink_port))
    (folder / ".env").write_text(_environment)
    for lane, behavior in enumerate(behaviors):
        text = _integration.format(
            lane=lane, port=sink_port, behavior=behavior, max_in_flight=max_in_flight, timeout_secs=30
        )
        (folder / "integrations" / f"lane_{lane}.yaml").write_text(text)
