"""What paths lead to, by the contract: the first half of the inference."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, assert_never

import msgspec

from paceline.errors import nearest_name_hint
from paceline.mapping import kinds as k
from paceline.mapping.assumptions import Fact, Place, facts_of, filled_by, proved_by, verdict
from paceline.mapping.expression import Every, Expression, Index, Key, Root, Step, Where, show
from paceline.mapping.faults import FaultCode
from paceline.mapping.kinds import Kinds, describe
from paceline.mapping.schemas import (
    Schema,
    field_names,
    field_of,
    items_of,
    limit_of,
    own_personal_data,
    parts_of,
    schema_kinds,
    without_null,
)
from paceline.mapping.types import EVENT_TIME, ValueType
from paceline.model.finding import Severity

UNKNOWN = ValueType(is_known=False, needs=frozenset({("?",)}))
NEVER = ValueType(schema=False, needs=frozenset({("never",)}))
ENVELOPE: Final = frozenset(
    {
        *("anonymousId", "category", "channel", "context", "event", "groupId", "integrations", "messageId", "name"),
        *("originalTimestamp", "previousId", "properties", "receivedAt", "sentAt", "timestamp", "traits", "type"),
        *("userId", "version"),
    }
)
"""Fields that SDKs send by themselves, whether a contract speaks of them or not.

