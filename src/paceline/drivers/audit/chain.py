"""The chain that holds an audit log together: every line is sealed together with all lines before it. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

import msgspec

from paceline.ports.audit import Anchor, AuditEntry, AuditFault, AuditRecord, Verification

GENESIS = "0" * 64
MOST_FAULTS_TOLD = 20


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    n: int
    entry: msgspec.Raw
    hash: str


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_entry = msgspec.json.Decoder(AuditEntry).decode
_encode_entry = msgspec.json.Encoder().encode


def seal(key: bytes, previous: str, number: int, entry: AuditEntry) -> tuple[bytes, AuditRecord]:
    """The line of an entry, without its end, and the record that it is. `previous` is the hash of the one before."""
    text = _encode_entry(entry)
    digest = _digest(key, previous, number, text)
    return _write(number, text, digest), AuditRecord(number=number, entry=entry, hash=digest)


def read_line(line: bytes) -> AuditRecord | None:
    """The record in a line, None when it is none. Says nothing about whether it was changed."""
    try:
        read = _decode_line(line)
        return AuditRecord(number=read.n, entry=_decode_entry(read.entry), hash=read.hash)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def verify_lines(key: bytes, lines: Iterable[bytes], anchors: Sequence[Anchor] = ()) -> Verification:
    """Follow the chain from its first line to the last, and see that every anchor lies in it."""
    previous = GENESIS
    number = 0
    end: Anchor | None = None
    faults: list[AuditFault] = []
    hashes: dict[int, str] = {}
    wanted = {anchor.number for anchor in anchors}
    for place, line in enumerate(lines, 1):
        number += 1
        message, found = _check(key, previous, number, line)
        if message and len(faults) < MOST_FAULTS_TOLD:
            faults.append(AuditFault(line=place, message=message))
        if found is not None:
            # From here on as the line says: one change is then told once, and not for every line behind it.
            number, previous = found.number, found.hash
            end = Anchor(found.number, found.hash)
            if number in wanted:
                hashes[number] = found.hash
    faults += [
        AuditFault(line=0, message=_anchor_message(anchor, end))
        for anchor in anchors
        if not hmac.compare_digest(hashes.get(anchor.number, "").encode(), anchor.hash.encode())
    ]
    return Verification(records=end.number if end is not None else 0, end=end, faults=faults)


def _check(key: bytes, previous: str, number: int, line: bytes) -> tuple[str, AuditRecord | None]:
    """What is wrong with a line (empty: nothing), and the record in it as far as it can be read."""
    record = read_line(line)
    if record is None:
        return "the line cannot be read", None
    text = bytes(_decode_line(line).entry)
    expected = _write(number, text, _digest(key, previous, number, text))
    if hmac.compare_digest(line, expected):
        return "", record
    if record.number != number:
        return f"record {record.number} stands where record {number} should be", record
    return "the record, or the one before it, is not what was written", record


def _anchor_message(anchor: Anchor, end: Anchor | None) -> str:
    if end is None or end.number < anchor.number:
        last = end.number if end is not None else 0
        return f"the log ends at record {last}, and record {anchor.number} was there: its end was cut off"
    return f"record {anchor.number} is not the one that the anchor is of"


def _digest(key: bytes, previous: str, number: int, text: bytes) -> str:
    return hmac.new(key, b"%b|%d|%b" % (previous.encode(), number, text), hashlib.sha256).hexdigest()


def _write(number: int, text: bytes, digest: str) -> bytes:
    return b'{"n":%d,"entry":%b,"hash":"%b"}' % (number, text, digest.encode())
