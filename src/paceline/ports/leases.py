"""The port by which several workers share the lanes: who may run what, and since when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker may run: the epoch of each lease by its name.

    `surplus` names leases beyond the worker's fair share: it should end what it runs under them and let go, so that a
    worker that has come can take them.
    """

    leases: Mapping[str, int]
    surplus: Sequence[str] = ()


class LeaseStore(Protocol):
    """Leases by name (an integration, or the process loop); one worker holds one at a time.

    Every commit carries the epoch of its lease, and the store refuses one whose epoch is over with a FencedError: a
    worker that was stopped, lost its leases and goes on later cannot write what another one has since written.
    """

    async def hold(self, worker: str, names: Sequence[str], *, ttl_ms: int, now_ms: int) -> Holding:
        """Say that the worker lives, renew its leases and take free ones up to its fair share of `names`.

        A lease is free when nobody holds it, when its holder has said nothing for `ttl_ms`, or when the driver knows
        that its holder has ended. Leases that are not in `names` are let go. Raises StorageError.
        """

    async def let_go(self, worker: str, names: Sequence[str]) -> None:
        """These leases are free at once. Those of other workers are not touched."""

    async def leave(self, worker: str) -> None:
        """The worker ends: all its leases are free at once, and it no longer counts."""


def fair_share(names: int, workers: int) -> int:
    """How many leases each worker may hold.

    >>> fair_share(5, 2)
    3
    """
    return -(-names // max(workers, 1))
