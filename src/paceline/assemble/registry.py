"""Runs the schema registry of a workspace."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvloop

from paceline.assemble.opening import fingerprint_files
from paceline.contracts.compatibility import Mode, Policy
from paceline.errors import PacelineError, UsageError
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.model.contract import ContractFile, Owner
from paceline.runtime.gateway.server import open_listening_socket, serve
from paceline.runtime.registry.app import Registry
from paceline.runtime.registry.catalog import Catalog, build_catalog
from paceline.runtime.watch import watch
from paceline.workspace.contract_lock import read_lock
from paceline.workspace.load import load_workspace


def load_catalog(root: Path, *, base_url: str = "") -> Catalog:
    """The catalog of the workspace at `root`. Raises WorkspaceError when it has errors."""
    workspace = load_workspace(root)
    workspace.require_no_errors()
    contracts = (contract for versions in workspace.contracts.values() for contract in versions.values())
    return build_catalog(contracts, release_order=read_lock(root).order(), base_url=base_url)


def build_registry(
    root: Path, *, mode: Mode, policy: Policy, owner: Owner, is_writable: bool, base_url: str = ""
) -> Registry:
    """The registry of the workspace at `root`. A writable one writes contract files and never over one."""

    def write(contract: ContractFile) -> Catalog:
        path = root / contract_path(contract)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(contract_text(contract))
        except FileExistsError:
            raise UsageError("the file is there already", where=str(path)) from None
        return load_catalog(root, base_url=base_url)

    catalog = load_catalog(root, base_url=base_url)
    return Registry(catalog, mode=mode, policy=policy, owner=owner, write=write if is_writable else None)


def run_registry(
    root: Path, registry: Registry, *, host: str, port: int, base_url: str, tell: Callable[[str], None]
) -> None:
    """Serve until SIGTERM or SIGINT and follow changes of the files; `tell` gets a line when ready and on trouble."""
    listening = open_listening_socket(host, port)
    uvloop.run(_serve(root, registry, listening, base_url, tell))


async def _serve(
    root: Path, registry: Registry, listening: socket.socket, base_url: str, tell: Callable[[str], None]
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    def reload() -> None:
        try:
            registry.catalog = load_catalog(root, base_url=base_url)
        except PacelineError as error:
            tell(f"the last good contracts are still served: {error}")

    host, port = listening.getsockname()[:2]
    watching = asyncio.create_task(watch(lambda: fingerprint_files(root), reload, stopping))
    try:
        ready = f"{len(registry.catalog.subjects)} subjects at http://{host}:{port}"
        await serve(registry, listening, stopping, on_ready=lambda: tell(ready))
    finally:
        stopping.set()
        await watching
