"""Sends events to a gateway, the way a small script would."""

from __future__ import annotations

import base64
import gzip
import http.client
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from paceline.errors import EnvironmentFaultError, UsageError


class SentEvent(msgspec.Struct, frozen=True):
    """What the gateway said about one event."""

    id: str
    verdict: str
    reason: str = ""
    detail: str = ""
    warning: str = ""


class _Answer(msgspec.Struct, frozen=True):
    events: list[SentEvent] = []


class GatewayClient:
    """One connection to a gateway. `url` is like `http://127.0.0.1:8080`."""

    def __init__(self, url: str, write_key: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{url!r} is no gateway's address", expected="something like http://127.0.0.1:8080")
        self._url = url
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname, parts.port, timeout=30)
        credentials = base64.b64encode(f"{write_key}:".encode()).decode()
        self._headers = {
            "authorization": f"Basic {credentials}",
            "content-type": "application/json",
            "content-encoding": "gzip",
        }

    def send(self, events: Sequence[dict[str, object]]) -> list[SentEvent]:
        """Send one batch; a verdict for each event.

        Raises EnvironmentFaultError when no gateway answers or when it cannot store events now, UsageError when it
        refuses the request.
        """
        body = gzip.compress(msgspec.json.encode({"batch": events}), compresslevel=1)
        try:
            self._connection.request("POST", "/v1/batch", body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except OSError as error:
            raise EnvironmentFaultError(
                f"no gateway answers at {self._url}: {error}", remedy="start one: paceline dev"
            ) from None
        if response.status == 200:
            return msgspec.json.decode(answer, type=_Answer).events
        message = _message(answer)
        if response.status >= 500 or response.status == 429:
            raise EnvironmentFaultError(f"the gateway answered {response.status}: {message}", remedy="try again later")
        if response.status == 401:
            raise UsageError(
                f"the gateway answered 401: {message}",
                remedy="pass --write-key, or set PACELINE_WRITE_KEY in the environment or in the workspace's .env",
            )
        raise UsageError(f"the gateway answered {response.status}: {message}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _message(answer: bytes) -> str:
    try:
        error = msgspec.json.decode(answer, type=dict[str, object]).get("error")
    except msgspec.DecodeError:
        return answer[:200].decode("latin-1")
    return str(error.get("message", "")) if isinstance(error, dict) else ""
