"""Which workers of this machine live: each holds a lock on a file, which the kernel gives back when it ends."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path


class LivingWorkers:
    """A folder with a locked file for every worker that lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mine: dict[str, int] = {}

    def register(self, worker: str) -> None:
        """This process is the worker, until `leave` or its end. Raises OSError."""
        if worker in self._mine:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._folder / worker, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self._mine[worker] = descriptor

    def has_ended(self, worker: str) -> bool:
        """Whether the worker's process is no more. One that is only stopped lives."""
        if worker in self._mine:
            return False
        try:
            descriptor = os.open(self._folder / worker, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            (self._folder / worker).unlink(missing_ok=True)
            return True
        finally:
            os.close(descriptor)

    def leave(self, worker: str) -> None:
        """The worker ends in an orderly way."""
        descriptor = self._mine.pop(worker, None)
        if descriptor is not None:
            with suppress(OSError):
                (self._folder / worker).unlink(missing_ok=True)
            os.close(descriptor)

    def close(self) -> None:
        """Every worker of this process ends."""
        for worker in list(self._mine):
            self.leave(worker)
