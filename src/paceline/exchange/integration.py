"""What another system's configuration of a destination becomes here: integrations with their mappings, as values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from paceline.exchange.loss import Loss
from paceline.model.delivery import Request
from paceline.model.mapping import MappingFile


class ImportedIntegration(msgspec.Struct, frozen=True, kw_only=True):
    """One integration: the connector's settings and the mappings, in the order in which they are tried.

    `purpose` tells the integrations of one destination apart (`devices`); it is empty for the main one. `settings` has
    the values of the foreign configuration, secrets too: whoever writes a file puts references in their place.
    """

    settings: Mapping[str, object]
    mappings: tuple[MappingFile, ...]
    purpose: str = ""


class ImportedDestination(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a foreign destination becomes.

    An integration makes at most one delivery of an event, so a destination that made several calls of one event
    becomes several integrations. `losses` is what could not be carried over, or works otherwise.
    """

    integrations: tuple[ImportedIntegration, ...]
    losses: tuple[Loss, ...] = ()


class ReadsDestination(Protocol):
    """`read_destination` of a connector's `rudderstack.py`: a destination's configuration, as integrations here. Pure.

    `config` is the destination's `Config` object; `mappings` are the connector's default mappings by name, for the
    parts that are the same. Raises UsageError for a configuration that cannot work at all.
    """

    def __call__(self, config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination: ...


class WritesRequests(Protocol):
    """`write_requests` of a connector's `rudderstack.py`, if it has one: a request in RudderStack's notation. Pure.

    RudderStack makes requests in two steps: what it does with one event, which it can show, and a router that renames,
    wraps and joins. To compare the two systems event by event, ours are written as the first step would.
    """

    def __call__(self, request: Request) -> list[Request]: ...
