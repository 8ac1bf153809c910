"""Builds what a platform runs: a Lambda archive, a Cloud Function's source, a container's context, a job."""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from paceline.assemble.function.parts import PACKAGE
from paceline.assemble.opening import open_workspace
from paceline.assemble.packing import PackedIntegration, pack_integration
from paceline.deploy.archive import with_bytecode, write_folder, zip_bytes
from paceline.deploy.modules import Needed, needed_by
from paceline.deploy.templates import DeployFacts, render
from paceline.deploy.vendoring import distributions_for, lambda_target, machine_here, pinned, vendored
from paceline.errors import UsageError

MOST_LAMBDA_BYTES = 50 * 1024**2
"""What Lambda takes in a direct upload (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


class BuildOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person may choose. `python` and `machine` are those of the Lambda runtime; empty for what runs here."""

    source: str = ""
    today: dt.date | None = None
    python: str = ""
    machine: str = ""
    wheels: Path | None = None
    offline: bool = False


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What was written. `archive_bytes` and `sha256` are those of the Lambda archive, 0 and empty for the others."""

    target: str
    integration: str
    out: str
    files: list[str]
    packages: list[str]
    modules: int
    archive_bytes: int = 0
    sha256: str = ""


def build(target: str, workspace: Path, name: str, out: Path, options: BuildOptions) -> Built:
    """Build one integration of a workspace for `target`, a key of `TARGETS`, into the folder `out`.

    Raises WorkspaceError for a workspace with errors or an integration past its end, UsageError,
    EnvironmentFaultError for what the platform needs and is not to be had here.
    """
    opened = open_workspace(workspace, {})
    packed = pack_integration(opened, name, source=options.source, today=options.today)
    files, built = TARGETS[target](packed, options)
    write_folder(files, out)
    return msgspec.structs.replace(built, target=target, integration=name, out=str(out), files=sorted(files))


def _lambda(packed: PackedIntegration, options: BuildOptions) -> tuple[Mapping[str, bytes], Built]:
    machine = options.machine or machine_here()
    target = lambda_target(options.python or f"{sys.version_info.major}.{sys.version_info.minor}", machine)
    needed = _needed("paceline.assemble.function.aws", packed)
    distributions = distributions_for(needed.packages, packed.mapping_sources)
    entry = render("lambda/lambda_function.py", _facts(packed, target.python, machine))
    content = {**needed.files, **_package(packed), "lambda_function.py": entry.encode()}
    content |= vendored(distributions, target, wheels=options.wheels, offline=options.offline)
    archive = zip_bytes(with_bytecode(content) if target.is_here else content)
    if len(archive) > MOST_LAMBDA_BYTES:
        raise UsageError(f"the archive has {len(archive):,} bytes, and Lambda takes {MOST_LAMBDA_BYTES:,}")
    files = {"function.zip": archive, **_deploy_files("lambda", packed, target.python, machine)}
    return files, _built(needed, pinned(distributions), archive)


def _gcf(packed: PackedIntegration, options: BuildOptions) -> tuple[Mapping[str, bytes], Built]:
    return _source_folder("gcf", "paceline.assemble.function.google", packed, options)


def _container(packed: PackedIntegration, options: BuildOptions) -> tuple[Mapping[str, bytes], Built]:
    return _source_folder("container", "paceline.assemble.function.serve", packed, options)


def _etl(packed: PackedIntegration, options: BuildOptions) -> tuple[Mapping[str, bytes], Built]:
    return _source_folder("etl", "paceline.assemble.function.job", packed, options)


TARGETS: Mapping[str, Callable[[PackedIntegration, BuildOptions], tuple[Mapping[str, bytes], Built]]] = {
    "lambda": _lambda,
    "gcf": _gcf,
    "container": _container,
    "etl": _etl,
}


def _source_folder(
    kind: str, entry: str, packed: PackedIntegration, options: BuildOptions
) -> tuple[Mapping[str, bytes], Built]:
    """Source as it is, and the packages of others by name and version: the platform's own build gets them."""
    needed = _needed(entry, packed)
    packages = pinned(distributions_for(needed.packages, packed.mapping_sources))
    python = options.python or f"{sys.version_info.major}.{sys.version_info.minor}"
    files = {**needed.files, **_package(packed)}
    files |= _deploy_files(kind, packed, python, options.machine or machine_here(), packages)
    return files, _built(needed, packages)


def _needed(entry: str, packed: PackedIntegration) -> Needed:
    code = [content for name, content in packed.files.items() if name.endswith(".py")]
    return needed_by([entry], code, sys.stdlib_module_names)


def _package(packed: PackedIntegration) -> dict[str, bytes]:
    return {f"{PACKAGE}/{name}": content for name, content in packed.files.items()}


def _deploy_files(
    kind: str, packed: PackedIntegration, python: str, machine: str, packages: list[str] | None = None
) -> dict[str, bytes]:
    from paceline.deploy.templates import template_names  # noqa: PLC0415

    facts = _facts(packed, python, machine, packages or [])
    return {
        name: render(f"{kind}/{name}", facts).encode()
        for name in template_names(kind)
        if not (kind == "lambda" and name == "lambda_function.py")
    }


def _facts(packed: PackedIntegration, python: str, machine: str, packages: list[str] | None = None) -> DeployFacts:
    return DeployFacts.of(packed.bundle, python=python, machine=machine, packages=packages or [])


def _built(needed: Needed, packages: list[str], archive: bytes = b"") -> Built:
    return Built(
        target="",
        integration="",
        out="",
        files=[],
        packages=packages,
        modules=len(needed.files),
        archive_bytes=len(archive),
        sha256=hashlib.sha256(archive).hexdigest() if archive else "",
    )
