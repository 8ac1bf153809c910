"""`explain` says step by step what became of each field."""

from __future__ import annotations

from typing import Any

from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.explanation import Explanation, explain, explanation_lines
from paceline.model.event import Filtered, Refusal


def explained(spec: Any, event: dict[str, Any]) -> Explanation:
    compiled = compile_mapping(spec)
    assert isinstance(compiled, CompiledMapping)
    return explain(compiled, event, now_ms=0)


def test_every_stage_of_a_pipe_is_a_step(make_spec: Any) -> None:
    spec = make_spec({"email": "$.email | trim | lower"})
    assert list(explanation_lines(explained(spec, {"email": " Ada@X.org "}))) == [
        'email: $.email | trim | lower  ->  "ada@x.org"',
        '    $.email  ->  " Ada@X.org "',
        '    $.email | trim  ->  "Ada@X.org"',
        "",
        "payload",
        '{\n  "email": "ada@x.org"\n}',
    ]


def test_only_the_branch_that_counts_is_shown(make_spec: Any) -> None:
    spec = make_spec({"a": "if $.n > 1 then $.big else $.small", "b": "$.x ?? $.small ?? $.never"})
    lines = list(explanation_lines(explained(spec, {"n": 0, "small": 7})))
    assert "    $.small  ->  7" in lines
    assert "    $.x  ->  missing" in lines
    assert not any(line.startswith(("    $.big  ", "    $.never  ")) for line in lines)


def test_refusal_is_shown_at_the_step_that_refuses(make_spec: Any) -> None:
    spec = make_spec({"a": "$.a | lower", "b": "= x"})
    explanation = explained(spec, {"a": 5})
    assert [step.outcome for step in explanation.fields[0].steps] == ["value", "refused"]
    assert explanation.fields[1].steps[-1].value == "x"
    assert isinstance(explanation.result, Refusal)
    assert list(explanation_lines(explanation))[-1].startswith("refused by a (wrong_type): lower takes text")


def test_constant_is_shown_once(make_spec: Any) -> None:
    assert next(iter(explanation_lines(explained(make_spec({"name": "= purchase"}), {})))) == 'name: "purchase"'


def test_long_value_is_cut_in_a_step_and_whole_in_the_payload(make_spec: Any) -> None:
    lines = list(explanation_lines(explained(make_spec({"a": "$.a"}), {"a": "x" * 1000})))
    assert len(lines[0]) < 150
    assert "x" * 1000 in lines[-1]


def test_filtered_event_shows_why(make_spec: Any) -> None:
    explanation = explained(make_spec({"a": "= x"}, when="$.total > 0"), {"total": 0})
    assert [(step.expression, step.value) for step in explanation.when] == [("$.total", 0), ("$.total > 0", False)]
    assert explanation.result == Filtered(rule="when")


def test_first_items_of_each_are_shown_with_their_own_steps(make_spec: Any) -> None:
    spec = make_spec({"items": {"each": "$.list", "fields": {"n": "$.n + index()", "shop": "$$.shop"}}})
    (field,) = explained(spec, {"shop": "s", "list": [{"n": 1}] * 5}).fields
    assert len(field.items) == 3
    assert field.omitted_items == 2
    assert [inner.steps[-1].value for inner in field.items[2]] == [3, "s"]
