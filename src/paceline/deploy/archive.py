"""Packages whose bytes depend on nothing but what is in them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from paceline.errors import EnvironmentFaultError, UsageError

_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a ZIP file can hold."""

_COMPILE = """
import py_compile, sys
for line in sys.stdin.read().splitlines():
    py_compile.compile(line, cfile=None, dfile=line, doraise=True,
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """A ZIP file, sorted, with one fixed time and plain permissions."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, also when it is built elsewhere
            entry.external_attr = (stat.S_IFREG | (0o755 if ".so" in Path(name).suffixes else 0o644)) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def with_bytecode(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files and the bytecode of every module among them, for this Python version.

    A function's folder cannot be written to, so without it each cold start would compile everything. The bytecode is
    trusted without a look at the source (PEP 552), and is made by a process of its own in a fixed order with a fixed
    hash seed: the same source gives the same bytes.
    """
    modules = sorted(name for name in files if name.endswith(".py"))
    with tempfile.TemporaryDirectory() as folder:
        for name in modules:
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": ""}
        done = subprocess.run(  # noqa: S603  (this Python, on files that were just written)
            [sys.executable, "-S", "-c", _COMPILE],
            input="\n".join(modules),
            capture_output=True,
            text=True,
            cwd=folder,
            env=environment,
            check=False,
        )
        if done.returncode:
            raise EnvironmentFaultError(f"a module does not compile: {done.stderr.strip().splitlines()[-1]}")
        compiled = {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*.pyc")}
    return {**files, **compiled}


def write_folder(files: Mapping[str, bytes], out: Path) -> None:
    """Write files below a folder that is new, or an earlier build's. Raises UsageError, EnvironmentFaultError."""
    mark = out / MARK
    if out.exists() and any(out.iterdir()) and not mark.is_file():
        raise UsageError(
            "the folder has other files in it", where=str(out), remedy="name a new one, or remove it first"
        )
    try:
        if mark.is_file():
            for name in mark.read_text(encoding="utf-8").splitlines():
                (out / name).unlink(missing_ok=True)
        for name, content in files.items():
            path = out / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        mark.write_text("".join(f"{name}\n" for name in sorted(files)), encoding="utf-8")
    except OSError as error:
        raise EnvironmentFaultError(f"the build cannot be written: {error.strerror}", where=str(out)) from None


MARK = ".paceline-build"
"""Lists what a build wrote, so that the next one into the same folder takes away what is no longer there."""
