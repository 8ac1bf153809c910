"""Toggles in a file of flagd definitions, `toggles.flagd.json` of a workspace.

toggles = FlagdFileToggles(Path("shop/toggles.flagd.json"), monotonic_secs=time.monotonic, on_broken=print)
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from openfeature.exception import OpenFeatureError

from paceline.drivers.toggles.openfeature import OpenFeatureToggles
from paceline.drivers.toggles.provider import FlagdFileProvider
from paceline.errors import EnvironmentFaultError, UsageError, nearest_name_hint
from paceline.lifecycle.route_step import RouteStep, flag_of, step_of

_EMPTY = '{"flags": {}}'


class FlagdFileToggles(OpenFeatureToggles):
    """See the port. A file that is broken or gone leaves the definitions of before in force; `on_broken` is told."""

    def __init__(
        self, path: Path, *, monotonic_secs: Callable[[], float], on_broken: Callable[[str], None] = lambda reason: None
    ) -> None:
        self._path = path
        self._on_broken = on_broken
        self._state: tuple[int, int, int] | None = None
        self._flags: dict[str, Any] = {}
        self._provider = FlagdFileProvider()
        self._provider.use(_EMPTY)
        super().__init__(self._provider, domain=f"paceline:{path}", monotonic_secs=monotonic_secs)
        self.look()

    def definitions_may_differ(self) -> bool:
        """Read the file again if it has changed; whether its definitions count now."""
        state = _state_of(self._path)
        if state == self._state:
            return False
        self._state = state
        try:
            text = self._path.read_text(encoding="utf-8")
            flags = dict(json.loads(text)["flags"])
            self._provider.use(text)
        except (OSError, ValueError, TypeError, AttributeError, KeyError, OpenFeatureError) as error:
            self._on_broken(f"{self._path.name} is not read: {error}")
            return False
        self._flags = flags
        return True

    def step(self, toggle: str) -> RouteStep | None:
        """See the port."""
        return step_of(self._flags.get(toggle))

    def set_step(self, toggle: str, step: RouteStep) -> bool:
        """See the port: the file is written anew as a whole, every other definition as it was."""
        set_step_in_file(self._path, toggle, step)
        self._looked_secs = -1e9
        self.look()
        return True


def set_step_in_file(path: Path, toggle: str, step: RouteStep) -> None:
    """Move a toggle of a file. Raises UsageError for a file or toggle that is not there, EnvironmentFaultError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        flags = document["flags"]
    except FileNotFoundError:
        raise UsageError(
            "the file of toggles is missing", where=str(path), remedy="commit it to the workspace"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"the file of toggles cannot be read ({error})", where=str(path)) from None
    if toggle not in flags:
        raise UsageError(f"there is no toggle {toggle!r}", where=str(path), remedy=nearest_name_hint(toggle, flags))
    flags[toggle] = flag_of(step, metadata=flags[toggle].get("metadata"))
    _replace(path, json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode & 0o777)
        Path(name).replace(path)
    except OSError as error:
        raise EnvironmentFaultError(
            f"the toggle cannot be moved: {error.strerror}", where=str(path), remedy="make its folder writable"
        ) from None


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return found.st_mtime_ns, found.st_size, found.st_ino
