"""Somebody wants to see, correct or end what is held about them: first they prove that the address is theirs.

Whoever asks, about whatever address, gets the same answer from the same calls; only the owner of the address gets the
link. So nobody learns whom we know, and nobody can lock anybody out: who is refused another link holds a live one.
"""

from __future__ import annotations

import datetime as dt

from kept.app.ports import LinkMail, MailQueue, Messages, Outbox, OutgoingMail, Proofs
from kept.domain import contact_details
from kept.domain.errors import UnavailableError
from kept.domain.identity import Keys, new_record_id, new_reference
from kept.domain.permission import ANSWER
from kept.domain.policy import Policy
from kept.domain.proof import Link, Session, new_token, read_token
from kept.domain.records import Message
from kept.domain.retention import discard_at_birth

ASKED = "Asked by form what we hold about them."

_SUBJECT = {"en": "Your data: one more step", "ar": "بياناتكم: خطوة واحدة أخرى"}
_TEXT = {
    "en": """Somebody, we think you, asked us about the data that we hold under this address.

Open this page and press its button, and you see all of it. You can also have a copy, correct it, or have it erased:

{link}

The link works once, for {minutes} minutes. Nobody else gets it: if it was not you who asked, you need do nothing.
{reference}
{name}
""",
    "ar": """سألنا شخص ما، ونظنه أنتم، عن البيانات التي نحتفظ بها تحت هذا العنوان.

افتحوا هذه الصفحة واضغطوا الزر لتروا كل ما لدينا، ولكم أن تأخذوا نسخة منه أو تصححوه أو تمحوه:

{link}

يعمل الرابط مرة واحدة خلال {minutes} دقيقة ولا يصل إلى أحد غيركم. إن لم تكونوا من سأل فلا داعي لفعل شيء.
{reference}
{name}
""",
}
_REFERENCE = {
    "en": "\nThe reference of this request is {reference}. It is answered by {day} whatever happens.\n",
    "ar": "\nالرقم المرجعي لهذا الطلب {reference} وسيُجاب عنه في موعد أقصاه {day} على أي حال.\n",
}


def ask_for_access(
    email: str, language: str | None, *, policy: Policy, keys: Keys, messages: Messages, mails: MailQueue, now: int
) -> Message:
    """Record an access request, or join the one that is open, and have a link mailed; the request that stands.

    Raises InvalidInputError (nothing stored), UnavailableError.
    """
    address = contact_details.read_email(email)
    subject_id = keys.subject_id(address)
    request = Message(
        subject_id=subject_id,
        record_id=keys.repeatable_record_id(subject_id.hex(), "access request by form"),
        reference=new_reference(),
        kind="request",
        channel="form",
        received_at=now,
        discard_at=discard_at_birth(policy.retention.request, now),
        email=address,
        text=ASKED,
        locale=language,
        answer_by=policy.answer_by("request", now),
    )
    standing = messages.add(request, replace_expired_at=now, replace_reviewed=True) or request
    mails.put(LinkMail(new_record_id(), address, language or "", standing.reference, standing.answer_by))
    return standing


def mail_link(
    mail: LinkMail, *, policy: Policy, keys: Keys, proofs: Proofs, outbox: Outbox, public_url: str, now: int
) -> bool:
    """Make the link and send it, unless as many are alive as may be; whether it was sent.

    Raises UnavailableError; then it may be tried again.
    """
    subject_id, lives = keys.subject_id(mail.email), policy.account.link_lives
    place = proofs.claim_link(subject_id, mail.job, policy.account.links_at_once, now + lives, now)
    if place is None:
        return False
    try:
        token, secret_hash = new_token(subject_id)
        proofs.add_link(Link(subject_id, secret_hash, now + lives, mail.email, mail.confirms))
        outbox.send(_compose(mail, f"{public_url}/sessions?token={token}", policy))
    except UnavailableError:
        proofs.release_link(subject_id, place)
        raise
    return True


def open_session(
    token: str, ended: str | None, *, policy: Policy, proofs: Proofs, now: int
) -> tuple[str, Session, Link]:
    """Use a link up and open a session: the token for its cookie, the session, and the link that was used.

    `ended` is the cookie that came along, if any: that session ends. Raises NotFoundError, UnavailableError.
    """
    link = proofs.use_link(*read_token(token), now)
    cookie, secret_hash = new_token(link.subject_id)
    session = Session(link.subject_id, secret_hash, now + policy.account.session_lives, link.email)
    proofs.add_session(session)
    if ended is not None:
        end_session(ended, proofs=proofs)
    return cookie, session, link


def end_session(cookie: str, *, proofs: Proofs) -> None:
    """End a session. Raises NotFoundError for what is no cookie of ours, UnavailableError."""
    proofs.end_session(*read_token(cookie))


def _compose(mail: LinkMail, link: str, policy: Policy) -> OutgoingMail:
    language = mail.language if mail.language in _TEXT else policy.languages[0]
    language = language if language in _TEXT else "en"
    reference = ""
    if mail.reference and mail.answer_by:
        day = dt.datetime.fromtimestamp(mail.answer_by, dt.UTC).date().isoformat()
        reference = _REFERENCE[language].format(reference=mail.reference, day=day)
    text = _TEXT[language].format(
        link=link, minutes=policy.account.link_lives // 60, reference=reference, name=policy.site.name
    )
    headers = mail.headers or (("Auto-Submitted", "auto-generated"),)  # RFC 3834 section 5
    return OutgoingMail(mail.email, ANSWER, mail.subject or _SUBJECT[language], text, headers)
