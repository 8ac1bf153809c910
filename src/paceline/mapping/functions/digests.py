"""Hashes, and ids made from content."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from paceline.mapping.functions.definition import TEXT_VALUE, Example, Function, Parameter, Refused
from paceline.mapping.kinds import TEXT

_HEX_SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
# RFC 9562, section 6.6 (https://www.rfc-editor.org/rfc/rfc9562#section-6.6, read 2026-11-23).
_NAMESPACES: Final = {
    "dns": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "url": "6ba7b811-9dad-11d1-80b4-00c04fd430c8",
    "oid": "6ba7b812-9dad-11d1-80b4-00c04fd430c8",
    "x500": "6ba7b814-9dad-11d1-80b4-00c04fd430c8",
}


def sha256(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def sha512(text: str) -> str:
    return hashlib.sha512(_bytes(text)).hexdigest()


def sha1(text: str) -> str:
    return hashlib.sha1(_bytes(text), usedforsecurity=False).hexdigest()


def md5(text: str) -> str:
    return hashlib.md5(_bytes(text), usedforsecurity=False).hexdigest()


def hmac_sha256(text: str, key: str) -> str:
    return hmac.digest(_bytes(key), _bytes(text), "sha256").hex()


def sha256_once(text: str) -> str:
    return text if _HEX_SHA256.match(text) else sha256(text)


def uuid5(text: str, namespace: str = "url") -> str:
    """RFC 9562, section 5.5; written out because importing `uuid` costs more than everything else here."""
    scope = bytes.fromhex(_NAMESPACES.get(namespace, namespace).replace("-", ""))
    digest = bytearray(hashlib.sha1(scope + _bytes(text), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    digits = digest.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _bytes(text: str) -> bytes:
    """UTF-8; half a surrogate pair, which only a lenient decoder lets through, becomes `?` rather than an error."""
    return text.encode("utf-8", "replace")


def _namespace_problem(value: object) -> str:
    is_known = isinstance(value, str) and (value in _NAMESPACES or _UUID.match(value))
    return "" if is_known else f"a namespace is {', '.join(_NAMESPACES)} or a UUID in lower case"


FUNCTIONS: Final = (
    Function(
        name="sha256",
        group="Hashes and ids",
        summary="The SHA-256 of the text in UTF-8, as 64 hexadecimal digits.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=sha256,
        is_one_way=True,
        examples=(
            Example('"abc" | sha256', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            Example("$.email | trim | lower | sha256", Refused("wrong_type"), {"email": 5}),
        ),
    ),
    Function(
        name="sha256_once",
        group="Hashes and ids",
        summary="Like sha256, but text that already is 64 lower-case hexadecimal digits stays as it is.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=sha256_once,
        is_one_way=True,
        examples=(
            Example('"abc" | sha256 | sha256_once', "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ),
    ),
    Function(
        name="sha512",
        group="Hashes and ids",
        summary="The SHA-512 of the text in UTF-8, as 128 hexadecimal digits.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=sha512,
        is_one_way=True,
        examples=(Example('"abc" | sha512 | truncate(16)', "ddaf35a193617aba"),),
    ),
    Function(
        name="sha1",
        group="Hashes and ids",
        summary="The SHA-1 of the text in UTF-8, as 40 hexadecimal digits. For vendors that ask for it; not secure.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=sha1,
        is_one_way=True,
        examples=(Example('"abc" | sha1', "a9993e364706816aba3e25717850c26c9cd0d89d"),),
    ),
    Function(
        name="md5",
        group="Hashes and ids",
        summary="The MD5 of the text in UTF-8, as 32 hexadecimal digits. For vendors that ask for it; not secure.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=md5,
        is_one_way=True,
        examples=(Example('"abc" | md5', "900150983cd24fb0d6963f7d28e17f72"),),
    ),
    Function(
        name="hmac_sha256",
        group="Hashes and ids",
        summary="The HMAC-SHA-256 of the text with a key that is not secret, as 64 hexadecimal digits.",
        parameters=(TEXT_VALUE, Parameter(name="key", kinds=TEXT)),
        result=TEXT,
        run=hmac_sha256,
        is_one_way=True,
        examples=(
            Example(
                '"what do ya want for nothing?" | hmac_sha256("Jefe")',
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ),
    ),
    Function(
        name="uuid5",
        group="Hashes and ids",
        summary="A UUID made from the text (RFC 9562, version 5): the same text always gives the same id.",
        parameters=(
            TEXT_VALUE,
            Parameter(name="namespace", kinds=TEXT, is_optional=True, is_literal=True, problem=_namespace_problem),
        ),
        result=TEXT,
        run=uuid5,
        is_one_way=True,
        examples=(
            Example('"www.example.com" | uuid5("dns")', "2ed6657d-e927-568b-95e1-2665a8aea6a2"),
            Example('"msg-1" | uuid5', "688f4877-4ce3-5a23-9833-f56cc57e134a"),
        ),
    ),
)
