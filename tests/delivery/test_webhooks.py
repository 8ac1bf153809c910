"""Standard Webhooks: signing, and believing nobody without a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.webhooks import Mistrust, read_secret, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = read_secret(SECRET)
NOW = 1_614_265_330
BODY = b'{"test": 2432232314}'


def headers(signature: str = "", *, message_id: str = "msg_1", timestamp: str = str(NOW)) -> dict[str, str]:
    signed = signature or sign(KEY, message_id, int(timestamp), BODY)
    return {"Webhook-Id": message_id, "webhook-timestamp": timestamp, "WEBHOOK-SIGNATURE": signed}


def test_own_signature_is_believed_whatever_the_case_of_header_names() -> None:
    assert verify(KEY, headers(), BODY, now_secs=NOW) is None


def test_secret_is_the_same_with_and_without_prefix_and_padding() -> None:
    assert read_secret("whsec_c2VjcmV0LXNlY3JldA==") == read_secret("c2VjcmV0LXNlY3JldA") == b"secret-secret"


@pytest.mark.parametrize("secret", ["", "whsec_", "not base64!", "=="])
def test_useless_secret_is_an_error_that_does_not_quote_it(secret: str) -> None:
    with pytest.raises(ValueError, match=r"^the webhook secret is (empty|not base64)$"):
        read_secret(secret)


def test_one_good_signature_among_others_is_enough() -> None:
    good = sign(KEY, "msg_1", NOW, BODY)
    assert verify(KEY, headers(f"v1,aaaa v2,zzzz {good}"), BODY, now_secs=NOW) is None


def test_signature_of_another_version_is_not_believed() -> None:
    signature = "v2," + sign(KEY, "msg_1", NOW, BODY).partition(",")[2]
    assert verify(KEY, headers(signature), BODY, now_secs=NOW) is Mistrust.NO_SIGNATURE_MATCHES


def test_empty_signature_entries_are_not_believed() -> None:
    assert verify(KEY, headers("v1, v1,"), BODY, now_secs=NOW) is Mistrust.NO_SIGNATURE_MATCHES


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_altered_byte_is_noticed(place: int, change: int) -> None:
    altered = bytearray(BODY)
    altered[place] ^= change
    assert verify(KEY, headers(), bytes(altered), now_secs=NOW) is Mistrust.NO_SIGNATURE_MATCHES


def test_altered_id_is_noticed() -> None:
    signed = headers() | {"Webhook-Id": "msg_2"}
    assert verify(KEY, signed, BODY, now_secs=NOW) is Mistrust.NO_SIGNATURE_MATCHES


@pytest.mark.parametrize(
    ("offset", "expected"), [(-300, None), (300, None), (-301, Mistrust.TOO_NEW), (301, Mistrust.TOO_OLD)]
)
def test_timestamp_may_be_five_minutes_off(offset: int, expected: Mistrust | None) -> None:
    assert verify(KEY, headers(), BODY, now_secs=NOW + offset) is expected


@pytest.mark.parametrize("timestamp", ["soon", "1e9", "-1", "1614265330.5", "١٦١٤٢٦٥٣٣٠", "9" * 40])
def test_timestamp_that_is_no_number_is_not_believed(timestamp: str) -> None:
    signed = headers() | {"webhook-timestamp": timestamp}
    assert verify(KEY, signed, BODY, now_secs=NOW) is Mistrust.BAD_TIMESTAMP


@pytest.mark.parametrize("name", ["Webhook-Id", "webhook-timestamp", "WEBHOOK-SIGNATURE"])
def test_missing_header_is_not_believed(name: str) -> None:
    signed = {key: value for key, value in headers().items() if key != name}
    assert verify(KEY, signed, BODY, now_secs=NOW) is Mistrust.MISSING_HEADER


@pytest.mark.conformance
def test_every_vector_of_the_standard_holds(conformance_data: Path) -> None:
    lines = (conformance_data / "standard_webhooks.jsonl").read_text().splitlines()
    wrong = [vector["id_"] for line in lines if not _holds(vector := json.loads(line))]
    assert lines
    assert wrong == []


def _holds(vector: dict[str, Any]) -> bool:
    key = read_secret(vector["secret"])
    payload = vector["payload"].encode()
    if vector["op"] == "sign":
        return sign(key, vector["id"], vector["timestamp"], payload) == vector["expected_signature"]
    trust = verify(key, vector["headers"], payload, now_secs=vector["now"], tolerance_secs=vector["tolerance_s"])
    return (trust is None) == vector["valid"]
