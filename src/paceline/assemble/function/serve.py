"""The container: the gateway's HTTP side over deliveries that are made before it answers."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import uvicorn

from paceline.assemble.function.function import Function
from paceline.assemble.function.http import HttpDoor
from paceline.errors import PacelineError

PORT = 8080
STOP_SECS = 25
"""How long requests under way may take once the platform wants the container to end; platforms wait 30 seconds."""


async def serve(folder: Path, environment: Mapping[str, str]) -> None:
    """Serve until the process is told to end. Raises MissingSecretError, UsageError."""
    function = Function(folder, environment)
    door = HttpDoor(function, await function.open())
    config = uvicorn.Config(
        door.gateway,
        host=environment.get("PACELINE_HOST", "0.0.0.0"),  # noqa: S104  (a container is reached from outside of it)
        port=int(environment.get("PORT") or PORT),
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        log_level="warning",
        h11_max_incomplete_event_size=16 * 1024,
        timeout_graceful_shutdown=STOP_SECS,
    )
    await uvicorn.Server(config).serve()


def main() -> None:
    """Run the container of the package beside this one's folder."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "paceline_integration").resolve()
    try:
        asyncio.run(serve(folder, os.environ))
    except PacelineError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
