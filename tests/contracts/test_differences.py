"""Every difference is named, with its place and its effect, and every name is documented."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path

import pytest

from paceline.contracts.compatibility import Verdict, compare
from paceline.contracts.differences.kinds import Effect, Kind

TEXT = {"type": "string"}


def changes(original: dict[str, object], update: dict[str, object]) -> list[tuple[Kind, str, Effect]]:
    return [(change.kind, change.pointer, change.effect) for change in compare(original, update).changes]


def test_every_kind_of_change_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "compatibility.md").read_text(encoding="utf-8")
    patterns = re.findall(r"`([A-Z_*]+)`", page)
    assert [kind for kind in Kind if not any(fnmatch.fnmatchcase(kind, pattern) for pattern in patterns)] == []


@pytest.mark.parametrize(
    ("original", "update", "expected"),
    [
        ({"title": "A"}, {"title": "B"}, [(Kind.TITLE_CHANGED, "/title", Effect.NONE)]),
        ({"x-pii": "email"}, {}, [(Kind.ANNOTATION_CHANGED, "/x-pii", Effect.NONE)]),
        (
            {"properties": {"a/b": {"description": "A"}}},
            {"properties": {"a/b": {"description": "B"}}},
            [(Kind.DESCRIPTION_CHANGED, "/properties/a~1b/description", Effect.NONE)],
        ),
        ({"type": "string", "maxLength": 1}, TEXT, [(Kind.MAX_LENGTH_REMOVED, "/maxLength", Effect.WIDENS)]),
        (
            {"type": "string", "pattern": "^a"},
            {"type": "string", "pattern": "^(a|b)"},
            [(Kind.PATTERN_CHANGED, "/pattern", Effect.WIDENS)],
        ),
        (
            {"oneOf": [TEXT, {"type": "null"}]},
            {"oneOf": [{"type": "null"}, {"type": "string", "minLength": 1}]},
            [(Kind.MIN_LENGTH_ADDED, "/oneOf/1/minLength", Effect.NARROWS)],
        ),
        (
            {"properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": TEXT}},
            {"properties": {"a": {"$ref": "#/$defs/y"}}, "$defs": {"y": {"type": ["string", "null"]}}},
            [(Kind.TYPE_EXTENDED, "/properties/a/type", Effect.WIDENS)],
        ),
        ({"anyOf": [TEXT, {"type": "null"}]}, {"anyOf": [{"type": "null"}, TEXT]}, []),
        ({"minimum": 1}, {"minimum": 1.0}, []),
    ],
)
def test_difference_has_a_name_a_place_and_an_effect(
    original: dict[str, object], update: dict[str, object], expected: list[tuple[Kind, str, Effect]]
) -> None:
    assert changes(original, update) == expected


def test_recursive_schemas_are_walked_once() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#"}, "value": {"type": "integer"}}}
    wider = {"type": "object", "properties": {"next": {"$ref": "#"}, "value": {"type": "number"}}}
    assert changes(tree, wider) == [(Kind.TYPE_EXTENDED, "/properties/value/type", Effect.WIDENS)]


def test_breaking_changes_come_first() -> None:
    original = {"type": "object", "title": "A", "properties": {"a": TEXT, "b": {"type": "string", "maxLength": 2}}}
    update = {"type": "object", "title": "B", "properties": {"a": {"type": "integer"}, "b": TEXT}}
    assert [change.breaks for change in compare(original, update).changes] == [True, False, False]


def chain(length: int, leaf: dict[str, object]) -> dict[str, object]:
    links: dict[str, object] = {
        f"d{n}": {"type": "object", "properties": {"a": {"$ref": f"#/$defs/d{n + 1}"}}, "required": ["a"]}
        for n in range(length)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**links, f"d{length}": leaf}}


@pytest.mark.parametrize(("length", "verdict"), [(20, Verdict.INCOMPATIBLE), (2_000, Verdict.UNKNOWN)])
def test_long_chain_of_references_neither_overflows_nor_hangs(length: int, verdict: Verdict) -> None:
    assert compare(chain(length, TEXT), chain(length, {"type": "integer"})).verdict is verdict


def test_many_hard_patterns_share_one_budget() -> None:
    def hard(length: int) -> dict[str, object]:
        pattern = f"^[ab]*a[ab]{{{length}}}$"
        return {"properties": {f"p{n}": {"type": "string", "pattern": pattern + "|" + "x" * n} for n in range(60)}}

    assert compare(hard(13), hard(12)).verdict in (Verdict.UNKNOWN, Verdict.INCOMPATIBLE)
