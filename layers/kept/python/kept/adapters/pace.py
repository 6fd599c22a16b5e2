"""Going on no faster than so much a second, so that who works in the background takes nothing from people."""

from __future__ import annotations

import time


class Pace:
    """Called after each piece of work with what it took; waits until that much may have been taken."""

    def __init__(self, per_second: float) -> None:
        self._per_second = per_second
        self._free_at = time.monotonic()

    def __call__(self, units: float) -> None:
        """Wait, where the work so far was faster than the pace."""
        now = time.monotonic()
        self._free_at = max(self._free_at, now - 1) + units / self._per_second
        if self._free_at > now:
            time.sleep(self._free_at - now)
