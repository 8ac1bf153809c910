"""Confluent's own client works with the registry as it does with theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient  # noqa: E402 - the mark comes first
from confluent_kafka.schema_registry.error import SchemaRegistryError  # noqa: E402
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402
from order_contracts import order_completed  # noqa: E402

from paceline.contracts.compatibility import Mode, Policy  # noqa: E402
from paceline.workspace.load import load_workspace  # noqa: E402

Start = Callable[..., str]
ORDER = {"properties": {"order_id": "1", "total": 2.5, "products": [{"sku": "a"}]}}


def client_of(url: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": url, "max.retries": 0})


def as_schema(value: object) -> Schema:
    return Schema(json.dumps(value), "JSON")


def schema_with(**fields: object) -> dict[str, Any]:
    """The newest order's schema with other fields in its payload."""
    schema: dict[str, Any] = json.loads(json.dumps(order_completed().schema))
    schema["properties"]["properties"]["properties"].update(fields)
    return schema


def error_of(call: Callable[[], object]) -> tuple[int, int]:
    with pytest.raises(SchemaRegistryError) as caught:
        call()
    return caught.value.http_status_code, caught.value.error_code


def test_serializer_and_deserializer_round_trip(start: Start) -> None:
    client = client_of(start())
    text = client.get_latest_version("order_completed").schema.schema_str
    settings = {"auto.register.schemas": False, "use.latest.version": True,
                "subject.name.strategy": lambda *_: "order_completed"}  # fmt: skip
    serializer = JSONSerializer(text, client, conf=settings)
    reader = JSONDeserializer(
        None, schema_registry_client=client, conf={"subject.name.strategy": lambda *_: "order_completed"}
    )
    context = SerializationContext("events", MessageField.VALUE)
    framed = serializer(ORDER, context)
    assert framed[:1] == b"\x00"
    assert int.from_bytes(framed[1:5], "big") == client.get_latest_version("order_completed").schema_id
    assert reader(framed, context) == ORDER
    with pytest.raises(Exception, match="total"):
        serializer({"properties": {"order_id": "1", "products": [{"sku": "a"}]}}, context)


def test_serializer_registers_what_is_there_already_on_a_read_only_registry(start: Start) -> None:
    client = client_of(start())
    text = client.get_latest_version("order_completed").schema.schema_str
    serializer = JSONSerializer(text, client, conf={"subject.name.strategy": lambda *_: "order_completed"})
    assert serializer(ORDER, SerializationContext("events", MessageField.VALUE))[:1] == b"\x00"


def test_client_sees_subjects_versions_and_schemas(start: Start) -> None:
    client = client_of(start())
    assert client.get_subjects() == ["identify", "order_completed"]
    assert client.get_subjects(subject_prefix="ord") == ["order_completed"]
    assert client.get_versions("order_completed") == [1, 2]
    newest = client.get_latest_version("order_completed")
    assert newest.version == 2
    assert client.get_version("order_completed", 2).schema_id == newest.schema_id
    schema = client.get_schema(newest.schema_id)
    assert schema.schema_type == "JSON"
    assert json.loads(schema.schema_str)["title"] == "Order Completed"
    assert client.get_schema_by_guid(newest.guid).schema_str == schema.schema_str
    assert client.get_subjects_by_schema_id(newest.schema_id) == ["order_completed"]
    assert [(one.subject, one.version) for one in client.get_schema_versions(newest.schema_id)] == [
        ("order_completed", 2)
    ]
    assert client.get_schema_types() == ["JSON"]
    assert client.get_contexts() == ["."]


def test_schema_is_looked_up_by_content_not_by_text(start: Start) -> None:
    client = client_of(start())
    shuffled = dict(reversed(order_completed().schema.items()))
    assert client.lookup_schema("order_completed", as_schema(shuffled)).version == 2
    assert error_of(lambda: client.lookup_schema("order_completed", as_schema({"type": "null"}))) == (404, 40403)


