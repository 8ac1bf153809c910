"""Opens the bus on Kafka: secrets in their places, and the ids that our registry gives to contracts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from paceline.errors import MissingExtraError, PacelineError
from paceline.model.kafka_settings import KafkaBus, SaslOAuthBearer, WireFormat
from paceline.ports.bus import Bus
from paceline.workspace.environment import workspace_environment
from paceline.workspace.secrets import resolve, reveal

_LOOK_AGAIN_SECS = 1.0
_HEADROOM_BYTES = 64 * 1024


def open_kafka(root: Path, choice: KafkaBus, *, max_event_bytes: int) -> Bus:
    """The bus of a workspace at `root`.

    A canonical record is its event and what admission adds; twice an event's limit is enough for it. Raises
    MissingExtraError, MissingSecretError, or StorageError when the client refuses the settings.
    """
    try:
        from paceline.drivers.bus import kafka  # noqa: PLC0415  an extra
    except ImportError:
        raise MissingExtraError("the bus is Kafka, and its client is not installed", "kafka") from None
    schema_id = SchemaIds(root).of if choice.wire_format is WireFormat.CONFLUENT else None
    return kafka.KafkaBus(
        _with_secrets(root, choice),
        root=root,
        schema_id=schema_id,
        max_record_bytes=2 * max_event_bytes + _HEADROOM_BYTES,
    )


def _with_secrets(root: Path, choice: KafkaBus) -> KafkaBus:
    environment = workspace_environment(root, os.environ)

    def secret(reference: str) -> str:
        resolved = resolve(reference, environment, _read_text, where="paceline.yaml", needed_by="bus")
        return str(reveal(resolved))

    tls, sasl = choice.tls, choice.sasl
    if tls is not None and tls.key_password is not None:
        tls = msgspec.structs.replace(tls, key_password=secret(tls.key_password))
    if isinstance(sasl, SaslOAuthBearer):
        sasl = msgspec.structs.replace(sasl, client_secret=secret(sasl.client_secret))
    elif sasl is not None:
        sasl = msgspec.structs.replace(sasl, password=secret(sasl.password))
    return msgspec.structs.replace(choice, tls=tls, sasl=sasl)


class SchemaIds:
    """The registry's ids of a workspace's contracts, by what records call them (`order_completed/1.2.0`).

    A name that is new is looked for in the files, so that a reloaded gateway need not be started again.
    """

    def __init__(self, root: Path, *, now_secs: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._now_secs = now_secs
        self._ids: dict[str, int] = {}
        self._looked_at_secs = float("-inf")

    def of(self, dataschema: str) -> int | None:
        """The id, or None when the registry has none."""
        known = self._ids.get(dataschema)
        if known is None and self._now_secs() - self._looked_at_secs > _LOOK_AGAIN_SECS:
            self._looked_at_secs = self._now_secs()
            self._ids = self._load()
            known = self._ids.get(dataschema)
        return known

    def _load(self) -> dict[str, int]:
        from paceline.assemble.registry import load_catalog  # noqa: PLC0415  only for this wire format

        try:
            catalog = load_catalog(self._root)
        except PacelineError:
            return self._ids  # a broken workspace: the last good one goes on
        return {
            f"{one.subject}/{one.contract.version}": one.id
            for versions in catalog.subjects.values()
            for one in versions
        }


def _read_text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")
