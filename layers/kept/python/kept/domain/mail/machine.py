"""Whether a program sent a mail on its own, by its headers and its structure; wording is matched elsewhere.

Only signs that no person's mail carries count, since machine mail leaves the queue that staff read. These are none by
themselves: `Auto-Submitted: no`, X-Auto-Response-Suppress (it asks us to stay silent), a no-reply sender (contact
forms write so, for people), the fields that a mail service adds to whatever it carries, and List-* or Precedence on
mail that is addressed to us (a person wrote it, through a list or a group). What they add up to is a hint, which
together with a program's wording may be enough: `machine_hint`.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from kept.domain.mail.header_fields import MAX_VALUE, first_mailbox
from kept.domain.mail.reader import Mail

# Content type of a part → what a mail that has it is.
_REPORT_PARTS = {
    "message/delivery-status": "delivery-report",  # RFC 3464
    "message/global-delivery-status": "delivery-report",  # RFC 6533
    "message/disposition-notification": "read-receipt",  # RFC 8098
    "message/global-disposition-notification": "read-receipt",
    "message/feedback-report": "feedback-report",  # RFC 5965
}
_REPORT_TYPES = {
    "delivery-status": "delivery-report",
    "disposition-notification": "read-receipt",
    "feedback-report": "feedback-report",
}
_DENIALS = ("", "no", "false", "0", "none")
# What a server's rule did with mail that somebody else wrote (CommuniGate, Exchange, X.400).
_PASSED_ON = ("forward", "mirror", "redirect", "group", "auto-forwarded")
# Fields by which programs say that they answer or write by themselves, in whatever way a vendor spells them:
# X-Autoreply, X-Auto-Response, X-Mail-Autoreply-From, X-Acme-Vacation. Asking others not to is something else.
_AUTOMATIC_FIELD = re.compile(
    r"x-(?:(?!no|non|disable|prevent|stop|skip|suppress)[a-z0-9]{1,20}-)?"
    r"(?:auto-?(?:repl(?:y|ied)|respond(?:er)?|response|answer|generated)|vacation|out-?of-?office|oof)"
    r"(?:-(?:from|type|id|message))?|x-fc-machinegenerated"
)
# Field → the beginnings of its values that only programs write.
_AUTOMATIC_VALUES = {
    "precedence": ("auto_reply", "auto-reply", "autoreply"),
    "x-precedence": ("auto_reply", "auto-reply", "autoreply"),
    "preference": ("auto_reply", "auto-reply"),
    "delivered-to": ("autoresponder",),
    "x-apple-action": ("vacation",),
    "x-amazon-mail-relay-type": ("notification",),
    "x-post-messageclass": ("9;",),
    "x-list-administrivia": ("yes",),  # Mailman's own notices
    "content-class": ("urn:content-classes:dsn", "urn:content-classes:mdn"),  # Exchange's reports
}
_AUTOMATIC_MAILER = re.compile(r"\bauto-?(?:reply|respon)|\bvacation\b")
# Fields of services that tell of what happened there: nobody writes to us through them.
_NOTICE_FIELD = re.compile(
    r"x-(?:github|gitlab|jira|bugzilla|redmine|gerrit|launchpad|trac|jenkins|sentry|nagios|icinga|zabbix|pagerduty"
    r"|facebook|linkedin)-.{1,60}|x-cron-env|x-amz-sns-message-id"
)

_DAEMONS = frozenset(("mailer-daemon", "mailerdaemon", "mail-daemon", "maildaemon", "mdaemon"))
_DAEMON_NAMES = frozenset(("mail delivery subsystem", "mail delivery system"))
# Words of senders that a person could be, or no sender at all: they count only with one of the subjects below.
_MAIL_SYSTEM = re.compile(
    r"|(?:.*[ ._+-])?(?:post-?master|.{0,20}daemon|mailer|mail|root|bounces?|no-?reply|system|admin|administrator"
    r"|mdelivery|ndr|smtp|mta|gateways?|antivirus)(?:[ ._+-].*)?"
)
_FAILURE_SUBJECTS = (
    "undeliver",
    "delivery status notification",
    "delivery failure",
    "delivery failed",
    "delivery report",
    "delivery notification",
    "delivery delayed",
    "delayed mail",
    "failure notice",
    "failed mail",
    "returned mail",
    "mail delivery",
    "mail system error",
    "message delivery",
    "message delayed",
    "message status",
    "message undeliverable",
    "non delivery",
    "nondeliverable",
    "warning: could not send",
    "warning: message",
    "could not send",
    "unable to deliver",
    "mail could not be delivered",
    "your message could not",
    "unzustellbar",
    "nicht zustellbar",
    "non remis",
    "non distribuable",
    "échec de la remise",
    "échec de remise",
    "no se puede entregar",
    "no se ha podido entregar",
    "correo no entregado",
    "correo devuelto",
    "non recapitabile",
    "mancata consegna",
    "mancato recapito",
    "teslim edilemedi",
    "teslim edilemez",
    "غير قابل للتسليم",
    "تعذر تسليم",
    "تعذر التسليم",
    "فشل التسليم",
    "فشل تسليم",
    "إشعار بتعذر",
    "إخطار بتعذر",
    "メッセージを配信できません",
    "メールエラー通知",
)
# Followed by a colon, what programs put before the subject that they answer.
_AUTOMATIC_PREFIXES = frozenset(
    (
        "automatic reply",
        "automatic response",
        "automated reply",
        "automated response",
        "auto reply",
        "auto response",
        "autoreply",
        "autoresponse",
        "out of office autoreply",
        "out of office auto reply",
        "automatische antwort",
        "automatisch antwoord",
        "abwesenheitsnotiz",
        "abwesenheitsnachricht",
        "réponse automatique",
        "message d'absence",
        "respuesta automática",
        "contestación automática",
        "risposta automatica",
        "resposta automática",
        "otomatik yanıt",
        "otomatik cevap",
        "رد تلقائي",
        "الرد التلقائي",
        "رد آلي",
        "الرد الآلي",
        "automatiskt svar",
        "automatisk svar",
        "autosvar",
        "automaattinen vastaus",
        "odpowiedź automatyczna",
        "автоматический ответ",
        "自动答复",
        "自動回覆",
        "自動応答",
    )
)
# The same where the mail also says which one it answers: a person's answer begins with Re:, or with our own subject.
_ANSWER_PREFIXES = frozenset(
    (
        "out of office",
        "out of the office",
        "abwesend",
        "abwesenheit",
        "absence du bureau",
        "absent du bureau",
        "absence",
        "fuera de la oficina",
        "ausente",
        "fuori sede",
        "fuori ufficio",
        "assente",
        "ofis dışında",
        "ofis dışı",
        "خارج المكتب",
        "read",  # what receipts of Outlook are called
        "not read",
        "gelesen",
        "ungelesen",
        "nicht gelesen",
        "lu",
        "non lu",
        "leído",
        "no leído",
        "letto",
        "non letto",
        "okundu",
        "okunmadı",
        "مقروءة",
        "غير مقروءة",
        "تمت القراءة",
    )
)
_PASSED_ON_OR_ANSWERED = re.compile(
    r"\s*(?:re|aw|sv|antw|res|r|ynt|fw|fwd|wg|tr|rv|i|ilt|enc|رد|إعادة توجيه)\s*(?:\[\d{1,3}\]\s*)?:", re.IGNORECASE
)

_LIST_FIELDS = (
    "list-id",
    "list-post",
    "list-unsubscribe",
    "list-archive",
    "list-help",
    "list-subscribe",
    "mailing-list",
    "x-mailing-list",
    "x-beenthere",
    "x-mailman-version",
    "x-google-group-id",
)
_NO_REPLY = re.compile(  # with dots and underscores as hyphens
    r"(?:.*[+-])?(?:(?:no|do-?not|dont|never)-?(?:reply|respond|response|answer)|ne-?pas-?repondre|no-?responder"
    r"|no-?contestar|keine-?antwort|nicht-?antworten|non-?rispondere|yanitlamayin|notifications?|alerts?|bounces?"
    r"|.{0,20}daemon)(?:[+-].*)?"
)
# Fields that services for mailing many people at once add to campaigns, and only to those.
_CAMPAIGN_FIELD = re.compile(
    r"x-campaign.{0,40}|x-(?:mailchimp|mc|mailjet|mj|mailin|mailgun|mailerlite|sfmc|emarsys)-?campaign.{0,20}"
    r"|x-mc-user|x-mailer-(?:lid|rec[a-z]{0,6}id|sid|sent-by)|x-csa-complaints|x-emarsys-.{1,40}|x-marketoid"
    r"|x-(?:klaviyo|braze|iterable|sailthru|responsys|eloqua|cheetahmail|listrak)-.{1,60}|x-sailthru|x-rpcampaign"
    r"|x-job|x-jobid|x-newsletter.{0,40}|x-broadcast-?id|x-bulkmail.{0,20}|x-mass-?mail.{0,20}|x-list-?unsubscribe-post"
)
_CAMPAIGN_MAILER = re.compile(
    r"mailchimp|brevo|sendinblue|klaviyo|mailerlite|getresponse|aweber|phplist|mautic|sendy|acymailing|acelle"
    r"|campaign ?monitor|activecampaign|constant ?contact|emarsys|interspire|customer\.io|newsletter|listmonk"
)
_HELP_DESK = re.compile(
    r"zendesk|freshdesk|freshservice|helpscout|help-scout|intercom|osticket|otrs|znuny|zammad|kayako|gorgias|rt-ticket"
    r"|rt-loop-prevention|servicenow|zoho-?desk|freescout|jitbit|deskpro|hesk"
)
_ADDRESS_DOMAIN = re.compile(r"@([a-z0-9.-]{1,253})")


def pressed_unsubscribe(mail: Mail) -> bool:
    """Whether a mail program wrote this because somebody pressed its unsubscribe button, whatever its headers say.

    Apple Mail and Gmail write to the List-Unsubscribe address and mark it as automatic; RFC 5965 has a feedback
    report of type opt-out.
    """
    text = mail.text.strip().lower()
    return (
        mail.headers.get("x-apple-unsubscribe", ("",))[0].strip().lower() == "true"
        or mail.feedback_type in ("opt-out", "opt-out-list")
        or (
            mail.subject.lower() == "unsubscribe" and (text in ("", "unsubscribe") or "automatically generated" in text)
        )
        or any(
            (first_mailbox(value)[1] or "").lower().startswith("unsubscribe+")
            for name in ("to", "delivered-to", "x-original-to")
            for value in mail.headers.get(name, ())[:3]
        )
    )


def machine_reason(mail: Mail, envelope_sender: str | None, our_domains: Collection[str] = ()) -> str | None:
    """Why a mail is a machine's, as a stable code, or None for a person's.

    `envelope_sender` is SMTP's MAIL FROM; None or "" is the null return path (RFC 5321 4.5.5), which bounces and
    automatic replies have. `our_domains` are those that we receive for: without them no list mail is found, since
    what is addressed to us is a person's. An unsubscribe button is a person's wish, whatever its mail looks like.
    """
    if pressed_unsubscribe(mail):
        return None
    return (
        _by_structure(mail)
        or _by_fields(mail)
        or _by_sender(mail, envelope_sender)
        or _by_subject(mail)
        or _by_mailing(mail, our_domains)
    )


def machine_hint(mail: Mail, our_domains: Collection[str] = ()) -> str | None:
    """A sign that a program may have sent this, as a stable code, or None.

    Persons' mail can carry each of these, so that a hint decides nothing; with a program's wording it may.
    """
    if _is_unanswerable(mail, our_domains):
        return "no-reply-sender"
    if "x-auto-response-suppress" in mail.headers:
        return "asked-for-silence"
    if any(_HELP_DESK.search(name) for name in mail.headers if name.startswith(("x-", "rt-"))) or _HELP_DESK.search(
        _first(mail, "x-mailer")
    ):
        return "help-desk"
    if _is_bulk(mail) or "list-unsubscribe" in mail.headers or "list-id" in mail.headers:
        return "bulk"
    return None


def _by_structure(mail: Mail) -> str | None:
    if mail.content_type == "multipart/report":
        return _REPORT_TYPES.get(mail.report_type) or next(
            (_REPORT_PARTS[part] for part in mail.part_types if part in _REPORT_PARTS), "report"
        )
    if _PASSED_ON_OR_ANSWERED.match(mail.subject):
        return None  # somebody who passes a report or an invitation on, its parts included
    if mail.calendar_method:
        return "calendar"
    if "in-reply-to" in mail.headers:
        return None
    # Hotmail's complaint report is no multipart/report: the mail complained about, from one address of theirs.
    if mail.sender == "staff@hotmail.com" and "message/rfc822" in mail.part_types:
        return "feedback-report"
    return next((_REPORT_PARTS[part] for part in mail.part_types if part in _REPORT_PARTS), None)


def _by_fields(mail: Mail) -> str | None:
    for value in (*mail.headers.get("auto-submitted", ()), *mail.headers.get("x-auto-submitted", ())):
        # RFC 3834 5: a keyword, then perhaps parameters or a comment.
        if re.split(r"[;(\s]", value.strip().lower())[0] not in (*_DENIALS, *_PASSED_ON):
            return "auto-submitted"
    for name, values in mail.headers.items():
        first = values[0].strip().lower()
        if _AUTOMATIC_FIELD.fullmatch(name) and first not in (*_DENIALS, *_PASSED_ON):
            return "auto-reply-field"
        if any(value.strip().lower().startswith(_AUTOMATIC_VALUES.get(name, ())) for value in values):
            return "auto-reply-field"
        if _NOTICE_FIELD.fullmatch(name):
            return "notice"
    if any(value.strip() for value in mail.headers.get("x-failed-recipients", ())):
        return "failed-recipients"
    return "auto-reply-field" if _AUTOMATIC_MAILER.search(_first(mail, "x-mailer")) else None


def _by_sender(mail: Mail, envelope_sender: str | None) -> str | None:
    if (envelope_sender or "").strip() in ("", "<>"):
        return "null-return-path"
    daemons = (_local_part(mail.sender), _local_part((envelope_sender or "").strip("<> ")))
    if _DAEMONS.intersection(daemons) or mail.sender_name.strip().lower() in _DAEMON_NAMES:
        return "daemon-sender"
    return None


def _by_subject(mail: Mail) -> str | None:
    subject = mail.subject.lower().replace("\u2019", "'")
    prefix, colon, _ = subject.partition(":")
    prefix = " ".join(prefix.replace("-", " ").split())
    if colon and prefix in _AUTOMATIC_PREFIXES:
        return "automatic-subject"
    if colon and prefix in _ANSWER_PREFIXES and "in-reply-to" in mail.headers:
        return "automatic-subject"
    # A Reply-To is what contact forms set, whose subject a person typed.
    from_a_system = all(_MAIL_SYSTEM.fullmatch(_local_part(a)) for a in (mail.sender, mail.reply_to or mail.sender))
    return "failure-subject" if from_a_system and subject.replace("-", " ").startswith(_FAILURE_SUBJECTS) else None


def _by_mailing(mail: Mail, our_domains: Collection[str]) -> str | None:
    """Posts of other people's lists, newsletters and notices of other companies."""
    if _is_of_our_own_list(mail, our_domains):
        return None  # support@ may be a group: whoever writes to it is a person
    addressed = _addressed_domains(mail)
    of_list = any(name in mail.headers for name in _LIST_FIELDS)
    if of_list and our_domains and addressed is not None and not any(_is_ours(d, our_domains) for d in addressed):
        return "list-mail"
    if (
        "in-reply-to" in mail.headers
        or "references" in mail.headers
        or "mailto:" in _first(mail, "list-post")  # people write to such a list, and somebody put us in To or Cc
        or _is_a_form(mail, our_domains)
    ):
        return None
    unanswerable = _is_unanswerable(mail, our_domains)
    subscribed = any(name in mail.headers for name in ("list-unsubscribe", "x-list-unsubscribe", "list-id"))
    if subscribed and (_is_bulk(mail) or unanswerable or _announces(mail, addressed, our_domains)):
        return "newsletter"
    silent = "x-auto-response-suppress" in mail.headers
    return "automated-notice" if unanswerable and (_is_bulk(mail) or silent) else None


