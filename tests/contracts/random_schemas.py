"""Random schemas that overlap, and random values out of the same small world, so that they often meet."""

from __future__ import annotations

from copy import deepcopy
from random import Random

Schema = dict[str, object] | bool

NAMES = ("a", "b", "c", "ab")
TEXTS = ("", "a", "b", "ab", "aa", "abc", "1", "2026-11-23", "x@y.zz", "0.5")
PATTERNS = ("^a", "b$", "^[ab]*$", "^.{2}$", "1", "^[^a]+$", "^a?b?$")
NUMBERS = (0, 1, 2, 3, -1, 0.5, 1.0, 2.5, 10)
TYPES = ("null", "boolean", "object", "array", "number", "integer", "string")
FORMATS = ("date", "email")


def random_value(random: Random, depth: int = 3) -> object:
    """A JSON value out of the small world."""
    kind = random.choice(TYPES if depth else TYPES[:2] + TYPES[4:])
    match kind:
        case "null":
            return None
        case "boolean":
            return random.random() < 0.5
        case "number" | "integer":
            return random.choice(NUMBERS)
        case "string":
            return random.choice(TEXTS)
        case "array":
            return [random_value(random, depth - 1) for _ in range(random.choice((0, 1, 1, 2, 3)))]
    chosen = random.sample(NAMES, random.randrange(4))
    return {name: random_value(random, depth - 1) for name in chosen}


def random_schema(random: Random, depth: int = 3, *, is_2020: bool = True) -> Schema:
    """A schema out of the small world; `depth` bounds how far it nests."""
    if random.random() < 0.04:
        return random.random() < 0.6
    return _Writer(random, is_2020).schema(depth)


def mutated(random: Random, schema: Schema, *, is_2020: bool = True) -> Schema:
    """A schema with one or two small changes somewhere inside."""
    changed = deepcopy(schema)
    for _ in range(random.choice((1, 1, 2))):
        changed = _mutate(random, changed, is_2020)
    return changed


def random_pair(random: Random, *, is_2020: bool = True) -> tuple[Schema, Schema]:
    """Two schemas, mostly close to each other in one direction or the other."""
    original = random_schema(random, is_2020=is_2020)
    update = mutated(random, original, is_2020=is_2020) if random.random() < 0.85 else random_schema(random)
    return (original, update) if random.random() < 0.5 else (update, original)


class _Writer:
    def __init__(self, random: Random, is_2020: bool) -> None:
        self._random = random
        self._is_2020 = is_2020

    def schema(self, depth: int) -> dict[str, object]:
        schema: dict[str, object] = {}
        if self._random.random() < 0.75:
            count = self._random.choice((1, 1, 1, 2))
            # Objects and lists are where schemas are hard, so they come more often.
            pool = (*TYPES, "object", "object", "array") if depth else TYPES[:2] + TYPES[4:]
            types = list(dict.fromkeys(self._random.choice(pool) for _ in range(count)))
            schema["type"] = types[0] if len(types) == 1 else types
        for keyword in self.keywords(schema.get("type")):
            schema[keyword] = self.value(keyword, depth)
        return schema

    def keywords(self, types: object) -> list[str]:
        random = self._random
        written = types if isinstance(types, list) else [types]
        pool = []
        if types is None or {"number", "integer"} & set(written):
            pool += ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
        if types is None or "string" in written:
            pool += ["minLength", "maxLength", "pattern", "format"]
        if types is None or "array" in written:
            pool += ["items", "items", "tuple", "minItems", "maxItems", "uniqueItems", "contains"]
            if self._is_2020:
                pool += ["unevaluatedItems"]
        if types is None or "object" in written:
            pool += ["properties"] * 5 + [
                "required",
                "additionalProperties",
                "additionalProperties",
                "patternProperties",
            ]
            pool += ["propertyNames", "minProperties", "maxProperties", "dependencies"]
            if self._is_2020:
                pool += ["unevaluatedProperties", "dependentSchemas"]
        if random.random() < 0.3:
            pool += ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$ref"] * 2 + ["enum", "const"]
        return list(dict.fromkeys(random.choice(pool) for _ in range(random.choice((1, 2, 2, 3, 4))))) if pool else []

    def value(self, keyword: str, depth: int) -> object:  # noqa: PLR0912 - one line a keyword
        random = self._random
        inner = max(depth - 1, 0)

        def sub() -> Schema:
            return random_schema(random, inner, is_2020=self._is_2020) if depth else random.random() < 0.8

        match keyword:
            case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
                return random.choice(NUMBERS)
            case "multipleOf":
                return random.choice((1, 2, 3, 0.5))
            case "minLength" | "minItems" | "minProperties":
                return random.choice((0, 1, 1, 2, 3))
            case "maxLength" | "maxItems" | "maxProperties":
                return random.choice((0, 1, 2, 3))
            case "pattern":
                return random.choice(PATTERNS)
            case "format":
                return random.choice(FORMATS)
            case "uniqueItems":
                return True
            case "required":
                return random.sample(NAMES, random.choice((1, 1, 2)))
            case "tuple" | "allOf" | "anyOf" | "oneOf":
                return [sub() for _ in range(random.choice((1, 2, 2, 3)))]
            case "properties" | "dependentSchemas":
                return {name: sub() for name in random.sample(NAMES, random.choice((1, 2, 3)))}
            case "patternProperties":
                return {random.choice(PATTERNS): sub()}
            case "dependencies":
                return {random.choice(NAMES): random.choice((random.sample(NAMES, 1), sub()))}
            case "propertyNames":
                return random.choice(({"pattern": random.choice(PATTERNS)}, {"maxLength": 1}, {"enum": ["a", "b"]}))
            case "enum":
                return [random_value(random, 2) for _ in range(random.choice((1, 2, 3)))]
            case "const":
                return random_value(random, 2)
            case "$ref":
                return "#"
            case "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems":
                return random.choice((False, False, True, sub()))
        return sub()


