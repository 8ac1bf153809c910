"""Secrets: references in files, values only in memory."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.errors import MissingSecretError
from paceline.workspace.secrets import (
    Reference,
    Secret,
    is_malformed_reference,
    parse_reference,
    references,
    resolve,
    reveal,
    secret_texts,
)


def no_file(path: str) -> str:
    raise FileNotFoundError(2, "No such file or directory", path)


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("${env:CIO_API_KEY}", Reference("env", "CIO_API_KEY")),
        ("${file:/run/secrets/x}", Reference("file", "/run/secrets/x")),
        ("plain", None),
        ("${env:NOT A NAME}", None),
        ("${env:}", None),
        ("Bearer ${env:KEY}", None),
        ("${env:KEY}\n", None),
        ("${vault:x}", None),
    ],
)
def test_only_a_whole_value_is_a_reference(text: str, reference: Reference | None) -> None:
    assert parse_reference(text) == reference


@pytest.mark.parametrize("text", ["${KEY}", "${env:}", "Bearer ${env:KEY}", "${env:A}${env:B}", "${env:A"])
def test_failed_attempt_at_a_reference_is_recognized(text: str) -> None:
    assert is_malformed_reference(text)


def test_references_are_replaced_wherever_they_stand() -> None:
    value = {"key": "${env:KEY}", "headers": {"X": "${file:/x}"}, "list": ["${env:KEY}", 1, None], "plain": "p"}
    resolved = resolve(value, {"KEY": "k"}, lambda path: f"content of {path}\n")
    assert reveal(resolved) == {"key": "k", "headers": {"X": "content of /x"}, "list": ["k", 1, None], "plain": "p"}
    assert sorted(secret_texts(resolved)) == ["content of /x", "k", "k"]
    assert [path for path, _ in references(value)] == [("key",), ("headers", "X"), ("list", 0)]


def test_missing_variable_names_itself_its_place_and_who_needs_it() -> None:
    with pytest.raises(MissingSecretError) as caught:
        resolve("${env:CIO_KEY}", {"CIO_KEYS": "x"}, no_file, where="integrations/a.yaml:9", needed_by="integration a")
    assert caught.value.what == "the environment variable CIO_KEY, needed by integration a, is not set"
    assert caught.value.where == "integrations/a.yaml:9"
    assert "CIO_KEYS" in caught.value.remedy
    assert caught.value.exit_status == 3


def undecodable(path: str) -> str:
    return b"\xff".decode()


@pytest.mark.parametrize("read_file", [no_file, undecodable, lambda path: "\n"])
def test_secret_file_that_gives_no_text_is_missing(read_file: Callable[[str], str]) -> None:
    with pytest.raises(MissingSecretError, match="/run/secrets/x"):
        resolve("${file:/run/secrets/x}", {}, read_file)


def test_empty_variable_is_missing() -> None:
    with pytest.raises(MissingSecretError, match="is empty"):
        resolve("${env:KEY}", {"KEY": ""}, no_file)


@settings(deadline=None)
@given(st.text(min_size=9))
def test_secret_never_shows_its_value(value: str) -> None:
    secret = Secret(value)
    shown = f"{secret} {secret!r} {[secret]} {{'a': secret}} {secret:}"
    assert value not in shown or value in "******** Secret(********) [Secret(********)]"
    assert secret.reveal() == value


def test_secret_cannot_be_written_to_disk() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret("x"))
