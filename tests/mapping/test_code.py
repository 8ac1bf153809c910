"""The generated code is readable Python in which nothing from a file or an event can become code."""

from __future__ import annotations

import ast
import builtins
import json
import keyword
import re
import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.generate.runtime import NAMESPACE
from paceline.mapping.targets import Target, show_target
from paceline.model.mapping import MappingFile, MappingFrom, MappingTo

OURS = re.compile(r"(?:at|in|out\d*|list|item|index|v|items|TABLE)_?[a-z0-9_]*\Z|TABLE_\d+\Z")
FIXED = {"event", "now_ms", "apply", "rule", "stop", "out", *NAMESPACE}
METHODS = {"get", "append", "update", "refusal", "strip", "lower", "upper", "startswith", "endswith", "values"}
HOSTILE = [
    '"""',
    "'''",
    "\\",
    "\\'",
    '"); import os; os.system("x"); ("',
    "x\n    import os",
    "x\r import os",
    "x\u2028import os",
    "x\u0085import os",
    "# -*- coding: utf-7 -*-",
    "{0.__class__}",
    "{}",
    "%s",
    "__import__('os')",
    "__class__",
    "class",
    "None",
    "event",
    "out",
    "rule",
    "MISSING",
    "fn_lower",
    "é",
    "ſ",
    "\x00",
    "\ufeff",
    "a" * 500,
    "",
]


def identifiers(source: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                found.add(name)
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
            case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Lambda() | ast.ClassDef():
                pytest.fail(f"generated code has a {type(node).__name__}")
    return found


def attributes(source: str) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}


def check_source(compiled: CompiledMapping) -> None:
    foreign = {name for name in identifiers(compiled.source) if name not in FIXED and not OURS.match(name)}
    assert not foreign
    assert attributes(compiled.source) <= METHODS


def quoted(text: str) -> str:
    return json.dumps(text)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_text_stays_text(hostile: str, make_spec: Any) -> None:
    text = quoted(hostile)
    target = show_target(Target(("t", hostile or "empty")))
    fields = {
        target: f"$.{text}.{text} ?? {text}",
        "a": f"{{{text}: $.{text}[{text}], b: {text}}}",
        "b": f"$.{text}.{text} | switch({{{text}: 1}}, {text})",
        "c": {"each": f"$.list[?@.{text} == {text}]", "fields": {target: f"$.{text} | lower"}},
        "d": f"$.{text}.x!",
    }
    compiled = compile_mapping(make_spec(fields, when=f"$.{text} != {text}"))
    assert isinstance(compiled, CompiledMapping), compiled
    check_source(compiled)
    event = {hostile: {hostile: "found", "x": 1}, "list": [{hostile: hostile}]}
    payload: Any = compiled.apply(event, now_ms=0)
    assert payload["t"][hostile or "empty"] == "found"
    assert payload["a"] == {hostile: "found", "b": hostile}
    assert payload["c"] == [{"t": {hostile or "empty": hostile.lower()}}]


def test_hostile_names_of_the_file_stay_comments(make_spec: Any) -> None:
    spec = make_spec({"a": "$.a"})
    target = msgspec.structs.replace(spec.to, action="x\nimport os", connector="\r\nimport os")
    compiled = compile_mapping(msgspec.structs.replace(spec, to=target))
    assert isinstance(compiled, CompiledMapping)
    check_source(compiled)


@given(st.text(min_size=1).filter(lambda key: key != "in"), st.text())
@settings(max_examples=100, deadline=None)
def test_any_key_and_any_text_are_read_and_written_as_they_are(key: str, value: str) -> None:
    spec = MappingFile(
        mapping="a.b",
        version=1,
        from_=MappingFrom(event="e"),
        to=MappingTo(connector="c", action="d"),
        fields={show_target(Target((key,))): f"$.{quoted(key)}", show_target(Target(("in", key))): quoted(value)},
    )
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    check_source(compiled)
    assert compiled.apply({key: 7}, now_ms=0) == {key: 7, "in": {key: value}}


def test_generated_code_reaches_no_builtin_that_touches_the_world() -> None:
    assert NAMESPACE["__builtins__"] == {}
    reachable = {
        value for value in NAMESPACE.values() if getattr(builtins, getattr(value, "__name__", ""), None) is value
    }
    assert reachable == {type, bool, int, float, str, list, dict, len, max, enumerate, RecursionError}


def test_names_of_the_file_are_recognizable_and_no_keywords(make_spec: Any) -> None:
    compiled = compile_mapping(make_spec({"a": "$.class.lambda.x", "b": "$.class.Lambda.y"}))
    assert isinstance(compiled, CompiledMapping)
    names = identifiers(compiled.source)
    assert {"at_class", "at_class_lambda", "at_class_lambda_2"} <= names
    assert not any(keyword.iskeyword(name) for name in names)


def test_source_reads_like_code_written_by_hand(make_spec: Any) -> None:
    fields = {
        "id": "$.userId ?? $.anonymousId",
        "name": "= purchase",
        "attributes.total": "$.properties.total",
        "attributes.email": "$.context.traits.email | trim | lower",
    }
    compiled = compile_mapping(make_spec(fields, when="$.properties.total > 0"))
    assert isinstance(compiled, CompiledMapping)
    assert (
        compiled.source
        == """\
# order_completed.vendor, version 1: Order Completed -> vendor track
def apply(event, *, now_ms):
    rule = "when"
    try:
        at_properties = event.get('properties')
        if type(at_properties) is not dict:
            at_properties = NO_KEYS
        # when: $.properties.total > 0
        v1 = at_properties.get('total')
        if v1 is not None and type(v1) is not int and type(v1) is not float:
            wrong_type('`>` compares with a number, but $.properties.total is', v1)
        if not (v1 is not None and v1 > 0):
            return WHEN_IS_FALSE
        at_context = event.get('context')
        if type(at_context) is not dict:
            at_context = NO_KEYS
        at_context_traits = at_context.get('traits')
        if type(at_context_traits) is not dict:
            at_context_traits = NO_KEYS
        out = {}
        # id: $.userId ?? $.anonymousId
        v2 = event.get('userId')
        if v2 is None:
            v2 = event.get('anonymousId', MISSING)
        if v2 is not MISSING:
            out['id'] = v2
        # name: "purchase"
        out['name'] = 'purchase'
        out_attributes = {}
        # attributes.total: $.properties.total
        if 'total' in at_properties:
            out_attributes['total'] = at_properties['total']
        # attributes.email: $.context.traits.email | trim | lower
        rule = 'attributes.email'
        v3 = at_context_traits.get('email')
        if v3 is not None:
            if type(v3) is not str:
                wrong_type('trim takes text, but $.context.traits.email is', v3)
            out_attributes['email'] = v3.strip().lower()
        if out_attributes:
            out['attributes'] = out_attributes
        return out
    except Stop as stop:
        return stop.refusal(rule)
    except RecursionError:
        return too_deep(rule)
"""
    )


def test_running_a_mapping_needs_no_parser_generator_and_no_schemas() -> None:
    heavy = "{'lark', 'yaml', 'jsonschema_rs', 'paceline.contracts'} & set(sys.modules)"
    code = f"import sys, paceline.mapping.compile; sys.exit(str({heavy}) if {heavy} else 0)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
