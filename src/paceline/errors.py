"""Every exception that paceline raises, in one tree.

A wrong *event* is data and never raises: rejections, vendor answers and findings are values. An exception
means that a file, a flag, the environment or our own code is wrong.

    PacelineError                  exit status
    ├── UsageError                 2   the user's files or flags are wrong
    │   ├── WorkspaceError             the workspace has findings of severity error
    │   ├── UnknownNameError           a name that nothing defines, with the nearest one that exists
    │   ├── SchemaError                a JSON Schema cannot be used (becomes findings in a workspace)
    │   └── MappingSyntaxError         an expression that does not parse (becomes a finding in a workspace)
    ├── EnvironmentFaultError      3   the machine is not as needed
    │   ├── AddressInUseError          a port is taken
    │   ├── MissingSecretError         a secret reference points at nothing
    │   ├── MissingExtraError          an optional package is not installed
    │   └── StorageError               the disk or the database refuses
    │       ├── StorageFullError       no space left
    │       └── FencedError            another worker has taken over
    └── DefectError                4   our bug

Each carries facts as attributes and renders as: what happened, where, what was expected, what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from paceline.model.finding import Finding, SchemaFault


class PacelineError(Exception):
    """The root. `what` says what happened; `where`, `expected` and `remedy` are empty when they would add nothing."""

    exit_status: ClassVar[int] = 4

    def __init__(self, what: str, *, where: str = "", expected: str = "", remedy: str = "") -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        parts = [head]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.remedy:
            parts.append(self.remedy)
        return "; ".join(parts)


class UsageError(PacelineError):
    """The user's files or flags are wrong."""

    exit_status = 2


class WorkspaceError(UsageError):
    """The workspace cannot be used as it stands. `findings` has every problem that was found, not only the first."""

    def __init__(self, what: str, findings: Sequence[Finding] = (), *, where: str = "", remedy: str = "") -> None:
        self.findings = tuple(findings)
        super().__init__(what, where=where, remedy=remedy)


class UnknownNameError(UsageError):
    """A name that nothing defines. `kind` is the glossary's word for what was looked up."""

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "") -> None:
        self.kind = kind
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(f"there is no {kind} {name!r}", where=where, remedy=nearest_name_hint(name, self.known))


class SchemaError(UsageError):
    """A JSON Schema cannot be used. `faults` has everything that is wrong with it, each with its place."""

    def __init__(self, faults: tuple[SchemaFault, ...]) -> None:
        self.faults = faults
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        where = f"schema at {faults[0].pointer or 'the root'}"
        super().__init__(faults[0].message + more, where=where, remedy=faults[0].hint)


class MappingSyntaxError(UsageError):
    """An expression does not parse or names an unknown function. `column` is 1-based inside the expression."""

    def __init__(self, what: str, *, expression: str, column: int, expected: str = "", remedy: str = "") -> None:
        self.expression = expression
        self.column = column
        super().__init__(what, where=f"column {column} of {expression!r}", expected=expected, remedy=remedy)


class EnvironmentFaultError(PacelineError):
    """The machine, the network or the installation is not as needed."""

    exit_status = 3


class AddressInUseError(EnvironmentFaultError):
    """Another process listens on the address that we were told to use."""


class MissingSecretError(EnvironmentFaultError):
    """A secret reference such as `${env:NAME}` points at nothing."""


class MissingExtraError(EnvironmentFaultError):
    """An optional package is needed. `extra` is the name to install."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(what, remedy=f'run: pip install "paceline[{extra}]"')


class StorageError(EnvironmentFaultError):
    """The disk or the database refuses to read or write. Nothing that was acknowledged is lost."""


class StorageFullError(StorageError):
    """No space is left where the bus or the store lives."""


class FencedError(StorageError):
    """Another worker has taken over what this one was doing. Nothing was written."""


class DefectError(PacelineError):
    """Our bug: a state that the code promises never to reach."""

    exit_status = 4


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that the user most likely meant, or None when nothing is close.

    >>> nearest_name("custmerio", ["customerio", "ga4"])
    'customerio'
    """
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def nearest_name_hint(name: str, known: Sequence[str], *, most: int = 8) -> str:
    """A remedy sentence for an unknown name: the nearest one, or else a short list of what exists.

    >>> nearest_name_hint("gap4", ["ga4", "segment"])
    "did you mean 'ga4'?"
    """
    close = nearest_name(name, known)
    if close is not None:
        return f"did you mean {close!r}?"
    if not known:
        return "none is defined yet"
    shown = ", ".join(known[:most])
    return f"known: {shown}" + (", …" if len(known) > most else "")
