"""What contracts cost: CPU microseconds an event to validate, CPU seconds to check a workspace of contracts.

    python benchmarks/contracts.py [--rounds 5]

Times are CPU times of this process, the best of some rounds; wall clocks on shared machines say little. Nothing is
asserted here.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from importlib.metadata import version
from random import Random

import msgspec

from paceline.contracts.compatibility import Policy, bump, compare
from paceline.contracts.generation import Generator
from paceline.contracts.hashing import content_hash
from paceline.contracts.validation import compile_schema

TEXT = {"type": "string"}
AMOUNT = {"type": "number", "minimum": 0}
PRODUCT = {
    "type": "object",
    "required": ["product_id", "price", "quantity"],
    "properties": {
        "product_id": {"type": "string", "minLength": 1},
        "sku": TEXT,
        "name": TEXT,
        "category": TEXT,
        "price": AMOUNT,
        "quantity": {"type": "integer", "minimum": 1},
    },
}
ORDER_COMPLETED: dict[str, object] = {
    "type": "object",
    "required": ["type", "event", "messageId", "properties"],
    "properties": {
        "type": {"const": "track"},
        "event": {"const": "Order Completed"},
        "messageId": {"type": "string", "minLength": 1, "maxLength": 100},
        "userId": {"type": ["string", "null"], "maxLength": 255},
        "anonymousId": {"type": ["string", "null"]},
        "timestamp": {"type": "string", "format": "date-time"},
        "context": {"type": "object"},
        "properties": {
            "type": "object",
            "required": ["order_id", "total", "currency", "products"],
            "properties": {
                "order_id": {"type": "string", "minLength": 1, "maxLength": 64},
                "checkout_id": TEXT,
                "affiliation": TEXT,
                "coupon": TEXT,
                "total": AMOUNT,
                "subtotal": AMOUNT,
                "revenue": {"type": "number"},
                "shipping": {"type": "number"},
                "tax": {"type": "number"},
                "discount": {"type": "number"},
                "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
                "products": {"type": "array", "minItems": 1, "maxItems": 100, "items": PRODUCT},
            },
        },
    },
}
OUTSIDE = {**ORDER_COMPLETED, "anyOf": [{"required": ["userId"]}, {"required": ["anonymousId"]}]}
EVENT = {
    "type": "track",
    "event": "Order Completed",
    "messageId": "ajs-next-1732358400000-5f2c1a9e-8f1e-4b7c-9d53-0c2f6f3a7b11",
    "userId": "u_1029384756",
    "anonymousId": "5f2c1a9e-8f1e-4b7c-9d53-0c2f6f3a7b11",
    "timestamp": "2026-11-23T10:30:00.123Z",
    "sentAt": "2026-11-23T10:30:00.223Z",
    "context": {
        "ip": "203.0.113.7",
        "userAgent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)",
        "locale": "en-US",
        "page": {"path": "/checkout/done", "url": "https://shop.example.com/checkout/done", "title": "Thank you"},
        "library": {"name": "analytics.js", "version": "2.11.1"},
    },
    "properties": {
        "order_id": "50314b8e9bcf000000000000",
        "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
        "affiliation": "Web Store",
        "total": 57.5,
        "subtotal": 50.0,
        "revenue": 25.0,
        "shipping": 3,
        "tax": 2,
        "discount": 2.5,
        "coupon": "hasbros",
        "currency": "EUR",
        "products": [
            {"product_id": f"507f1f77bcf86cd79943901{n}", "sku": f"45790-3{n}", "name": "Monopoly: 3rd Edition",
             "price": 19, "quantity": 1, "category": "Games"}
            for n in range(3)
        ],
    },
}  # fmt: skip


class Envelope(msgspec.Struct, gc=False):
    """What a gateway needs of every event, whatever its contract."""

    type: str | None = None
    event: str | None = None
    userId: str | None = None  # noqa: N815 - as the events spell it
    anonymousId: str | None = None  # noqa: N815
    messageId: str | None = None  # noqa: N815
    timestamp: str | None = None


def cpu_micros(task: Callable[[], object], rounds: int, calls: int = 5_000) -> float:
    """The best of some rounds, in CPU microseconds a call."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time_ns()
        for _ in range(calls):
            task()
        best = min(best, (time.process_time_ns() - started) / calls / 1_000)
    return best


