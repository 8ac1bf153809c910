"""All functions of the mapping language, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from paceline.mapping.functions import digests, lists, numbers, objects, presence, text, times, urls

CATALOG: Final = MappingProxyType(
    {
        function.name: function
        for module in (presence, text, numbers, lists, objects, times, digests, urls)
        for function in module.FUNCTIONS
    }
)


def function_names() -> list[str]:
    """Every name, sorted, for hints and completion."""
    return sorted(CATALOG)
