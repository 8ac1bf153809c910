"""Standard Webhooks: signs and verifies with HMAC-SHA256 over the raw bytes. Pure; the time is an argument.

The signed content is `{id}.{timestamp}.{payload}`; a signature is `v1,` and base64; several are separated by a space;
a secret is base64, with or without the prefix `whsec_`.
Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, read 2026-11-23.
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
import re
from collections.abc import Mapping

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix, not a secret
TOLERANCE_SECS = 300
"""How far a timestamp may lie from our clock, before and after."""

_TIMESTAMP = re.compile(r"[0-9]{1,15}\Z", re.ASCII)
_NEVER_A_SIGNATURE = b""


class Mistrust(enum.StrEnum):
    """Why a webhook is not believed."""

    MISSING_HEADER = "missing_header"
    BAD_TIMESTAMP = "bad_timestamp"
    TOO_OLD = "too_old"
    TOO_NEW = "too_new"
    NO_SIGNATURE_MATCHES = "no_signature_matches"


def read_secret(secret: str) -> bytes:
    """The key in a secret; padding may be missing. Raises ValueError (not quoting it) when it is empty or not base64.

    >>> len(read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    24
    """
    text = secret.removeprefix(SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("the webhook secret is not base64") from None
    if not key:
        raise ValueError("the webhook secret is empty")
    return key


def sign(key: bytes, message_id: str, timestamp: int, payload: bytes) -> str:
    """One signature, `v1,` and base64, over the bytes that are sent. `timestamp` is Unix seconds."""
    content = b"%s.%d.%s" % (message_id.encode(errors="surrogatepass"), timestamp, payload)
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode("ascii")


def verify(
    key: bytes, headers: Mapping[str, str], payload: bytes, *, now_secs: float, tolerance_secs: float = TOLERANCE_SECS
) -> Mistrust | None:
    """None when the webhook may be believed, or else why not.

    `payload` is the raw body, before any parsing. Header names are compared without case. Every `v1` signature given
    is compared, each in constant time; other versions are passed over.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    message_id, stamp, signatures = (lower.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not message_id or not stamp or not signatures:
        return Mistrust.MISSING_HEADER
    if not _TIMESTAMP.match(stamp):
        return Mistrust.BAD_TIMESTAMP
    timestamp = int(stamp)
    if timestamp < now_secs - tolerance_secs:
        return Mistrust.TOO_OLD
    if timestamp > now_secs + tolerance_secs:
        return Mistrust.TOO_NEW
    expected = sign(key, message_id, timestamp, payload).partition(",")[2].encode("ascii")
    trusted = False
    for signature in signatures.split(" "):
        version, _, given = signature.partition(",")
        candidate = given.encode(errors="surrogatepass") if version == "v1" else _NEVER_A_SIGNATURE
        trusted |= hmac.compare_digest(candidate, expected)
    return None if trusted else Mistrust.NO_SIGNATURE_MATCHES