def _is_bulk(mail: Mail) -> bool:
    """Whether something says that this goes to many: on its own it may say so of the service that carried it."""
    return (
        any(name in mail.headers for name in ("list-unsubscribe-post", "feedback-id", "x-feedback-id"))
        or _first(mail, "precedence") in ("bulk", "junk")
        or any(_CAMPAIGN_FIELD.fullmatch(name) for name in mail.headers)
        or bool(_CAMPAIGN_MAILER.search(_first(mail, "x-mailer")))
    )


def _is_a_form(mail: Mail, our_domains: Collection[str]) -> bool:
    """Whether a program passes on what a person typed: the answer goes to somewhere else altogether."""
    domain, answered = ((address or "").rpartition("@")[2] for address in (mail.sender, mail.reply_to))
    return (
        answered not in ("", domain)
        and not _is_ours(answered, our_domains)
        and not _is_no_reply(mail.reply_to)
        and (_is_no_reply(mail.sender) or _is_ours(domain, our_domains))
    )


def _is_unanswerable(mail: Mail, our_domains: Collection[str]) -> bool:
    """Whether somebody else's program is the sender, and no person is named whom an answer would reach."""
    answer_to = mail.reply_to or mail.sender
    return (
        answer_to is not None
        and _is_no_reply(mail.sender)
        and _is_no_reply(answer_to)
        and not _is_ours(answer_to.rpartition("@")[2], our_domains)
    )


