"""`paceline keys`: write keys in paceline.yaml, whose comments and layout stay."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from paceline.cli.keys import command
from paceline.errors import PacelineError, UnknownNameError, UsageError
from paceline.runtime.gateway.door import hash_write_key

OLD = "sha256:" + "a" * 64
SETTINGS = f"""\
# The shop.
workspace: shop
sources:
  web:    # the website
    write_keys:
      # made by Ana
      - {OLD}
  server: {{write_keys: ["sha256:{"b" * 64}"]}}   # the backend
  forms:
    webhook: {{scheme: github, secret: "${{env:X}}"}}
    write_keys: ["sha256:{"c" * 64}"]
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "paceline.yaml"
    path.write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return path


def run(*arguments: str) -> dict:
    result = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    return json.loads(result.stdout)


def digests(source: str) -> list[str]:
    return [one["key"] for one in run("list") if one["source"] == source]


def test_rotated_key_stands_before_the_one_it_replaces_and_comments_stay(file: Path):
    made = run("rotate", "web")
    assert digests("web") == [f"sha256:{hash_write_key(made['write_key'])}", OLD]
    text = file.read_text()
    assert all(comment in text for comment in ("# The shop.", "# the website", "# made by Ana", "# the backend"))
    assert made["write_key"] not in text


def test_third_key_sends_the_oldest_away(file: Path):
    first, second = run("rotate", "web"), run("rotate", "web")
    assert second["withdrawn"] == [OLD]
    assert digests("web") == [second["digest"], first["digest"]]


def test_new_key_for_a_new_source_makes_the_source(file: Path):
    made = run("new", "phone")
    assert digests("phone") == [made["digest"]]


def test_source_with_two_keys_gets_no_third(file: Path):
    run("new", "web")
    with pytest.raises(UsageError, match="has 2 write keys already"):
        run("new", "web")


def test_key_without_a_source_changes_no_file(file: Path):
    assert run("new")["digest"].startswith("sha256:")
    assert file.read_text() == SETTINGS


def test_revoked_key_is_gone(file: Path):
    made = run("rotate", "web")
    assert run("revoke", "web", "aaaaaa")["key"] == OLD
    assert digests("web") == [made["digest"]]


def test_last_key_stays_where_nothing_else_lets_anybody_in(file: Path):
    with pytest.raises(UsageError, match="only write key"):
        run("revoke", "web", "aaaa")
    assert file.read_text() == SETTINGS


def test_last_key_of_a_webhook_source_may_go(file: Path):
    run("revoke", "forms", "sha256:ccc")
    assert digests("forms") == []


@pytest.mark.parametrize("digest", ["", "sha256:", "dead"])
def test_digest_that_is_no_key_of_the_source_revokes_nothing(file: Path, digest: str):
    with pytest.raises(UsageError, match="begin with"):
        run("revoke", "web", digest)


def test_unknown_source_is_told_with_the_nearest_name(file: Path):
    with pytest.raises(UnknownNameError, match="did you mean 'web'"):
        run("rotate", "wep")


def test_file_that_is_no_yaml_is_left_alone(file: Path):
    file.write_text("sources: [")
    with pytest.raises(PacelineError):
        run("rotate", "web")
    assert file.read_text() == "sources: ["
