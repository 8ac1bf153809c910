"""What every sender holds a request and its answer to, before anything touches a socket."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from paceline.model.delivery import WireRequest

MAX_ANSWER_BYTES = 1024 * 1024
CONNECT_TIMEOUT_SECS = 10.0

_ambiguous = re.compile(r"[^\x21-\x7e]|\\").search
_line_ends = re.compile(r"[\x00\r\n]").search
_token = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z").match


def is_plain_url(url: str) -> bool:
    """Whether a URL is http or https with a host, and reads the same to every parser.

    User names, control characters, spaces, backslashes and what is not ASCII make parsers disagree about the host.

    >>> is_plain_url("https://api.example/x?y"), is_plain_url("https://api.example\\\\@127.0.0.1/")
    (True, False)
    """
    if _ambiguous(url):
        return False
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in {"http", "https"} and "@" not in parts.netloc and bool(parts.hostname) and _has_port(parts)
        )
    except ValueError:
        return False


def is_one_request(request: WireRequest) -> bool:
    """Whether method and headers stay inside their lines."""
    return _token(request.method) is not None and all(
        _token(name) is not None and not _line_ends(value) for name, value in request.headers
    )


def _has_port(parts: SplitResult) -> bool:
    return parts.port != 0  # reading it raises ValueError for what is no port
