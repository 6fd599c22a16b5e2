"""A mail becomes a record for review; a request in it to stop takes effect at once.

Everything here may run again for the same mail (SQS delivers at least once, and a failure sends it back): the
suppression is idempotent, and the record's id comes from the SES message id.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from kept.app.ports import Messages, RawMail, Suppressions
from kept.domain.identity import Keys, new_reference
from kept.domain.mail import Mail, asks_to_stop, machine_reason, read_mail
from kept.domain.policy import Policy
from kept.domain.records import Kind, MailFacts, Message
from kept.domain.retention import discard_at_birth, is_held

Outcome = Literal["stored", "repeated", "gone"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What SES says about a mail that it put in the mail bucket."""

    message_id: str  # SES's own, the same for every delivery of the same mail
    raw_key: str
    received_at: int  # seconds since the epoch
    envelope_sender: str | None  # None for the null return path of a machine
    virus: bool
    spam: bool


def receive_email(
    delivery: Delivery,
    *,
    policy: Policy,
    keys: Keys,
    messages: Messages,
    suppressions: Suppressions,
    raw_mail: RawMail,
    now: int,
) -> tuple[Outcome, Kind]:
    """Store one mail as a record. Raises UnavailableError: nothing is lost, the delivery comes again."""
    if delivery.virus:
        return _store(_quarantined(delivery, policy, keys), messages, raw_mail, now)
    raw = raw_mail.read(delivery.raw_key)
    if raw is None:  # delivered again after its record was discarded
        return "gone", "message"
    mail = read_mail(raw)
    reason = machine_reason(mail, delivery.envelope_sender)
    intents = ("opt_out",) if reason is None and asks_to_stop(mail) else ()
    message = _message(delivery, mail, reason, intents, policy, keys)
    if "opt_out" in intents and message.email is not None:
        # Before the record, and for suspected spam too: a forged wish to stop can do no worse than silence.
        suppressions.suppress(message.subject_id, "marketing", "email", delivery.received_at)
    return _store(message, messages, raw_mail, now)


def _store(message: Message, messages: Messages, raw_mail: RawMail, now: int) -> tuple[Outcome, Kind]:
    if not is_held(message.discard_at, now):
        if message.mail is not None:
            raw_mail.discard(message.mail.raw_key)
        return "gone", message.kind
    return ("stored" if messages.add(message) is None else "repeated"), message.kind


def _message(
    delivery: Delivery, mail: Mail, reason: str | None, intents: tuple[str, ...], policy: Policy, keys: Keys
) -> Message:
    facts = MailFacts(
        raw_key=delivery.raw_key,
        message_id=mail.message_id,
        reply_to=mail.reply_to,
        language=mail.language,
        attachments=mail.attachments,
        defects=mail.defects,
        intents=intents,
        machine_reason=reason,
        spam=delivery.spam,
        text_truncated=mail.text_truncated,
    )
    message = _record(
        delivery,
        kind="message" if reason is None else "machine",
        email=mail.sender or mail.reply_to or delivery.envelope_sender,
        facts=facts,
        policy=policy,
        keys=keys,
    )
    return replace(message, name=mail.sender_name or None, subject=mail.subject, text=mail.text)


def _quarantined(delivery: Delivery, policy: Policy, keys: Keys) -> Message:
    """A mail with a virus: nothing in it is opened, so all that is known is what the envelope says."""
    facts = MailFacts(raw_key=delivery.raw_key, spam=delivery.spam)
    return _record(delivery, kind="quarantine", email=delivery.envelope_sender, facts=facts, policy=policy, keys=keys)


def _record(
    delivery: Delivery, *, kind: Kind, email: str | None, facts: MailFacts, policy: Policy, keys: Keys
) -> Message:
    """A record of a mail, as yet without what the mail says."""
    return Message(
        subject_id=keys.subject_id(email) if email else keys.nobody(delivery.message_id),
        record_id=keys.repeatable_record_id("ses", delivery.message_id),
        reference=new_reference(),
        kind=kind,
        channel="email",
        received_at=delivery.received_at,
        discard_at=discard_at_birth(policy.retention_of(kind), delivery.received_at),
        email=email,
        text="",
        mail=facts,
    )
