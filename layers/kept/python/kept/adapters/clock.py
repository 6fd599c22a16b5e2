"""The time."""

from __future__ import annotations

import time


def now() -> int:
    """Whole seconds since the epoch."""
    return int(time.time())
