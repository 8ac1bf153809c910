"""What is generated, whatever the language: one function a contract version, and the types of its payload.

Generated functions name their contract version in `context.protocols.event_version`, the place that Segment's event
versioning uses (https://segment.com/docs/protocols/tracking-plan/create/, read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from paceline.exchange.codegen.shapes import ObjectType, Shapes
from paceline.exchange.loss import Loss
from paceline.exchange.payload import payload_of
from paceline.model.contract import ContractFile
from paceline.model.event import EventType


class EventFunction(msgspec.Struct, frozen=True, kw_only=True):
    """One function to generate. `name` is the contract's name with the call before it (`track_order_completed`)."""

    name: str
    contract: ContractFile
    content_hash: str
    payload_type: str


class Producer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a generated file has: its types in the order to write them, and its functions."""

    types: tuple[ObjectType, ...]
    functions: tuple[EventFunction, ...]
    losses: tuple[Loss, ...]


def describe_producer(contracts: Iterable[tuple[ContractFile, str]]) -> Producer:
    """The producer of these contracts, given with their content hashes; one version of each, in order of name."""
    shapes = Shapes()
    functions: list[EventFunction] = []
    losses: list[Loss] = []
    for contract, content_hash in sorted(contracts, key=lambda pair: pair[0].contract):
        if contract.type is EventType.ALIAS:
            losses.append(Loss(about=contract.contract, message="an alias call has no payload; no function is made"))
            continue
        payload, _ = payload_of(contract)
        name = f"{contract.type.value}_{contract.contract.replace('.', '_')}"
        if contract.type is not EventType.TRACK and contract.contract == contract.type.value:
            name = contract.type.value
        functions.append(
            EventFunction(
                name=name,
                contract=contract,
                content_hash=content_hash,
                payload_type=shapes.object_type(payload, contract.contract),
            )
        )
    return Producer(types=tuple(shapes.declared.values()), functions=tuple(functions), losses=tuple(losses))
