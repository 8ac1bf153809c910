"""What functions on objects give, as JSON Schemas: which keys are there, and what is under them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from paceline.mapping import kinds as k
from paceline.mapping.expression import Call, Literal
from paceline.mapping.schemas import Schema, any_of, schema_kinds, without_null
from paceline.mapping.types import ValueType

_NOT_FLAT: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "unevaluatedProperties", "dependentSchemas"}
)
_ANY_OBJECT: Final[Schema] = {"type": "object"}


def object_type(node: Call, arguments: Sequence[ValueType]) -> tuple[Schema, bool]:
    """The schema of what a function on objects gives, and whether anything is known of it."""
    if node.function == "merge":
        return _merged(arguments)
    schema = arguments[0].schema
    if node.function == "as_object":
        is_object = schema_kinds(schema) & ~k.NULL == k.OBJECT
        return (without_null(schema), arguments[0].is_known) if is_object else (_ANY_OBJECT, False)
    names = [argument.value for argument in node.arguments[1:] if isinstance(argument, Literal)]
    if len(names) != len(node.arguments) - 1 or not isinstance(schema, dict) or not _is_flat(schema):
        return _ANY_OBJECT, False
    match node.function:
        case "pick":
            return _picked(schema, names, arguments[0])
        case "omit":
            kept = {name: inner for name, inner in _fields(schema).items() if name not in names}
            return _made(kept, [name for name in _required(schema) if name not in names], schema), arguments[0].is_known
        case "rename":
            return _renamed(schema, names, arguments[0])
        case "without_nulls":
            sure = [name for name in _required(schema) if not schema_kinds(_fields(schema).get(name, True)) & k.NULL]
            fields = {name: without_null(inner) for name, inner in _fields(schema).items()}
            return _made(fields, sure, schema), arguments[0].is_known
        case _:
            return _ANY_OBJECT, False


def value_type(found: ValueType, pii: frozenset[str]) -> ValueType:
    """The type of any value of an object, with the personal data that may be in one of them."""
    schema = found.schema
    if not isinstance(schema, dict) or not _is_flat(schema):
        return ValueType(is_known=False, pii=pii)
    other = schema.get("additionalProperties", True)
    inner = any_of([*_fields(schema).values(), other])
    return ValueType(schema=inner, is_known=found.is_known and schema_kinds(inner) != k.JSON, pii=pii)


def _picked(schema: dict[str, Any], names: Sequence[Any], found: ValueType) -> tuple[Schema, bool]:
    fields = _fields(schema)
    kept = {name: fields.get(name, True) for name in names}
    required = [name for name in _required(schema) if name in names]
    is_known = found.is_known and all(name in fields for name in names)
    return _made(kept, required, {"additionalProperties": False}), is_known


def _renamed(schema: dict[str, Any], names: Sequence[Any], found: ValueType) -> tuple[Schema, bool]:
    """Known where no key that is there already can have one of the new names."""
    renamed = dict(zip(names[::2], names[1::2], strict=True))
    fields = _fields(schema)
    made = {renamed.get(name, name): inner for name, inner in fields.items()}
    is_clear = len(made) == len(fields) and _is_closed(schema)
    if not is_clear:
        return _ANY_OBJECT, False
    return _made(made, [renamed.get(name, name) for name in _required(schema)], schema), found.is_known


def _merged(arguments: Sequence[ValueType]) -> tuple[Schema, bool]:
    """Known where each key comes from an object that names it: none that leaves it open may bring another value."""
    fields: dict[str, Any] = {}
    required: dict[str, None] = {}
    schemas = [argument.schema for argument in arguments]
    for schema in schemas:
        if not isinstance(schema, dict) or not _is_flat(schema):
            return _ANY_OBJECT, False
        for name, inner in _fields(schema).items():
            is_sure = name in _required(schema)
            fields[name] = inner if is_sure or name not in fields else any_of([fields[name], inner])
        required.update(dict.fromkeys(_required(schema)))
    left_open = [schema for schema in schemas if isinstance(schema, dict) and not _is_closed(schema)]
    is_clear = all(name in _fields(schema) for schema in left_open for name in fields)
    like: dict[str, Any] = {} if left_open else {"additionalProperties": False}
    return _made(fields, list(required), like), is_clear and all(argument.is_known for argument in arguments)


def _made(fields: dict[str, Any], required: Sequence[str], like: dict[str, Any]) -> Schema:
    """An object of these fields, closed where the object that it is made from is."""
    rest: dict[str, Any] = {"additionalProperties": False} if _is_closed(like) else {}
    return {"type": "object", "properties": fields, "required": list(required), **rest}


def _is_closed(schema: dict[str, Any]) -> bool:
    return schema.get("additionalProperties", True) is False


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = schema.get("properties", {})
    return fields


def _required(schema: dict[str, Any]) -> list[str]:
    return list(schema.get("required", ()))


def _is_flat(schema: dict[str, Any]) -> bool:
    """Whether everything that a schema says about its keys is in its own properties, required, additionalProperties."""
    return not _NOT_FLAT & schema.keys()
