"""`paceline webhooks run`: one JSON line in, one out, whatever the line is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from paceline.cli.webhooks import command

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGN = {"op": "sign", "secret": SECRET, "id": "msg_1", "timestamp": 1_614_265_330, "payload": "{}"}


def run(rows: Sequence[object]) -> list[Any]:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    result = CliRunner().invoke(command, ["run"], input="\n".join(lines) + "\n")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def verify_row(signature: str, **changes: object) -> dict[str, object]:
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1614265330", "webhook-signature": signature}
    return {"op": "verify", "secret": SECRET, "headers": headers, "payload": "{}", "now": 1_614_265_330} | changes


def test_what_is_signed_is_believed() -> None:
    signature = run([SIGN])[0]["signature"]
    assert run([verify_row(signature)]) == [{"valid": True}]


def test_what_is_not_believed_has_its_reason() -> None:
    signature = run([SIGN])[0]["signature"]
    answers = run(
        [
            verify_row(signature, payload="{ }"),
            verify_row(signature, now=1_614_265_330 + 301),
            verify_row(signature, now=1_614_265_330 + 9, tolerance_s=5),
            verify_row(signature, headers={}),
            verify_row(signature, secret=""),
            verify_row(signature, now=None),
        ]
    )
    assert [(answer["valid"], answer["reason"]) for answer in answers] == [
        (False, "no_signature_matches"),
        (False, "too_old"),
        (False, "too_old"),
        (False, "missing_header"),
        (False, "bad_secret"),
        (False, "too_old"),
    ]


def test_bad_row_is_answered_and_the_next_one_too() -> None:
    answers = run(["nonsense", {"op": "forge"}, [], {**SIGN, "secret": "?"}, {"op": "sign"}, SIGN])
    assert ["error" in answer for answer in answers] == [True] * 5 + [False]
    assert "?" not in json.dumps(answers[3])


@pytest.mark.conformance
def test_every_vector_of_the_standard_is_answered_rightly(conformance_data: Path) -> None:
    vectors = [json.loads(line) for line in (conformance_data / "standard_webhooks.jsonl").read_text().splitlines()]
    answers = run(vectors)
    wrong = [
        vector["id_"]
        for vector, answer in zip(vectors, answers, strict=True)
        if answer.get("signature", answer.get("valid")) != vector.get("expected_signature", vector.get("valid"))
    ]
    assert wrong == []
