"""Internal review: staff read what came in, note what they did, and by reviewing it bring its discard nearer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from kept.app.ports.mail import MailQueue, QueuedMail
from kept.app.ports.records import Messages, Page
from kept.app.prove_identity import link_mail
from kept.app.requests import open_or_join
from kept.domain import contact_details
from kept.domain.errors import ConflictError, FieldProblem, InvalidInputError
from kept.domain.identity import Keys, new_record_id, new_reference, read_reference
from kept.domain.policy import Policy
from kept.domain.records import MAIN_QUEUE, DateMoved, Extension, Hold, Kind, Message, Note, Opening, Status
from kept.domain.retention import (
    discard_after_review,
    discard_as_another_kind,
    discard_at_birth,
    regular_discard,
)

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
    discard_at = discard_after_review(
        policy.retention_of(kind), received_at=before.received_at, reviewed_at=now, current=before.discard_at
    )
    if before.hold is not None:
        discard_at = max(discard_at, before.hold.until)
    after = replace(
        before,
        kind=kind,
        answer_by=before.answer_by if kind == before.kind else policy.answer_by(kind, before.received_at),
        status="reviewed",
        outcome=outcome,
        reviewed_at=now,
        reviewed_by=by,
        discard_at=discard_at,
    )
    messages.change(before, after, now)
    return after


def change_kind(reference: str, kind: Kind, *, policy: Policy, messages: Messages, now: int) -> Message:
    """Make a record one of another kind, with the deadline of that kind; its discard date only comes nearer.

    One that a law keeps stays until then. Raises NotFoundError, and ConflictError where somebody else changed it at the
    same moment.
    """
    before = _find(reference, messages, now)
    discard_at = discard_as_another_kind(
        policy.retention_of(kind), received_at=before.received_at, now=now, current=before.discard_at
    )
    after = replace(
        before,
        kind=kind,
        answer_by=policy.answer_by(kind, before.received_at),
        discard_at=discard_at if before.hold is None else max(discard_at, before.hold.until),
        date_moved=DateMoved("another-kind", now),
    )
    messages.change(before, after, now)
    return after


def extend_deadline(
    reference: str, reason: str, *, by: str, policy: Policy, messages: Messages, mails: MailQueue, now: int
) -> Message:
    """Answer a request later than promised: once, before the deadline, and the person is told why.

    The same again tells the person again, in case that failed the first time (a mail is sent once a day at the most).
    The record is kept as much longer as the answer takes, within its hard maximum. Raises NotFoundError, ConflictError,
    UnavailableError.
    """
    before = _find(reference, messages, now)
    after = before
    if before.extension is None or before.extension.reason != reason:
        after = _extended(before, Extension(now, by, reason), policy, now)
        messages.change(before, after, now)
    if after.email is not None:
        mails.put(
            QueuedMail(
                job=f"{after.record_id} extended",
                email=after.email,
                language=after.locale or (after.mail.language if after.mail else ""),
                topic="extension",
                reference=after.reference,
                answer_by=after.answer_by,
                reason=reason,
            )
        )
    return after


def hold(reference: str, reason: str, until: int, *, by: str, policy: Policy, messages: Messages, now: int) -> Message:
    """Keep a record until a time (seconds since the epoch) because a law asks for that, which `reason` states.

    Raises NotFoundError, ConflictError, InvalidInputError for a time that is past, or longer than the policy allows.
    """
    before = _find(reference, messages, now)
    longest = policy.legal_hold.longest
    if not now < until <= before.received_at + longest:
        raise InvalidInputError(
            FieldProblem("/until", "must be ahead, and within {longest} of when it came in", {"longest": longest})
        )
    held = replace(before, hold=Hold(now, by, reason, until), discard_at=max(_regular(before, policy), until))
    after = replace(held, date_moved=DateMoved("hold", now))
    messages.change(before, after, now)
    return after


def end_hold(reference: str, *, policy: Policy, messages: Messages, now: int) -> Message:
    """End a legal hold: the record goes when it would have gone without, which may be at once.

    Raises NotFoundError, ConflictError.
    """
    before = _find(reference, messages, now)
    if before.hold is None:
        return before
    discard_at = min(before.discard_at, max(_regular(before, policy), now))
    after = replace(before, hold=None, discard_at=discard_at, date_moved=DateMoved("hold-ended", now))
    messages.change(before, after, now)
    return after


def _extended(before: Message, extension: Extension, policy: Policy, now: int) -> Message:
    if before.kind != "request" or before.answer_by is None or before.status != "new":
        raise ConflictError("Only a request that waits for its answer can be answered later.")
    if before.extension is not None:
        raise ConflictError("This request was extended once, for another reason, and cannot be again.")
    if before.answer_by <= now:
        raise ConflictError("The deadline is over: the person must be told before it is. Answer the request now.")
    extended = replace(before, extension=extension, answer_by=before.answer_by + policy.deadlines.access_extension)
    discard_at = max(before.discard_at, _regular(extended, policy))
    return replace(extended, discard_at=discard_at, date_moved=DateMoved("extended", now))


def _regular(message: Message, policy: Policy) -> int:
    """The discard date that a record has by its kind, its review and its extension, without a hold."""
    retention = policy.retention_of(message.kind)
    regular = regular_discard(retention, received_at=message.received_at, reviewed_at=message.reviewed_at)
    if message.extension is not None and message.reviewed_at is None:
        longer = regular + policy.deadlines.access_extension
        regular = min(longer, message.received_at + retention.hard_maximum)
    return regular


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody said by telephone, and the member of staff who took it down."""

    kind: Kind
    email: str
    text: str
    by: str


def record_telephone_call(
    call: Call,
    *,
    policy: Policy,
    keys: Keys,
    messages: Messages,
    mails: MailQueue,
    now: int,
) -> Message:
    """What somebody said by telephone joins the same queue; who asks for their data is mailed the link.

    Who has an open request joins it: what they said is then a message that says so. Raises InvalidInputError for a
    wrong address, UnavailableError.
    """
    email, kind = contact_details.read_email(call.email), call.kind
    message = Message(
        subject_id=keys.subject_id(email),
        record_id=new_record_id(),
        reference=new_reference(),
        kind=kind,
        channel="telephone",
        received_at=now,
        discard_at=discard_at_birth(policy.retention_of(kind), now),
        email=email,
        text=call.text,
        answer_by=policy.answer_by(kind, now),
        recorded_by=call.by,
    )
    if kind != "request":
        messages.add(message)
        return message
    request, words = open_or_join(message, policy=policy, keys=keys, messages=messages, now=now)
    mails.put(link_mail(request, job=message.record_id, language=None))
    return words


def _find(reference: str, messages: Messages, now: int) -> Message:
    return messages.find(read_reference(reference), now)
