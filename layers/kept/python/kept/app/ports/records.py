"""Records for review, and everything else that lies in a person's own partition."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import StatedReason
from kept.domain.records import Kind, Message, Note, Opening, Status


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of the queue in order, and the cursor that the next page starts after (None at the end)."""

    items: tuple[Message, ...]
    next: str | None


class Messages(Protocol):
    """Records for review. Every method raises UnavailableError when the store does not answer."""

    def add(
        self, message: Message, *, replace_expired_at: int | None = None, replace_reviewed: bool = False
    ) -> Message | None:
        """Store it unless its record id is taken: None when stored, else the record that is there already.

        With `replace_expired_at` (the time now), a record past its discard date no longer counts as there; with
        `replace_reviewed`, nor does one that was reviewed, unless a law keeps it or it is of the same mail.
        """
        ...

    def find(self, reference: str, now: int) -> Message:
        """The record under a reference, read consistently. Raises NotFoundError, also past its discard date."""
        ...

    def queue(self, status: Status, kinds: Iterable[Kind], cursor: str | None, limit: int, now: int) -> Page:
        """The queue in order of rank and age. Raises InvalidInputError for a cursor that is not ours."""
        ...

    def annotate(self, message: Message, note: Note, now: int) -> None:
        """Add a note. Raises NotFoundError where the record has gone meanwhile, ConflictError where it is full."""
        ...

    def find_of(self, subject: SubjectId, record_id: str, now: int) -> Message:
        """A person's record by its id, read consistently. Raises NotFoundError, also past its discard date."""
        ...

    def change(self, before: Message, after: Message, now: int) -> None:
        """Put `after` in the place of `before`, but for its notes and openings.

        Raises ConflictError where somebody changed it meanwhile, or it was discarded.
        """
        ...

    def record_opening(self, message: Message, opening: Opening, now: int) -> None:
        """Add who opened it. Raises NotFoundError where the record has gone, ConflictError where it is full."""
        ...


@dataclass(frozen=True, slots=True)
class HeldItem:
    """Something in a person's partition, of whatever kind: the part of `sort_key` before # says which."""

    subject_id: SubjectId
    sort_key: str
    fields: Mapping[str, Any]  # without its keys; bytes, str, int, bool, lists and dicts


class Partition(Protocol):
    """Everything held in one person's partition. Every method raises UnavailableError."""

    def page(self, subject: SubjectId, after: str | None, limit: int) -> tuple[list[HeldItem], str | None]:
        """Some items in the order of their sort keys, past their date or not; where the next page goes on after."""
        ...

    def all(self, subject: SubjectId) -> Iterator[HeldItem]:
        """All items, read as they are asked for."""
        ...

    def discard(self, subject: SubjectId, sort_key: str, reason: StatedReason) -> bool:
        """Delete an item, saying why in the ledger's words; whether it was there."""
        ...

    def read(self, keys: Collection[TableKey]) -> Mapping[TableKey, HeldItem]:
        """Those of the items that are there, read consistently, with no more of each than tells when it must go."""
        ...

    def claim(self, item: HeldItem, reason: StatedReason) -> bool:
        """Write into an item why it goes, on the condition that its date is as it was read; whether it was."""
        ...

    def delete(self, item: HeldItem, reason: StatedReason) -> None:
        """Delete an item in which this reason still stands; gone already is as good."""
        ...


class RawMail(Protocol):
    """Mail as it came in. Keys are those that SES gave."""

    def read(self, key: str) -> bytes | None:
        """The bytes, or None where they are gone. Raises UnavailableError."""
        ...

    def pieces(self, key: str) -> Iterator[bytes] | None:
        """The bytes, piece by piece, or None where they are gone. Raises UnavailableError, also while they are read."""
        ...

    def discard(self, key: str) -> None:
        """Delete it; gone already is as good. Raises UnavailableError."""
        ...
