"""What the mapping tests share: one expression on one event, and a mapping made from a few fields."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.faults import MappingFault
from paceline.model.event import Filtered, Refusal
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom, MappingTo

NOW_MS = 1_767_225_600_000
MISSING = "(missing)"


class MakeSpec(Protocol):
    def __call__(self, fields: dict[str, Any], *, when: str | None = None) -> MappingFile: ...


class Map(Protocol):
    def __call__(
        self, fields: dict[str, Any], event: dict[str, Any], *, when: str | None = None
    ) -> dict[str, Any] | Filtered | Refusal: ...


class Evaluate(Protocol):
    def __call__(self, expression: str, event: dict[str, Any] | None = None) -> Any: ...


class FindFaults(Protocol):
    def __call__(self, fields: dict[str, Any], *, when: str | None = None) -> list[MappingFault]: ...


def _spec(fields: dict[str, Any], *, when: str | None = None) -> MappingFile:
    return MappingFile(
        mapping="order_completed.vendor",
        version=1,
        from_=MappingFrom(event="Order Completed"),
        to=MappingTo(connector="vendor", action="track"),
        when=when,
        fields={target: _rule(rule) for target, rule in fields.items()},
    )


def _rule(rule: Any) -> FieldRule | str:
    if not isinstance(rule, dict):
        return rule  # type: ignore[no-any-return]
    fields = rule.get("fields")
    inner = None if fields is None else {target: _rule(inner) for target, inner in fields.items()}
    return FieldRule(**{**rule, "fields": inner})


def _map(
    fields: dict[str, Any], event: dict[str, Any], *, when: str | None = None
) -> dict[str, Any] | Filtered | Refusal:
    compiled = compile_mapping(_spec(fields, when=when))
    assert isinstance(compiled, CompiledMapping), compiled
    return compiled.apply(event, now_ms=NOW_MS)


def _evaluate(expression: str, event: dict[str, Any] | None = None) -> Any:
    result = _map({"value": expression}, event or {})
    return result.get("value", MISSING) if isinstance(result, dict) else result


def _faults(fields: dict[str, Any], *, when: str | None = None) -> list[MappingFault]:
    compiled = compile_mapping(_spec(fields, when=when))
    return compiled if isinstance(compiled, list) else []


@pytest.fixture(scope="session")
def make_spec() -> MakeSpec:
    """A mapping file with these fields; a dict stands for the long form of a field."""
    return _spec


@pytest.fixture(scope="session")
def map_event() -> Map:
    """The result of mapping an event with these fields."""
    return _map


@pytest.fixture(scope="session")
def evaluate() -> Evaluate:
    """The value of one expression on an event: `(missing)` when it is, a Refusal when the event is refused."""
    return _evaluate


@pytest.fixture(scope="session")
def find_faults() -> FindFaults:
    """The faults of a mapping with these fields; empty when it compiles."""
    return _faults
