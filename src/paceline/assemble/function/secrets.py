"""A function's variables, with what lies in the platform's secret store in place of where it lies there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from paceline.deploy import aws
from paceline.deploy.bundle import Bundle
from paceline.deploy.letters import CALL_SECS, Platform
from paceline.errors import MissingSecretError
from paceline.workspace.secrets import references


class PlatformSecrets:
    """Variables such as `CIO_API_KEY=aws-sm:shop/customerio#api_key` are looked up; all others are what they are."""

    def __init__(self, environment: Mapping[str, str], platform: Platform) -> None:
        self._environment = environment
        self._platform = platform

    async def environment(self, bundle: Bundle) -> Mapping[str, str]:
        """The variables that this bundle needs, with their secrets. Raises MissingSecretError."""
        named = [
            reference.name
            for value in (bundle.integration.settings, _written(bundle))
            for _, reference in references(value)
            if reference.place == "env" and aws.is_aws_reference(self._environment.get(reference.name, ""))
        ]
        found = await asyncio.gather(*(self._fetch(name) for name in dict.fromkeys(named)))
        return {**self._environment, **dict(zip(dict.fromkeys(named), found, strict=True))}

    async def _fetch(self, name: str) -> str:
        reference = self._environment[name]
        platform = self._platform
        request = aws.secret_request(
            reference, platform.credentials(), now_ms=platform.clock.now_ms(), endpoint=platform.aws_url
        )
        answer = await platform.sender.send(request, timeout_secs=CALL_SECS)
        secret = aws.read_secret(reference, answer)
        if secret is None:
            raise MissingSecretError(
                f"the variable {name} points at a secret that cannot be read (status {answer.status or answer.fault})",
                where=reference,
                remedy="check its name, its key and that the function's role may read it",
            )
        return secret


def _written(bundle: Bundle) -> dict[str, object]:
    """References among the sources: write keys and what webhooks are signed with."""
    texts: dict[str, object] = {}
    for name, source in bundle.settings.sources.items():
        webhook = source.webhook
        texts[name] = [*source.write_keys, *([webhook.secret, webhook.previous_secret] if webhook else [])]
    return texts
