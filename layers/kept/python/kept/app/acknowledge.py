"""Answers mail that has a deadline: a link to who asks for their data, and to who complained until when we answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from kept.app.ports.mail import MailQueue, Outbox, OutgoingMail
from kept.app.prove_identity import link_mail
from kept.domain.errors import UnavailableError
from kept.domain.mail.answering import answer_headers, answer_subject
from kept.domain.mail.reader import Mail
from kept.domain.permission import ANSWER
from kept.domain.policy import Policy
from kept.domain.records import MailFacts, Message

_TEXT = {
    "en": """We have your message. Its reference is {reference}, and we answer it by {day}.

Before we disclose, change or erase anything we make sure that it was you who wrote.

This is an automatic answer. You need not reply to it.

{name}
""",
    "ar": """وصلتنا رسالتكم. رقمها المرجعي {reference} وسنجيب عنها في موعد أقصاه {day}.

قبل أن نكشف أي معلومات أو نغيّرها أو نمحوها نتأكد من أنكم أنتم من كتب إلينا.

هذا رد آلي ولا داعي للرد عليه.

{name}
""",
}


def acknowledge(
    message: Message,
    mail: Mail,
    *,
    due: Message,
    answer_to: str | None,
    policy: Policy,
    outbox: Outbox,
    mails: MailQueue,
    now: int,
) -> str:
    """Send the acknowledgement, where there is one to send; what was done, as a stable code for a count.

    `due` has the deadline: the mail's own record, or the open request that it joins. `answer_to` is the envelope's
    sender (RFC 3834 section 4). At most one answer of a kind goes to an address in a day. Who asks for their data or
    the end of their account gets a link instead, at the address that the record is about. Raises UnavailableError;
    then it may be tried again.
    """
    if due.answer_by is None:
        return "nothing-to-say"
    facts = message.mail or MailFacts(raw_key="")
    if {"access", "cancel"} & set(facts.intents) and due.email:
        link = link_mail(due, job=message.record_id, language=facts.language)
        mails.put(replace(link, headers=answer_headers(mail), subject=answer_subject(mail)))
        if due.kind == "request":
            return "link"
    if not outbox.claim(due.subject_id, due.kind, now):
        return "answered-today"
    text = _TEXT.get(facts.language, _TEXT["en"]).format(
        reference=due.reference,
        day=dt.datetime.fromtimestamp(due.answer_by, dt.UTC).date().isoformat(),
        name=policy.site.name,
    )
    try:
        outbox.send(OutgoingMail(str(answer_to), ANSWER, answer_subject(mail), text, answer_headers(mail)))
    except UnavailableError:
        outbox.release(due.subject_id, due.kind)
        raise
    return "sent"
