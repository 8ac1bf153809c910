"""Which files of a folder are the team's own code."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from paceline.model.connector import Language

LANGUAGES = {
    ".py": Language.PYTHON,
    **dict.fromkeys((".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts"), Language.JAVASCRIPT),
}
VENDORED = frozenset(
    {
        "__pycache__", "bower_components", "build", "coverage", "dist", "eggs", "env", "external", "generated",
        "jspm_packages", "node_modules", "out", "site-packages", "target", "third-party", "third_party", "vendor",
        "vendored", "vendors", "venv", "virtualenv",
    }
)  # fmt: skip
"""Folders with code that others wrote or tools made; hidden folders are left out too."""
MOST_BYTES = 1_000_000
"""Larger files are made by tools."""
_TEST_FOLDERS = frozenset({"__mocks__", "__tests__", "cypress", "e2e", "spec", "specs", "test", "tests"})
_TEST_FILE = re.compile(r"(test_.*|.*_test|conftest)\.py|.*\.(test|spec|cy|stories)\.[cm]?[jt]sx?")
_MADE = re.compile(r".*(\.min|\.bundle|[.-]generated|_pb2|\.d)\.([cm]?[jt]s|py)")


def code_files(root: Path, *, with_tests: bool, ignore: Collection[str] = ()) -> Iterator[tuple[Path, Language]]:
    """Every file of the team's own code below a folder (or the file itself), sorted by path.

    `ignore` are further names of folders to leave out. A folder with a `paceline.yaml` is a workspace: its connectors
    are what should call vendors.
    """
    if root.is_file():
        language = LANGUAGES.get(root.suffix)
        if language is not None:
            yield root, language
        return
    for folder, subfolders, names in os.walk(root):
        here = Path(folder)
        is_workspace = "paceline.yaml" in names
        subfolders[:] = sorted(
            name
            for name in subfolders
            if not name.startswith(".")
            and name not in VENDORED
            and name not in ignore
            and not (is_workspace and name == "connectors")
            and (with_tests or name not in _TEST_FOLDERS)
        )
        if "pyvenv.cfg" in names:
            subfolders.clear()
            continue
        for name in sorted(names):
            language = LANGUAGES.get(os.path.splitext(name)[1])  # noqa: PTH122 - a Path for each of 10,000 names costs
            if language is None or _MADE.fullmatch(name) or (not with_tests and _TEST_FILE.fullmatch(name)):
                continue
            yield here / name, language
