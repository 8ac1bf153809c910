"""JSON files become plain values with places, or findings with places."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.workspace.json_document import read_json


def test_place_is_found_in_a_file_indented_with_tabs() -> None:
    document, findings = read_json(b'{\n\t"a": {\n\t\t"b": [1, 2]\n\t}\n}\n', "a.json")
    assert findings == []
    assert document is not None
    assert document.place(("a", "b", 1)) == (3, 12)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ('{"a": 1,\n  b: 2}', "PL012", (2, 3)),
        ('{"a": 1, "a": 2}', "PL004", (0, 0)),
        ('{"a": NaN}', "PL013", (0, 0)),
        ('{"a": 1e999}', "PL013", (0, 0)),
        ('{"a": 123456789012345678901234567890}', "PL013", (0, 0)),
        ('{"a": ' + "9" * 5000 + "}", "PL013", (0, 0)),
        ("[" * 100_000, "PL011", (0, 0)),
        ("[" * 200 + "]" * 200, "PL011", (0, 0)),
        ("  \n", "PL009", (0, 0)),
    ],
)
def test_wrong_json_is_a_finding(text: str, code: str, place: tuple[int, int]) -> None:
    _, findings = read_json(text.encode(), "a.json")
    assert [(finding.code, (finding.line, finding.column)) for finding in findings] == [(code, place)]


@settings(deadline=None)
@given(st.text())
def test_any_text_gives_a_document_or_findings(text: str) -> None:
    document, findings = read_json(text.encode(errors="surrogatepass"), "a.json")
    assert document is not None or findings
    if document is not None:
        document.place(("a", 0))
