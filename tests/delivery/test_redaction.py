"""What a vendor says is kept without what it says about people."""

from __future__ import annotations

import pytest

from paceline.delivery.redaction import redact
from paceline.model.delivery import Item


def item(**payload: object) -> Item:
    return Item(delivery_id="d", payload=payload)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ada.lovelace+x@mail.example.com is invalid", "<email> is invalid"),
        ("from 203.0.113.7 and 2001:db8:0:0:0:0:0:1", "from <address> and <address>"),
        ("Authorization: Basic c2l0ZTprZXk=", "Authorization: <token>"),
        ("token sk_live_abcdef0123456789abcd refused", "token <token> refused"),
        ("call +49 170 1234567 back", "call <number> back"),
        ("two\r\nlines\x1b[31m\u2028", "two lines [31m"),
        ("attribute name cannot be longer than 150 bytes", "attribute name cannot be longer than 150 bytes"),
    ],
)
def test_personal_data_and_secrets_go(said: str, kept: str) -> None:
    assert redact(said) == kept


def test_values_that_we_sent_go_wherever_they_are_in_the_payload() -> None:
    sent = item(user={"name": "Ada", "tags": ["vip-customer"]}, total=123456)
    assert redact("Ada (vip-customer) paid 123456", [sent]) == "<value> (<value>) paid <value>"


def test_a_value_inside_another_word_stays() -> None:
    assert redact("Adaptation failed", [item(name="Ada")]) == "Adaptation failed"


def test_secrets_go_by_value() -> None:
    assert redact("key k3y! is wrong", secrets=["k3y!", ""]) == "key <secret> is wrong"
