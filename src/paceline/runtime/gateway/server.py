"""Runs the gateway's ASGI application on a socket that is ours, with uvicorn, httptools and uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import resource
import socket
from collections.abc import Callable, Iterator

import uvicorn

from paceline.errors import AddressInUseError, EnvironmentFaultError
from paceline.model.settings import GatewayLimits
from paceline.runtime.gateway.protocol import DoorProtocol

DRAIN_SECS = 8
SWEEP_SECS = 0.5
WIDE_LIMITS = GatewayLimits(max_body_bytes=4 * 1024**2, max_header_bytes=64 * 1024)
"""For servers that have limits of their own: the registry, and the fake vendors."""


def open_listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one. Raises AddressInUseError or EnvironmentFaultError with what to do."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise AddressInUseError(
                f"another process listens on {host}:{port}",
                remedy="stop it, or choose another port with --port (0 takes a free one)",
            ) from None
        raise EnvironmentFaultError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            expected="an address of this machine and a port that this user may open (1024 and above)",
        ) from None
    listening.set_inheritable(True)
    return listening


async def serve(
    application: Callable[..., object],
    listening: socket.socket,
    stopping: asyncio.Event,
    *,
    on_ready: Callable[[], None],
    limits: Callable[[], GatewayLimits] = lambda: WIDE_LIMITS,
) -> None:
    """Serve until `stopping` is set, then answer every request that was read, for at most some seconds.

    `limits` says which limits hold now; they may change with the workspace.
    """
    _allow_many_connections()
    config = uvicorn.Config(
        application,
        http=functools.partial(DoorProtocol, limits=limits),  # type: ignore[arg-type]  # it calls what it is given
        loop="none",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="critical",  # its remarks on broken requests are no JSON lines, and every one of them was answered
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=DRAIN_SECS,
        backlog=2048,
    )
    server = _Server(config, on_ready)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    waiting = asyncio.create_task(stopping.wait())
    sweeping = asyncio.create_task(_sweep(server))
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.should_exit = True
    await serving
    sweeping.cancel()


async def _sweep(server: uvicorn.Server) -> None:
    """Look twice a second for connections that have been slow for too long."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(SWEEP_SECS)
        now = loop.time()
        for connection in list(server.server_state.connections):
            if isinstance(connection, DoorProtocol):
                connection.sweep(now)


def _allow_many_connections() -> None:
    """A system's first limit of open files is often 1,024; every process may raise it to the second."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which belongs to the process and not to a server in it."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()
