"""What the ledger says happened since a moment, for a restore to do it again."""

from __future__ import annotations

import time
from dataclasses import dataclass

from kept.app.ports.ledger import LedgerDays
from kept.domain.errors import UnavailableError
from kept.domain.ledger import Entry, day_of
from kept.domain.seal import day_after

CLOCKS_DIFFER_BY = 300  # seconds: what changed so shortly before the moment is done again too
INDEX_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Since:
    """What the ledger says happened since the moment, by the digests of records."""

    went: dict[str, str]  # why
    due: dict[str, int]  # the discard date that was set last, with a reason
    suppressed: frozenset[str]
    newer: frozenset[str]  # changed after the restore began: the table in use has it as it is to be
    content: dict[str, str]  # what was in it after its last change, as a digest

    @classmethod
    def read(cls, days: LedgerDays, at: int, began: int, now: int) -> Since:
        """Read every day's entries since then. Raises UnavailableError where a day's cannot all be seen yet.

        What changed before the restore `began` may be the damage that it is to undo; what changed later is not.
        """
        went: dict[str, str] = {}
        due: dict[str, int] = {}
        suppressed: set[str] = set()
        newer: set[str] = set()
        content: dict[str, str] = {}
        for entry in _entries(days, at - CLOCKS_DIFFER_BY, now):
            content[entry.record] = "" if entry.what == "discarded" else entry.content
            if entry.store == "suppressions":
                (suppressed.discard if entry.what == "discarded" else suppressed.add)(entry.record)
            elif entry.what in {"discarded", "replaced"}:
                went[entry.record] = entry.reason or "unknown"
            elif entry.what == "moved" and entry.reason and entry.due_at is not None:
                due[entry.record] = entry.due_at
            if entry.at >= began and (entry.what == "changed" or (entry.what == "moved" and entry.reason)):
                newer.add(entry.record)
        return cls(went, due, frozenset(suppressed), frozenset(newer), content)


def _entries(days: LedgerDays, at: int, now: int) -> list[Entry]:
    """Record by record, each one's in the order of its changes, which need not be that in which they were written."""
    found: list[Entry] = []
    day, last = day_of(at), day_of(now)
    while day <= last:
        found += (entry for entry in _of_day(days, day) if entry.at >= at)
        day = day_after(day)
    return sorted(found, key=lambda entry: (entry.record, entry.sequence))


def _of_day(days: LedgerDays, day: str) -> list[Entry]:
    """A day's entries, once its index shows them all, which takes it seconds. Raises UnavailableError."""
    deadline = time.monotonic() + INDEX_SECONDS
    while True:
        try:
            return days.of_day(day)
        except UnavailableError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)  # asking costs read units, and an index is seldom later than this
