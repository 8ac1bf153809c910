"""What an import or an export could not carry over: values, one an item, so that nobody finds out later."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.model.contract import ContractFile

Schema = dict[str, object]
"""A JSON Schema that is an object."""


class Loss(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One thing of the original that the result does not say, or says otherwise.

    `about` names the contract (or the rule, the schema) it concerns, `pointer` is the JSON pointer inside the schema
    that was read, empty for the thing as a whole. `message` says what is lost, `hint` what to do about it.
    """

    about: str
    pointer: str = ""
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.about}{'#' + self.pointer if self.pointer else ''}: {self.message}"


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Contracts made from something foreign, in the order in which they stood there, and what did not come along."""

    contracts: tuple[ContractFile, ...]
    losses: tuple[Loss, ...]


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """Documents made from contracts, by the relative path at which their format expects them, and what is missing."""

    documents: Mapping[str, Schema]
    losses: tuple[Loss, ...]
