"""Random contracts, vendor schemas and mappings between them, and the events at the edge of a contract.

Everything comes from one `random.Random`, so a seed is a case.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

Schema = dict[str, Any]
LONG_TEXT = "x" * 3000
NAMES = ("alpha", "beta", "gamma", "delta", "kind", "note", "total", "when")


def random_scalar(random: Random) -> Schema:
    """A schema for a scalar, with some of the limits that contracts and vendors state."""
    match random.randrange(9):
        case 0:
            return {"type": "string"}
        case 1:
            return {"type": "string", "minLength": random.randrange(3), "maxLength": random.choice((5, 20, 100))}
        case 2:
            return {"enum": random.sample(["a", "b", "c", "EUR", "USD"], random.randint(1, 4))}
        case 3:
            return {"type": "number", **_limits(random)}
        case 4:
            return {"type": "integer", **_limits(random)}
        case 5:
            return {"type": "boolean"}
        case 6:
            return {"type": ["string", "null"], "maxLength": random.choice((5, 50))}
        case 7:
            return {"type": "string", "format": random.choice(("date-time", "email", "date"))}
        case _:
            return {"type": random.sample(["string", "integer", "boolean", "null"], 2)}


def _limits(random: Random) -> Schema:
    low = random.choice((None, 0, 1, -5))
    high = random.choice((None, 10, 1000))
    return {name: value for name, value in (("minimum", low), ("maximum", high)) if value is not None}


def random_object(random: Random, *, depth: int = 0) -> Schema:
    """A schema for an object: open or closed, some fields required, with lists and objects inside."""
    fields: Schema = {}
    for name in random.sample(NAMES, random.randint(1, 5)):
        form = random.random()
        if depth < 2 and form < 0.15:
            fields[name] = random_object(random, depth=depth + 1)
        elif form < 0.3:
            items = random_object(random, depth=depth + 1) if depth < 2 and form < 0.22 else random_scalar(random)
            fields[name] = {"type": "array", "items": items, **({"minItems": 1} if form < 0.26 else {})}
        else:
            fields[name] = random_scalar(random)
    schema: Schema = {"type": "object", "properties": fields}
    schema["required"] = [name for name in fields if random.random() < 0.5]
    if random.random() < 0.4:
        schema["additionalProperties"] = False
    if len(fields) > 1 and random.random() < 0.25:
        schema["anyOf"] = [{"required": [name]} for name in random.sample(list(fields), 2)]
    return schema


def random_target(random: Random, contract: Schema) -> Schema:
    """A vendor's schema: much like the contract, so that some mappings between them fit."""
    fields = {name: inner if random.random() < 0.5 else random_scalar(random) for name, inner in _leaves(contract)}
    fields |= {name: random_scalar(random) for name in random.sample(("one", "two", "three"), 2)}
    if random.random() < 0.3:
        fields["group"] = random_object(random, depth=2)
    if random.random() < 0.3:
        fields["list"] = {"type": "array", "items": random_object(random, depth=2), "maxItems": 3}
    chosen = dict(random.sample(list(fields.items()), min(len(fields), 5)))
    schema: Schema = {"type": "object", "properties": chosen, "additionalProperties": random.random() < 0.3}
    schema["required"] = [name for name in chosen if random.random() < 0.4]
    if len(chosen) > 1 and random.random() < 0.2:
        schema["anyOf"] = [{"required": [name]} for name in random.sample(list(chosen), 2)]
    return schema


def _leaves(schema: Schema) -> Iterator[tuple[str, Schema]]:
    yield from schema.get("properties", {}).items()


def object_lists(schema: Schema, path: str) -> Iterator[tuple[str, Schema]]:
    """The places of lists of objects, with the schema of an item."""
    for name, inner in schema.get("properties", {}).items():
        if inner.get("type") == "object":
            yield from object_lists(inner, f"{path}.{name}")
        elif inner.get("type") == "array" and inner["items"].get("type") == "object":
            yield f"{path}.{name}", inner["items"]


def random_expressions(random: Random, contract: Schema, name: str, wanted: Schema) -> Iterator[str]:
    """Expressions for a field, without end: places of the contract, with a few functions on the way.

    Some are made to fit what is wanted.
    """
    paths = list(_paths(contract, "$"))
    named = [path for path in paths if path.endswith(f".{name}")]
    while True:
        path = random.choice(named) if named and random.random() < 0.5 else random.choice(paths)
        other = f" ?? {random.choice(paths)}" if random.random() < 0.1 else ""
        ending = _ending(random, wanted) if random.random() < 0.5 else ""
        yield path + other + _treatment(random) + ending


