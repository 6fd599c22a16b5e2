"""Internal review: staff read what came in, note what they did, and by reviewing it bring its discard nearer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kept.app.ports import Messages, Page
from kept.domain import contact_details
from kept.domain.identity import Keys, new_record_id, new_reference, read_reference
from kept.domain.policy import Policy
from kept.domain.records import MAIN_QUEUE, Kind, Message, Note, Opening, Status
from kept.domain.retention import discard_after_review, discard_as_another_kind, discard_at_birth

PAGE_SIZE = 25
PAGES_LOOKED_THROUGH = 20  # 500 records, a second or so
SOON = 3 * 86400  # seconds before a deadline


def list_queue(status: Status, kind: Kind | None, cursor: str | None, *, messages: Messages, now: int) -> Page:
    """A page of the queue: of one kind, or of those that people wait behind (machine mail is asked for by name)."""
    kinds: Iterable[Kind] = (kind,) if kind else MAIN_QUEUE
    return messages.queue(status, kinds, cursor, PAGE_SIZE, now)


Due = Literal["overdue", "soon"]
DUES: tuple[Due, ...] = ("overdue", "soon")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the queue is looked through for; "" is whatever it is."""

    intent: str = ""  # that it has, or may have
    due: Due | None = None
    reason: str = ""  # words that led to an intent, or why it is a machine's

    def includes(self, message: Message, now: int) -> bool:
        """Whether a record is one of these."""
        mail = message.mail
        if self.intent and (mail is None or self.intent not in (*mail.intents, *mail.suggested)):
            return False
        if self.due and (message.answer_by is None or message.answer_by > now + (SOON if self.due == "soon" else 0)):
            return False
        if not self.reason:
            return True
        reasons = (*(reason.words for reason in mail.why), mail.machine_reason or "") if mail else ()
        return any(self.reason.casefold() in reason.casefold() for reason in reasons)


def search_queue(
    status: Status, kind: Kind | None, wanted: Wanted, cursor: str | None, *, messages: Messages, now: int
) -> Page:
    """The queue's records that are wanted: a page of them, or what a bounded look through the queue found.

    `next` goes on where the look ended. Raises InvalidInputError for a cursor that is not ours.
    """
    found: list[Message] = []
    for _ in range(PAGES_LOOKED_THROUGH):
        page = list_queue(status, kind, cursor, messages=messages, now=now)
        found += [message for message in page.items if wanted.includes(message, now)]
        cursor = page.next
        if cursor is None or len(found) >= PAGE_SIZE:
            break
    return Page(tuple(found), cursor)


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
        answer_by=before.answer_by if kind == before.kind else policy.answer_by(kind, before.received_at),
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


def change_kind(reference: str, kind: Kind, *, policy: Policy, messages: Messages, now: int) -> Message:
    """Make a record one of another kind, with the deadline of that kind; its discard date only comes nearer.

    Raises NotFoundError, and ConflictError where somebody else changed it at the same moment.
    """
    before = _find(reference, messages, now)
    after = replace(
        before,
        kind=kind,
        answer_by=policy.answer_by(kind, before.received_at),
        discard_at=discard_as_another_kind(
            policy.retention_of(kind), received_at=before.received_at, now=now, current=before.discard_at
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
