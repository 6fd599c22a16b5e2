"""Times as people and programs read them."""

from __future__ import annotations

import datetime as dt


def iso(seconds: int) -> str:
    """Seconds since the epoch as RFC 3339 in UTC: `2026-12-22T08:30:00Z`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