def show(name: str, figure: float, unit: str) -> None:
    print(f"{name:<62}{figure:>10.2f} {unit}")


def validation(rounds: int) -> None:
    data = json.dumps(EVENT, separators=(",", ":")).encode()
    wrong = data.replace(b'"EUR"', b'"eur"')
    inside, outside = compile_schema(ORDER_COMPLETED), compile_schema(OUTSIDE)
    assert inside.is_typed
    assert not outside.is_typed
    decode, envelope = msgspec.json.Decoder().decode, msgspec.json.Decoder(Envelope).decode
    value = decode(data)
    print(f"\nvalidation of one event of {len(data)} bytes")
    show("envelope alone (msgspec)", cpu_micros(lambda: envelope(data), rounds), "µs")
    show("decode to a dict (msgspec)", cpu_micros(lambda: decode(data), rounds), "µs")
    show("check_bytes, typed", cpu_micros(lambda: inside.check_bytes(data), rounds), "µs")
    show("check_bytes, not typed", cpu_micros(lambda: outside.check_bytes(data), rounds), "µs")
    show("is_valid of a dict", cpu_micros(lambda: inside.is_valid(value), rounds), "µs")
    show(
        "raw bytes: envelope + check_bytes, typed",
        cpu_micros(lambda: (envelope(data), inside.check_bytes(data)), rounds),
        "µs",
    )
    show("decoded:   decode + is_valid", cpu_micros(lambda: inside.is_valid(decode(data)), rounds), "µs")
    show(
        "check_bytes of an invalid event, with its violations",
        cpu_micros(lambda: inside.check_bytes(wrong), rounds),
        "µs",
    )


def widened(schema: dict[str, object], number: int) -> dict[str, object]:
    """The next version: an optional property more."""
    update = deepcopy(schema)
    update["properties"]["properties"]["properties"][f"added_{number}"] = TEXT  # type: ignore[index]
    return update


def workspace(contracts: int) -> None:
    """What `check` does with contracts: compile both versions, compare them, hash them."""
    originals = [{**deepcopy(ORDER_COMPLETED), "title": f"Contract {number}"} for number in range(contracts)]
    updates = [widened(original, number) for number, original in enumerate(originals)]
    print(f"\n{contracts} contracts with two versions each")
    steps: dict[str, Callable[[dict[str, object], dict[str, object]], object]] = {
        "compile and hash both": lambda one, two: [(compile_schema(each), content_hash(each)) for each in (one, two)],
        "compare, strict": compare,
        "compare, lenient, and the bump from it": lambda one, two: bump(
            one, two, comparison=compare(one, two, policy=Policy.LENIENT)
        ),
    }
    for name, step in steps.items():
        started = time.process_time()
        for original, update in zip(originals, updates, strict=True):
            step(original, update)
        show(name, time.process_time() - started, "s")


def generation() -> None:
    generator = Generator(compile_schema(ORDER_COMPLETED))
    started = time.process_time()
    made = sum(1 for _ in generator.valid(Random(1), 1_000))
    print("\ngeneration")
    show(f"one valid event ({made} made)", (time.process_time() - started) / made * 1e6, "µs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    packages = ", ".join(f"{name} {version(name)}" for name in ("jsonschema-rs", "msgspec"))
    print(f"Python {platform.python_version()}, {packages}, {platform.machine()} {sys.platform}")
    print(f"CPU time, best of {rounds}")
    validation(rounds)
    workspace(200)
    generation()


if __name__ == "__main__":
    main()
