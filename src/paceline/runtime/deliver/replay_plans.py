"""The plans of replays that are made with mappings of another revision."""

from __future__ import annotations

from collections.abc import Callable

from paceline.delivery.plan import LanePlan
from paceline.ports.store import ReplayJob, ReplayStore

MOST_KEPT = 16


class ReplayPlans:
    """One lane's plans by replay. `make` lays out the mappings of a job for the lane; a replay's mappings stay."""

    def __init__(self, store: ReplayStore, make: Callable[[ReplayJob], LanePlan]) -> None:
        self._store = store
        self._make = make
        self._known: dict[str, LanePlan | None] = {}

    async def plan_of(self, job_id: str) -> LanePlan | None:
        """The replay's own plan, None when it is made with today's mappings. Raises StorageError."""
        if job_id not in self._known:
            job = await self._store.replay_job(job_id)
            while len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[job_id] = self._make(job) if job is not None and job.mappings else None
        return self._known[job_id]
