"""What docs/mapping.md shows works."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
import yaml

from paceline.mapping.expression import show
from paceline.mapping.faults import FaultCode
from paceline.mapping.parser import parse_expression
from paceline.mapping.plan import mapping_faults
from paceline.mapping.refusals import Reason
from paceline.model.mapping import MappingFile

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_mapping_in_the_docs_has_no_faults(block: str) -> None:
    assert mapping_faults(msgspec.convert(yaml.safe_load(block), MappingFile)) == []


@pytest.mark.parametrize("line", [line for block in blocks("expression") for line in block.splitlines()])
def test_expression_in_the_docs_parses(line: str) -> None:
    parse_expression(line)


def test_expressions_that_the_docs_call_the_same_are_the_same() -> None:
    first, second = blocks("expression")[0].splitlines()
    assert show(parse_expression(first)) == show(parse_expression(second))


@pytest.mark.parametrize("reason", get_args(Reason))
def test_every_reason_of_a_refusal_is_documented(reason: str) -> None:
    assert f"| `{reason}` |" in TEXT


@pytest.mark.parametrize("code", get_args(FaultCode))
def test_every_code_of_a_fault_is_documented(code: str) -> None:
    assert f"`{code}`" in TEXT
