"""Makes and sends the mail that waits in the queue: links that prove an address, and word of a later deadline."""

from __future__ import annotations

import datetime as dt

from kept.app.ports.mail import Outbox, OutgoingMail, QueuedMail
from kept.app.ports.people import Proofs
from kept.domain.errors import UnavailableError
from kept.domain.identity import Keys
from kept.domain.permission import ANSWER
from kept.domain.policy import Policy
from kept.domain.proof import Link, new_token

_SUBJECT = {
    "access": {"en": "Your data: one more step", "ar": "بياناتكم: خطوة واحدة أخرى"},
    "registration": {"en": "Your registration: one more step", "ar": "تسجيلكم: خطوة واحدة أخرى"},
    "extension": {"en": "Your request needs longer", "ar": "طلبكم يحتاج إلى وقت أطول"},
}
_TEXT = {
    "access": {
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
    },
    "registration": {
        "en": """Somebody, we think you, registered with us under this address and accepted our policy:

{policy}

Open this page and press its button to confirm it:

{link}

The link works once, for {hours} hours. If it was not you, you need do nothing: what was given is then discarded, and
nothing was agreed to in your name.

{name}
""",
        "ar": """سجّل شخص ما، ونظنه أنتم، لدينا تحت هذا العنوان ووافق على سياستنا:

{policy}

افتحوا هذه الصفحة واضغطوا الزر للتأكيد:

{link}

يعمل الرابط مرة واحدة خلال {hours} ساعة. إن لم تكونوا أنتم فلا داعي لفعل شيء: يُحذف عندئذ ما أُدخل ولا يُعدّ أي شيء
موافقة باسمكم.

{name}
""",
    },
    "extension": {
        "en": """Your request {ref} needs longer than we said: it is answered by {day}. The reason is:

{reason}

{name}
""",
        "ar": """يحتاج طلبكم {ref} إلى وقت أطول مما ذكرنا، وسيُجاب عنه في موعد أقصاه {day}. والسبب:

{reason}

{name}
""",
    },
}
_REFERENCE = {
    "en": "\nThe reference of this request is {ref}. It is answered by {day} whatever happens.\n",
    "ar": "\nالرقم المرجعي لهذا الطلب {ref} وسيُجاب عنه في موعد أقصاه {day} على أي حال.\n",
}


def send_queued_mail(
    mail: QueuedMail, *, policy: Policy, keys: Keys, proofs: Proofs, outbox: Outbox, public_url: str, now: int
) -> bool:
    """Send a mail of the queue; whether it was sent. It is not where as many links are alive as may be, or twice.

    Raises UnavailableError; then it may be tried again.
    """
    subject_id = keys.subject_id(mail.email)
    if mail.topic == "extension":
        if not outbox.claim(subject_id, "extension", now):
            return False
        try:
            outbox.send(_compose(mail, "", policy, public_url))
        except UnavailableError:
            outbox.release(subject_id, "extension")
            raise
        return True
    place = proofs.claim_link(subject_id, mail.job, policy.account.links_at_once, now + policy.account.link_lives, now)
    if place is None:
        return False
    lives = policy.account.registration_waits if mail.confirms else policy.account.link_lives
    try:
        token, secret_hash = new_token(subject_id)
        proofs.add_link(Link(subject_id, secret_hash, now + lives, mail.email, mail.confirms, mail.answers))
        outbox.send(_compose(mail, f"{public_url}/sessions?token={token}", policy, public_url))
    except UnavailableError:
        proofs.release_link(subject_id, place)
        raise
    return True


def _compose(mail: QueuedMail, link: str, policy: Policy, public_url: str) -> OutgoingMail:
    known = _TEXT[mail.topic]
    language = next(each for each in (mail.language[:2].lower(), policy.languages[0], "en") if each in known)
    day = dt.datetime.fromtimestamp(mail.answer_by, dt.UTC).date().isoformat() if mail.answer_by else ""
    text = known[language].format(
        link=link,
        policy=f"{public_url}/policy",
        minutes=policy.account.link_lives // 60,
        hours=policy.account.registration_waits // 3600,
        reference=_REFERENCE[language].format(ref=mail.reference, day=day) if mail.reference and day else "",
        ref=mail.reference,
        day=day,
        reason=mail.reason,
        name=policy.site.name,
    )
    headers = mail.headers or (("Auto-Submitted", "auto-generated"),)  # RFC 3834 section 5
    return OutgoingMail(mail.email, ANSWER, mail.subject or _SUBJECT[mail.topic][language], text, headers)
