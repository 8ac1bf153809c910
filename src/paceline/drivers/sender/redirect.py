"""A sender for local runs: every request goes to the fake vendors instead of the real ones."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from paceline.model.delivery import Answer, WireRequest
from paceline.ports.sender import Sender


class FakeVendorSender:
    """Turns `https://api.example.com/v1/x` into `<base_url>/<connector>/api.example.com/v1/x` and sends it there."""

    def __init__(self, inner: Sender, *, base_url: str, connector: str) -> None:
        self._inner = inner
        self._prefix = f"{base_url.rstrip('/')}/{connector}"

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        """Send to the fake vendor."""
        parts = urlsplit(request.url)
        query = f"?{parts.query}" if parts.query else ""
        url = f"{self._prefix}/{parts.netloc}{parts.path}{query}"
        return await self._inner.send(msgspec.structs.replace(request, url=url), timeout_secs=timeout_secs)

    async def close(self) -> None:
        """Close the sender underneath."""
        await self._inner.close()