def _announces(mail: Mail, addressed: list[str] | None, our_domains: Collection[str]) -> bool:
    """Whether the sender's own list, which one can leave but not write to, is addressed to us and to nobody else."""
    parent = _list_domain(mail).partition(".")[2]  # the first label is the list's name
    domain = (mail.sender or "").rpartition("@")[2]
    return (
        "list-unsubscribe" in mail.headers
        and "." in parent
        and (f".{domain}".endswith(f".{parent}") or f".{parent}".endswith(f".{domain}"))
        and bool(addressed)
        and all(_is_ours(other, our_domains) for other in addressed or ())
    )


def _is_of_our_own_list(mail: Mail, our_domains: Collection[str]) -> bool:
    domains = [_list_domain(mail)]
    for name in ("list-post", "mailing-list", "x-mailing-list", "x-beenthere"):
        domains += _ADDRESS_DOMAIN.findall(_first(mail, name))
    return any(_is_ours(domain, our_domains) for domain in domains)


def _list_domain(mail: Mail) -> str:
    """What List-Id names (RFC 2919): in angle brackets after a description, or alone."""
    return _first(mail, "list-id").rpartition("<")[2].partition(">")[0].strip().rpartition("@")[2]


def _addressed_domains(mail: Mail) -> list[str] | None:
    """The domains of all addressees, those of a mail that was passed on included; None where there is more to read."""
    names = ("to", "cc", "resent-to", "resent-cc")
    values = [value for name in names for value in mail.headers.get(name, ())]
    if any(len(value) >= MAX_VALUE - 1 for value in values):
        return None
    return [domain for value in values for domain in _ADDRESS_DOMAIN.findall(value.lower())]


def _is_ours(domain: str, our_domains: Collection[str]) -> bool:
    return any(domain == ours or domain.endswith(f".{ours}") for ours in our_domains)


def _is_no_reply(address: str | None) -> bool:
    return bool(_NO_REPLY.fullmatch(_local_part(address).replace(".", "-")))


def _first(mail: Mail, name: str) -> str:
    return mail.headers.get(name, ("",))[0].strip().lower()


def _local_part(address: str | None) -> str:
    return (address or "").rpartition("@")[0].lower().strip('"').replace("_", "-")
