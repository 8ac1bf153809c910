"""JSON Schemas of the file kinds, generated from the Structs."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
from click.testing import CliRunner

from paceline.cli.schemas import command
from paceline.workspace.kinds import KINDS, FileKind
from paceline.workspace.schema import json_schema, schema_texts
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml

SCHEMAS = Path(__file__).parents[2] / "schemas"


def test_written_schemas_are_the_generated_ones() -> None:
    written = {path.name: path.read_text() for path in SCHEMAS.glob("*.json")}
    assert written == schema_texts(), "run: paceline schemas"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_schema_is_valid_and_says_what_it_is(kind: FileKind) -> None:
    schema = json_schema(kind)
    jsonschema_rs.Draft202012Validator({"$ref": "https://json-schema.org/draft/2020-12/schema"}).validate(schema)
    assert schema["$id"] == f"urn:paceline:schema:{kind.name}"
    assert schema["title"]
    assert schema["description"]


def test_stale_schema_fails_the_check_and_is_then_written(tmp_path: Path) -> None:
    (tmp_path / "mapping.json").write_text("{}")
    assert CliRunner().invoke(command, ["--out", str(tmp_path), "--check"]).exit_code == 1
    assert (tmp_path / "mapping.json").read_text() == "{}"
    assert CliRunner().invoke(command, ["--out", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(command, ["--out", str(tmp_path), "--check"]).exit_code == 0


def test_tagged_union_is_checked_as_the_alternative_that_was_meant() -> None:
    text = b"workspace: a\nsources: {}\nbus: {type: memory, path: x}\n"
    document, _ = read_yaml(text, "paceline.yaml")
    assert document is not None
    struct, findings = to_struct(document, KINDS["paceline"])
    assert struct is None
    assert [finding.message for finding in findings] == ["unknown key 'path'"]


def test_whole_number_with_a_fraction_point_is_a_located_finding() -> None:
    document, _ = read_yaml(b"workspace: a\nsources: {}\ndedup: {max_ids: 2000.0}\n", "paceline.yaml")
    assert document is not None
    struct, findings = to_struct(document, KINDS["paceline"])
    assert struct is None
    assert [(finding.code, finding.line, finding.column) for finding in findings] == [("PL103", 3, 18)]


def test_struct_and_schema_agree_on_defaults() -> None:
    document, _ = read_yaml(b"workspace: a\nsources: {}\n", "paceline.yaml")
    assert document is not None
    struct, findings = to_struct(document, KINDS["paceline"])
    assert findings == []
    assert struct == msgspec.convert({"workspace": "a", "sources": {}}, KINDS["paceline"].structure)
