"""Answers and requests that are written into a backlog.yaml."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.assemble.triage_editing import add_requests, flow, put_answers, with_value
from paceline.errors import UsageError
from paceline.workspace.yaml_document import read_yaml

BACKLOG = """\
# what was asked for
currency: EUR   # euros
requests:
  # the first one
  - request: a
    outcome: "it works"      # in quotes
    asked: 2026-11-23

    estimates: {sprint: {days: {low: 1, likely: 2, high: 3}}}  # quick
  # the second one
  - request: b
    outcome: |
      over two
      lines
    asked: 2026-11-23
    acceptance:
      now: at once # soon

# the end
"""


def value_of(text: str) -> object:
    document, findings = read_yaml(text.encode(), "backlog.yaml")
    assert document is not None
    assert not findings
    return document.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "backlog.yaml"
    file.write_text(BACKLOG)
    return file


def test_answers_go_where_they_belong_and_everything_else_stays(file: Path) -> None:
    put_answers(
        file,
        {
            ("requests", 0, "kind"): "tactical",
            ("requests", 0, "estimates", "marathon", "days"): {"low": 8, "likely": 9, "high": 12},
            ("requests", 1, "acceptance", "downstream"): "yes: really",
            ("requests", 1, "owner", "team"): "growth",
            ("requests", 0, "outcome"): "it works # better",
        },
    )
    text = file.read_text()
    for comment in (
        "# what was asked for",
        "# euros",
        "# the first one",
        "# in quotes",
        "# quick",
        "# soon",
        "# the end",
    ):
        assert comment in text
    assert text.splitlines()[5] == '    outcome: "it works # better"      # in quotes'
    value = value_of(text)
    assert isinstance(value, dict)
    first, second = value["requests"]
    assert first["kind"] == "tactical"
    assert first["estimates"]["marathon"] == {"days": {"low": 8, "likely": 9, "high": 12}}
    assert second["acceptance"] == {"now": "at once", "downstream": "yes: really"}
    assert second["owner"] == {"team": "growth"}
    assert second["outcome"] == "over two\nlines\n"


def test_requests_are_added_after_the_last_one(file: Path) -> None:
    add_requests(file, [{"request": "c", "outcome": "- new: #1", "asked": "2026-11-23"}])
    value = value_of(file.read_text())
    assert isinstance(value, dict)
    assert [request["request"] for request in value["requests"]] == ["a", "b", "c"]
    assert file.read_text().endswith("# the end\n")


@pytest.mark.parametrize(
    "text",
    [
        "requests: []\n",
        "requests: [{request: a, outcome: x, asked: 2026-11-23}]\n",
        '{"requests": [{"request": "a", "outcome": "x", "asked": "2026-11-23"}]}',
        "requests:\n- request: a\n  outcome: x\n  asked: 2026-11-23",
        "requests:\r\n- request: a\r\n  outcome: x\r\n  asked: 2026-11-23\r\ncurrency: EUR\r\n",
    ],
)
def test_requests_are_added_in_any_style(tmp_path: Path, text: str) -> None:
    file = tmp_path / "backlog.yaml"
    file.write_bytes(text.encode())
    add_requests(file, [{"request": "new", "outcome": "y", "asked": "2026-11-23"}])
    value = value_of(file.read_bytes().decode())
    assert isinstance(value, dict)
    assert value["requests"][-1] == {"request": "new", "outcome": "y", "asked": "2026-11-23"}
    assert ("\r\n" in text) == (b"\r\n" in file.read_bytes())


def test_new_file_is_made_with_a_word_about_it(tmp_path: Path) -> None:
    file = tmp_path / "backlog.yaml"
    add_requests(file, [{"request": "a", "outcome": "x", "asked": "2026-11-23"}])
    assert file.read_text().startswith("# ")
    assert value_of(file.read_text()) == {"requests": [{"request": "a", "outcome": "x", "asked": "2026-11-23"}]}


def test_empty_value_is_filled(file: Path) -> None:
    assert with_value("a:\nb: 1\n", ("a", "c"), 2) == "a: {c: 2}\nb: 1\n"
    assert with_value("a:\nb: 1\n", ("a",), "x") == "a: x\nb: 1\n"
    assert with_value("a: {}\n", ("a", "c"), 2) == "a: {c: 2}\n"
    assert with_value("a: {b: 1,}\n", ("a", "c"), 2) == "a: {b: 1, c: 2}\n"


def test_permissions_are_kept_and_no_other_file_is_left(file: Path) -> None:
    file.chmod(0o640)
    put_answers(file, {("requests", 0, "kind"): "tactical"})
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["backlog.yaml"]


def test_text_over_several_lines_is_not_replaced(file: Path) -> None:
    with pytest.raises(UsageError, match="several lines"):
        put_answers(file, {("requests", 1, "outcome"): "new"})
    assert file.read_text() == BACKLOG


def test_broken_file_is_refused_and_left_as_it_is(file: Path) -> None:
    file.write_text("requests: [")
    with pytest.raises(UsageError):
        put_answers(file, {("requests", 0, "kind"): "tactical"})
    assert file.read_text() == "requests: ["


TEXTS = st.text(
    alphabet=st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\u2028\u2029\ufeff\ufffe\uffff"),
    max_size=30,
)
VALUES = st.recursive(
    st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6, width=32) | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["low", "high", "now"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(
    value=VALUES, path=st.sampled_from([("requests", 0, "note"), ("requests", 1, "x", "y"), ("requests", 0, "outcome")])
)
def test_any_value_is_read_back_as_it_was_given(value: object, path: tuple[str | int, ...]) -> None:
    node = value_of(with_value(BACKLOG, path, value))
    for step in path:
        node = node[step]  # type: ignore[index]
    assert node == pytest.approx(value, rel=1e-12) if isinstance(value, float) else _close(node, value)


def _close(found: object, given: object) -> bool:
    if isinstance(given, dict) and isinstance(found, dict):
        return found.keys() == given.keys() and all(_close(found[key], given[key]) for key in given)
    if isinstance(given, list) and isinstance(found, list):
        return len(found) == len(given) and all(map(_close, found, given))
    if isinstance(given, float):
        return isinstance(found, int | float) and abs(found - given) <= 1e-9 * max(1.0, abs(given))
    return found == given and isinstance(found, bool) == isinstance(given, bool)


def test_words_that_yaml_would_read_otherwise_are_quoted() -> None:
    assert [flow(text) for text in ("true", "no", "12", "", "a: b", "2026-11-23", "plain text")] == [
        '"true"',
        '"no"',
        '"12"',
        '""',
        '"a: b"',
        "2026-11-23",
        "plain text",
    ]
