"""How vendors sign what they send: verifies the raw bytes, and says which message it is. Pure; the time is an argument.

Every scheme but two is an HMAC over bytes of the request, compared in constant time; SendGrid signs with a key pair,
and `token` is a shared secret that comes along, for senders that can do nothing else. What identifies a message is
taken from signed content only: a header that nobody signed could be changed to make a second event of the first.

Read 2026-11-23:
- Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
- Stripe: https://docs.stripe.com/webhooks#verify-manually
- Shopify: https://shopify.dev/docs/apps/build/webhooks/verify-deliveries
- HubSpot: https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
- Slack: https://docs.slack.dev/authentication/verifying-requests-from-slack
- GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
- Customer.io: https://docs.customer.io/journeys/webhooks/#securely-verify-requests
- Intercom: https://developers.intercom.com/docs/references/webhooks/webhook-models#signed-notifications
- SendGrid: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events (event-webhook-security-features)
- Segment: https://www.twilio.com/docs/segment/connections/destinations/catalog/actions-webhook

Typeform describes its signature at https://www.typeform.com/developers/webhooks/secure-your-webhooks/. That page could
not be read; header and form are as in https://gist.github.com/picsoung/b56e19fbd979c7b30ff50a5e546ffa62 and
https://trigger.dev/docs/webhooks/providers/typeform (read 2026-11-23), which agree.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from paceline.delivery.ecdsa import is_signed_by, read_public_key
from paceline.delivery.webhooks import Mistrust, read_secret, verify
from paceline.model.settings import WebhookScheme

MAX_ID_CHARS = 200
_TIMESTAMP = re.compile(r"[0-9]{1,15}\Z", re.ASCII)


class SignedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came. `headers` have lower-case names; `url` is what the sender called, with its query."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def mistrust_of(
    scheme: WebhookScheme,
    secrets: Sequence[str],
    request: SignedRequest,
    *,
    now_secs: float,
    tolerance_secs: float,
) -> Mistrust | None:
    """None when the request may be believed by one of the secrets, or else why not. An empty secret never counts."""
    reasons = [
        _verifiers[scheme](secret, request, now_secs, tolerance_secs) for secret in secrets if secret and secret.strip()
    ]
    if None in reasons:
        return None
    return reasons[0] if reasons else Mistrust.NO_SIGNATURE_MATCHES


def message_id_of(scheme: WebhookScheme, request: SignedRequest) -> str:
    """The same text for the same message, also when its vendor sends it again. Call it for verified requests only.

    The id that the vendor has signed, where there is one; or else a digest of what was signed and stays the same.

    >>> message_id_of(WebhookScheme.GITHUB, SignedRequest(method="POST", url="", headers={}, body=b"{}"))
    'github-44136fa355b3678a1146ad16f7e8649e'
    """
    signed_id = ""
    match scheme:
        case WebhookScheme.STANDARD_WEBHOOKS:
            signed_id = request.headers.get("webhook-id", "")
        case WebhookScheme.STRIPE:
            signed_id = _text_at(request.body, "id")
        case WebhookScheme.SLACK | WebhookScheme.TYPEFORM:
            signed_id = _text_at(request.body, "event_id")
        case WebhookScheme.SEGMENT:
            signed_id = _text_at(request.body, "messageId")
        case WebhookScheme.HUBSPOT:
            # The number of the try is in the body, and the only thing in it that a repetition changes.
            return f"{scheme}-{_digest(_without_attempts(request.body))}"
        case WebhookScheme.SHOPIFY:
            # One body can be sent for two topics, such as orders/create and orders/paid.
            return f"{scheme}-{_digest(request.headers.get('x-shopify-topic', '').encode() + b' ' + request.body)}"
        case WebhookScheme.CUSTOMERIO:
            signed_id = _text_at(request.body, "event_id")
        case WebhookScheme.INTERCOM:
            signed_id = _text_at(request.body, "id")
        case WebhookScheme.GITHUB | WebhookScheme.SENDGRID | WebhookScheme.TOKEN:
            pass
    if 0 < len(signed_id) <= MAX_ID_CHARS and signed_id.isprintable():
        return f"{scheme}-{signed_id}"
    return f"{scheme}-{_digest(request.body)}"


def challenge_of(scheme: WebhookScheme, request: SignedRequest) -> str | None:
    """What a vendor wants to hear back before it sends events; None for an ordinary message.

    Slack asks once for each address (https://docs.slack.dev/reference/events/url_verification, read 2026-11-23).
    """
    if scheme is not WebhookScheme.SLACK or _text_at(request.body, "type") != "url_verification":
        return None
    return _text_at(request.body, "challenge")


def _verify_standard(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    try:
        key = read_secret(secret)
    except ValueError:
        return Mistrust.NO_SIGNATURE_MATCHES
    return verify(key, request.headers, request.body, now_secs=now_secs, tolerance_secs=tolerance_secs)


def _verify_stripe(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    parts = [part.strip().partition("=") for part in request.headers.get("stripe-signature", "").split(",")]
    stamps = [value for name, _, value in parts if name == "t"]
    given = [value for name, _, value in parts if name == "v1"]
    if len(stamps) != 1 or not given:
        return Mistrust.MISSING_HEADER
    content = stamps[0].encode() + b"." + request.body
    return _mistrust_of_time(stamps[0], now_secs, tolerance_secs) or _mistrust_of_signature(
        _hex(secret, content), given
    )


def _verify_slack(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    if not stamp or not given:
        return Mistrust.MISSING_HEADER
    content = b"v0:" + stamp.encode() + b":" + request.body
    return _mistrust_of_time(stamp, now_secs, tolerance_secs) or _mistrust_of_signature(
        "v0=" + _hex(secret, content), [given]
    )


def _verify_hubspot(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    stamp = request.headers.get("x-hubspot-request-timestamp", "")
    given = request.headers.get("x-hubspot-signature-v3", "")
    if not stamp or not given:
        return Mistrust.MISSING_HEADER
    content = f"{request.method}{_hubspot_url(request.url)}".encode() + request.body + stamp.encode()
    return _mistrust_of_time(stamp, now_secs, tolerance_secs, ticks_a_sec=1000) or _mistrust_of_signature(
        _base64(secret, content), [given]
    )


def _verify_shopify(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    return _verify_body("x-shopify-hmac-sha256", _base64(secret, request.body), request)


def _verify_github(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    return _verify_body("x-hub-signature-256", "sha256=" + _hex(secret, request.body), request)


def _verify_typeform(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    return _verify_body("typeform-signature", "sha256=" + _base64(secret, request.body), request)


def _verify_segment(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    # SHA-1 is what Segment signs with; as an HMAC it is not known to be breakable.
    expected = hmac.new(secret.encode(), request.body, hashlib.sha1).hexdigest()
    return _verify_body("x-signature", expected, request)


def _verify_customerio(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    stamp = request.headers.get("x-cio-timestamp", "")
    given = request.headers.get("x-cio-signature", "")
    if not stamp or not given:
        return Mistrust.MISSING_HEADER
    content = b"v0:" + stamp.encode() + b":" + request.body
    return _mistrust_of_time(stamp, now_secs, tolerance_secs) or _mistrust_of_signature(_hex(secret, content), [given])


def _verify_intercom(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    # SHA-1, as with Segment.
    expected = "sha1=" + hmac.new(secret.encode(), request.body, hashlib.sha1).hexdigest()
    return _verify_body("x-hub-signature", expected, request)


def _verify_sendgrid(secret: str, request: SignedRequest, now_secs: float, tolerance_secs: float) -> Mistrust | None:
    stamp = request.headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = request.headers.get("x-twilio-email-event-webhook-signature", "")
    if not stamp or not given:
        return Mistrust.MISSING_HEADER
    mistrust = _mistrust_of_time(stamp, now_secs, tolerance_secs)
    if mistrust is not None:
        return mistrust
    try:
        key = read_public_key(secret)
    except ValueError:
        return Mistrust.NO_SIGNATURE_MATCHES
    is_signed = is_signed_by(key, stamp.encode() + request.body, given)
    return None if is_signed else Mistrust.NO_SIGNATURE_MATCHES


def _verify_token(secret: str, request: SignedRequest, _now_secs: float, _tolerance_secs: float) -> Mistrust | None:
    given = [value for value in (request.headers.get("x-api-key", ""), _token_of(request)) if value]
    return _mistrust_of_signature(secret, given) if given else Mistrust.MISSING_HEADER


def _token_of(request: SignedRequest) -> str:
    """The token of `Authorization: Bearer TOKEN`, or the password of Basic, which senders make of https://u:TOKEN@…"""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""


def _verify_body(header: str, expected: str, request: SignedRequest) -> Mistrust | None:
    given = request.headers.get(header, "")
    return _mistrust_of_signature(expected, [given]) if given else Mistrust.MISSING_HEADER


def _mistrust_of_time(stamp: str, now_secs: float, tolerance_secs: float, *, ticks_a_sec: int = 1) -> Mistrust | None:
    if not _TIMESTAMP.match(stamp):
        return Mistrust.BAD_TIMESTAMP
    secs = int(stamp) / ticks_a_sec
    if secs < now_secs - tolerance_secs:
        return Mistrust.TOO_OLD
    return Mistrust.TOO_NEW if secs > now_secs + tolerance_secs else None


def _mistrust_of_signature(expected: str, given: Iterable[str]) -> Mistrust | None:
    wanted = expected.encode()
    is_trusted = False
    for candidate in given:
        is_trusted |= hmac.compare_digest(candidate.encode(errors="surrogatepass"), wanted)
    return None if is_trusted else Mistrust.NO_SIGNATURE_MATCHES


def _hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _base64(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), content, hashlib.sha256).digest()).decode("ascii")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def _hubspot_url(url: str) -> str:
    """The URL as HubSpot signs it: some percent-encoded characters decoded, by its table."""
    return _hubspot_encoded(lambda found: _hubspot_characters[found[0].upper()], url)


