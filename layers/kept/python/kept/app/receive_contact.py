"""A website's form, a message or a complaint, becomes a record for review, born with its discard date."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kept.app.ports.records import Messages
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
    kind: Literal["message", "complaint"] = "message"
    promise: str | None = None  # the id of the promise that they say was broken


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the person is told. Times: seconds since the epoch."""

    reference: str
    discard_at: int
    answer_by: int | None = None  # the deadline of a complaint

    @classmethod
    def of(cls, message: Message) -> Receipt:
        """The receipt of a record."""
        return cls(message.reference, message.discard_at, message.answer_by)


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
    if contact.promise is not None and contact.promise not in {promise.id for promise in policy.promises}:
        raise InvalidInputError(FieldProblem("/promise", "is not the id of a promise of the policy"))
    subject_id = keys.subject_id(email)
    message = Message(
        subject_id=subject_id,
        record_id=keys.repeatable_record_id(subject_id.hex(), repeat_key) if repeat_key else new_record_id(),
        reference=new_reference(),
        kind=contact.kind,
        channel="form",
        received_at=now,
        discard_at=discard_at_birth(policy.retention_of(contact.kind), now),
        email=email,
        text=contact.message,
        name=contact.name,
        phone=phone,
        postal_address=contact.postal_address,
        locale=contact.locale,
        content_digest=keys.digest(content) if repeat_key else None,
        answer_by=policy.answer_by(contact.kind, now),
        promise=contact.promise,
    )
    already = messages.add(message, replace_expired_at=now)
    if already is None:
        return Receipt.of(message)
    if already.content_digest != message.content_digest:
        raise InvalidInputError(
            FieldProblem("", "this Idempotency-Key was used for another message; a new message needs a new key")
        )
    return Receipt.of(already)


def check_text(message: str, pointer: str = "/message") -> None:
    """Whether it says anything, and not too much. Raises InvalidInputError."""
    if not message.strip():
        raise InvalidInputError(FieldProblem(pointer, "is empty"))
    if len(message.encode()) > MESSAGE_BYTES:
        raise InvalidInputError(FieldProblem(pointer, "is longer than {limit} bytes", {"limit": MESSAGE_BYTES}))
