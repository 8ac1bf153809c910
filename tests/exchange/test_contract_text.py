"""A contract written as a file is read back as the same contract."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from order_contracts import order_completed, signed_up

from paceline.exchange.contract_text import contract_path, contract_text, yaml_text
from paceline.model.contract import ContractFile
from paceline.workspace.kinds import KINDS
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml


@pytest.mark.parametrize("contract", [order_completed(), signed_up()], ids=lambda one: one.contract)
def test_contract_survives_being_written_and_read(contract: ContractFile) -> None:
    document, findings = read_yaml(contract_text(contract).encode(), contract_path(contract))
    assert findings == []
    assert document is not None
    assert to_struct(document, KINDS["contract"]) == (contract, [])


_text = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=12)
_tricky = st.sampled_from(
    [
        "1e5",
        "0x1F",
        "010",
        "yes",
        "no",
        "null",
        "~",
        "",
        " a",
        "a: b",
        "# x",
        "2026-11-23",
        "1_000",
        "-",
        "1.0",
        ".5",
        "<<",
    ]
)
_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        _text,
        _tricky,
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(_text, _tricky), inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(_values)
def test_any_value_is_read_back_as_it_was_written(value: object) -> None:
    document, findings = read_yaml(yaml_text({"value": value}).encode(), "x.yaml")
    assert findings == []
    assert document is not None
    assert document.value == {"value": value}
