"""A mail becomes a record for review; a request in it to stop takes effect at once.

Everything here may run again for the same mail (SQS delivers at least once, and a failure sends it back): the
suppression is idempotent, and the record's id comes from the SES message id.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from kept.app.acknowledge import acknowledge
from kept.app.ports.mail import MailQueue, Outbox
from kept.app.ports.permission import Suppressions
from kept.app.ports.records import Messages, RawMail
from kept.app.requests import open_or_join
from kept.domain.errors import NotFoundError
from kept.domain.identity import Keys, new_reference
from kept.domain.mail import Mail, Understanding, read_mail, understand
from kept.domain.mail.answering import silence_reason
from kept.domain.mail.reports import delivery_reports, feedback_report, our_token
from kept.domain.opt_out_token import read_opt_out_token
from kept.domain.policy import Policy
from kept.domain.records import Kind, MailFacts, Message
from kept.domain.retention import discard_at_birth, is_held
from kept.domain.suppression import MARKETING, NOT_A_COMPLAINT, Reason

Outcome = Literal["stored", "repeated", "gone"]
Report = Literal["none", "bounce", "soft-bounce", "spam-report", "other-report"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What SES says about a mail that it put in the mail bucket."""

    message_id: str  # SES's own, the same for every delivery of the same mail
    raw_key: str
    received_at: int  # seconds since the epoch
    envelope_sender: str | None  # None for the null return path of a machine
    virus: bool = False
    spam: bool = False
    forged: bool = False  # DMARC failed: From is not who sent it
    recipients: tuple[str, ...] = ()  # the envelope's, in lower case; To may say something else


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a delivery, in codes that can be counted."""

    outcome: Outcome
    kind: Kind
    answer: str = "nothing-to-say"
    report: Report = "none"


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a mail comes from and what it leads to."""

    messages: Messages
    suppressions: Suppressions
    raw_mail: RawMail
    outbox: Outbox
    mails: MailQueue


def receive_email(delivery: Delivery, *, policy: Policy, keys: Keys, stores: Stores, now: int) -> Receipt:
    """Store one mail as a record, and do what it asks as far as that is safe on the strength of a From header.

    A wish to stop is carried out: a forged one can do no worse than silence. Nothing is disclosed or erased: such
    requests become records with their deadline. Raises UnavailableError: nothing is lost, the delivery comes again.
    """
    if delivery.virus:
        return _store(_quarantined(delivery, policy, keys), policy, keys, stores, now, trusted=False)[0]
    raw = stores.raw_mail.read(delivery.raw_key)
    if raw is None:  # delivered again after its record was discarded
        return Receipt("gone", "message")
    mail = read_mail(raw)
    our_domains = domains_of(policy, delivery.recipients)
    understood = understand(mail, delivery.envelope_sender, our_domains)
    message = _message(delivery, mail, understood, policy, keys)
    report = _heed_token(delivery, mail, our_domains, keys, stores.suppressions)
    if "opt_out" in understood.intents and message.email is not None:
        # Before the record: were it the other way round, a failure between the two could lose the wish.
        stores.suppressions.suppress(message.subject_id, MARKETING, "email", delivery.received_at)
    receipt, due = _store(message, policy, keys, stores, now, trusted=not (delivery.spam or delivery.forged))
    receipt = replace(receipt, report=report)
    if receipt.outcome == "gone":
        return receipt
    if delivery.spam or delivery.forged:  # an answer would reach somebody who did not write
        return replace(receipt, answer="not-trusted")
    if reason := due.answer_by and silence_reason(mail, delivery.envelope_sender, our_domains):
        return replace(receipt, answer=str(reason))
    answer = acknowledge(
        message,
        mail,
        due=due,
        answer_to=delivery.envelope_sender,
        policy=policy,
        outbox=stores.outbox,
        mails=stores.mails,
        now=now,
    )
    return replace(receipt, answer=answer)


def _heed_token(
    delivery: Delivery, mail: Mail, our_domains: Collection[str], keys: Keys, suppressions: Suppressions
) -> Report:
    """Suppress whom a token of ours stands for: it came with the mail's address, a complaint or a failed delivery.

    Anyone can forge a report, so without a token of ours it suppresses nobody; it is only counted.
    """
    kind: Report = "none"
    reason: Reason | None = "email"  # a mail to unsubscribe+TOKEN@ is a wish to stop, whatever else it says
    if feedback := feedback_report(mail):
        harmless = feedback.feedback_type in NOT_A_COMPLAINT
        kind, reason = ("other-report", None) if harmless else ("spam-report", "spam_report")
    elif reports := delivery_reports(mail):
        failed = any(report.is_permanent_failure for report in reports)
        kind, reason = ("bounce", "bounce") if failed else ("soft-bounce", None)
    token = our_token(mail, our_domains, delivery.recipients)
    if token and reason:
        with suppress(NotFoundError):  # not one of ours: nothing is known of anybody
            subject_id, scope = read_opt_out_token(keys, token)
            suppressions.suppress(subject_id, scope, reason, delivery.received_at)
    return kind


def domains_of(policy: Policy, recipients: tuple[str, ...]) -> frozenset[str]:
    """The domains that are ours: the policy's support address's, and those that SES received this mail for."""
    return frozenset(a.rpartition("@")[2].lower() for a in (policy.site.support_email, *recipients) if "@" in a)


def _store(
    message: Message, policy: Policy, keys: Keys, stores: Stores, now: int, *, trusted: bool
) -> tuple[Receipt, Message]:
    """Store a record, unless it is past its date already; what became of it, and the record whose deadline holds.

    A request that somebody else may have sent stands by itself: the person's own must not join it.
    """
    if not is_held(message.discard_at, now):
        if message.mail is not None:
            stores.raw_mail.discard(message.mail.raw_key)
        return Receipt("gone", message.kind), message
    if message.kind == "request" and trusted:
        due, stored = open_or_join(message, policy=policy, keys=keys, messages=stores.messages, now=now)
    else:
        due = stored = stores.messages.add(message) or message
    return Receipt("stored" if stored.reference == message.reference else "repeated", stored.kind), due


def _kind_of(intents: tuple[str, ...]) -> Kind:
    if "machine" in intents:
        return "machine"
    if "complaint" in intents:
        return "complaint"
    return "request" if {"access", "cancel"} & set(intents) else "message"


def _message(delivery: Delivery, mail: Mail, understood: Understanding, policy: Policy, keys: Keys) -> Message:
    facts = MailFacts(
        raw_key=delivery.raw_key,
        message_id=mail.message_id,
        reply_to=mail.reply_to,
        language=understood.language,
        attachments=mail.attachments,
        defects=mail.defects,
        intents=understood.intents,
        confidence=round(understood.confidence * 100),
        suggested=understood.suggested,
        why=understood.why,
        machine_reason=understood.machine_reason,
        spam=delivery.spam,
        text_truncated=mail.text_truncated,
    )
    email = mail.sender or mail.reply_to or delivery.envelope_sender
    message = _record(delivery, kind=_kind_of(understood.intents), email=email, facts=facts, policy=policy, keys=keys)
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
        answer_by=policy.answer_by(kind, delivery.received_at),
    )
