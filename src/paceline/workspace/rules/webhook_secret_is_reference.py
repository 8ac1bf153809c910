"""PL607."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.secrets import is_malformed_reference, parse_reference


class WebhookSecretIsReference(Rule):
    """A webhook's secret stands in the file. Whoever reads it can forge events: replace it at the vendor."""

    code = "PL607"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, source in scope.workspace.settings.sources.items():
            if source.webhook is None:
                continue
            for field in ("secret", "previous_secret"):
                secret: str = getattr(source.webhook, field)
                if not secret or parse_reference(secret) is not None or is_malformed_reference(secret):
                    continue
                variable = re.sub(r"[^A-Z0-9]+", "_", f"{name}_{field}".upper())
                yield self.finding(
                    scope.workspace.document("paceline"),
                    ("sources", name, "webhook", field),
                    f"the webhook's {field.replace('_', ' ')} stands in the file",
                    hint=f"write {field}: ${{env:{variable}}} here, and replace the secret at the vendor",
                )
