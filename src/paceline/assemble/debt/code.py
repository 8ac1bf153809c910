"""The team's code as facts: scanned now, or as it was at a commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import msgspec

from paceline.assemble.debt.measure import CodeView, NotEvaluated
from paceline.connectors.catalog import Catalog
from paceline.decision.debt.facts import CodeFacts
from paceline.errors import PacelineError, UsageError
from paceline.model.connector import Manifest
from paceline.workspace.code_scan.scan import scan_code
from paceline.workspace.commits import write_tree
from paceline.workspace.history import first_line, git_output
from paceline.workspace.workspace import Workspace

Progress = Callable[[int, int], None]
_MOST_NAMED = 200
"""Places that could not be told are named up to this number, and then counted."""


class CodeFolders(msgspec.Struct, frozen=True, kw_only=True):
    """Where the code is, and what of it is looked at."""

    root: Path
    folders: tuple[Path, ...]
    manifests: tuple[Manifest, ...]
    with_tests: bool
    ignore: tuple[str, ...] = ()


def code_folders(workspace: Workspace, catalog: Catalog, given: Sequence[Path], *, with_tests: bool) -> CodeFolders:
    """The folders of the command line, or else those of paceline.yaml. Raises UsageError for one that is not there."""
    settings = workspace.settings.debt
    folders = [path.resolve() for path in given] or [(workspace.path / name).resolve() for name in settings.code]
    for folder in folders:
        if not folder.exists():
            raise UsageError("there is no such folder with code", where=str(folder), remedy="--code, or debt.code")
    return CodeFolders(
        root=workspace.path.resolve(),
        folders=tuple(dict.fromkeys(folders)),
        manifests=tuple(_manifests(catalog)),
        with_tests=with_tests,
        ignore=tuple(settings.ignore),
    )


def _manifests(catalog: Catalog) -> Sequence[Manifest]:
    found = []
    for name in catalog.names:
        try:
            found.append(catalog.manifest(name))
        except PacelineError:
            continue  # a broken manifest is said by `paceline check`
    return found


def view_code(where: CodeFolders, *, progress: Progress | None = None) -> CodeView:
    """What the code is now."""
    if not where.folders:
        return CodeView(not_evaluated=(NotEvaluated(what="code", why="no folder was given: --code, or debt.code"),))
    return _scanned(where, [(_shown(where.root, folder), folder) for folder in where.folders], progress)


def view_code_at(where: CodeFolders, commit: str, into: Path) -> CodeView | None:
    """What the code was at a commit of the workspace's repository; None where code lies outside of it."""
    if not where.folders:
        return CodeView()
    top = _top(where.root)
    if any(_top(folder if folder.is_dir() else folder.parent) != top for folder in where.folders):
        return None
    roots = []
    for number, folder in enumerate(where.folders):
        if folder.is_file():
            return None
        roots.append((_shown(where.root, folder), write_tree(folder, commit, into / str(number))))
    return _scanned(where, roots, None)


def _top(folder: Path) -> str:
    return first_line(git_output(folder, "rev-parse", "--show-toplevel"))


def _shown(root: Path, folder: Path) -> str:
    """A folder as places show it: below the workspace, or beside it."""
    if folder.is_relative_to(root):
        return folder.relative_to(root).as_posix()
    return f"../{folder.relative_to(root.parent).as_posix()}" if folder.is_relative_to(root.parent) else folder.name


def _scanned(where: CodeFolders, roots: Sequence[tuple[str, Path]], progress: Progress | None) -> CodeView:
    scan = scan_code(roots, where.manifests, with_tests=where.with_tests, ignore=where.ignore, progress=progress)
    missing = [NotEvaluated(what=f"{one.file}:{one.line}", why=one.why) for one in scan.unknown[:_MOST_NAMED]]
    if len(scan.unknown) > _MOST_NAMED:
        missing.append(NotEvaluated(what="code", why=f"{len(scan.unknown) - _MOST_NAMED} more places of that sort"))
    if scan.skipped:
        missing.append(NotEvaluated(what="JavaScript and TypeScript", why=scan.skipped))
    facts = tuple(
        CodeFacts(vendor=one.vendor, target=one.target, place=f"{one.file}:{one.line}", is_call=one.is_call)
        for one in scan.sightings
    )
    return CodeView(facts=facts, files=scan.files, not_evaluated=tuple(missing))


def counted_reasons(missing: Collection[NotEvaluated]) -> Sequence[tuple[str, int]]:
    """Reasons with how often each was met, most often first."""
    return Counter(one.why for one in missing).most_common()