def _ending(random: Random, wanted: Schema) -> str:
    """What makes a scalar of another, or refuses it."""
    if "enum" in wanted:
        return f" | one_of({', '.join(json.dumps(value) for value in wanted['enum'])})"
    match wanted.get("type"):
        case "string":
            most = wanted.get("maxLength")
            short = "" if most is None else random.choice((f" | truncate({most})", f" | max_length({most})"))
            return f" | string{short} | min_length({wanted.get('minLength', 0)})"
        case "number" | "integer":
            limits = f" | between({wanted.get('minimum', -1000)}, {wanted.get('maximum', 1000)})"
            return random.choice((" | number", " | length")) + random.choice((" | round", " | integer")) + limits
        case "boolean":
            return random.choice((" == 1", ' == "a"', " | is_blank", " != null"))
        case _:
            return ""


def _paths(schema: Schema, path: str) -> Iterator[str]:
    for name, inner in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        yield here
        if inner.get("type") == "object":
            yield from _paths(inner, here)
        elif inner.get("type") == "array":
            yield f"{here}[0]"
            yield f"{here} | first"
            yield f"{here} | length"
            if inner["items"].get("type") == "object":
                yield from (f"{here}[*]{tail[1:]}" for tail in _paths(inner["items"], "$") if "|" not in tail)


_TREATMENTS = (
    *("", "", "", "", "!", ' ?? "x"', " ?? 0", " ?? false", " ?? missing()"),
    *(" | string", " | string | truncate(5)", " | lower", " | upper", " | trim | max_length(20)", " | min_length(1)"),
    *(" | round", " | number", " | between(0, 10)", " | clamp(0, 10)", " | integer", " | to_list", " | iso8601"),
    *(' | one_of("a", "b")', ' | one_of("EUR")', " | unix_secs", " | date", " | sha256", " | keep_digits", " + 1"),
    *(' | switch({a: "b", EUR: "USD"}, "c")', " | boolean", " | normalize_email", ' | pick("alpha", "beta")'),
    *(' | omit("alpha")', " | without_nulls", " | map_values(@)", ' | rename("alpha", "beta")', " | key_case('snake')"),
    *(" | json", " | compact", " | unique", " | entries", " * 2", ' | merge({kind: "a"})', " | flatten_keys"),
)


def _treatment(random: Random) -> str:
    return random.choice(_TREATMENTS) + (random.choice(_TREATMENTS) if random.random() < 0.25 else "")


def edge_events(random: Random, schema: Schema, count: int) -> Iterator[object]:
    """Values at the limits of a schema, and far out where it states none. Whoever calls checks that they are valid."""
    for _ in range(count):
        yield _edge(random, schema)


def _edge(random: Random, schema: Schema) -> Any:
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return random.choice(schema["enum"])
    kind = schema.get("type", "string")
    match random.choice(kind) if isinstance(kind, list) else kind:
        case "null":
            return None
        case "boolean":
            return random.random() < 0.5
        case "integer":
            return random.choice((schema.get("minimum", -(2**53)), schema.get("maximum", 2**53), 0, 1))
        case "number":
            return random.choice((schema.get("minimum", -1.5e300), schema.get("maximum", 1.5e300), 0.5, 1))
        case "array":
            size = random.choice((schema.get("minItems", 0), min(schema.get("maxItems", 4), 4)))
            return [_edge(random, schema.get("items", {})) for _ in range(size)]
        case "object":
            return _edge_object(random, schema)
        case _:
            return _edge_text(random, schema)


def _edge_object(random: Random, schema: Schema) -> dict[str, Any]:
    needed = {*schema.get("required", ())}
    for branches in (schema.get("anyOf"), schema.get("oneOf")):
        if branches:
            needed |= set(random.choice(branches).get("required", ()))
    is_full = random.random() < 0.4
    fields = schema.get("properties", {})
    made = {name: _edge(random, inner) for name, inner in fields.items() if is_full or name in needed}
    if schema.get("additionalProperties", True) is True and random.random() < 0.3:
        made["never_heard_of"] = random.choice((None, 1, LONG_TEXT, [], {"a": 1}))
    return made


def _edge_text(random: Random, schema: Schema) -> str:
    match schema.get("format"):
        case "date-time":
            return random.choice(("2010-01-01T00:00:00Z", "2099-12-31T23:59:59.999Z", "2026-02-28T23:59:59+14:00"))
        case "date":
            return random.choice(("2010-01-01", "2099-12-31"))
        case "email":
            return random.choice(("a@b.example", "A." + "x" * 50 + "@" + "y" * 50 + ".example"))
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(LONG_TEXT))
    if "pattern" in schema:
        return "EUR"
    text = random.choice(("", "É ", "1", LONG_TEXT))[:most]
    return text + "x" * (least - len(text))
