"""How many of a lane's calls may be retries, so that old trouble does not crowd out new events."""

from __future__ import annotations

RETRY_SHARE = 0.2
"""Retries and replays together, as a share of everything that a busy lane sends."""

LEAST_PER_SEC = 10.0
MOST_SAVED = 1000.0
BUSY_SECS = 1.0


class RetryBudget:
    """Every first attempt earns a part of a retry. A lane that has no new events to send retries freely."""

    def __init__(self) -> None:
        self._saved = 0.0
        self._at = 0.0
        self._last_new = -BUSY_SECS

    def earn(self, first_attempts: int, *, now_secs: float) -> None:
        """The lane sends so many events for the first time."""
        self._last_new = now_secs
        self._save(first_attempts * RETRY_SHARE / (1 - RETRY_SHARE))

    def spend(self, most: int, *, now_secs: float) -> int:
        """How many retries may go now, at most `most`; they count as sent. `now_secs` is monotonic.

        >>> budget = RetryBudget()
        >>> budget.spend(50, now_secs=0.0)
        50
        """
        if now_secs - self._last_new >= BUSY_SECS:
            return most
        self._save(min(now_secs - self._at, BUSY_SECS) * LEAST_PER_SEC)
        self._at = now_secs
        allowed = min(most, int(self._saved))
        self._saved -= allowed
        return allowed

    def _save(self, retries: float) -> None:
        self._saved = min(self._saved + retries, MOST_SAVED)