def finished(schema: Schema, *, is_2020: bool = True) -> Schema:
    """The schema as its draft writes it: tuples under their keyword, references where they do not turn in a circle."""
    if isinstance(schema, bool):
        return schema
    written: dict[str, object] = {}
    for keyword, value in schema.items():
        match keyword:
            case "tuple" if is_2020:
                written["prefixItems"] = [_finish(item, is_2020) for item in value]  # type: ignore[attr-defined]
            case "tuple":
                rest = schema.get("items", True)
                written["items"] = [_finish(item, is_2020) for item in value]  # type: ignore[attr-defined]
                written["additionalItems"] = _finish(rest, is_2020)
            case "items" if not is_2020 and "tuple" in schema:
                continue
            case "$ref":
                # The root again, one level deeper, so that it never applies to the same value.
                written["properties"] = {"b": {"$ref": "#"}}
            case _:
                written.setdefault(keyword, _finish(value, is_2020) if keyword not in ("enum", "const") else value)
    return written


def _finish(value: object, is_2020: bool) -> object:
    if isinstance(value, dict):
        if value.keys() <= {*NAMES, *PATTERNS} and value:
            return {name: _finish(one, is_2020) for name, one in value.items()}
        return finished(value, is_2020=is_2020)
    if isinstance(value, list):
        return [_finish(item, is_2020) for item in value]
    return value


def _mutate(random: Random, schema: Schema, is_2020: bool) -> Schema:
    """Go down a random way and add, drop or change one keyword there."""
    if isinstance(schema, bool) or not schema or random.random() < 0.05:
        return random_schema(random, 1, is_2020=is_2020)
    inside = [key for key, value in schema.items() if isinstance(value, (dict, list)) and key not in ("enum", "const")]
    if inside and random.random() < 0.7:
        key = random.choice(inside)
        value = schema[key]
        if isinstance(value, list) and value:
            at = random.randrange(len(value))
            if isinstance(value[at], (dict, bool)):
                value[at] = _mutate(random, value[at], is_2020)
                return schema
        if isinstance(value, dict):
            if value and value.keys() <= {*NAMES, *PATTERNS}:
                name = random.choice(sorted(value))
                if isinstance(value[name], (dict, bool)):
                    value[name] = _mutate(random, value[name], is_2020)
                    return schema
            else:
                schema[key] = _mutate(random, value, is_2020)
                return schema
    writer = _Writer(random, is_2020)
    droppable = sorted(schema.keys() - {"type"}) if random.random() < 0.95 else ["type"]
    if droppable and random.random() < 0.4:
        schema.pop(random.choice(droppable), None)
    else:
        for keyword in writer.keywords(schema.get("type"))[:1]:
            schema[keyword] = writer.value(keyword, 2)
    return schema
