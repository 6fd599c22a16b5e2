"""A program's mail is told from a person's, and a person's is never taken for a program's."""

from __future__ import annotations

import pytest

from kept.domain.mail import Mail, machine_reason, read_mail
from kept.domain.mail.header_fields import first_mailbox

PERSON = "ann@example.org"


def envelope_sender(mail: Mail) -> str | None:
    """The envelope's sender, from the field that the receiving server adds; a person's where it is not there."""
    field = mail.headers.get("return-path", (PERSON,))[0]
    return first_mailbox(field)[1] or (None if field.strip() == "<>" else PERSON)


def reason(*fields: str, body: str = "Hello", sender: str | None = PERSON) -> str | None:
    head = "\n".join(fields if any(f.startswith("From:") for f in fields) else ("From: Ann <ann@example.org>", *fields))
    return machine_reason(read_mail(f"{head}\n\n{body}".encode()), sender)


def report(kind: str, part: str, field: str = "X: y") -> str:
    return f"--e\n\nSee below.\n--e\nContent-Type: {part}\n\n{field}\n--e--\n" if kind else ""


# Machine mail without any of the signs that we accept, where a rule that found it would find people's too.
MISSED = {"008.eml", "014.eml", "076.eml", "084.eml", "133.eml"}


def test_samples_are_told_apart(samples: dict[str, bytes], labelled: tuple[str, list[str]]) -> None:
    name, labels = labelled
    mail = read_mail(samples[name])
    found = machine_reason(mail, envelope_sender(mail))
    assert (found is not None) == ("machine" in labels and name not in MISSED)


def test_nearly_all_bounces_of_the_corpora_are_found(corpora: list[tuple[str, str, bytes]]) -> None:
    bounces = [read_mail(raw) for kind, _, raw in corpora if kind == "bounce"]
    found = sum(machine_reason(mail, envelope_sender(mail)) is not None for mail in bounces)
    assert found >= 0.95 * len(bounces)


def test_ordinary_mail_of_the_corpora_is_left_alone(corpora: list[tuple[str, str, bytes]]) -> None:
    # The nine found are delivery reports, and a forgery that says of itself that it is an auto-reply.
    ordinary = [read_mail(raw) for kind, _, raw in corpora if kind in ("mime-test", "dkim-test", "malformed", "spam")]
    assert sum(machine_reason(mail, envelope_sender(mail)) is not None for mail in ordinary) <= 9


@pytest.mark.parametrize(
    "fields",
    [
        ["Auto-Submitted: no"],
        ["Auto-Submitted: No (a person)"],
        ["Auto-Submitted:"],
        ["Precedence: bulk"],
        ["Precedence: list", "List-Id: <x.example.org>", "List-Unsubscribe: <mailto:x@example.org>"],
        ["X-Auto-Response-Suppress: All"],
        ["X-Autoreply: no"],
        ["From: noreply@shop.example", "Reply-To: ann@example.org", "Subject: Delivery failed for my order"],
        ["From: postmaster@example.org", "Subject: Your newsletter"],
        ["Subject: Undeliverable: what does it mean?"],
        ["Subject: Out of office next week"],
        ["Subject: Re: Automatic reply: hello"],
    ],
)
def test_what_people_send_is_not_a_machines(fields: list[str]) -> None:
    assert reason(*fields) is None


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (["Auto-Submitted: auto-replied"], "auto-submitted"),
        (["Auto-Submitted: auto-generated; owner-email=ann@example.org"], "auto-submitted"),
        (["X-Autoreply: yes"], "auto-reply-field"),
        (["X-Autorespond: Away"], "auto-reply-field"),
        (["Precedence: auto_reply"], "auto-reply-field"),
        (["X-Failed-Recipients: bob@example.org"], "failed-recipients"),
        (["From: Mail Delivery System <MAILER-DAEMON@example.org>"], "daemon-sender"),
        (["From: postmaster@example.org", "Subject: Undeliverable: hello"], "failure-subject"),
        (["Subject: Automatic reply: hello"], "automatic-subject"),
        (["Subject: رد تلقائي: مرحبا"], "automatic-subject"),
    ],
)
def test_a_machines_fields_are_known(fields: list[str], why: str) -> None:
    assert reason(*fields) == why


@pytest.mark.parametrize("sender", [None, "", "<>"])
def test_the_null_return_path_is_a_machines(sender: str | None) -> None:
    assert reason(sender=sender) == "null-return-path"


def test_a_daemon_in_the_envelope_is_enough() -> None:
    assert reason(sender="MAILER-DAEMON@example.org") == "daemon-sender"


@pytest.mark.parametrize(
    ("report_type", "part", "why"),
    [
        ("delivery-status", "message/delivery-status", "delivery-report"),
        ("disposition-notification", "message/disposition-notification", "read-receipt"),
        ("feedback-report", "message/feedback-report", "feedback-report"),
        ("", "message/delivery-status", "delivery-report"),
        ("", "text/plain", "report"),
    ],
)
def test_reports_are_a_machines(report_type: str, part: str, why: str) -> None:
    content_type = f"Content-Type: multipart/report; report-type={report_type}; boundary=e"
    assert reason(content_type, body=report("x", part)) == why


def test_a_person_who_passes_a_report_on_is_a_person() -> None:
    mixed = "Content-Type: multipart/mixed; boundary=e"
    assert reason(mixed, body=report("x", "message/delivery-status")) == "delivery-report"
    assert reason(mixed, "Subject: Fwd: failure", body=report("x", "message/delivery-status")) is None


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    "fields",
    [
        ["X-Apple-Unsubscribe: true", "Auto-Submitted: auto-replied"],
        ["To: unsubscribe+token@kept.example", "Auto-Submitted: auto-generated"],
        ["Subject: unsubscribe", "Auto-Submitted: auto-replied"],
    ],
)
def test_an_unsubscribe_button_is_a_persons_wish(fields: list[str]) -> None:
    assert reason(*fields, body="This message was automatically generated.", sender=None) is None


@pytest.mark.parametrize(
    ("kind", "why"), [("opt-out", None), ("abuse", "feedback-report"), ("not-spam", "feedback-report")]
)
def test_a_feedback_report_of_an_opt_out_is_a_persons_wish(kind: str, why: str | None) -> None:
    content_type = "Content-Type: multipart/report; report-type=feedback-report; boundary=e"
    body = report("x", "message/feedback-report", f"Feedback-Type: {kind}")
    assert reason(content_type, body=body) == why
