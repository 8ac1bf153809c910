"""PL610."""

from __future__ import annotations

import re
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.model.settings import PostgresStore
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.secrets import parse_reference

_PASSWORD = re.compile(r"^\w+://[^/@\s]*:[^/@\s]+@|(^|[\s?&])password\s*=")


class StorePasswordIsReference(Rule):
    """The password of the store's database stands in the file. Whoever reads it can read and change everything."""

    code = "PL610"

    def check(self, scope: Scope) -> Iterator[Finding]:
        store = scope.workspace.settings.store
        if isinstance(store, PostgresStore) and parse_reference(store.url) is None and _PASSWORD.search(store.url):
            yield self.finding(
                scope.workspace.document("paceline"),
                ("store", "url"),
                "the password of the database stands in the file",
                hint="write url: ${env:PACELINE_POSTGRES} here, and change the password",
            )