https://segment.com/docs/connections/spec/common/, read 2026-11-23.
"""


_EVENT_TIMES: Final = frozenset({"timestamp", "originalTimestamp", "receivedAt", "sentAt"})


class TypeFlaw(msgspec.Struct, frozen=True):
    """One thing in an expression that the contract contradicts, at a 1-based column."""

    column: int
    code: FaultCode
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR


class Rooted(msgspec.Struct, frozen=True):
    """What `$`, `$$` or `@` stands for, and the place under which its parts are known as there."""

    type: ValueType
    place: Place


class PathInference(ABC):
    """What `$`, `$$` and `@` stand for, what is assumed to be there, and what paths from them lead to."""

    def __init__(self, contract: Schema, assumed: frozenset[Place] = frozenset()) -> None:
        is_object = schema_kinds(contract) == k.OBJECT
        event = Rooted(ValueType(schema=contract if is_object else {"allOf": [contract, {"type": "object"}]}), ())
        self.roots: dict[Root, Rooted] = {"$": event, "$$": event}
        self._assumed = assumed
        self._facts: frozenset[Fact] = frozenset()
        self._filled: frozenset[Place] = frozenset()
        self.flaws: list[TypeFlaw] = []

    @contextmanager
    def entered(self, root: Root, item: ValueType, place: Place) -> Iterator[None]:
        """Inside a loop: the root stands for an item, which is there."""
        outer = self.roots
        self.roots = {**outer, root: Rooted(msgspec.structs.replace(item, needs=frozenset()), place)}
        yield
        self.roots = outer

    @contextmanager
    def assuming(self, condition: Expression | None) -> Iterator[None]:
        """Where a condition holds: what it proves to be there is there."""
        outer = self._assumed, self._facts, self._filled
        if condition is not None:
            bases = self._bases()
            self._assumed |= proved_by(condition, bases)
            self._facts |= facts_of(condition, bases)
            self._filled |= filled_by(condition, bases)
        yield
        self._assumed, self._facts, self._filled = outer

    def holds(self, condition: Expression) -> bool | None:
        """Whether a condition holds by what is assumed; None when that says nothing about it."""
        return verdict(condition, self._facts, self._bases()) if self._facts else None

    def _bases(self) -> dict[Root, Place]:
        return {root: rooted.place for root, rooted in self.roots.items()}

    def flaw(
        self,
        node: Expression | Step,
        code: FaultCode,
        message: str,
        hint: str = "",
        *,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.flaws.append(TypeFlaw(node.column, code, message, hint, severity))

    def walk(self, found: ValueType, place: Place, steps: Sequence[Step], node: Expression) -> ValueType:
        for position, step in enumerate(steps):
            match step:
                case Key(name=name):
                    found, place = self._key(found, place, step), (*place, name)
                case Index(position=index):
                    found, place = self._index(found, place, step), (*place, index)
                case Every() | Where():
                    return self._many(found, place, steps[position:], node)
                case _:
                    assert_never(step)
            if found is UNKNOWN or found is NEVER:
                return found
        return found

    def _container(self, found: ValueType, place: Place, step: Step, kind: Kinds) -> ValueType | None:
        """The type as a container to step into; None when it never is one."""
        kinds = schema_kinds(found.schema)
        if not kinds & kind:
            if found.is_known:
                message = f"nothing is ever there: what is before it is {describe(kinds)}"
                self.flaw(step, "always_missing", message)
            return None
        others = kinds & ~kind & ~(k.NULL if place in self._assumed else 0)
        if others:
            return msgspec.structs.replace(found, needs=found.needs | {(*place, "is", kind)})
        return found

    def _key(self, found: ValueType, place: Place, step: Key) -> ValueType:
        container = self._container(found, place, step, k.OBJECT)
        if container is None:
            return NEVER if found.is_known else UNKNOWN
        field = field_of(container.schema, step.name)
        if field.is_forbidden:
            hint = nearest_name_hint(step.name, field_names(container.schema))
            self.flaw(step, "unknown_path", f"the contract has no {step.name!r} here", hint)
            return NEVER
        if not field.is_declared and not (place == () and step.name in ENVELOPE):
            self._undeclared(container.schema, step)
        if place == () and step.name in _EVENT_TIMES and isinstance(field.schema, dict):
            field = msgspec.structs.replace(field, schema={**field.schema, EVENT_TIME: True})
        here = (*place, step.name)
        is_declared = field.is_declared and schema_kinds(field.schema) != k.JSON
        pii = container.pii | own_personal_data(container.schema)
        if here in self._assumed:
            schema = without_null(field.schema)
            if here in self._filled and schema_kinds(schema) & k.TEXT:
                schema = {"allOf": [schema, {"minLength": 1}]}
            return ValueType(schema=schema, is_known=is_declared, pii=pii)
        needs = container.needs if field.is_required else container.needs | {here}
        return ValueType(schema=field.schema, needs=needs, is_known=is_declared, pii=pii)

    def _undeclared(self, schema: Schema, step: Key) -> None:
        """A key that an open object does not name among those that it names: probably a slip."""
        known = field_names(schema)
        if known and not any("patternProperties" in part for part in parts_of(schema)):
            hint = nearest_name_hint(step.name, sorted(known), most=12)
            message = f"the contract does not declare the field {step.name!r} here"
            self.flaw(step, "undeclared_path", message, hint, severity=Severity.WARNING)

    def _index(self, found: ValueType, place: Place, step: Index) -> ValueType:
        container = self._container(found, place, step, k.LIST)
        if container is None:
            return NEVER if found.is_known else UNKNOWN
        items = items_of(container.schema)
        here = (*place, step.position)
        least = limit_of(container.schema, "minItems", max) or 0
        is_there = (step.position if step.position >= 0 else -step.position - 1) < least
        needs = container.needs if is_there or here in self._assumed else container.needs | {here}
        pii = container.pii | own_personal_data(container.schema)
        return ValueType(schema=items, needs=needs, is_known=schema_kinds(items) != k.JSON, pii=pii)

    def _many(self, found: ValueType, place: Place, steps: Sequence[Step], node: Expression) -> ValueType:
        container = self._container(found, place, steps[0], k.LIST)
        if container is None:
            return NEVER if found.is_known else UNKNOWN
        step, rest = steps[0], steps[1:]
        item_place = (*place, "[]", show(node))
        item = self.item_of(container)
        if isinstance(step, Where):
            with self.entered("@", item, item_place):
                self.strict(step.condition, k.BOOLEAN, "[?…] takes")
        inner = self.walk(item, item_place, rest, node)
        is_nested = any(isinstance(later, Every | Where) for later in rest)
        items = items_of(inner.schema) if is_nested else without_null(inner.schema)
        most = None if is_nested else limit_of(container.schema, "maxItems", min)
        schema: Schema = {"type": "array", "items": items, **({} if most is None else {"maxItems": most})}
        return ValueType(schema=schema, needs=container.needs, is_known=inner.is_known, pii=inner.pii)

    def item_of(self, found: ValueType) -> ValueType:
        """The type of any item of a list."""
        items = items_of(found.schema)
        pii = found.pii | own_personal_data(found.schema)
        return ValueType(schema=items, is_known=found.is_known and schema_kinds(items) != k.JSON, pii=pii)

    @abstractmethod
    def strict(self, node: Expression, wanted: Kinds, by: str) -> ValueType:
        """The type of an expression that must be there and of a kind; what can only be of other kinds is a flaw."""
