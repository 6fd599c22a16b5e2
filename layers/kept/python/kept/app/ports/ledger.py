"""The ledger and its seals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kept.domain.commitment import Commitment, Mark, TableKey
from kept.domain.ledger import Entry


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What a day's entries add up to. `opened` and `closed` are of commitments, the others of records in `subjects`."""

    day: str
    entries: int = 0  # of all kinds and both tables: so many lines has the day's file
    written: int = 0
    discarded: Mapping[str, int] = field(default_factory=dict)  # by reason
    opened: int = 0
    closed: int = 0
    suppressed: int = 0  # addresses put on the list of who is not written to; those rotated to another key do not count


class Ledger(Protocol):
    """Where entries are written, each with what it does to the record's commitment, wholly or not at all."""

    def add(self, entry: Entry, mark: Mark | None, key: TableKey) -> bool:
        """Write an entry that is not there yet; whether it was not. Raises UnavailableError.

        `key` is where the record lies, which its commitment names as long as it is open.
        """
        ...


class LedgerDays(Protocol):
    """The ledger day by day, which needs no key. Every method raises UnavailableError."""

    def of_day(self, day: str) -> list[Entry]:
        """A UTC day's entries in entry order, complete: where some cannot be seen yet, UnavailableError."""
        ...

    def counts(self, day: str) -> DayCounts:
        """What a day's entries add up to, read consistently, without reading them."""
        ...

    def first_day(self) -> str | None:
        """The day on which this ledger began; None where it has no entry yet."""
        ...


class LedgerEntries(LedgerDays, Protocol):
    """The entries, to be read by whose they are. Every method raises UnavailableError."""

    def of_subject(self, subject: bytes, after: str | None = None) -> Iterator[Entry]:
        """A person's entries, by record and in the order of its changes, from the start or after the one with an id.

        `subject`: their id in the table.
        """
        ...

    def entry(self, subject: bytes, entry_id: str) -> Entry | None:
        """A person's entry by its id; None where they have none such."""
        ...

    def discards(self, commitment: Commitment) -> list[Entry]:
        """The entries that say that a record of this commitment's place in the table went, itself or a later one."""
        ...


class Seals(Protocol):
    """Sealed days, by the names that `domain.seal` gives their files. Every method raises UnavailableError."""

    def days(self) -> list[str]:
        """The days that are sealed, in order."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file as it was first written, whatever was written or deleted since; None where there never was one."""
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Write a file that is not there yet; whether it was not."""
        ...


class Events(Protocol):
    """What others may want to hear of. Raises UnavailableError."""

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """Tell it, at least once."""
        ...


class Commitments(Protocol):
    """What must go, and by when. Every method raises UnavailableError."""

    def due(self, now: int) -> Iterator[Commitment]:
        """Every open commitment that is due, read as they are asked for: the cost follows what is due.

        It may show one that was closed or moved a moment ago; `find` tells.
        """
        ...

    def find(self, commitment: Commitment) -> Commitment | None:
        """The open commitment of the same record as it is now, read consistently; None where it is closed."""
        ...

    def close(self, commitment: Commitment, now: int) -> bool:
        """Close one whose record is gone although no change told of it, with an entry `missing`; whether it was open.

        Not within a day of the change: until then the stream may still tell.
        """
        ...
