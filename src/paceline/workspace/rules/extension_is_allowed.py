"""PL311."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.lifecycle.expiry import MOST_EXTENSIONS
from paceline.lifecycle.rfc import RfcState, split_front_matter
from paceline.model.finding import Finding
from paceline.model.integration import IntegrationFile
from paceline.workspace.document import Document
from paceline.workspace.prose import prose_hint, prose_is_there
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.yaml_document import read_yaml

_AGREED = (RfcState.PUBLISHED, RfcState.COMMITTED)


class ExtensionIsAllowed(Rule):
    """An end was put off more than twice, or by no RFC of its own that was agreed on; or `expires` is another day."""

    code = "PL311"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            if len(integration.extensions) > MOST_EXTENSIONS:
                message = f"the end may be put off {MOST_EXTENSIONS} times, and this is one more"
                hint = "finish the migration, or retire it: paceline retire"
                yield self.finding(document, ("extensions", MOST_EXTENSIONS), message, hint=hint)
            if integration.extensions and integration.expires != integration.extensions[-1].until:
                message = f"the last extension is until {integration.extensions[-1].until}, but it ends on another day"
                yield self.finding(document, ("expires",), message, hint="write the same day in both places")
            yield from self._rfcs(scope, integration, document)

    def _rfcs(self, scope: Scope, integration: IntegrationFile, document: Document) -> Iterator[Finding]:
        seen = {integration.migration.plan} if integration.migration is not None else set()
        for index, extension in enumerate(integration.extensions):
            place = ("extensions", index, "rfc")
            if not prose_is_there(scope.workspace.path, extension.rfc):
                hint = prose_hint(scope.workspace.path, "rfcs", extension.rfc)
                yield self.finding(document, place, f"there is no RFC {extension.rfc!r}", hint=hint)
            elif extension.rfc in seen:
                message = f"{extension.rfc} stands for something else already: each extension needs an RFC of its own"
                yield self.finding(document, place, message, hint="paceline rfc new")
            elif (state := _state(scope, extension.rfc)) not in _AGREED:
                message = f"{extension.rfc} is not agreed on: its status is {state or 'not there'}"
                yield self.finding(document, place, message, hint=f"paceline rfc open {extension.rfc}, then close")
            seen.add(extension.rfc)


def _state(scope: Scope, file: str) -> str:
    text = (scope.workspace.path / file).read_text(encoding="utf-8", errors="replace")
    head, _ = split_front_matter(text)
    document = read_yaml((head or "").encode(), file)[0]
    status = document.value.get("status") if document is not None and isinstance(document.value, dict) else None
    return status if isinstance(status, str) else ""
