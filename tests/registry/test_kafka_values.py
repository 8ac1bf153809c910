"""What paceline writes to Kafka in Confluent's wire format is what Confluent's deserializer reads with our registry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: E402 - the mark comes first
from confluent_kafka.schema_registry.json_schema import JSONDeserializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402

from paceline.assemble.kafka import SchemaIds  # noqa: E402
from paceline.drivers.bus.kafka.wire import encode  # noqa: E402
from paceline.model.record import Record  # noqa: E402

DATASCHEMA = "order_completed/1.1.0"
ORDER = {"properties": {"order_id": "1", "total": 2.5, "products": [{"sku": "a"}]}}


def test_deserializer_reads_an_event_by_the_id_of_its_contract(start: Callable[..., str], workspace: Path) -> None:
    data = json.dumps(ORDER).encode()
    record = Record(id="m-1", source="web", type="t", key="u", received_ms=0, data=data, dataschema=DATASCHEMA)
    wire = encode(record, schema_id=SchemaIds(workspace).of(DATASCHEMA))
    reader = JSONDeserializer(
        None,
        schema_registry_client=SchemaRegistryClient({"url": start()}),
        conf={"subject.name.strategy": lambda *_: "order_completed"},
    )
    assert reader(wire.value, SerializationContext("shop.events", MessageField.VALUE)) == ORDER


def test_versions_have_ids_of_their_own(workspace: Path) -> None:
    ids = SchemaIds(workspace)
    assert len({ids.of(DATASCHEMA), ids.of("order_completed/1.2.0"), None}) == 3


def test_contract_that_no_file_has_gets_no_id(workspace: Path) -> None:
    assert SchemaIds(workspace).of("nothing/1.0.0") is None


def test_contract_that_is_added_later_gets_its_id(workspace: Path) -> None:
    times = iter(range(0, 1000, 10))
    ids = SchemaIds(workspace, now_secs=lambda: float(next(times)))
    file = workspace / "contracts" / f"{DATASCHEMA}.yaml"
    text = file.read_text()
    file.unlink()
    before = ids.of(DATASCHEMA)
    file.write_text(text)
    assert before is None
    assert ids.of(DATASCHEMA) is not None
