"""The settings that requests are built with: as they stand in the file, or with an access token that is kept fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from paceline.delivery.oauth2 import Token, read_token, token_request
from paceline.model.connector import OAuth2Auth
from paceline.model.delivery import Outcome
from paceline.ports.clock import Clock
from paceline.ports.sender import Sender

TOKEN_TIMEOUT_SECS = 30.0

YOUNG_SECS = 10.0
"""A token younger than this that is refused is not too old: another one would not help."""


class Credentials(Protocol):
    """What one account's requests are built with; shared by its lanes."""

    async def settings(self) -> Mapping[str, object] | Outcome:
        """The settings, complete; or the outcome of every delivery while they cannot be had."""

    async def renew(self, refused: Mapping[str, object]) -> Mapping[str, object] | Outcome | None:
        """The vendor refused requests built with these settings: better ones, or why there are none.

        None when nothing can be renewed, so that the vendor's own refusal stands.
        """


class FixedCredentials:
    """Settings that are complete as they are."""

    def __init__(self, settings: Mapping[str, object]) -> None:
        self._settings = settings

    async def settings(self) -> Mapping[str, object]:
        """See the protocol."""
        return self._settings

    async def renew(self, refused: Mapping[str, object]) -> None:
        """See the protocol."""
        return


class TokenCredentials:
    """Settings with an OAuth 2.0 access token, fetched when it is first needed and again before it ends.

    Tokens stay in memory. A refresh token that the vendor replaces is used from then on, until the process ends.
    """

    def __init__(self, auth: OAuth2Auth, settings: Mapping[str, object], sender: Sender, clock: Clock) -> None:
        self._auth = auth
        self._given = settings
        self._sender = sender
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._settings: Mapping[str, object] = settings
        self._fetched_at = 0.0
        self._good_until: float | None = None

    async def settings(self) -> Mapping[str, object] | Outcome:
        """See the protocol."""
        if self._is_good():
            return self._settings
        async with self._fetching:
            return self._settings if self._is_good() else await self._fetch()

    async def renew(self, refused: Mapping[str, object]) -> Mapping[str, object] | Outcome | None:
        """See the protocol."""
        async with self._fetching:
            if refused is not self._settings and self._is_good():
                return self._settings
            if self._clock.monotonic_secs() - self._fetched_at < YOUNG_SECS:
                return None
            return await self._fetch()

    def _is_good(self) -> bool:
        return self._good_until is not None and self._clock.monotonic_secs() < self._good_until

    async def _fetch(self) -> Mapping[str, object] | Outcome:
        request = token_request(self._auth, self._settings)
        answer = await self._sender.send(request, timeout_secs=TOKEN_TIMEOUT_SECS)
        token = read_token(self._auth, answer)
        if not isinstance(token, Token):
            self._good_until = None
            return token
        self._fetched_at = self._clock.monotonic_secs()
        self._good_until = self._fetched_at + token.life_secs
        self._settings = {**self._given, **token.settings, "access_token": token.access_token}
        return self._settings
