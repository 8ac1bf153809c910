"""The guarantee of the type check: a mapping without findings makes only payloads that the vendor's schema accepts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from random_contracts import edge_events, object_lists, random_expressions, random_object, random_target

from paceline.connectors.catalog import Catalog
from paceline.contracts.generation import Generator
from paceline.contracts.validation import Validator, compile_schema
from paceline.mapping.check import CheckReport, check_mapping
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo
from paceline.workspace.load import load_workspace
from paceline.workspace.rule import Scope

SHOP = Path(__file__).parents[2] / "examples" / "shop"
SHOP_MAPPINGS = sorted(path.stem for path in (SHOP / "mappings").glob("*.yaml"))
CASES = 250


def events_of(validator: Validator, schema: Any, random: Random) -> Iterator[dict[str, Any]]:
    """Events that the contract accepts: usual ones, and those at its limits."""
    usual = Generator(validator).valid(random, 6)
    for event in (*usual, *edge_events(random, schema, 14)):
        if isinstance(event, dict) and validator.is_valid(event):
            yield event


def mapping_of(fields: dict[str, Any], when: str | None = None) -> MappingFile:
    source, target = MappingFrom(event="Thing"), MappingTo(connector="vendor", action="track")
    return MappingFile(mapping="thing.vendor", version=1, from_=source, to=target, when=when, fields=fields)


def random_case(seed: int, *, is_fitted: bool) -> tuple[MappingFile, Any, Any]:
    """A contract, a vendor's schema and a mapping between them. When fitted, of what luck makes fit field by field."""
    random = Random(seed)
    contract = random_object(random)
    target = random_target(random, contract)
    when = random.choice((None, None, None, "exists($.alpha)", "$.total > 0", "exists($.alpha) or exists($.beta)"))
    fields: dict[str, Any] = {}
    for name, inner in list(target["properties"].items()):
        own = {"type": "object", "properties": {name: inner}, "required": [name] if name in target["required"] else []}
        for rules in islice(random_rules(random, contract, name, inner), 8 if is_fitted else 1):
            compiled = compile_mapping(mapping_of(rules, when))
            if not is_fitted or (isinstance(compiled, CompiledMapping) and reported(compiled, contract, own).is_proven):
                fields |= rules
                break
        else:
            target["required"] = [required for required in target["required"] if required != name]
    return mapping_of(fields, when), contract, target


def random_rules(random: Random, contract: Any, name: str, wanted: Any) -> Iterator[dict[str, Any]]:
    """Ways to fill a field: by an expression, field by field, by `each`, or by a spread."""
    expressions = random_expressions(random, contract, name, wanted)
    lists = list(object_lists(contract, "$"))
    while True:
        if wanted.get("type") == "object" and random.random() < 0.7:
            if random.random() < 0.2:
                yield {f"{name}.*": next(expressions)}
            else:
                inner = {
                    key: random_expressions(random, contract, key, part) for key, part in wanted["properties"].items()
                }
                yield {f"{name}.{key}": next(made) for key, made in inner.items() if random.random() < 0.8} or {
                    name: next(expressions)
                }
        elif wanted.get("type") == "array" and wanted["items"].get("type") == "object" and lists:
            path, items = random.choice(lists)
            parts = wanted["items"]["properties"].items()
            made = {key: next(random_expressions(random, items, key, part)) for key, part in parts}
            yield {name: FieldRule(each=path, fields=made)}
        else:
            yield {name: next(expressions)}


def reported(compiled: CompiledMapping, contract: Any, target: Any) -> CheckReport:
    return check_mapping(compiled.spec, compiled.plan, contract, target)


def proven_cases() -> Iterator[tuple[int, CompiledMapping, Any, Any]]:
    for seed in range(CASES):
        spec, contract, target = random_case(seed, is_fitted=True)
        compiled = compile_mapping(spec)
        if isinstance(compiled, CompiledMapping) and reported(compiled, contract, target).is_proven:
            yield seed, compiled, contract, target


def test_proven_mapping_between_random_schemas_makes_only_payloads_that_are_accepted() -> None:
    proven = delivered = 0
    for seed, compiled, contract, target in proven_cases():
        proven += 1
        accepts = compile_schema(target)
        for event in events_of(compile_schema(contract), contract, Random(seed)):
            result = compiled.apply(event, now_ms=0)
            if isinstance(result, Filtered | Refusal):
                continue
            delivered += 1
            assert accepts.violations(result) == [], (seed, compiled.spec.fields, event)
    assert proven > 60, "so that this is not true of nothing"
    assert delivered > 600


def test_fault_of_a_random_mapping_names_a_place_of_its_file() -> None:
    found = 0
    for seed in range(300):
        spec, contract, target = random_case(seed, is_fitted=False)
        compiled = compile_mapping(spec)
        if not isinstance(compiled, CompiledMapping):
            continue
        report = reported(compiled, contract, target)
        for fault in (*report.faults, *report.unproven):
            found += 1
            assert fault.message
            assert fault.path[:2] in {("when",), ("fields",), *(("fields", target) for target in spec.fields)}
    assert found > 300


@pytest.mark.parametrize("name", SHOP_MAPPINGS)
def test_every_event_of_a_contract_of_the_shop_becomes_a_payload_that_its_vendor_accepts(name: str) -> None:
    scope = Scope(workspace=load_workspace(SHOP), connectors=Catalog(SHOP / "connectors"))
    spec = scope.workspace.mappings[name]
    action = scope.action(spec.to)
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    assert action is not None
    assert scope.type_faults(name) == []
    accepts = compile_schema(action.payload)
    delivered = 0
    for contract in scope.contracts_taken(spec):
        for event in events_of(compile_schema(contract.schema), contract.schema, Random(name)):
            # An event's own time is of this century, which no contract can say; docs/mapping.md names the limit.
            if str(event.get("timestamp", "")) < "2010":
                event.pop("timestamp", None)
            result = compiled.apply(event, now_ms=0)
            if isinstance(result, dict):
                delivered += 1
                assert accepts.violations(result) == [], event
    assert delivered > 0
