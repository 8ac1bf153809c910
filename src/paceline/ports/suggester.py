"""What a package may offer to have a say in suggested mappings: an embedding or language model, say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from paceline.mapping.suggestion.ranking import Target


class OfferedSource(msgspec.Struct, frozen=True, kw_only=True):
    """One path of the event, with what may leave the workspace about it.

    `examples` are a few values of samples as text. They are empty for everything that is or may be personal data: what
    the contract marks with x-pii (or has inside of something marked), what it does not declare, and whatever has the
    name or the form of personal data.
    """

    path: str
    type: str = ""
    description: str = ""
    examples: tuple[str, ...] = ()


class Suggester(Protocol):
    """Scores sources for a vendor's field. Found by the entry point group `paceline.suggesters`; used when named.

    The entry point's object is called without arguments and gives the suggester. Without `--suggester` none is loaded,
    and nothing leaves the machine.
    """

    def score(self, target: Target, sources: Sequence[OfferedSource]) -> Sequence[float]:
        """How well each source fits the target, from 0 to 1, in the order of the sources.

        Called once a field. It may use the network; an error ends the command, nothing is written. A score counts for
        half as much as the built-in ranking's.
        """
