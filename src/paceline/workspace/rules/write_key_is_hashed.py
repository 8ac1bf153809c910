"""PL604."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.secrets import is_malformed_reference, parse_reference

_DIGEST = re.compile(r"sha256:[0-9a-fA-F]{64}")


class WriteKeyIsHashed(Rule):
    """A write key stands in the file, not its SHA-256 digest or a reference."""

    code = "PL604"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, source in scope.workspace.settings.sources.items():
            for index, key in enumerate(source.write_keys):
                if _DIGEST.fullmatch(key) or parse_reference(key) or is_malformed_reference(key):
                    continue
                if key.lower().startswith("sha256:"):
                    message = "a write key's digest is `sha256:` and 64 hexadecimal digits"
                    hint = "make one with: paceline keys hash"
                else:
                    message = "a write key stands in the file"
                    hint = f"write sha256:{hashlib.sha256(key.encode()).hexdigest()}"
                document = scope.workspace.document("paceline")
                yield self.finding(document, ("sources", name, "write_keys", index), message, hint=hint)
