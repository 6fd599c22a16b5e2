"""Records for review as the API shows them to staff."""

from __future__ import annotations

from typing import Any

import msgspec

from kept.app.ports.records import Page
from kept.domain.records import Message, address_id
from kept.domain.times import iso


class EntryBody(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A record in the queue. `from` is None for a mail without any sender.

    `days_left`: whole days until `answer_by`, below zero once it is over; `verified`: who asked proved the address.
    """

    reference: str
    kind: str
    status: str
    channel: str
    sender: str | None = msgspec.field(name="from")
    received_at: str
    discard_by: str
    excerpt: str
    name: str | None = None
    subject: str | None = None
    intents: tuple[str, ...] = ()
    suggested: tuple[str, ...] = ()
    answer_by: str | None = None
    days_left: int | None = None
    verified: bool = False
    promise: str | None = None
    spam: bool = False


class QueueBody(msgspec.Struct, omit_defaults=True):
    """A page of the queue; `next` is the cursor of the page after it, if there is one."""

    items: list[EntryBody]
    next: str | None = None

    @classmethod
    def of(cls, page: Page, now: int) -> QueueBody:
        """The page as it is answered."""
        return cls([EntryBody(**_entry(message, now)) for message in page.items], page.next)


class PostalAddressBody(msgspec.Struct):
    """A postal address and what it was given for; the gate is asked about it with the person's email and this id."""

    id: str
    text: str
    purposes: tuple[str, ...]


class AttachmentBody(msgspec.Struct):
    """A file that came with a mail; `size` in bytes."""

    name: str
    content_type: str
    size: int


class ReasonBody(msgspec.Struct):
    """Words that led to an intent, and the language that they were understood in."""

    intent: str
    language: str
    words: str


class NoteBody(msgspec.Struct):
    """What staff noted."""

    at: str
    by: str
    text: str


class ExtensionBody(msgspec.Struct):
    """Why an answer needs longer, as the person was told."""

    at: str
    by: str
    reason: str


class HoldBody(msgspec.Struct):
    """The law that forbids to discard a record before a time."""

    at: str
    by: str
    reason: str
    until: str


class OpeningBody(msgspec.Struct):
    """Who of the staff looked at the record, and when."""

    at: str
    by: str


class RecordBody(EntryBody, kw_only=True):
    """Everything about one record."""

    text: str
    text_truncated: bool = False
    phone: str | None = None
    postal_address: PostalAddressBody | None = None
    locale: str | None = None
    reply_to: str | None = None
    attachments: list[AttachmentBody] = []
    defects: tuple[str, ...] = ()
    machine_reason: str | None = None
    confidence: int | None = None
    why: list[ReasonBody] = []
    extension: ExtensionBody | None = None
    hold: HoldBody | None = None
    joins: str | None = None
    recorded_by: str | None = None
    notes: list[NoteBody] = []
    openings: list[OpeningBody] = []
    outcome: str | None = None
    reviewed_at: str | None = None
    reviewed_by: str | None = None

    @classmethod
    def of(cls, message: Message, now: int) -> RecordBody:
        """The record as it is answered."""
        address, mail, longer, hold = message.postal_address, message.mail, message.extension, message.hold
        return cls(
            **_entry(message, now),
            text=message.text,
            text_truncated=mail.text_truncated if mail else False,
            phone=message.phone,
            postal_address=PostalAddressBody(address_id("message", message.record_id), address.text, address.purposes)
            if address
            else None,
            locale=message.locale or (mail.language if mail else None) or None,
            reply_to=mail.reply_to if mail else None,
            attachments=[AttachmentBody(a.name, a.content_type, a.size) for a in mail.attachments] if mail else [],
            defects=mail.defects if mail else (),
            machine_reason=mail.machine_reason if mail else None,
            confidence=mail.confidence if mail else None,
            why=[ReasonBody(r.intent, r.language, r.words) for r in mail.why] if mail else [],
            extension=ExtensionBody(iso(longer.at), longer.by, longer.reason) if longer else None,
            hold=HoldBody(iso(hold.at), hold.by, hold.reason, iso(hold.until)) if hold else None,
            joins=message.joins,
            recorded_by=message.recorded_by,
            notes=[NoteBody(iso(note.at), note.by, note.text) for note in message.notes],
            openings=[OpeningBody(iso(opening.at), opening.by) for opening in message.openings],
            outcome=message.outcome,
            reviewed_at=iso(message.reviewed_at) if message.reviewed_at else None,
            reviewed_by=message.reviewed_by,
        )


def _entry(message: Message, now: int) -> dict[str, Any]:
    return {
        "reference": message.reference,
        "kind": message.kind,
        "status": message.status,
        "channel": message.channel,
        "sender": message.email,
        "received_at": iso(message.received_at),
        "discard_by": iso(message.discard_at),
        "excerpt": message.excerpt,
        "name": message.name,
        "subject": message.subject,
        "intents": message.mail.intents if message.mail else (),
        "suggested": message.mail.suggested if message.mail else (),
        "answer_by": iso(message.answer_by) if message.answer_by else None,
        "days_left": (message.answer_by - now) // 86400 if message.answer_by and message.status == "new" else None,
        "verified": message.verified_at is not None,
        "promise": message.promise,
        "spam": message.mail.spam if message.mail else False,
    }
