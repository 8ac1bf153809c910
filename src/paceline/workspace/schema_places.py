"""Goes through a JSON Schema by the steps of a path: which fields are declared at a place, and which are required."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from paceline.workspace.pointers import pointer_path

Node = Mapping[str, object]
_COMBINED = ("allOf", "anyOf", "oneOf")
_APPLIED = ("then", "else")


class SchemaPlace:
    """One place in the values that a schema describes.

    Several parts of a schema can speak about the same place (`allOf`, `anyOf`, `$ref`); a field is declared when one of
    them has it. Only references inside the schema are followed.
    """

    def __init__(self, root: Node, parts: Sequence[object]) -> None:
        self._root = root
        self._given = parts

    @cached_property
    def _parts(self) -> Sequence[Node]:
        return list(_expanded(self._root, self._given))

    @cached_property
    def fields(self) -> Mapping[str, SchemaPlace]:
        """The declared fields of an object here."""
        found: dict[str, list[object]] = {}
        for part in self._parts:
            for name, schema in _mapping(part.get("properties")).items():
                found.setdefault(name, []).append(schema)
        return {name: SchemaPlace(self._root, parts) for name, parts in found.items()}

    @property
    def takes_other_fields(self) -> bool:
        """Whether fields that are not declared are expressly allowed, by a schema or a pattern of their own."""
        return any(
            isinstance(part.get("additionalProperties"), dict) or "patternProperties" in part for part in self._parts
        )

    @property
    def refuses_other_fields(self) -> bool:
        """Whether fields that are not declared are an error."""
        return any(part.get("additionalProperties") is False for part in self._parts) and not self.takes_other_fields

    @cached_property
    def items(self) -> SchemaPlace:
        """The items of a list here."""
        return SchemaPlace(self._root, [part["items"] for part in self._parts if "items" in part])

    @property
    def required(self) -> Sequence[str]:
        """The fields that every object here must have."""
        return list(dict.fromkeys(name for part in self._own_parts() for name in _texts(part.get("required"))))

    @property
    def alternatives(self) -> Sequence[Sequence[Sequence[str]]]:
        """Choices between required fields: for each `anyOf` or `oneOf` of nothing else, the sets to choose from."""
        choices: list[list[list[str]]] = []
        for part in self._own_parts():
            for keyword in ("anyOf", "oneOf"):
                branches = part.get(keyword)
                if isinstance(branches, list) and all(isinstance(b, dict) and set(b) == {"required"} for b in branches):
                    choices.append([_texts(branch["required"]) for branch in branches])
        return choices

    @property
    def description(self) -> str:
        """What the schema says about this place, for a hint."""
        texts = (part.get("description") for part in self._parts)
        return next((text for text in texts if isinstance(text, str)), "")

    def _own_parts(self) -> Iterator[Node]:
        """The parts that hold whatever the value is: not those behind a choice or a condition."""
        return (part for part in self._parts if part.get(_BEHIND_CHOICE) is not True)


_BEHIND_CHOICE = "\0behind a choice"


def _expanded(root: Node, parts: Iterable[object]) -> Iterator[Node]:
    """The schemas that apply at one place, references resolved; each once."""
    seen: set[int] = set()
    waiting: list[tuple[object, bool]] = [(part, False) for part in parts]
    while waiting:
        part, is_choice = waiting.pop(0)
        if not isinstance(part, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        yield {**part, _BEHIND_CHOICE: True} if is_choice else part
        if isinstance(reference := part.get("$ref"), str):
            waiting.append((_resolved(root, reference), is_choice))
        for keyword in _COMBINED:
            if isinstance(children := part.get(keyword), list):
                waiting += [(child, is_choice or keyword != "allOf") for child in children]
        waiting += [(part[keyword], True) for keyword in _APPLIED if keyword in part]


def _resolved(root: Node, reference: str) -> object:
    if not reference.startswith("#"):
        return None
    value: object = root
    for step in pointer_path(reference[1:], root):
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            return None
    return value


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
