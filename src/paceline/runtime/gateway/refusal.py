"""Why a request as a whole is refused, and how that looks on the wire: the same JSON for every refusal of the door."""

from __future__ import annotations

import msgspec

Header = tuple[bytes, bytes]


class RequestRefusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request as a whole is refused.

    `limit` names the setting that was hit, with its `value` and how full it is (`actual`). `retry_after_secs` is when
    to come back, 0 for never as it is. With `closes` the connection ends behind the answer.

    >>> RequestRefusal(status=413, code="body_too_large", message="…", limit="max_body_bytes", value=9, actual=10).shown
    'max_body_bytes=9; actual=10'
    """

    status: int
    code: str
    message: str
    limit: str = ""
    value: float = 0
    actual: float = 0
    retry_after_secs: int = 0
    closes: bool = False

    @property
    def shown(self) -> str:
        """The value of the header `x-paceline-limit`; empty when no limit was hit."""
        return f"{self.limit}={_number(self.value)}; actual={_number(self.actual)}" if self.limit else ""

    @property
    def body(self) -> bytes:
        """The answer's body."""
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.limit:
            error |= {"limit": self.limit, "value": self.value, "actual": self.actual}
        if self.retry_after_secs:
            error["retry_after_secs"] = self.retry_after_secs
        return _encode({"success": False, "error": error})

    @property
    def headers(self) -> list[Header]:
        """The headers that belong to the refusal, without those that every answer has.

        No WWW-Authenticate with 401: browsers would ask the visitors of a web page for a password.
        """
        headers: list[Header] = []
        if self.limit:
            headers.append((b"x-paceline-limit", self.shown.encode()))
        if self.retry_after_secs:
            headers.append((b"retry-after", b"%d" % self.retry_after_secs))
        if self.closes:
            headers.append((b"connection", b"close"))
        return headers


def headers_too_large(limit: int, actual: int) -> RequestRefusal:
    """The refusal of a head over the limit; `actual` counts the bytes that were read before it was refused."""
    return RequestRefusal(
        status=431,
        code="headers_too_large",
        message=f"the headers are larger than {limit} bytes",
        limit="max_header_bytes",
        value=limit,
        actual=actual,
        closes=True,
    )


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else str(value)


_encode = msgspec.json.Encoder().encode
