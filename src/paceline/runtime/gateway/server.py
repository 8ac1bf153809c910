"""Runs the gateway's ASGI application on a socket that is ours, with uvicorn, httptools and uvloop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator

import uvicorn

from paceline.errors import AddressInUseError, EnvironmentFaultError

DRAIN_SECS = 8


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
) -> None:
    """Serve until `stopping` is set, then answer every request that was read, for at most some seconds."""
    config = uvicorn.Config(
        application,
        http="httptools",
        loop="none",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        log_level="critical",  # its remarks on broken requests are no JSON lines, and every one of them was answered
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=DRAIN_SECS,
        backlog=2048,
    )
    server = _Server(config, on_ready)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    waiting = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    server.should_exit = True
    await serving


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
