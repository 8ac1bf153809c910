"""PL603."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.settings import PostgresStore
from paceline.workspace.document import Document, ValuePath
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.secrets import is_malformed_reference


class ReferenceIsWellFormed(Rule):
    """A secret reference is written wrong. A reference is the whole value: `${env:NAME}` or `${file:/path}`."""

    code = "PL603"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for text, document, path in _texts_that_may_refer(scope):
            if is_malformed_reference(text):
                yield self.finding(
                    document,
                    path,
                    "this looks like a secret reference but is none",
                    hint="a reference is the whole value: ${env:NAME} or ${file:/run/secrets/name}",
                )


def _texts_that_may_refer(scope: Scope) -> Iterator[tuple[str, Document, ValuePath]]:
    for _, integration, document in scope.integrations():
        for text, path in _texts(integration.settings, ("settings",)):
            yield text, document, path
    store = scope.workspace.settings.store
    if isinstance(store, PostgresStore):
        yield store.url, scope.workspace.document("paceline"), ("store", "url")
    for name, source in scope.workspace.settings.sources.items():
        for index, key in enumerate(source.write_keys):
            yield key, scope.workspace.document("paceline"), ("sources", name, "write_keys", index)
        if source.webhook is not None:
            for field in ("secret", "previous_secret"):
                secret = getattr(source.webhook, field)
                yield secret, scope.workspace.document("paceline"), ("sources", name, "webhook", field)


def _texts(value: object, path: ValuePath) -> Iterator[tuple[str, ValuePath]]:
    if isinstance(value, str):
        yield value, path
    elif isinstance(value, dict):
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _texts(child, (*path, index))
