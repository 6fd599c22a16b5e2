"""Bounces and complaints tell what became of which mail, and a token that comes back is found."""

from __future__ import annotations

import base64
import time

import pytest

from kept.domain.mail import Mail, read_mail
from kept.domain.mail.reader import MAX_REPORT_PART
from kept.domain.mail.reports import DeliveryReport, delivery_reports, feedback_report, our_token

OURS = ("kept.example",)
TOKEN = "abcdefgh" * 6
OTHER = "zyxwvut2" * 6
RETURNED = f"""From: News <news@kept.example>
To: Ann <ann@example.org>
Subject: Offers
List-Unsubscribe: <https://kept.example/opt-outs/{TOKEN}>,
 <mailto:unsubscribe+{TOKEN}@kept.example>

Secret offers."""


def mail_of(*parts: str, kind: str = "report; report-type=delivery-status", head: str = "From: x@example.org") -> Mail:
    body = "".join(f"--e\n{part}\n" for part in parts)
    return read_mail(f"{head}\nContent-Type: multipart/{kind}; boundary=e\n\n{body}--e--\n".encode())


def part(content_type: str, body: str, *fields: str) -> str:
    return "\n".join([f"Content-Type: {content_type}", *fields]) + f"\n\n{body}"


def bounce(status: str, *others: str) -> Mail:
    return mail_of("\nIt failed.", part("message/delivery-status", status), *others)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (
            "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1",
            DeliveryReport("failed", "5.1.1", "ann@example.org"),
        ),
        (
            "Original-Recipient: x;ann@example.org\nFinal-Recipient: x; x@b.example\nAction: Failed\nStatus: 5.2.2",
            DeliveryReport("failed", "5.2.2", "ann@example.org"),
        ),
        (
            "Final-Recipient: LOCAL;<ann@Example.ORG>\nAction: delayed (will retry)\nStatus: 4.4.1",
            DeliveryReport("delayed", "4.4.1", "ann@example.org"),
        ),
        (
            "Final-Recipient: utf-8; آن@example.org\nAction: delivered\nStatus: 2.0.0",
            DeliveryReport("delivered", "2.0.0", "آن@example.org"),
        ),
        ("Final-Recipient: rfc822; ann", DeliveryReport("", "", None)),
        ("Action: failed\nStatus: 550 no such user", DeliveryReport("failed", "", None)),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_bounce_says_what_became_of_a_recipient(group: str, expected: DeliveryReport, newline: str) -> None:
    body = f"Reporting-MTA: dns; mx.example.org\nArrival-Date: today\n\n{group}\n".replace("\n", newline)
    assert delivery_reports(bounce(body)) == (expected,)


def test_only_a_failure_for_good_is_permanent() -> None:
    assert DeliveryReport("failed", "5.1.1", None).is_permanent_failure
    assert not DeliveryReport("failed", "4.4.7", None).is_permanent_failure
    assert not DeliveryReport("delayed", "5.1.1", None).is_permanent_failure
    assert not DeliveryReport("failed", "", None).is_permanent_failure


def test_failures_come_first_and_recipients_are_capped() -> None:
    groups = [f"Final-Recipient: rfc822; r{n}@example.org\nAction: delivered\nStatus: 2.0.0" for n in range(2)]
    groups.append("Final-Recipient: rfc822; bad@example.org\nAction: failed\nStatus: 5.1.1")
    found = delivery_reports(bounce("Reporting-MTA: dns; x\n\n" + "\n\n\n".join(groups)))
    assert [r.recipient for r in found] == ["bad@example.org", "r0@example.org", "r1@example.org"]
    assert len(delivery_reports(bounce("\n\n".join(["Action: failed"] * 500)))) <= 100


def test_an_encoded_status_is_read() -> None:
    text = base64.encodebytes(b"Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; ann@example.org\nAction: failed\n")
    mail = mail_of(part("message/delivery-status", text.decode(), "Content-Transfer-Encoding: base64"))
    assert delivery_reports(mail) == (DeliveryReport("failed", "", "ann@example.org"),)


def test_other_mail_reports_nothing() -> None:
    mail = read_mail(
        b"From: ann@example.org\n\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; bob@example.org"
    )
    assert delivery_reports(mail) == ()
    assert feedback_report(mail) is None
    assert our_token(mail, OURS) is None


def complaint(fields: str, *others: str) -> Mail:
    feedback = part("message/feedback-report", fields)
    return mail_of("\nA complaint.", feedback, *others, kind="report; report-type=feedback-report")


def test_a_complaint_says_who_about_which_mail() -> None:
    fields = "Feedback-Type: Abuse\nUser-Agent: X/1\nOriginal-Rcpt-To: <ann@example.org>"
    found = feedback_report(complaint(fields, part("message/rfc822", RETURNED)))
    assert found is not None
    assert (found.feedback_type, found.recipient, found.returned_to) == ("abuse", "ann@example.org", "ann@example.org")
    assert f"<mailto:unsubscribe+{TOKEN}@kept.example>" in found.list_unsubscribe
    assert found.returned["subject"] == ("Offers",)


def test_an_opt_out_report_says_who_is_to_be_removed() -> None:
    fields = "Feedback-Type: opt-out\nOriginal-Rcpt-To: list@example.org\nRemoval-Recipient: ann@example.org"
    found = feedback_report(complaint(fields))
    assert found is not None
    assert (found.feedback_type, found.recipient, found.returned_to) == ("opt-out", "ann@example.org", None)


