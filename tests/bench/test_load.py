"""The benchmark's load: what its events are, and how they are told apart at the other end."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
import yaml

from paceline.contracts.validation import compile_schema
from paceline.testing.bench.events import EVENT_BYTES, RequestTemplate, encode, order_completed, stamps_in
from paceline.testing.bench.generator import is_complete
from paceline.testing.bench.latency import Latency, summarize
from paceline.testing.bench.workspace import FILES

AT = datetime(2026, 3, 29, tzinfo=UTC)


def body_of(template: RequestTemplate) -> bytes:
    return bytes(template.wire).partition(b"\r\n\r\n")[2]


def test_an_event_has_the_stated_size() -> None:
    assert len(encode(order_completed(0, 1, at=AT))) == EVENT_BYTES


def test_an_event_is_valid_under_the_contract_of_the_benchmark() -> None:
    contract = yaml.safe_load((FILES / "contracts/order_completed/1.0.0.yaml").read_text())
    assert list(compile_schema(contract["schema"]).violations(order_completed(7, 42, at=AT))) == []


@pytest.mark.parametrize("events", [1, 100])
def test_a_stamped_request_is_still_valid_http_and_json(events: int) -> None:
    template = RequestTemplate(host="127.0.0.1:1", write_key="k", events=events, first_user=0)
    template.stamp(7, 1_800_000_000_000_000_000)
    head = bytes(template.wire).partition(b"\r\n\r\n")[0]
    body = body_of(template)
    assert f"Content-Length: {len(body)}".encode() in head
    sent = json.loads(body)["batch"] if events > 1 else [json.loads(body)]
    assert len({event["messageId"] for event in sent}) == events


def test_two_requests_of_one_template_have_no_message_id_in_common() -> None:
    template = RequestTemplate(host="127.0.0.1:1", write_key="k", events=10, first_user=0)
    template.stamp(1, 5)
    first = stamps_in(body_of(template))
    template.stamp(2, 5)
    assert set(first).isdisjoint(stamps_in(body_of(template)))


def test_message_ids_are_found_in_any_shape_of_body() -> None:
    template = RequestTemplate(host="127.0.0.1:1", write_key="k", events=2, first_user=0)
    template.stamp(3, 9)
    ids = [event["messageId"] for event in json.loads(body_of(template))["batch"]]
    mapped = json.dumps([{"id": "x", "data": {"deep": {"message_id": message_id}}} for message_id in ids]).encode()
    assert stamps_in(mapped) == stamps_in(body_of(template))


def test_percentiles_are_taken_from_the_sorted_times() -> None:
    times_ns = [milliseconds * 1_000_000 for milliseconds in range(100, 0, -1)]
    assert summarize(times_ns) == Latency(samples=100, p50_ms=51.0, p90_ms=91.0, p99_ms=100.0, max_ms=100.0)


@pytest.mark.parametrize("cut", [5, 30, 42])
def test_an_answer_is_complete_only_with_its_whole_body(cut: int) -> None:
    answer = b'HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"a":1}'
    assert is_complete(answer)
    assert not is_complete(answer[:cut])
