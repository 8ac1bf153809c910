"""Which modules of paceline, and which other packages, a packed entry point needs. Reads source, imports nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

import paceline

NEVER_NEEDED: Mapping[str, str] = {
    "cryptography": "verifies webhooks of SendGrid, which a function does not take",
    "paceline.assemble.addresses": "says where webhooks are sent to, which a function has no address for",
    "paceline.contracts.typed": "checks bytes in one pass; what was packed holds decoded events",
}
"""Modules that are imported inside functions which a packed integration does not call, and why it does not."""

_ROOT = Path(paceline.__file__).parent


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """Files of paceline by their path in the package's parent, and names of top-level packages of others."""

    files: Mapping[str, bytes]
    packages: frozenset[str]


def needed_by(entries: Sequence[str], code: Iterable[bytes], standard: frozenset[str]) -> Needed:
    """Everything that the modules `entries` and other modules' `code` import, but for type checkers only.

    `standard` are the names of the standard library.
    """
    files: dict[str, bytes] = {}
    packages: set[str] = set()
    left = [*entries, *(name for content in code for name in _imports(ast.parse(content)))]
    seen: set[str] = set()
    while left:
        name = left.pop()
        top = name.partition(".")[0]
        if name in seen or name in NEVER_NEEDED or top in NEVER_NEEDED:
            continue
        seen.add(name)
        if top != "paceline":
            packages |= {top} - standard
            continue
        path = _path_of(name)
        if path is None:
            continue
        content = path.read_bytes()
        files[str(path.relative_to(_ROOT.parent))] = content
        parents = name.split(".")[:-1]
        left += [".".join(parents[:length]) for length in range(1, len(parents) + 1)]
        left += _imports(ast.parse(content))
    return Needed(files=dict(sorted(files.items())), packages=frozenset(packages))


def _path_of(name: str) -> Path | None:
    """The file of a module; None for a name inside of one."""
    place = _ROOT.parent.joinpath(*name.split("."))
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file():
            return path
    return None


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                for other in node.orelse:
                    yield from _imports(other)
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str() as module):
                yield module
                yield from (f"{module}.{alias.name}" for alias in node.names)
            case _:
                yield from _imports(node)
