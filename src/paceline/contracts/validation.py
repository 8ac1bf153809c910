"""One validator for contracts, the same on a laptop, in CI and at the door.

Policy, the same in every draft:

- `format` is asserted for the formats that the draft defines; a format that nobody defines is only a note.
- Nothing is ever fetched: a reference must stay inside the schema.
- Patterns are run by an engine that is linear in the text; a pattern that needs look-around runs under a limit of
  steps, and a text on which the limit is reached counts as not matching. So no event can hang a validator.
- A message never quotes a value of the event. It may quote the schema and the names of fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import islice
from typing import Never

import jsonschema_rs
import msgspec
from jsonschema_rs import ValidationErrorKind as Kind

from paceline.contracts.drafts import Draft, draft_of
from paceline.contracts.faults import pattern_options, schema_faults
from paceline.contracts.pointers import look_up, pointer
from paceline.errors import SchemaError
from paceline.model.finding import SchemaFault

__all__ = ["SchemaError", "SchemaFault", "Validator", "Violation", "compile_schema", "schema_faults"]

most_violations = 100
"""How many violations of one event are listed; the rest adds nothing for a reader."""


class Violation(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One way in which an event breaks its contract.

    `pointer` is the place in the event: for a missing field the place where it should be, for an undeclared field the
    field. `keyword` is the keyword that refuses, `schema_pointer` its place in the schema (inside `$defs` where the
    rule stands there). `message` never quotes a value of the event.
    """

    pointer: str
    keyword: str
    message: str
    schema_pointer: str


class Validator:
    """A compiled schema. Make one with `compile_schema`, keep it, and use it from any thread."""

    def __init__(self, schema: dict[str, object] | bool, draft: Draft) -> None:
        self.schema = schema
        self.draft = draft
        self._engine = draft.engine(
            _without_dialect(schema), validate_formats=True, pattern_options=pattern_options(schema), retriever=_refuse
        )
        self.is_valid = self._engine.is_valid

    @cached_property
    def _typed(self) -> msgspec.json.Decoder[object] | None:
        """Made when first needed: most validators of a workspace never see bytes."""
        from paceline.contracts.typed import typed_decoder  # noqa: PLC0415 - 30 ms that functions need not pay

        return typed_decoder(self.schema, self.draft)

    @property
    def is_typed(self) -> bool:
        """Whether `check_bytes` decodes and checks in one pass."""
        return self._typed is not None

    def check_bytes(self, data: bytes) -> Sequence[Violation]:
        """Check one JSON text; empty when it is valid. The cheapest way for whoever holds the bytes and not the value.

        The answer is the same as decoding it and asking `violations`, in half the time where the schema can be typed.
        A text that is no JSON at all is one violation with the keyword `json`. What a typed check does not decode (the
        fields that an open schema does not declare) is checked to be well-formed UTF-8 and JSON, but a number there may
        be out of the range of a float.
        """
        if self._typed is not None:
            try:
                self._typed.decode(data)
                if data.isascii() or data.decode():
                    return ()
            except (msgspec.DecodeError, ValueError, RecursionError):
                pass
        try:
            instance = _decode(data)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return [Violation(pointer="", keyword="json", message=_json_message(error), schema_pointer="")]
        return () if self.is_valid(instance) else self.violations(instance)

    def violations(self, instance: object) -> list[Violation]:
        """Every way in which a decoded JSON value breaks the schema, at most `most_violations`, in a stable order."""
        found: set[Violation] = set()
        for error in islice(self._engine.iter_errors(instance), most_violations):
            found.update(_violations_of(error, instance))
        return sorted(found)[:most_violations]


def compile_schema(schema: dict[str, object] | bool, *, draft: Draft | None = None) -> Validator:
    """Make a validator from a schema. Raises SchemaError with every fault and its place.

    `draft` overrules what the schema says about itself. To get the faults as values, call `schema_faults`.

    >>> compile_schema({"type": "object", "required": ["id"]}).violations({})[0].message
    'the field is missing'
    """
    faults = schema_faults(schema, draft=draft)
    if faults:
        raise SchemaError(faults)
    chosen = draft or draft_of(schema) or Draft.DRAFT_2020_12
    try:
        return Validator(schema, chosen)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        # Whatever the checks above do not know: still a located fault and no traceback.
        place = pointer(getattr(error, "instance_path", ()))
        message = str(getattr(error, "message", error)).splitlines()[0][:200]
        raise SchemaError((SchemaFault(pointer=place, message=message),)) from error


_decode = msgspec.json.Decoder().decode


