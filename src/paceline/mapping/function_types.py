"""What a function of the language gives, as a JSON Schema, from what is known of its arguments."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any, Final

from paceline.mapping import kinds as k
from paceline.mapping.analysis import Analysis
from paceline.mapping.compile import compile_value
from paceline.mapping.expression import Call, Literal
from paceline.mapping.functions import assertions
from paceline.mapping.functions.agents import AGENT_PARTS
from paceline.mapping.functions.catalog import CATALOG
from paceline.mapping.generate.runtime import MISSING
from paceline.mapping.object_types import object_type
from paceline.mapping.refusals import Stop
from paceline.mapping.schemas import (
    MAX_CHOICES,
    Schema,
    any_of,
    choices_of,
    field_of,
    items_of,
    kinds_schema,
    limit_of,
    schema_kinds,
    without_null,
)
from paceline.mapping.types import EVENT_SECS, EVENT_TIME, ValueType

_TIME: Final[dict[str, Any]] = {"type": "string", "format": "date-time"}
ASSERTIONS: Final = frozenset(function.name for function in assertions.FUNCTIONS)
_HEX: Final = {"sha256": 64, "hmac_sha256": 64, "sha1": 40, "md5": 32, "sha512": 128}
_FIXED: Final[dict[str, Schema]] = {
    **{name: {"type": "string", "pattern": f"^[0-9a-f]{{{digits}}}$"} for name, digits in _HEX.items()},
    **dict.fromkeys(("iso8601", "from_unix_secs", "from_unix_ms", "add_secs", "in_zone", "read_time"), _TIME),
    "now": {**_TIME, EVENT_TIME: True},
    "date": {"type": "string", "format": "date"},
    "uuid5": {"type": "string", "format": "uuid"},
    "normalize_phone": {"type": "string", "pattern": "^[+][0-9]{2,20}$"},
    "normalize_country": {"type": "string", "pattern": "^[a-z]{2}$"},
    "query_params": {"type": "object", "additionalProperties": {"type": "string"}},
    "user_agent": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in AGENT_PARTS},
        "additionalProperties": False,
    },
    "keep_digits": {"type": "string", "pattern": "^[0-9]*$"},
    "type_of": {"enum": ["text", "number", "boolean", "list", "object", "null", "missing"]},
    "length": {"type": "integer", "minimum": 0},
}
# These are taken to make no text longer. (A Turkish capital İ grows when it is made small, ß and a few ligatures when
# they are made large; that a vendor's limit be hit by those is no reason to doubt every `upper`.)
_NEVER_LONGER: Final = frozenset(
    {
        *("trim", "lower", "upper", "slice", "truncate_bytes", "keep_letters", "keep_digits", "keep_alphanumeric"),
        *("normalize_email", "normalize_gmail", "normalize_name", "normalize_city", "normalize_zip"),
        *("remove_prefix", "remove_suffix"),
    }
)
_SAME_LIST: Final = frozenset({"filter", "sort", "sort_by", "reverse", "unique", "slice", "compact"})
_OF_LIST: Final = frozenset({"first", "last", "at"})
_NOT_FOLDED: Final = frozenset({"from_json", "to_list"})


def call_type(node: Call, arguments: Sequence[ValueType]) -> tuple[Schema, bool, bool]:
    """The schema of a call whose arguments are there, whether anything is known of it, and whether it may be missing.

    For calls that the inference does not treat itself (presence, choices, what is evaluated for each item).
    """
    function = CATALOG[node.function]
    folded = _folded(node, arguments)
    if folded is not None:
        schema, may_miss = folded
        return schema, True, may_miss
    schema, is_known = _result(node, arguments)
    return schema, is_known, function.may_miss and not _is_surely_there(node, arguments)


def _folded(node: Call, arguments: Sequence[ValueType]) -> tuple[Schema, bool] | None:
    """When the arguments can only have a few values: the function is run on all of them."""
    if node.function in _NOT_FOLDED or not arguments:
        return None
    choices = [choices_of(without_null(argument.schema)) for argument in arguments]
    if any(found is None or not all(_is_scalar(value) for value in found) for found in choices):
        return None
    combinations = list(product(*(found or () for found in choices)))
    if not 0 < len(combinations) <= MAX_CHOICES:
        return None
    results = [_run(node.function, *values) for values in combinations]
    values = [result for result in results if result is not MISSING and not isinstance(result, Stop)]
    return ({"enum": values} if values else False), MISSING in results


def _is_surely_there(node: Call, arguments: Sequence[ValueType]) -> bool:
    """Whether a list has the item that is asked for."""
    if node.function not in {"first", "last"} or not arguments[0].is_known:
        return False
    schema = arguments[0].schema
    return (limit_of(schema, "minItems", max) or 0) > 0 and not schema_kinds(items_of(schema)) & k.NULL


def _is_scalar(value: object) -> bool:
    return bool(k.kind_of(value) & k.SCALAR)


@lru_cache(maxsize=4096, typed=True)
def _run(function: str, *values: Any) -> object:
    call = Call(function=function, arguments=tuple(Literal(value=value) for value in values))
    analysis = Analysis(call, in_each=False)
    if analysis.flaws:
        return Stop("wrong_type", "")
    try:
        return compile_value(analysis, in_each=False)({}, None, 0, 0)
    except Stop as stop:
        return stop


def _result(node: Call, arguments: Sequence[ValueType]) -> tuple[Schema, bool]:
    name = node.function
    function = CATALOG[name]
    first = arguments[0] if arguments else ValueType()
    if name == "iso8601" and _is_event_time(first.schema):
        return {**_TIME, EVENT_TIME: True}, True
    if name in _FIXED:
        return _FIXED[name], True
    if name in ASSERTIONS:
        return _asserted(node, first.schema), True
    if name == "from_json":
        return True, False
    if name in _OF_LIST:
        items = items_of(first.schema)
        return without_null(items), first.is_known and items is not True
    if name == "get":
        return _got(node, first)
    if name in _SAME_LIST and schema_kinds(first.schema) & k.LIST:
        return _shorter_list(first.schema), first.is_known
    if name == "to_list":
        return _listed(first.schema), first.is_known
    if function.result == k.OBJECT:
        return object_type(node, arguments)
    if function.result == k.TEXT:
        return _text(node, first.schema), True
    if function.result & k.NUMBER and not function.result & ~k.NUMBER:
        return _number(node, arguments), True
    return kinds_schema(function.result & (schema_kinds(first.schema) if function.keeps_kind else k.JSON)), True


def _got(node: Call, first: ValueType) -> tuple[Schema, bool]:
    key = node.arguments[1]
    if isinstance(key, Literal) and isinstance(key.value, str):
        field = field_of(first.schema, key.value)
        return without_null(field.schema), field.is_declared
    return True, False


def _shorter_list(schema: Schema) -> Schema:
    most = limit_of(schema, "maxItems", min)
    return {"type": "array", "items": items_of(schema), **({} if most is None else {"maxItems": most})}


def _listed(schema: Schema) -> Schema:
    kinds = schema_kinds(schema) & k.SOMETHING
    single: Schema = {"type": "array", "items": without_null(schema), "minItems": 1, "maxItems": 1}
    if not kinds & k.LIST:
        return single
    lists: Schema = {"type": "array", "items": items_of(schema)}
    return lists if kinds == k.LIST else any_of([lists, single])


def _text(node: Call, schema: Schema) -> Schema:
    most = limit_of(schema, "maxLength", min) if node.function in _NEVER_LONGER else None
    if node.function == "truncate":
        given = choices_of(_literal_schema(node, 1)) or ()
        known = [limit_of(schema, "maxLength", min), *(max(count, 0) for count in given)]
        most = min((limit for limit in known if limit is not None), default=None)
    least = _least_characters(node, schema)
    limits = {**({} if most is None else {"maxLength": most}), **({"minLength": least} if least else {})}
    return {"type": "string", **limits}


def _least_characters(node: Call, schema: Schema) -> int:
    """How long a text is at least after a function that never takes its last character."""
    is_text = schema_kinds(schema) & k.TEXT
    least = int(limit_of(schema, "minLength", max) or 0) if is_text else 1
    match node.function:
        case "string":
            return min(least, 1) if schema_kinds(schema) & k.SOMETHING & ~k.TEXT else least
        case "lower" | "upper":
            return min(least, 1)
        case "truncate":
            cuts: list[int] = [max(count, 0) for count in choices_of(_literal_schema(node, 1)) or (0,)]
            return min(least, *cuts)
        case _:
            return 0


def _literal_schema(node: Call, position: int) -> Schema:
    argument = node.arguments[position]
    return {"const": argument.value} if isinstance(argument, Literal) else True


def _number(node: Call, arguments: Sequence[ValueType]) -> Schema:
    function = CATALOG[node.function]
    schema = arguments[0].schema
    if node.function in {"unix_secs", "unix_ms"} and _is_event_time(schema):
        low, high = EVENT_SECS
        factor = 1 if node.function == "unix_secs" else 1000
        return {"type": "integer", "minimum": low * factor, "maximum": high * factor + factor - 1}
    kinds = function.result
    if function.result_without_options and len(arguments) == function.least:
        kinds = function.result_without_options
    if node.function in {"sum", "min", "max"}:
        schema = items_of(schema)
    if node.function in {"number", "abs", "sum", "min", "max"} and schema_kinds(schema) & k.SOMETHING == k.INTEGER:
        kinds = k.INTEGER
    result: dict[str, Any] = {"type": "integer" if kinds == k.INTEGER else "number"}
    if schema_kinds(schema) & k.SOMETHING & ~k.NUMBER:
        return result
    if node.function in {"number", "integer", "round", "floor", "ceil", "min", "max", "average"}:
        result.update(_bounds(schema))
    if node.function == "clamp":
        result.update(_clamped(node, schema))
    at_least = limit_of(schema, "minimum", max)
    if node.function == "abs" or (node.function in {"sum", "minor_units"} and at_least is not None and at_least >= 0):
        result["minimum"] = 0
    return result


def _bounds(schema: Schema) -> dict[str, Any]:
    """The bounds that rounding does not leave: whole numbers."""
    low, high = limit_of(schema, "minimum", max), limit_of(schema, "maximum", min)
    found = {"minimum": low, "maximum": high}
    return {name: value for name, value in found.items() if isinstance(value, int) and not isinstance(value, bool)}


def _clamped(node: Call, schema: Schema) -> dict[str, Any]:
    """`low` wins over `high`. Of limits that an event brings nothing is known."""
    low, high = (argument.value if isinstance(argument, Literal) else None for argument in node.arguments[1:])
    if not isinstance(low, int | float):
        return {}
    least, most = limit_of(schema, "minimum", max), limit_of(schema, "maximum", min)
    if not isinstance(high, int | float):
        return {"minimum": low}
    lowest = low if least is None else max(low, min(least, high))
    return {"minimum": lowest, "maximum": max(low, high if most is None else min(most, high))}


def _asserted(node: Call, schema: Schema) -> Schema:
    """What a value that was let pass is known to be."""
    first, *others = [argument.value for argument in node.arguments[1:] if isinstance(argument, Literal)]
    match node.function:
        case "between":
            stated: dict[str, Any] = {"minimum": first, "maximum": others[0]}
        case "one_of":
            stated = {"enum": [first, *others]}
        case "max_length":
            stated = {"maxLength": first, "maxItems": first}
        case _:
            stated = {"minLength": first, "minItems": first}
    if not isinstance(schema, dict):
        return {"allOf": [kinds_schema(CATALOG[node.function].result), stated]}
    if stated.keys() & schema.keys() or node.function == "one_of":
        return {**stated, "allOf": [schema]}
    return {**schema, **stated}


def _is_event_time(schema: Schema) -> bool:
    return isinstance(schema, dict) and EVENT_TIME in schema
