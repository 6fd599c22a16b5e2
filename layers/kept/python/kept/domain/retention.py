"""When a record must be gone. Computed when it is written; a review only ever brings the date nearer."""

from __future__ import annotations

from kept.domain.policy import Retention


def discard_at_birth(retention: Retention, received_at: int) -> int:
    """The discard date of a new record. Dates are whole seconds since the epoch, as DynamoDB's TTL wants them."""
    return received_at + min(retention.before_review, retention.hard_maximum)


def discard_after_review(retention: Retention, *, received_at: int, reviewed_at: int, current: int) -> int:
    """The discard date once reviewed: never later than it was, nor than the kind's hard maximum."""
    return min(current, reviewed_at + retention.after_review, received_at + retention.hard_maximum)


def discard_as_another_kind(retention: Retention, *, received_at: int, now: int, current: int) -> int:
    """The discard date of a record that turns out to be of a kind with this retention: never later than it was.

    Where the other kind's time is over already, what is left is what follows a review, so that nothing goes unseen.
    """
    born = min(received_at + retention.before_review, received_at + retention.hard_maximum)
    return min(current, max(born, now + retention.after_review))


def is_held(discard_at: int, now: int) -> bool:
    """Whether a record may still be shown. DynamoDB deletes days late, so every reader asks this."""
    return now < discard_at


def regular_discard(retention: Retention, *, received_at: int, reviewed_at: int | None) -> int:
    """The discard date that a record has by its kind and its review alone, once no hold or extension keeps it."""
    born = discard_at_birth(retention, received_at)
    if reviewed_at is None:
        return born
    return discard_after_review(retention, received_at=received_at, reviewed_at=reviewed_at, current=born)
