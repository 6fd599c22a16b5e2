"""Times as people and programs read them."""

from __future__ import annotations

import datetime as dt


def iso(seconds: int) -> str:
    """Seconds since the epoch as RFC 3339 in UTC: `2026-12-22T08:30:00Z`."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(written: str) -> int | None:
    """Seconds since the epoch of a time as `iso` writes it; None for anything else."""
    try:
        return int(dt.datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC).timestamp())
    except ValueError:
        return None