def test_ids_are_the_same_after_a_restart_and_elsewhere(start: Start) -> None:
    ids = [client_of(start()).get_latest_version("order_completed").schema_id for _ in range(2)]
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda client: client.get_latest_version("nothing"), (404, 40401)),
        (lambda client: client.get_versions("nothing"), (404, 40401)),
        (lambda client: client.get_version("order_completed", 9), (404, 40402)),
        (lambda client: client.get_version("order_completed", 0), (422, 42202)),
        (lambda client: client.get_version("order_completed", "newest"), (422, 42202)),
        (lambda client: client.get_schema(12345), (404, 40403)),
        (lambda client: client.get_compatibility("nothing"), (404, 40401)),
        (lambda client: client.set_compatibility("order_completed", "NONE"), (422, 42205)),
        (lambda client: client.delete_subject("order_completed"), (422, 42205)),
        (lambda client: client.delete_version("order_completed", 1), (422, 42205)),
        (lambda client: client.update_mode("order_completed", "IMPORT"), (422, 42205)),
        (lambda client: client.register_schema("new", Schema('{"type": "object"}', "JSON")), (422, 42205)),
        (lambda client: client.register_schema("new", Schema("{", "JSON")), (422, 42201)),
        (lambda client: client.register_schema("new", Schema('{"type": "objekt"}', "JSON")), (422, 42201)),
        (lambda client: client.register_schema("new", Schema('{"$ref": "http://x.example/"}', "JSON")), (422, 42201)),
        (lambda client: client.register_schema("new", Schema('"string"', "AVRO")), (422, 42201)),
    ],
)
def test_what_cannot_be_done_has_confluents_code(
    start: Start, call: Callable[[Any], object], expected: tuple[int, int]
) -> None:
    client = client_of(start())
    assert error_of(lambda: call(client)) == expected


def test_compatibility_is_tested_against_one_version_and_against_all(start: Start) -> None:
    client = client_of(start())
    good = as_schema(schema_with(voucher={"type": "string"}))
    bad = as_schema(schema_with(total={"type": "string"}))
    assert not client.test_compatibility("order_completed", bad)
    assert not client.test_compatibility_all_versions("order_completed", bad)
    assert client.test_compatibility("order_completed", as_schema(order_completed().schema))
    assert not client.test_compatibility("order_completed", good)  # an open object may already have any voucher
    assert client_of(start(policy=Policy.LENIENT)).test_compatibility("order_completed", good)


def test_level_and_mode_are_what_the_registry_was_started_with(start: Start) -> None:
    client = client_of(start(mode=Mode.FULL_TRANSITIVE))
    assert client.get_compatibility() == "FULL_TRANSITIVE"
    assert client.get_compatibility("order_completed") == "FULL_TRANSITIVE"
    assert client.get_global_mode() == "READONLY"
    assert client.get_mode("order_completed") == "READONLY"


def test_writable_registry_writes_a_file_for_review(start: Start, workspace: Path) -> None:
    client = client_of(start(is_writable=True))
    wider = schema_with(total={"type": ["number", "null"]})
    identity = client.register_schema("order_completed", as_schema(wider))
    assert client.get_latest_version("order_completed").schema_id == identity
    written = load_workspace(workspace).contracts["order_completed"]["1.3.0"]
    assert written.schema == wider
    assert (written.event, written.owner.team) == ("Order Completed", "growth")
    assert client.get_global_mode() == "READWRITE"


def test_registering_again_changes_nothing(start: Start, workspace: Path) -> None:
    client = client_of(start(is_writable=True))
    before = sorted(workspace.rglob("*.yaml"))
    identity = client.register_schema("order_completed", as_schema(order_completed().schema))
    assert identity == client.get_latest_version("order_completed").schema_id
    assert sorted(workspace.rglob("*.yaml")) == before


def test_schema_of_an_older_draft_is_kept_in_todays_and_found_again(start: Start, workspace: Path) -> None:
    client = client_of(start(is_writable=True))
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Cart Viewed", "type": "object",
           "properties": {"properties": {"$ref": "#/definitions/p"}},
           "definitions": {"p": {"type": "object"}}}  # fmt: skip
    identity = client.register_schema("cart_viewed", as_schema(old))
    assert load_workspace(workspace).contracts["cart_viewed"]["1.0.0"].event == "Cart Viewed"
    assert client_of(start()).lookup_schema("cart_viewed", as_schema(old)).schema_id == identity


def test_breaking_schema_is_refused_with_the_event_that_breaks(start: Start, workspace: Path) -> None:
    client = client_of(start(is_writable=True))
    before = sorted(workspace.rglob("*.yaml"))
    with pytest.raises(SchemaRegistryError) as caught:
        client.register_schema("order_completed", as_schema(schema_with(total={"type": "string"})))
    assert (caught.value.http_status_code, caught.value.error_code) == (409, 409)
    assert "TYPE_CHANGED" in str(caught.value)
    assert "counterexample" in str(caught.value)
    assert sorted(workspace.rglob("*.yaml")) == before
