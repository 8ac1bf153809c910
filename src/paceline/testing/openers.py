"""How a child process opens the same bus or store as its parent: by name, with arguments that JSON can carry."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec


class Opener(msgspec.Struct, frozen=True, kw_only=True):
    """`target` is `module:attribute`, something to call with `arguments`.

    >>> Opener(target="datetime:timedelta", arguments={"days": 1}).open()
    datetime.timedelta(days=1)
    """

    target: str
    arguments: dict[str, Any] = {}

    def open(self) -> Any:
        """Call the target."""
        module, _, name = self.target.partition(":")
        return getattr(importlib.import_module(module), name)(**self.arguments)

    def as_argument(self) -> str:
        """For a command line; `from_argument` reads it."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_argument(cls, argument: str) -> Opener:
        """An opener that came over a command line."""
        return msgspec.json.decode(argument, type=cls)
