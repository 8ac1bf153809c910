"""docs/decision.md."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from paceline.decision.backlog import Backlog, read_backlog
from paceline.decision.decide import decide
from paceline.decision.gates import pass_gates
from paceline.decision.inputs import resolve_inputs
from paceline.decision.reference import with_tables
from paceline.decision.rendering import render_text
from paceline.decision.sections import brief_sections
from paceline.model.request import Request

PAGE = Path(__file__).parents[2] / "docs" / "decision.md"


def test_tables_of_the_page_are_those_of_the_code() -> None:
    assert PAGE.read_text() == with_tables(PAGE.read_text()), (
        "run: python -m paceline.decision.reference < docs/decision.md > new && mv new docs/decision.md"
    )


def example() -> Request:
    (snippet,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    content = yaml.load(snippet, yaml.BaseLoader)  # every scalar as text, so that days stay text
    read = read_backlog(_numbers(content))
    assert isinstance(read, Backlog), [str(fault) for fault in read]
    return read.requests[0]


def _numbers(value: object) -> object:
    match value:
        case dict():
            return {key: _numbers(part) for key, part in value.items()}
        case list():
            return [_numbers(part) for part in value]
        case str() if re.fullmatch(r"[0-9]+", value):
            return int(value)
        case str() if re.fullmatch(r"[0-9]+\.[0-9]+", value):
            return float(value)
        case _:
            return value


def test_example_request_is_decided() -> None:
    assert decide(example()).verdict == "hybrid"


def test_shown_output_is_that_of_the_example() -> None:
    shown = re.findall(r"```\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
    report = decide(example())
    assert render_text(report, brief_sections(report)).startswith(shown)


def test_every_gate_and_rule_of_thumb_is_on_the_page() -> None:
    request = example()
    page = PAGE.read_text()
    identities = [gate.id for gate in pass_gates(request, resolve_inputs(request))]
    identities += [f"H{number}" for number in range(1, 7)]
    for identity in identities:
        assert re.search(rf"\b{identity}\b", page), identity


def test_every_key_of_a_request_is_on_the_page() -> None:
    page = PAGE.read_text()
    for name in Request.__struct_fields__:
        assert re.search(rf"\b{name}\b", page), name
