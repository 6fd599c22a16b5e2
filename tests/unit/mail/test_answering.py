"""Who is never answered, and how an answer is marked."""

from __future__ import annotations

import pytest

from kept.domain.mail import read_mail
from kept.domain.mail.answering import answer_headers, answer_subject, silence_reason

OURS = ("expandcart.com",)


def mail(headers: str = "", subject: str = "What do you hold about me?") -> bytes:
    return f"From: ann@example.org\nTo: support@expandcart.com\nSubject: {subject}\n{headers}\nHello".encode()


def test_a_person_is_answered() -> None:
    assert silence_reason(read_mail(mail("Auto-Submitted: no\n")), "ann@example.org", OURS) is None


@pytest.mark.parametrize(
    ("headers", "sender", "reason"),
    [
        ("", None, "null-sender"),
        ("", "", "null-sender"),
        ("", "no-reply@example.org", "no-reply-address"),
        ("", "NoReply+x@example.org", "no-reply-address"),
        ("", "donotreply@example.org", "no-reply-address"),
        ("", "bounces-77=a@example.org", "no-reply-address"),
        ("", "somebody@expandcart.com", "our-own-domain"),
        ("", "somebody@mail.expandcart.com", "our-own-domain"),
        ("", "a b@example.org", "unusable-address"),
        ("", "ann@example.org>\nBcc: x@y", "unusable-address"),
        ("List-Id: <a.example.org>\n", "ann@example.org", "mailing-list"),
        ("List-Unsubscribe: <mailto:x@example.org>\n", "ann@example.org", "mailing-list"),
        ("Precedence: Bulk\n", "ann@example.org", "mailing-list"),
        ("X-Auto-Response-Suppress: OOF, AutoReply\n", "ann@example.org", "asked-for-silence"),
        ("X-Auto-Response-Suppress: All\n", "ann@example.org", "asked-for-silence"),
        ("Auto-Submitted: auto-generated\n", "ann@example.org", "asked-for-silence"),
    ],
)
def test_nothing_is_sent_to_who_must_not_be_answered(headers: str, sender: str | None, reason: str) -> None:
    assert silence_reason(read_mail(mail(headers)), sender, OURS) == reason


def test_an_answer_is_marked_and_joins_its_thread() -> None:
    fields = dict(answer_headers(read_mail(mail("Message-ID: <2@x>\nReferences: <0@x> <1@x>\n"))))
    assert fields["Auto-Submitted"] == "auto-replied"
    assert fields["In-Reply-To"] == "<2@x>"
    assert fields["References"] == "<0@x> <1@x> <2@x>"


def test_a_message_id_that_is_none_is_not_repeated() -> None:
    assert dict(answer_headers(read_mail(mail("Message-ID: nothing\n")))).keys() == {
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
    }


def test_the_subject_is_theirs() -> None:
    assert answer_subject(read_mail(mail(subject="My data"))) == "Re: My data"
    assert answer_subject(read_mail(mail(subject="RE: My data"))) == "RE: My data"
    assert answer_subject(read_mail(b"")) == "Re: Your message"
