"""A website's form becomes a record for review, born with its discard date."""

from __future__ import annotations

from dataclasses import dataclass

from kept.app.ports import Messages
from kept.domain import contact_details
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.identity import Keys, new_record_id, new_reference
from kept.domain.policy import Policy
from kept.domain.records import Message, PostalAddress
from kept.domain.retention import discard_at_birth

MESSAGE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Contact:
    """What somebody wrote into a form, as yet unchecked."""

    email: str
    message: str
    name: str | None = None
    phone: str | None = None
    postal_address: PostalAddress | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the person is told: a reference, and the time (seconds since the epoch) by which it is discarded."""

    reference: str
    discard_at: int


def receive_contact(
    contact: Contact,
    *,
    policy: Policy,
    keys: Keys,
    messages: Messages,
    now: int,
    repeat_key: str | None = None,
    content: bytes = b"",
) -> Receipt:
    """Check and store a contact with one conditional write.

    `repeat_key` is the Idempotency-Key, if any: the same key from the same address gets the same receipt and no
    second record; `content`, the request body, tells whether it is indeed the same. Raises InvalidInputError
    (nothing stored; also where the key stands for another body), UnavailableError.
    """
    email = contact_details.read_email(contact.email)
    check_text(contact.message)
    phone = contact_details.read_phone(contact.phone, policy.site.phone_region) if contact.phone else None
    if contact.postal_address is not None:
        contact_details.check_postal_address(contact.postal_address, policy)
    subject_id = keys.subject_id(email)
    message = Message(
        subject_id=subject_id,
        record_id=keys.repeatable_record_id(subject_id.hex(), repeat_key) if repeat_key else new_record_id(),
        reference=new_reference(),
        kind="message",
        channel="form",
        received_at=now,
        discard_at=discard_at_birth(policy.retention.message, now),
        email=email,
        text=contact.message,
        name=contact.name,
        phone=phone,
        postal_address=contact.postal_address,
        locale=contact.locale,
        content_digest=keys.digest(content) if repeat_key else None,
    )
    already = messages.add(message, replace_expired_at=now)
    if already is None:
        return Receipt(message.reference, message.discard_at)
    if already.content_digest != message.content_digest:
        raise InvalidInputError(
            FieldProblem("", "this Idempotency-Key was used for another message; a new message needs a new key")
        )
    return Receipt(already.reference, already.discard_at)


def check_text(message: str, pointer: str = "/message") -> None:
    """Whether it says anything, and not too much. Raises InvalidInputError."""
    if not message.strip():
        raise InvalidInputError(FieldProblem(pointer, "is empty"))
    if len(message.encode()) > MESSAGE_BYTES:
        raise InvalidInputError(FieldProblem(pointer, f"is longer than {MESSAGE_BYTES:,} bytes"))