def _without_attempts(body: bytes) -> bytes:
    try:
        events = msgspec.json.decode(body, type=list[dict[str, msgspec.Raw]])
    except (msgspec.DecodeError, RecursionError):
        return body
    return msgspec.json.encode([{k: v for k, v in event.items() if k != "attemptNumber"} for event in events])


def _text_at(body: bytes, field: str) -> str:
    """The text in a field of a JSON object; empty when there is none."""
    try:
        value = msgspec.json.decode(msgspec.json.decode(body, type=dict[str, msgspec.Raw]).get(field, b'""'))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return ""
    return value if isinstance(value, str) else ""


_hubspot_characters = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(", "%29": ")",
    "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
_hubspot_encoded = re.compile("|".join(_hubspot_characters), re.IGNORECASE).sub
_verifiers: Mapping[WebhookScheme, Callable[[str, SignedRequest, float, float], Mistrust | None]] = {
    WebhookScheme.STANDARD_WEBHOOKS: _verify_standard,
    WebhookScheme.STRIPE: _verify_stripe,
    WebhookScheme.SHOPIFY: _verify_shopify,
    WebhookScheme.HUBSPOT: _verify_hubspot,
    WebhookScheme.SLACK: _verify_slack,
    WebhookScheme.GITHUB: _verify_github,
    WebhookScheme.TYPEFORM: _verify_typeform,
    WebhookScheme.SEGMENT: _verify_segment,
    WebhookScheme.CUSTOMERIO: _verify_customerio,
    WebhookScheme.INTERCOM: _verify_intercom,
    WebhookScheme.SENDGRID: _verify_sendgrid,
    WebhookScheme.TOKEN: _verify_token,
}