def test_hotmails_complaint_is_the_mail_itself() -> None:
    returned = part("message/rfc822", f"X-HmXmrOriginalRecipient: ann@hotmail.example\n{RETURNED}")
    mail = mail_of(returned, kind="mixed", head="From: staff@hotmail.com")
    found = feedback_report(mail)
    assert found is not None
    assert (found.feedback_type, found.recipient) == ("abuse", "ann@hotmail.example")
    assert our_token(mail, OURS) == TOKEN
    assert feedback_report(read_mail(b"From: staff@hotmail.com\n\nHello")) is None


@pytest.mark.parametrize(
    "content_type", ["message/rfc822", "text/rfc822-headers", "message/global", "text/rfc822-header"]
)
def test_the_token_of_the_mail_that_came_back_is_found(content_type: str) -> None:
    returned = part(content_type, RETURNED)
    assert our_token(bounce("Action: failed", returned), OURS) == TOKEN
    assert our_token(complaint("Feedback-Type: abuse", returned), OURS) == TOKEN
    assert our_token(bounce("Action: failed", returned), ("brand.example",)) is None


def test_what_a_person_attaches_is_no_report() -> None:
    mail = mail_of("\nWhy do I get this?", part("message/rfc822", RETURNED), kind="mixed")
    assert our_token(mail, OURS) is None
    assert feedback_report(mail) is None


@pytest.mark.parametrize(
    ("field", "token"),
    [
        (f"To: unsubscribe+{TOKEN}@kept.example", TOKEN),
        (f"To: Bob <bob@example.org>, <UNSUBSCRIBE+{TOKEN.upper()}@Mail.Kept.Example>", TOKEN),
        (f"Delivered-To: unsubscribe+{TOKEN}@kept.example", TOKEN),
        (f"X-Original-To: unsubscribe+{TOKEN}@kept.example", TOKEN),
        (f"To: unsubscribe+{TOKEN}@brand.example", None),
        (f"To: unsubscribe+{TOKEN}@notkept.example", None),
        (f"To: unsubscribe+{TOKEN}@kept.example.brand.example", None),
        (f"To: dontunsubscribe+{TOKEN}@kept.example", None),
        (f"To: unsubscribe+{TOKEN}a@kept.example", None),
        (f"To: unsubscribe+{TOKEN[1:]}@kept.example", None),
        (f"To: unsubscribe+{'1' * 48}@kept.example", None),
        (f"Subject: unsubscribe+{TOKEN}@kept.example", None),
        # A newsletter of ours that came back as it was: nobody pressed anything.
        (f"List-Unsubscribe: <mailto:unsubscribe+{TOKEN}@kept.example>", None),
    ],
)
def test_the_token_that_a_mail_is_addressed_to_is_found(field: str, token: str | None) -> None:
    assert our_token(read_mail(f"From: ann@example.org\n{field}\n\nunsubscribe".encode()), OURS) == token


def test_the_envelopes_recipients_go_first() -> None:
    mail = read_mail(f"From: ann@example.org\nTo: unsubscribe+{TOKEN}@kept.example\n\n".encode())
    assert our_token(mail, OURS, [f"unsubscribe+{OTHER}@kept.example"]) == OTHER
    assert our_token(mail, OURS, ["support@kept.example"]) == TOKEN


@pytest.mark.parametrize(
    "value",
    [
        f"<mailto:unsubscribe%2B{TOKEN}@kept.example?subject=unsubscribe>",
        f"<https://www.kept.example:443/prod/opt-outs/{TOKEN}>",
        f"<https://brand.example/opt-outs/{OTHER}>, <mailto:unsubscribe+{TOKEN}@kept.example>",
    ],
)
def test_the_token_is_found_in_each_form_of_list_unsubscribe(value: str) -> None:
    returned = part("text/rfc822-headers", f"From: news@kept.example\nList-Unsubscribe: {value}")
    assert our_token(bounce("Action: failed", returned), OURS) == TOKEN


def test_only_the_beginning_of_a_report_is_kept_and_nothing_of_a_returned_body() -> None:
    mail = bounce("Action: failed\n" + "X: y\n" * 100_000, part("message/rfc822", RETURNED))
    assert all(len(found.data) <= MAX_REPORT_PART for found in mail.report_parts)
    assert not any(b"Secret" in found.data for found in mail.report_parts)
    many = mail_of(*[part("message/rfc822", RETURNED), part("message/delivery-status", "Action: failed")] * 200)
    assert len(many.report_parts) == 2


@pytest.mark.parametrize(
    "text",
    [
        "\n\n" * 8000,
        "x\n\n" * 5000,
        "Action: failed\n\n" * 1000,
        ";" * 16_000,
        " folded\n" * 2000,
        f"Final-Recipient: {'<' * 16_000}",
        f"List-Unsubscribe: {'https://a/' * 1600}",
        f"List-Unsubscribe: {'unsubscribe+' * 1300}",
    ],
)
def test_hostile_reports_are_read_in_no_time(text: str) -> None:
    mail = bounce(text, part("message/feedback-report", text), part("message/rfc822", text))
    started = time.process_time()
    delivery_reports(mail)
    feedback_report(mail)
    our_token(mail, OURS, [text])
    assert time.process_time() - started < 0.2


def test_reports_of_the_corpora_are_read(corpora: list[tuple[str, str, bytes]]) -> None:
    found = {name: (kind, read_mail(raw)) for kind, name, raw in corpora}
    bounces = [
        mail for kind, mail in found.values() if kind == "bounce" and "message/delivery-status" in mail.part_types
    ]
    with_recipient = [mail for mail in bounces if any(report.recipient for report in delivery_reports(mail))]
    assert len(with_recipient) >= 0.9 * len(bounces)
    complaints = [mail for kind, mail in found.values() if kind == "arf-complaint"]
    assert all(feedback_report(mail) for mail in complaints)
    assert not any(our_token(mail, OURS) for _, mail in found.values())
