"""PL407."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.contracts.hashing import contract_hash
from paceline.errors import UsageError
from paceline.model.finding import Finding
from paceline.workspace.contract_lock import LOCK_FILE, Release, read_lock
from paceline.workspace.rule import Rule, Scope


class ContractReleaseIsKept(Rule):
    """A released contract version is not what it was when it was released, or is gone; or contracts.lock is wrong."""

    code = "PL407"

    def check(self, scope: Scope) -> Iterator[Finding]:
        try:
            lock = read_lock(scope.workspace.path)
        except UsageError as error:
            yield Finding(code=self.code, file=LOCK_FILE, message=error.what)
            return
        for line in lock.wrong_lines:
            yield Finding(
                code=self.code,
                file=LOCK_FILE,
                line=line,
                column=1,
                message="this line is no release, or repeats one",
                hint="take the file from git; `paceline contracts release` adds lines",
            )
        for release in lock.releases:
            yield from self._judge(scope, release)

    def _judge(self, scope: Scope, release: Release) -> Iterator[Finding]:
        contract = scope.workspace.contracts.get(release.contract, {}).get(release.version)
        name = f"{release.contract} {release.version}"
        if contract is None:
            if f"contracts/{release.contract}/{release.version}.yaml" in scope.workspace.documents:
                return  # it is there and broken, which has its own finding
            yield Finding(
                code=self.code,
                file=LOCK_FILE,
                line=release.line,
                column=1,
                message=f"the released contract {name} is gone",
                hint="take the file from git; or remove this line too, when everybody agreed that its time is over",
            )
        elif contract_hash(contract) != release.content_hash:
            document = scope.workspace.document("contract", contract=release.contract, version=release.version)
            yield self.finding(
                document,
                ("schema",),
                f"{name} is released and is not what it was then",
                hint="take the file from git, and write the change into a new version",
                of_key=True,
            )
