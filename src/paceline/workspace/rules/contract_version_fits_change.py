"""PL408."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from paceline.contracts.compatibility import bump
from paceline.contracts.versions import Version
from paceline.errors import SchemaError, UsageError
from paceline.model.contract import ContractFile
from paceline.model.finding import Finding
from paceline.workspace.contract_lock import Lock, read_lock
from paceline.workspace.rule import Rule, Scope

_RANKS = ("patch", "minor", "major")
_EXPLAINED = {
    "major": ("breaks older events", "see the event with: paceline diff; keep accepting it, or rename the file"),
    "minor": ("adds something", "rename the file"),
}


class ContractVersionFitsChange(Rule):
    """A contract's new version rises too little for what changed: breaking wants a major, adding a minor version."""

    code = "PL408"

    def check(self, scope: Scope) -> Iterator[Finding]:
        lock = _lock(scope)
        for name in scope.workspace.contracts:
            released = scope.workspace.versions(name)
            for before, after in pairwise(released):
                if lock.find(name, str(after)) is not None:
                    continue  # what is released was judged then, and cannot be numbered anew
                versions = scope.workspace.contracts[name]
                yield from self._judge(scope, versions[str(before)], versions[str(after)])

    def _judge(self, scope: Scope, original: ContractFile, update: ContractFile) -> Iterator[Finding]:
        before, after = Version.parse(original.version), Version.parse(update.version)
        risen = _risen(before, after)
        if risen == "major" or (before.major == 0 and risen == "minor"):
            return  # whatever changed; below 1.0.0 a minor version may break too
        try:
            needed = bump(original.schema, update.schema)
        except SchemaError:
            return  # PL401 says so
        if _RANKS.index(needed) > _RANKS.index(risen):
            document = scope.workspace.document("contract", contract=update.contract, version=update.version)
            what, hint = _EXPLAINED[needed]
            message = f"the change since {before} {what}, so the version must be {before.bumped(needed)}"
            yield self.finding(document, ("version",), message, hint=hint)


def _risen(before: Version, after: Version) -> str:
    if after.major > before.major:
        return "major"
    return "minor" if after.minor > before.minor else "patch"


def _lock(scope: Scope) -> Lock:
    try:
        return read_lock(scope.workspace.path)
    except UsageError:
        return Lock()  # PL407 says so
