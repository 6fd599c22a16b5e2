"""Internal review: staff read what came in, note what they did, and by reviewing it bring its discard nearer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kept.app.ports import Messages, Page
from kept.domain import contact_details
from kept.domain.identity import Keys, new_record_id, new_reference, read_reference
from kept.domain.policy import Policy
from kept.domain.records import MAIN_QUEUE, Kind, Message, Note, Opening, Status
from kept.domain.retention import discard_after_review, discard_at_birth

PAGE_SIZE = 25


def list_queue(status: Status, kind: Kind | None, cursor: str | None, *, messages: Messages, now: int) -> Page:
    """A page of the queue: of one kind, or of those that people wait behind (machine mail is asked for by name)."""
    kinds: Iterable[Kind] = (kind,) if kind else MAIN_QUEUE
    return messages.queue(status, kinds, cursor, PAGE_SIZE, now)


def open_record(reference: str, *, by: str, messages: Messages, now: int) -> Message:
    """One record, for somebody to look at, which is written into it first: what cannot be recorded is not shown.

    Raises NotFoundError, ConflictError where no more openings can be recorded, UnavailableError.
    """
    message = _find(reference, messages, now)
    opening = Opening(at=now, by=by)
    messages.record_opening(message, opening, now)
    return replace(message, openings=(*message.openings, opening))


def add_note(reference: str, text: str, *, by: str, messages: Messages, now: int) -> Message:
    """Add a note to a record and return the record with it. Raises NotFoundError, ConflictError."""
    message = _find(reference, messages, now)
    note = Note(at=now, by=by, text=text)
    messages.annotate(message, note, now)
    return replace(message, notes=(*message.notes, note))


def mark_reviewed(
    reference: str, outcome: str, kind: Kind | None, *, by: str, policy: Policy, messages: Messages, now: int
) -> Message:
    """Mark a record reviewed, and as another kind if it turned out to be one. Its discard date only comes nearer.

    Raises NotFoundError, and ConflictError where somebody else changed it at the same moment.
    """
    before = _find(reference, messages, now)
    kind = kind or before.kind
    after = replace(
        before,
        kind=kind,
        status="reviewed",
        outcome=outcome,
        reviewed_at=now,
        reviewed_by=by,
        discard_at=discard_after_review(
            policy.retention_of(kind),
            received_at=before.received_at,
            reviewed_at=now,
            current=before.discard_at,
        ),
    )
    messages.review(before, after, now)
    return after


def record_telephone_call(
    kind: Kind, email: str, text: str, *, by: str, policy: Policy, keys: Keys, messages: Messages, now: int
) -> Message:
    """What somebody said by telephone joins the same queue. Raises InvalidInputError for a wrong address."""
    email = contact_details.read_email(email)
    message = Message(
        subject_id=keys.subject_id(email),
        record_id=new_record_id(),
        reference=new_reference(),
        kind=kind,
        channel="telephone",
        received_at=now,
        discard_at=discard_at_birth(policy.retention_of(kind), now),
        email=email,
        text=text,
        answer_by=policy.answer_by(kind, now),
        recorded_by=by,
    )
    messages.add(message)
    return message


def _find(reference: str, messages: Messages, now: int) -> Message:
    return messages.find(read_reference(reference), now)
