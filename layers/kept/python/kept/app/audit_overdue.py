"""Step 1 of the purge audit: every open commitment past due is looked into, and what should be gone is discarded.

What is read follows what is overdue, and not what is held: commitments lie under their due day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from kept.app.ports.ledger import Commitments
from kept.app.ports.records import HeldItem, Partition, RawMail
from kept.domain.audit import Cause, Outcome, Straggler, cause_of, hours_between, moment
from kept.domain.commitment import Commitment

BATCH = 100  # commitments whose records are read together


@dataclass(slots=True)
class Found:
    """What the step found. `gone`: records that are not there, whose end may yet be on its way to the ledger."""

    stragglers: list[Straggler] = field(default_factory=list)
    gone: list[Commitment] = field(default_factory=list)
    finished: bool = True


def discard_overdue(
    overdue: Iterable[Commitment],
    *,
    commitments: Commitments,
    partition: Partition,
    raw_mail: RawMail,
    now: int,
    has_time: Callable[[], bool],
) -> Found:
    """Discard each record that is still there, with its raw mail; what was found of each. Raises UnavailableError.

    Stops where there is no more time: what is left is found again by the next audit.
    """
    found = Found()
    for batch in _batches(overdue):
        if not has_time():
            found.finished = False
            return found
        items = partition.read([commitment.key for commitment in batch])
        for commitment in batch:
            item = items.get(commitment.key)
            if item is None:
                found.gone.append(commitment)
                continue
            cause = cause_of(commitment, item.fields, now)
            if cause == "date-moved" and _is_moved(commitment, commitments, now):
                continue
            if cause is not None:
                found.stragglers.append(_discard(commitment, item, cause, partition, raw_mail, now))
    return found


def _is_moved(commitment: Commitment, commitments: Commitments, now: int) -> bool:
    """Whether the ledger has heard a moment ago that it may stay: its index is a little behind."""
    current = commitments.find(commitment)
    return current is None or current.due_at > now


def straggler_of_gone(commitment: Commitment, now: int) -> Straggler:
    """What the report says of a record that is not there, and whose end the ledger has not heard of."""
    return _straggler(commitment, "gone-without-entry", "gone", now)


def _discard(
    commitment: Commitment, item: HeldItem, cause: Cause, partition: Partition, raw_mail: RawMail, now: int
) -> Straggler:
    """Say why it goes, on the condition that its date is still what was read; then its mail, and last the record."""
    if not partition.claim(item, "purge_audit"):
        return _straggler(
            commitment, cause, "still-there", now
        )  # changed at this very moment: looked at again tomorrow
    mail = item.fields.get("mail")
    if mail and "raw_key" in mail:
        raw_mail.discard(mail["raw_key"])
    partition.delete(item, "purge_audit")
    return _straggler(commitment, cause, "discarded", now)


def _straggler(commitment: Commitment, cause: Cause, outcome: Outcome, now: int) -> Straggler:
    return Straggler(
        record=commitment.record,
        kind=commitment.kind,
        due=moment(commitment.due_at),
        hours_late=hours_between(commitment.due_at, now),
        cause=cause,
        outcome=outcome,
    )


def _batches(commitments: Iterable[Commitment]) -> Iterator[list[Commitment]]:
    left = iter(commitments)
    while batch := list(islice(left, BATCH)):
        yield batch
