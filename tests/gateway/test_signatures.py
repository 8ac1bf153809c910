"""Signed webhooks of every scheme: what the vendors' own libraries sign is believed, and nothing else is."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
import stripe
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier
from standardwebhooks import Webhook

from paceline.delivery.ecdsa import read_public_key
from paceline.delivery.signatures import SignedRequest, challenge_of, message_id_of, mistrust_of
from paceline.delivery.webhooks import Mistrust
from paceline.model.settings import WebhookScheme

NOW = 1_764_000_000


def key_text(private: ec.EllipticCurvePrivateKey) -> str:
    der = private.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(der).decode()


URL = "https://events.shop.example/v1/in/vendor?portal=1"
STANDARD_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SENDGRID_KEYS = {
    key_text(private): private for private in (ec.derive_private_key(n, ec.SECP256R1()) for n in (7, 8, 9))
}
SENDGRID_KEY, OTHER_SENDGRID_KEY, NEW_SENDGRID_KEY = SENDGRID_KEYS
SECRETS = dict.fromkeys(WebhookScheme, "a-secret") | {
    WebhookScheme.STANDARD_WEBHOOKS: STANDARD_SECRET,
    WebhookScheme.SENDGRID: SENDGRID_KEY,
}
OTHERS = dict.fromkeys(WebhookScheme, "b-secret") | {
    WebhookScheme.STANDARD_WEBHOOKS: "whsec_" + base64.b64encode(b"x" * 24).decode(),
    WebhookScheme.SENDGRID: OTHER_SENDGRID_KEY,
}
TIMED = (
    *(WebhookScheme.STANDARD_WEBHOOKS, WebhookScheme.STRIPE, WebhookScheme.SLACK, WebhookScheme.HUBSPOT),
    *(WebhookScheme.CUSTOMERIO, WebhookScheme.SENDGRID),
)
SIGNED = [scheme for scheme in WebhookScheme if scheme is not WebhookScheme.TOKEN]


def digest(secret: str, content: bytes, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), content, algorithm).digest()


def sign_standard(secret: str, body: bytes, at: int) -> dict[str, str]:
    signature = Webhook(secret).sign("msg_1", datetime.fromtimestamp(at, UTC), body.decode("latin-1"))
    return {"webhook-id": "msg_1", "webhook-timestamp": str(at), "webhook-signature": signature}


def sign_stripe(secret: str, body: bytes, at: int) -> dict[str, str]:
    signature = stripe.WebhookSignature._compute_signature(f"{at}.{body.decode()}", secret)
    return {"stripe-signature": f"t={at},v1={signature},v0=ignored"}


def sign_slack(secret: str, body: bytes, at: int) -> dict[str, str]:
    signature = SignatureVerifier(secret).generate_signature(timestamp=str(at), body=body)
    return {"x-slack-request-timestamp": str(at), "x-slack-signature": signature}


def sign_hubspot(secret: str, body: bytes, at: int) -> dict[str, str]:
    content = b"POST" + URL.encode() + body + str(at * 1000).encode()
    signature = base64.b64encode(digest(secret, content)).decode()
    return {"x-hubspot-request-timestamp": str(at * 1000), "x-hubspot-signature-v3": signature}


def sign_customerio(secret: str, body: bytes, at: int) -> dict[str, str]:
    return {"x-cio-timestamp": str(at), "x-cio-signature": digest(secret, b"v0:%d:" % at + body).hex()}


def sign_sendgrid(public: str, body: bytes, at: int) -> dict[str, str]:
    signature = SENDGRID_KEYS[public].sign(b"%d" % at + body, ec.ECDSA(hashes.SHA256()))
    return {
        "x-twilio-email-event-webhook-timestamp": str(at),
        "x-twilio-email-event-webhook-signature": base64.b64encode(signature).decode(),
    }


SIGN: Mapping[WebhookScheme, Callable[[str, bytes, int], dict[str, str]]] = {
    WebhookScheme.STANDARD_WEBHOOKS: sign_standard,
    WebhookScheme.STRIPE: sign_stripe,
    WebhookScheme.SLACK: sign_slack,
    WebhookScheme.HUBSPOT: sign_hubspot,
    WebhookScheme.SHOPIFY: lambda secret, body, _at: {
        "x-shopify-hmac-sha256": base64.b64encode(digest(secret, body)).decode(),
        "x-shopify-topic": "orders/create",
    },
    WebhookScheme.GITHUB: lambda secret, body, _at: {"x-hub-signature-256": "sha256=" + digest(secret, body).hex()},
    WebhookScheme.TYPEFORM: lambda secret, body, _at: {
        "typeform-signature": "sha256=" + base64.b64encode(digest(secret, body)).decode()
    },
    WebhookScheme.SEGMENT: lambda secret, body, _at: {"x-signature": digest(secret, body, "sha1").hex()},
    WebhookScheme.CUSTOMERIO: sign_customerio,
    WebhookScheme.INTERCOM: lambda secret, body, _at: {"x-hub-signature": "sha1=" + digest(secret, body, "sha1").hex()},
    WebhookScheme.SENDGRID: sign_sendgrid,
    WebhookScheme.TOKEN: lambda secret, _body, _at: {"authorization": f"Bearer {secret}"},
}


def signed(
    scheme: WebhookScheme, body: bytes = b'{"id": "evt_1"}', *, at: int = NOW, secret: str = ""
) -> SignedRequest:
    headers = SIGN[scheme](secret or SECRETS[scheme], body, at)
    return SignedRequest(method="POST", url=URL, headers=headers, body=body)


def judge(scheme: WebhookScheme, request: SignedRequest, *secrets: str, now: int = NOW) -> Mistrust | None:
    return mistrust_of(scheme, secrets or (SECRETS[scheme],), request, now_secs=now, tolerance_secs=300)


@pytest.mark.parametrize("scheme", WebhookScheme)
def test_what_the_vendor_signs_is_believed(scheme: WebhookScheme):
    assert judge(scheme, signed(scheme)) is None


@pytest.mark.parametrize("scheme", SIGNED)
@given(place=st.integers(0, 200), bit=st.integers(0, 7))
def test_one_altered_bit_of_the_body_is_noticed(scheme: WebhookScheme, place: int, bit: int):
    request = signed(scheme)
    body = bytearray(request.body)
    body[place % len(body)] ^= 1 << bit
    altered = SignedRequest(method="POST", url=URL, headers=request.headers, body=bytes(body))
    assert judge(scheme, altered) is Mistrust.NO_SIGNATURE_MATCHES


@pytest.mark.parametrize("scheme", WebhookScheme)
def test_another_secret_signs_in_vain(scheme: WebhookScheme):
    assert judge(scheme, signed(scheme, secret=OTHERS[scheme])) is Mistrust.NO_SIGNATURE_MATCHES


@pytest.mark.parametrize("scheme", [WebhookScheme.GITHUB, WebhookScheme.STRIPE, WebhookScheme.SHOPIFY])
@pytest.mark.parametrize("empty", ["", " "])
def test_empty_secret_believes_nothing(scheme: WebhookScheme, empty: str):
    headers = SIGN[scheme](empty, b"{}", NOW)
    request = SignedRequest(method="POST", url=URL, headers=headers, body=b"{}")
    assert judge(scheme, request, empty) is Mistrust.NO_SIGNATURE_MATCHES


@pytest.mark.parametrize("scheme", WebhookScheme)
def test_missing_signature_is_said(scheme: WebhookScheme):
    request = SignedRequest(method="POST", url=URL, headers={}, body=b"{}")
    assert judge(scheme, request) is Mistrust.MISSING_HEADER


@pytest.mark.parametrize("scheme", WebhookScheme)
def test_secret_of_before_counts_while_it_is_replaced(scheme: WebhookScheme):
    assert judge(scheme, signed(scheme), OTHERS[scheme], SECRETS[scheme]) is None


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize(
    ("late", "reason"), [(301, Mistrust.TOO_OLD), (-301, Mistrust.TOO_NEW), (299, None), (-299, None)]
)
def test_timestamp_counts_for_five_minutes_both_ways(scheme: WebhookScheme, late: int, reason: Mistrust | None):
    assert judge(scheme, signed(scheme), now=NOW + late) is reason


@pytest.mark.parametrize("scheme", TIMED)
@pytest.mark.parametrize("stamp", ["", "abc", "1e9", "-1", " 1764000000", "9" * 40, "١٧٦٤"])
def test_odd_timestamp_is_never_believed(scheme: WebhookScheme, stamp: str):
    good = signed(scheme)
    headers = {
        name: value.replace(str(NOW * 1000), stamp).replace(str(NOW), stamp) for name, value in good.headers.items()
    }
    assert judge(scheme, SignedRequest(method="POST", url=URL, headers=headers, body=good.body)) is not None


def test_example_of_github_holds():
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries, read 2026-11-23
    signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"x-hub-signature-256": signature}
    request = SignedRequest(method="POST", url=URL, headers=headers, body=b"Hello, World!")
    assert judge(WebhookScheme.GITHUB, request, "It's a Secret to Everybody") is None


def test_example_of_slack_holds():
    # https://docs.slack.dev/authentication/verifying-requests-from-slack, read 2026-11-23
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    request = SignedRequest(method="POST", url=URL, headers=headers, body=body)
    assert judge(WebhookScheme.SLACK, request, "8f742231b10e8888abcd99yyyzzz85a5", now=1_531_420_618) is None


def test_second_signature_of_stripe_is_enough():
    good = signed(WebhookScheme.STRIPE).headers["stripe-signature"].partition(",")[2]
    request = SignedRequest(
        method="POST", url=URL, headers={"stripe-signature": f"t={NOW},v1=00,{good}"}, body=b'{"id": "evt_1"}'
    )
    assert judge(WebhookScheme.STRIPE, request) is None


def test_url_that_hubspot_signs_is_decoded_by_its_table():
    signed_url, called_url = "https://a.example/v1/in/h?x=a:b/c&y=%20", "https://a.example/v1/in/h?x=a%3Ab%2fc&y=%20"
    stamp = str(NOW * 1000)
    signature = base64.b64encode(digest("s", b"POST" + signed_url.encode() + b"[]" + stamp.encode())).decode()
    headers = {"x-hubspot-request-timestamp": stamp, "x-hubspot-signature-v3": signature}
    request = SignedRequest(method="POST", url=called_url, headers=headers, body=b"[]")
    assert judge(WebhookScheme.HUBSPOT, request, "s") is None


@pytest.mark.parametrize("scheme", WebhookScheme)
def test_message_sent_again_later_is_the_same_message(scheme: WebhookScheme):
    body = b'{"id": "evt_1", "event_id": "e1", "messageId": "m1"}'
    again = signed(scheme, body, at=NOW + 60)
    assert message_id_of(scheme, signed(scheme, body)) == message_id_of(scheme, again)


@pytest.mark.parametrize("scheme", [one for one in WebhookScheme if one is not WebhookScheme.STANDARD_WEBHOOKS])
def test_header_that_nobody_signed_makes_no_other_message(scheme: WebhookScheme):
    request = signed(scheme)
    headers = {**request.headers, "x-github-delivery": "other", "x-shopify-webhook-id": "other", "webhook-id": "other"}
    tampered = SignedRequest(method="POST", url=URL, headers=headers, body=request.body)
    assert message_id_of(scheme, tampered) == message_id_of(scheme, request)


def test_next_try_of_hubspot_is_the_same_message():
    first, second = (json.dumps([{"eventId": 7, "attemptNumber": attempt}]).encode() for attempt in (0, 1))
    assert message_id_of(WebhookScheme.HUBSPOT, signed(WebhookScheme.HUBSPOT, first)) == message_id_of(
        WebhookScheme.HUBSPOT, signed(WebhookScheme.HUBSPOT, second)
    )


@given(st.binary(max_size=200))
def test_any_bytes_have_an_id_and_are_no_challenge_by_accident(body: bytes):
    for scheme in WebhookScheme:
        request = SignedRequest(method="POST", url=URL, headers={}, body=body)
        assert message_id_of(scheme, request).startswith(f"{scheme}-")
        assert challenge_of(scheme, request) is None


def test_challenge_of_slack_is_found():
    body = b'{"token": "x", "challenge": "3eZbrw1a", "type": "url_verification"}'
    assert challenge_of(WebhookScheme.SLACK, signed(WebhookScheme.SLACK, body)) == "3eZbrw1a"


# A public key is no secret, so verifying by one may take as long as it takes.
@pytest.mark.parametrize("scheme", [scheme for scheme in WebhookScheme if scheme is not WebhookScheme.SENDGRID])
def test_every_signature_is_compared_in_constant_time(scheme: WebhookScheme, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bool] = []
    compare = hmac.compare_digest

    def note(*both: bytes) -> bool:
        compared.append(compare(*both))
        return compared[-1]

    request = signed(scheme, secret=SECRETS[scheme])
    monkeypatch.setattr(hmac, "compare_digest", note)
    assert judge(scheme, request) is None
    assert True in compared


def test_example_of_intercom_has_its_form():
    # https://developers.intercom.com/docs/references/webhooks/webhook-models, read 2026-11-23
    request = signed(WebhookScheme.INTERCOM, b'{"id": "notif_1"}')
    assert request.headers["x-hub-signature"].startswith("sha1=")
    assert message_id_of(WebhookScheme.INTERCOM, request) == "intercom-notif_1"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "bearer a-secret"},
        {"authorization": "Basic " + base64.b64encode(b"anybody:a-secret").decode()},
        {"x-api-key": "a-secret"},
    ],
)
def test_token_may_come_in_any_usual_place(headers: dict[str, str]):
    request = SignedRequest(method="POST", url=URL, headers=headers, body=b"{}")
    assert judge(WebhookScheme.TOKEN, request) is None


@pytest.mark.parametrize("value", ["Bearer", "Basic !", "Basic YQ==", "Digest a-secret", "Bearer a-secret2"])
def test_no_other_token_is_believed(value: str):
    request = SignedRequest(method="POST", url=URL, headers={"authorization": value}, body=b"{}")
    assert judge(WebhookScheme.TOKEN, request) is not None


def test_public_key_may_have_its_pem_lines():
    pem = f"-----BEGIN PUBLIC KEY-----\n{SENDGRID_KEY[:64]}\n{SENDGRID_KEY[64:]}\n-----END PUBLIC KEY-----\n"
    assert judge(WebhookScheme.SENDGRID, signed(WebhookScheme.SENDGRID), pem) is None


@given(st.binary(min_size=1, max_size=80))
def test_no_bytes_are_a_signature_of_sendgrid_by_accident(signature: bytes):
    good = signed(WebhookScheme.SENDGRID)
    name = "x-twilio-email-event-webhook-signature"
    headers = {**good.headers, name: base64.b64encode(signature).decode()}
    request = SignedRequest(method="POST", url=URL, headers=headers, body=good.body)
    assert judge(WebhookScheme.SENDGRID, request) is Mistrust.NO_SIGNATURE_MATCHES


@pytest.mark.parametrize("text", ["", "AAAA", SENDGRID_KEY[:-4], "A" + SENDGRID_KEY[1:], SENDGRID_KEY[:-6] + "AAAA=="])
def test_what_is_no_key_of_the_curve_is_refused(text: str):
    with pytest.raises(ValueError, match="public key"):
        read_public_key(text)
