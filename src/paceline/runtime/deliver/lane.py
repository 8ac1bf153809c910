"""A lane: one integration's own reading of a topic, from planning to settlement."""

from __future__ import annotations

import asyncio

from paceline.model.record import Cursors
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.lane_run import LaneRun
from paceline.runtime.deliver.lane_settings import LanePorts, LaneSettings


class Lane:
    """One integration's delivery, as a worker starts it."""

    def __init__(self, settings: LaneSettings, vendor: Vendor, ports: LanePorts) -> None:
        self._settings = settings
        self._vendor = vendor
        self._ports = ports

    @property
    def name(self) -> str:
        """The integration's name."""
        return self._settings.name

    @property
    def begins_at_first(self) -> bool:
        """Whether it begins with the first event that is kept when it was never seen before."""
        return self._settings.begins_at_first

    async def run(self, stopping: asyncio.Event, *, start: Cursors, epoch: int = 0) -> None:
        """Deliver until `stopping` is set. `start` is where a lane begins that was never seen before.

        `epoch` is that of the lease under which it runs. Raises StorageError: whoever runs the lane starts it again
        from what is on disk. Raises FencedError when the lease is over.
        """
        mark = self._ports.marks.lane(self.name)
        try:
            await self._ports.gate.join(self.name)
            await LaneRun(self._settings, self._vendor, self._ports, mark=mark, stopping=stopping, epoch=epoch).run(
                start
            )
        finally:
            self._ports.gate.leave(self.name)
            mark.close()
