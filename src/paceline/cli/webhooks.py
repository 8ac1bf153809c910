"""`paceline webhooks`: sign and verify Standard Webhooks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import click
import msgspec
from msgspec import Meta

if TYPE_CHECKING:
    from paceline.cli.json_lines import Row


class SignRow(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="sign"):
    """Sign `payload` (the body as text, exactly as it will be sent)."""

    secret: str
    id: Annotated[str, Meta(min_length=1)]
    timestamp: int
    payload: str


class VerifyRow(msgspec.Struct, frozen=True, kw_only=True, tag_field="op", tag="verify"):
    """Verify `payload` (the body as text, exactly as it came); `now` is Unix seconds, this moment when not given."""

    secret: str
    headers: dict[str, str]
    payload: str
    now: float | None = None
    tolerance_s: Annotated[float, Meta(ge=0)] | None = None


@click.group()
def command() -> None:
    """Sign and verify webhooks by the Standard Webhooks specification."""


@command.command()
def run() -> None:
    """Sign or verify, one JSON line in, one out.

    \b
    {"op": "sign", "secret", "id", "timestamp", "payload"}              -> {"signature"}
    {"op": "verify", "secret", "headers", "payload", "now"?, "tolerance_s"?}  -> {"valid", "reason"?}

    \b
    Example:  echo '{"op": "sign", "secret": "whsec_c2VjcmV0LXNlY3JldA==", "id": "msg_1",
                     "timestamp": 1700000000, "payload": "{}"}' | paceline webhooks run
    """
    from paceline.cli.json_lines import answer_rows

    answer_rows(answer)


def answer(row: Row) -> object:
    """What one row asks for. Raises msgspec.ValidationError or UsageError for a row that does not make sense."""
    from paceline.delivery.webhooks import TOLERANCE_SECS, read_secret, sign, verify
    from paceline.errors import UsageError

    asked = msgspec.convert(row, SignRow | VerifyRow)
    try:
        key = read_secret(asked.secret)
    except ValueError as error:
        if isinstance(asked, VerifyRow):
            return {"valid": False, "reason": "bad_secret"}
        raise UsageError(str(error), where="secret", expected="base64, with or without whsec_ in front") from None
    if isinstance(asked, SignRow):
        return {"signature": sign(key, asked.id, asked.timestamp, asked.payload.encode())}
    reason = verify(
        key,
        asked.headers,
        asked.payload.encode(),
        now_secs=time.time() if asked.now is None else asked.now,
        tolerance_secs=TOLERANCE_SECS if asked.tolerance_s is None else asked.tolerance_s,
    )
    return {"valid": True} if reason is None else {"valid": False, "reason": reason}
