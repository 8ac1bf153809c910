"""Checks a document against its file kind and turns it into the kind's Struct, collecting every finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

import jsonschema_rs
import msgspec
from jsonschema_rs import ValidationErrorKind as Kind

from paceline.errors import nearest_name, nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.document import Document, PathStep
from paceline.workspace.kinds import FileKind
from paceline.workspace.schema import json_schema, validator

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "a block of keys",
    "array": "a list",
    "null": "empty",
}
_OLD_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]|\[\.\.\.\]")


MOST_FINDINGS = 100
"""How many findings about the shape of one file are told; more would not help anybody."""


def shape_findings(document: Document, kind: FileKind) -> list[Finding]:
    """Everything in which the document differs from its kind: keys, types, allowed values, limits. In file order."""
    errors = validator(kind).iter_errors(document.value)
    every = (finding for error in errors for finding in _findings(document, kind, error))
    findings = dict.fromkeys(islice(every, MOST_FINDINGS))
    return sorted(findings, key=lambda finding: (finding.line, finding.column))


def to_struct(document: Document, kind: FileKind) -> tuple[msgspec.Struct | None, list[Finding]]:
    """The document as the Struct of its kind; None with findings where it does not fit."""
    findings = [] if validator(kind).is_valid(document.value) else shape_findings(document, kind)
    if findings:
        return None, findings
    try:
        return msgspec.convert(document.value, kind.structure), []
    except msgspec.ValidationError as error:
        # The schema is generated from the Struct, but a Struct is stricter in places (3.0 is no whole number for it).
        message, _, path = str(error).partition(" - at ")
        return None, [document.finding("PL103", _steps(path), _lower_first(message))]


def _findings(document: Document, kind: FileKind, error: jsonschema_rs.ValidationError) -> Iterator[Finding]:
    path = tuple(error.instance_path)
    match error.kind:
        case Kind.AdditionalProperties(unexpected):
            known = _known_keys(json_schema(kind), error.schema_path)
            for key in unexpected:
                hint = nearest_name_hint(key, sorted(known), most=20)
                yield document.finding("PL101", (*path, key), f"unknown key {quoted(key)}", hint=hint, of_key=True)
        case Kind.Required(key):
            message = f"the key {quoted(key)} is missing{_inside(path)}"
            yield document.finding("PL102", path, message, hint=_key_hint(kind, error, key))
        case Kind.Type(types):
            yield _wrong_type(document, path, types)
        case Kind.Enum(options) | Kind.Constant(options):
            yield _wrong_choice(document, path, error.instance, options)
        case Kind.PropertyNames():
            rule = _resolve(json_schema(kind), error.schema_path[:-1])
            block = _value_at(document.value, path)
            for key in block if isinstance(block, dict) else ():
                if isinstance(rule, dict) and not re.search(rule.get("pattern", ""), key):
                    hint = _lower_first(str(rule.get("description", "")).rstrip("."))
                    message = f"the key {quoted(key)} does not have the right form"
                    yield document.finding("PL105", (*path, key), message, hint=hint, of_key=True)
        case _:
            yield document.finding("PL105", path, f"{_name(path)} {_constraint(error)}", hint=_prose(kind, error))


def _wrong_type(document: Document, path: tuple[PathStep, ...], types: Sequence[str]) -> Finding:
    wanted = " or ".join(_TYPE_WORDS[name] for name in types if name != "null" or len(types) == 1)
    value = _value_at(document.value, path)
    actual = "a number with a fraction" if isinstance(value, float) and "integer" in types else _type_of(value)
    message = f"{_name(path)} must be {wanted}, not {actual}"
    return document.finding("PL103", path, message, hint=_type_hint(value, document.written(path), types))


def _type_hint(value: object, written: str | None, types: Sequence[str]) -> str:
    """How to write the value so that it has the wanted type, where that can be guessed."""
    if written is None:
        if isinstance(value, str) and "boolean" in types and value.lower() in ("true", "false"):
            return f"write it without quotes: {value.lower()}"
        return ""
    if value is None:
        return "write the value, or delete the key"
    if "string" in types and not isinstance(value, str | list | dict):
        return f'write it in quotes: "{written}"'
    if "boolean" in types and written.lower() in _OLD_BOOLEANS:
        return f"write {_OLD_BOOLEANS[written.lower()]}"
    if (
        {"integer", "number"} & set(types)
        and isinstance(value, str)
        and re.fullmatch(r"[-+]?[0-9][0-9_a-fA-FxXoO.]*", written)
    ):
        return "write it as JSON does: no leading zeros or +, no _, decimal"
    if "array" in types and isinstance(value, str):
        return f"write it as a list: [{written}]"
    return ""


def _wrong_choice(document: Document, path: tuple[PathStep, ...], value: object, options: object) -> Finding:
    choices = [str(option) for option in options] if isinstance(options, list) else [str(options)]
    shown = quoted(value) if isinstance(value, str) else str(value) if isinstance(value, int | float) else "this"
    message = f"{_name(path)} cannot be {shown}"
    hint = f"one of: {', '.join(choices)}"
    close = nearest_name(str(value), choices) if isinstance(value, str) else None
    return document.finding("PL104", path, message, hint=f"did you mean {close!r}? {hint}" if close else hint)


def _constraint(error: jsonschema_rs.ValidationError) -> str:
    match error.kind:
        case Kind.Pattern():
            return "does not have the right form"
        case Kind.Minimum(limit):
            return f"must be at least {limit}"
        case Kind.Maximum(limit):
            return f"must be at most {limit}"
        case Kind.ExclusiveMinimum(limit):
            return f"must be more than {limit}"
        case Kind.ExclusiveMaximum(limit):
            return f"must be less than {limit}"
        case Kind.MinItems(limit):
            return f"must have at least {limit} {'item' if limit == 1 else 'items'}"
        case Kind.MaxItems(limit):
            return f"must have at most {limit} {'item' if limit == 1 else 'items'}"
        case Kind.MinProperties(limit):
            return f"must have at least {limit} {'key' if limit == 1 else 'keys'}"
        case Kind.MinLength(limit):
            return f"must have at least {limit} characters"
        case Kind.MaxLength(limit):
            return f"must have at most {limit} characters"
        case kind:
            return f"breaks the rule {kind.name!r}"


def _prose(kind: FileKind, error: jsonschema_rs.ValidationError) -> str:
    """The description that stands beside the keyword that refused; the form itself where there is none."""
    beside = _resolve(json_schema(kind), error.schema_path[:-1])
    description = beside.get("description") if isinstance(beside, dict) else None
    if isinstance(description, str):
        return _lower_first(description.rstrip("."))
    if isinstance(beside, dict) and "pattern" in beside:
        return f"it must match {beside['pattern']}"
    return ""


def _key_hint(kind: FileKind, error: jsonschema_rs.ValidationError, key: str) -> str:
    """What belongs under a key that is missing."""
    owner = _resolve(json_schema(kind), error.schema_path[:-1])
    properties = owner.get("properties") if isinstance(owner, dict) else None
    subschema = properties.get(key) if isinstance(properties, dict) else None
    if isinstance(subschema, dict) and isinstance(reference := subschema.get("$ref"), str):
        subschema = _resolve(json_schema(kind), reference.removeprefix("#/").split("/"))
    if not isinstance(subschema, dict):
        return ""
    if isinstance(options := subschema.get("enum"), list):
        return f"one of: {', '.join(str(option) for option in options)}"
    description = subschema.get("description")
    return _lower_first(description.split("\n")[0].rstrip(".")) if isinstance(description, str) else ""


def _known_keys(schema: object, path: Sequence[str | int]) -> set[str]:
    owner = _resolve(schema, path[:-1])
    properties = owner.get("properties") if isinstance(owner, dict) else None
    return set(properties) if isinstance(properties, dict) else set()


def _resolve(schema: object, path: Sequence[str | int]) -> object:
    """The part of a schema at a path as jsonschema-rs gives it: references are already part of the path."""
    node = schema
    for step in path:
        if isinstance(node, dict):
            node = node.get(str(step))
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            return None
    return node


def _value_at(value: object, path: Sequence[PathStep]) -> object:
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
    return value


def _type_of(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "a block of keys"


def _name(path: Sequence[PathStep]) -> str:
    """How a message calls the value at a path.

    >>> _name(("integrations", 2))
    "item 3 of 'integrations'"
    """
    if not path:
        return "the file"
    last = path[-1]
    if isinstance(last, str):
        return quoted(last)
    return f"item {last + 1}" + (f" of {quoted(str(path[-2]))}" if len(path) > 1 else "")


def quoted(text: str) -> str:
    """A name as a message shows it: on one line and not too long."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _inside(path: Sequence[PathStep]) -> str:
    return f" in {_name(path)}" if path else ""


def _steps(path: str) -> tuple[PathStep, ...]:
    """A msgspec path such as `` `$.cases[0].now` `` as steps, up to the first one that is not exact."""
    steps: list[PathStep] = []
    for match in _STEP.finditer(path.strip("`$")):
        if match[1] is None and match[2] is None:
            break
        steps.append(match[1] if match[1] is not None else int(match[2]))
    return tuple(steps)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
