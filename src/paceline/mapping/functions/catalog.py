"""All functions of the mapping language, by name."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from paceline.mapping.functions import (
    agents,
    assertions,
    cases,
    contacts,
    digests,
    lists,
    numbers,
    objects,
    presence,
    text,
    times,
    urls,
)

_MODULES: Final = (
    *(presence, assertions, text, cases, numbers, lists, objects),
    *(times, digests, contacts, urls, agents),
)
CATALOG: Final = MappingProxyType({function.name: function for module in _MODULES for function in module.FUNCTIONS})


def function_names() -> list[str]:
    """Every name, sorted, for hints and completion."""
    return sorted(CATALOG)