def _json_message(error: Exception) -> str:
    """Why a text is no JSON value. The decoder's own words have places in them, but no content."""
    match error:
        case UnicodeDecodeError():
            return "the text is not UTF-8"
        case RecursionError():
            return "the text nests too deeply"
        case _:
            return f"the text is not JSON: {error}"


def _without_dialect(schema: dict[str, object] | bool) -> dict[str, object] | bool:
    """The schema without `$schema`: the draft is chosen already, and an unknown URI there would be looked up."""
    if isinstance(schema, dict) and "$schema" in schema:
        return {keyword: value for keyword, value in schema.items() if keyword != "$schema"}
    return schema


def _refuse(uri: str, /) -> Never:
    raise ValueError(f"nothing is fetched, and {uri} is not in the schema")


def _violations_of(error: jsonschema_rs.ValidationError, instance: object) -> list[Violation]:
    """One error of the engine in our words; several where it speaks of several fields."""
    keyword = error.kind.name
    schema_pointer = pointer(error.schema_path)

    def violation(message: str, *further: str | int) -> Violation:
        return Violation(
            pointer=pointer((*error.instance_path, *further)),
            keyword=keyword,
            message=message,
            schema_pointer=schema_pointer,
        )

    match error.kind:
        case Kind.Required(name):
            return [violation("the field is missing", name)]
        case Kind.AdditionalProperties(names) | Kind.UnevaluatedProperties(names):
            return [violation("the field is not declared", name) for name in names]
        case Kind.FalseSchema() if error.schema_path[-1:] == ["additionalProperties"] != error.instance_path[-1:]:
            # The engine names no field when the schema declares none at all.
            keyword = "additionalProperties"
            place = look_up(instance, [str(step) for step in error.instance_path])
            return [violation("the field is not declared", name) for name in (place if isinstance(place, dict) else ())]
        case Kind.UnevaluatedItems():
            return [violation("the list has an item that is not declared")]
        case kind:
            return [violation(_message(kind))]


def _message(kind: jsonschema_rs.ValidationErrorKind) -> str:  # noqa: PLR0912 - one line a keyword
    """What is wrong, from the schema's side only."""
    match kind:
        case Kind.Type(types):
            return "the value is not " + " or ".join(_with_article(name) for name in types)
        case Kind.Enum(options):
            return f"the value is not one of the {len(options)} allowed"
        case Kind.Constant():
            return "the value is not the one allowed"
        case Kind.Format(name):
            return f"the text is not a valid {name}"
        case Kind.Pattern(text):
            return f"the text does not match the pattern {text}"
        case Kind.MinLength(limit):
            return f"the text is shorter than {limit} characters"
        case Kind.MaxLength(limit):
            return f"the text is longer than {limit} characters"
        case Kind.Minimum(limit):
            return f"the number is below {limit}"
        case Kind.Maximum(limit):
            return f"the number is above {limit}"
        case Kind.ExclusiveMinimum(limit):
            return f"the number is not above {limit}"
        case Kind.ExclusiveMaximum(limit):
            return f"the number is not below {limit}"
        case Kind.MultipleOf(step):
            return f"the number is not a multiple of {step}"
        case Kind.MinItems(limit):
            return f"the list has fewer than {limit} items"
        case Kind.MaxItems(limit):
            return f"the list has more than {limit} items"
        case Kind.AdditionalItems(limit):
            return f"the list has more than {limit} items"
        case Kind.UniqueItems():
            return "the list has the same item twice"
        case Kind.Contains():
            return "the list does not have the items that it must contain"
        case Kind.MinProperties(limit):
            return f"the object has fewer than {limit} fields"
        case Kind.MaxProperties(limit):
            return f"the object has more than {limit} fields"
        case Kind.PropertyNames():
            return "the object has a field whose name is not allowed"
        case Kind.FalseSchema():
            return "nothing is allowed here"
        case Kind.Not():
            return "the value is of a form that is excluded"
        case Kind.AnyOf() | Kind.OneOfNotValid():
            return "the value fits none of the alternatives"
        case Kind.OneOfMultipleValid():
            return "the value fits more than one of the alternatives"
        case Kind.BacktrackLimitExceeded() | Kind.RegexEngineFailure():
            return "the pattern takes too many steps on this text"
        case _:
            return f"the value breaks the rule {kind.name!r}"


def _with_article(name: str) -> str:
    return {"array": "a list", "object": "an object", "integer": "an integer", "null": "null", "string": "a text"}.get(
        name, f"a {name}"
    )
