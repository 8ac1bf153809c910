"""The published OpenAPI document against the running gateway: every answer is one that it promises."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from unittest import SkipTest

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from jsonschema_rs import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from workspaces import WRITE_KEY, write_settings

from paceline.testing.system import HOST, start_gateway

_settings = """  hooks: {webhook: {scheme: github, secret: "${env:WEBHOOK_SECRET}"}}
disk: {ballast_bytes: 0}
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("described")
    workspace = write_settings(folder / "shop")
    file = workspace / "paceline.yaml"
    file.write_text(file.read_text() + _settings)
    gateway, port = start_gateway(workspace, log=folder / "gateway.log")
    with gateway:
        yield f"http://{HOST}:{port}"
        assert gateway.is_running
    assert "gateway.failed" not in (folder / "gateway.log").read_text()


PROMISES = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def attack(address: str, *, requests_each: int) -> int:
    """Send generated requests, good and bad ones, to every operation; the number of requests."""
    operations = [
        result.ok() for result in schemathesis.openapi.from_url(f"{address}/openapi.json").get_all_operations()
    ]
    requests_sent = 0
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @seed(1)
            @settings(max_examples=requests_each, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def keeps_its_promises(case: schemathesis.Case) -> None:
                nonlocal requests_sent
                requests_sent += 1
                case.call_and_validate(checks=PROMISES, auth=(WRITE_KEY, ""))

            with contextlib.suppress(Unsatisfiable, SkipTest):  # an operation without input cannot be asked wrongly
                keeps_its_promises()
    return requests_sent


def test_every_answer_is_one_that_the_document_promises(address: str) -> None:
    assert attack(address, requests_each=8) > 150


@pytest.mark.soak
def test_every_answer_is_one_that_the_document_promises_for_minutes(address: str) -> None:
    assert attack(address, requests_each=1000) > 10_000


def test_document_is_public_and_complete(address: str) -> None:
    document = requests.get(f"{address}/openapi.json", timeout=5).json()
    assert document["openapi"].startswith("3.1")
    assert {"/v1/batch", "/v1/track", "/v1/in/{source}", "/health", "/ready"} <= set(document["paths"])
    Draft202012Validator(document["components"]["schemas"]["Event"])
    assert WRITE_KEY not in msgspec.json.encode(document).decode()
