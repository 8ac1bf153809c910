"""A registry on loopback, in a thread of the test process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from order_contracts import OWNER, order_completed, signed_up
from workspaces import write_settings

from paceline.assemble.registry import build_registry
from paceline.contracts.compatibility import Mode, Policy
from paceline.exchange.contract_text import contract_path, contract_text
from paceline.model.contract import ContractFile
from paceline.runtime.gateway.server import open_listening_socket, serve
from paceline.runtime.registry.app import Registry

Start = Callable[..., str]


@contextmanager
def serving(registry: Registry) -> Iterator[str]:
    """The URL under which a registry is served while the block runs."""
    listening = open_listening_socket("127.0.0.1", 0)
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    stopping = asyncio.Event()

    def run() -> None:
        asyncio.set_event_loop(loop)
        loop.run_until_complete(serve(registry, listening, stopping, on_ready=ready.set))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(10)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(20)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with two versions of one contract and one of another."""
    root = write_settings(tmp_path / "workspace")
    (root / "teams.yaml").write_text("teams: {growth: {people: [{name: A, time_zone: Etc/UTC}], on_call: nobody}}\n")
    for contract in (first_order(), order_completed(), signed_up()):
        write_contract(root, contract)
    return root


def first_order() -> ContractFile:
    """Version 1.1.0: the same without the coupon."""
    contract = order_completed("1.1.0")
    properties = contract.schema["properties"]["properties"]["properties"]  # type: ignore[index]  # its form is known
    del properties["coupon"]
    return contract


def write_contract(root: Path, contract: ContractFile) -> None:
    path = root / contract_path(contract)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(contract_text(contract))


@pytest.fixture
def start(workspace: Path) -> Iterator[Start]:
    """Serves the workspace's registry and gives its URL."""
    with ExitStack() as stack:

        def run(*, mode: Mode = Mode.BACKWARD, policy: Policy = Policy.STRICT, is_writable: bool = False) -> str:
            registry = build_registry(workspace, mode=mode, policy=policy, owner=OWNER, is_writable=is_writable)
            return stack.enter_context(serving(registry))

        yield run
