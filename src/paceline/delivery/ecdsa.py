"""Verifies ECDSA signatures over P-256 with SHA-256, which is how SendGrid signs. Pure; needs the extra `ecdsa`."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from paceline.errors import MissingExtraError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey


def read_public_key(text: str) -> EllipticCurvePublicKey:
    """A public key as SendGrid shows it: base64 of the DER, with or without PEM lines around it.

    Raises ValueError for anything that is no P-256 key, MissingExtraError without the library.
    """
    try:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - of the extra `ecdsa`
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415
    except ModuleNotFoundError:
        raise MissingExtraError("signatures of SendGrid need cryptography, which is not installed", "ecdsa") from None
    lines = [line.strip() for line in text.replace("\\n", "\n").splitlines()]
    body = "".join(line for line in lines if not line.startswith("-----"))
    try:
        key = load_der_public_key(base64.b64decode(body, validate=True))
    except binascii.Error:
        raise ValueError("the public key is not base64") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("the public key cannot be read") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("the public key is not one of the curve P-256")
    return key


def is_signed_by(key: EllipticCurvePublicKey, content: bytes, signature: str) -> bool:
    """Whether a base64 signature (DER) of the content holds. False for anything malformed."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - of the extra `ecdsa`
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        key.verify(base64.b64decode(signature, validate=True), content, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True
