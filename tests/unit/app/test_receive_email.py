"""What a mail leads to, on stores in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kept.app.prove_identity import ask_for_access
from kept.app.receive_email import Delivery, Stores, receive_email
from kept.app.review import Call, record_telephone_call
from kept.app.send_mail import send_queued_mail
from kept.domain.errors import UnavailableError
from kept.domain.identity import Keys
from kept.domain.opt_out_token import make_opt_out_token
from kept.domain.policy import load_policy
from kept.domain.records import Hold, Message
from tests.fakes import MemoryMailQueue, MemoryMessages, MemoryOutbox, MemoryProofs, MemoryRawMail, MemorySuppressions

POLICY, KEYS = load_policy(), Keys("k" * 64)
NOW = 1_800_000_000
DAY = 86400
ANN = KEYS.subject_id("ann@example.org")
ACCESS = "Please send me a copy of all the personal data you hold about me."
STOP = "Please stop sending me marketing emails."
COMPLAINT = "I complain: you passed my personal data to an advertiser against your own privacy policy."
CANCEL = "Please delete my account and erase all my data."


class Shop:
    """A shop's mailbox: what arrives and what comes of it."""

    def __init__(self) -> None:
        self.messages, self.suppressions = MemoryMessages(), MemorySuppressions()
        self.raw_mail, self.outbox = MemoryRawMail(), MemoryOutbox()
        self.mails, self.proofs = MemoryMailQueue(), MemoryProofs()
        self.count = 0

    def receive(self, text: str, *, headers: str = "", subject: str = "Hello", **delivery: Any) -> Message:
        """Receive a mail; the record that it became."""
        self.count += 1
        key = f"raw/{self.count}"
        self.raw_mail.mails[key] = (
            f"From: Ann <ann@example.org>\r\nTo: support@expandcart.com\r\nSubject: {subject}\r\n"
            f"Message-ID: <{self.count}@example.org>\r\n{headers}\r\n{text}\r\n"
        ).encode()
        base = Delivery(f"m{self.count}", key, NOW, "ann@example.org")
        self.deliver(replace(base, **delivery))
        return next(m for m in self.messages.records.values() if m.mail and m.mail.raw_key == key)

    def deliver(self, delivery: Delivery) -> str:
        stores = Stores(self.messages, self.suppressions, self.raw_mail, self.outbox, self.mails)
        return receive_email(delivery, policy=POLICY, keys=KEYS, stores=stores, now=NOW).answer

    def send_links(self, now: int = NOW) -> None:
        """What the mailing function does a moment later."""
        while self.mails.mails:
            send_queued_mail(
                self.mails.mails.pop(0),
                policy=POLICY,
                keys=KEYS,
                proofs=self.proofs,
                outbox=self.outbox,
                public_url="https://privacy.example.com",
                now=now,
            )

    @property
    def stopped(self) -> bool:
        return (ANN, "marketing") in self.suppressions.entries


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.mark.promise("email-opt-out")
def test_a_wish_to_stop_is_carried_out_and_not_answered(shop: Shop) -> None:
    record = shop.receive(STOP)
    assert shop.stopped
    assert record.kind == "message"
    assert shop.outbox.sent == []


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("doubt", [{"spam": True}, {"forged": True}])
def test_a_doubtful_wish_to_stop_is_carried_out_all_the_same(shop: Shop, doubt: dict[str, bool]) -> None:
    shop.receive(STOP, **doubt)
    assert shop.stopped


@pytest.mark.promise("access-on-request")
@pytest.mark.parametrize(("text", "intent"), [(ACCESS, "access"), (CANCEL, "cancel")])
def test_a_request_becomes_a_record_with_its_deadline_and_gets_a_link(shop: Shop, text: str, intent: str) -> None:
    record = shop.receive(text)
    shop.send_links()
    assert record.kind == "request"
    assert record.mail
    assert intent in record.mail.intents
    assert record.answer_by == NOW + 30 * DAY
    (answer,) = shop.outbox.sent
    assert answer.to == "ann@example.org"
    assert record.reference in answer.text
    assert "https://privacy.example.com/sessions?token=" in answer.text
    assert dict(answer.headers)["Auto-Submitted"] == "auto-replied"
    assert dict(answer.headers)["In-Reply-To"] == "<1@example.org>"


@pytest.mark.promise("access-on-request")
def test_who_asks_again_joins_the_open_request_and_loses_no_word(shop: Shop) -> None:
    first = shop.receive(ACCESS)
    again = shop.receive(CANCEL)
    assert (first.kind, again.kind) == ("request", "message")
    assert again.joins == first.reference
    assert again.text == CANCEL
    assert again.answer_by is None
    shop.send_links()
    assert [first.reference in mail.text for mail in shop.outbox.sent] == [True, True], "each mail gets its link"
    queue = shop.messages.queue("new", ["request", "message"], None, 10, NOW).items
    assert [record.reference for record in queue] == [first.reference, again.reference], "before ordinary messages"


@pytest.mark.promise("access-on-request")
def test_a_mail_that_comes_again_joins_nothing_and_nothing_twice(shop: Shop) -> None:
    shop.receive(ACCESS)
    shop.receive(CANCEL)
    held = dict(shop.messages.records)
    for number in (1, 2):
        shop.deliver(Delivery(f"m{number}", f"raw/{number}", NOW, "ann@example.org"))
    assert shop.messages.records == held
    for key, record in held.items():
        shop.messages.records[key] = replace(record, status="reviewed")
    shop.deliver(Delivery("m1", "raw/1", NOW, "ann@example.org"))
    assert {record.status for record in shop.messages.records.values()} == {"reviewed"}
    assert len(shop.messages.records) == 2


@pytest.mark.promise("access-on-request")
def test_form_mail_and_telephone_join_one_another(shop: Shop) -> None:
    def ask_by_form() -> Message:
        return ask_for_access(
            "ann@example.org", None, policy=POLICY, keys=KEYS, messages=shop.messages, mails=shop.mails, now=NOW
        )

    by_form = ask_by_form()
    assert shop.receive(ACCESS).joins == by_form.reference
    call = Call("request", "Ann@example.org", "Wants to know what we have.", "sam")
    called = record_telephone_call(call, policy=POLICY, keys=KEYS, messages=shop.messages, mails=shop.mails, now=NOW)
    assert (called.kind, called.joins, called.text) == ("message", by_form.reference, call.text)
    assert ask_by_form() == by_form


@pytest.mark.promise("access-on-request")
def test_what_was_answered_makes_room_but_what_a_law_keeps_does_not(shop: Shop) -> None:
    first = shop.receive(ACCESS)
    reviewed = replace(first, status="reviewed", reviewed_at=NOW)
    held = replace(reviewed, hold=Hold(NOW, "sam", "A court asks for it", NOW + DAY))
    for standing, stays in ((held, True), (reviewed, False)):
        shop.messages.records = {(ANN, first.record_id): standing}
        again = shop.receive(ACCESS)
        assert (again.kind, again.joins, again.answer_by) == ("request", None, first.answer_by)
        assert (standing in shop.messages.records.values()) is stays


@pytest.mark.promise("access-on-request")
@pytest.mark.parametrize("doubt", [{"spam": True}, {"forged": True}])
def test_a_persons_own_request_never_joins_one_that_somebody_else_may_have_sent(
    shop: Shop, doubt: dict[str, bool]
) -> None:
    shop.receive(ACCESS, **doubt)
    own = shop.receive(ACCESS)
    assert (own.kind, own.joins) == ("request", None)


@pytest.mark.promise("complaints-heard")
def test_a_complaint_has_its_deadline_and_comes_first_in_the_queue(shop: Shop) -> None:
    shop.receive("Where is my parcel?")
    record = shop.receive(COMPLAINT)
    assert record.kind == "complaint"
    assert record.answer_by == NOW + 14 * DAY
    page = shop.messages.queue("new", ["message", "complaint"], None, 10, NOW)
    assert page.items[0] == record


def test_several_wishes_in_one_mail_all_count(shop: Shop) -> None:
    record = shop.receive(f"{STOP} {CANCEL}\n\n{COMPLAINT}")
    assert record.mail
    assert set(record.mail.intents) == {"opt_out", "cancel", "complaint"}
    assert record.kind == "complaint"
    assert shop.stopped


def test_every_record_says_why(shop: Shop) -> None:
    record = shop.receive(STOP)
    assert record.mail
    assert record.mail.confidence >= 60
    assert [reason.intent for reason in record.mail.why][:1] == ["opt_out"]
    assert record.mail.why[0].words
    assert record.mail.why[0].language == "en"


def test_an_ordinary_message_is_not_answered(shop: Shop) -> None:
    assert shop.receive("Where is my parcel?").answer_by is None
    assert shop.outbox.sent == []


@pytest.mark.parametrize(
    ("headers", "delivery"),
    [
        ("Auto-Submitted: auto-replied\r\n", {}),
        ("X-Auto-Response-Suppress: All\r\n", {}),
        ("Precedence: bulk\r\n", {}),
        ("", {"envelope_sender": None}),
        ("", {"envelope_sender": "no-reply@example.org"}),
        ("", {"envelope_sender": "ann@expandcart.com"}),
        ("", {"spam": True}),
        ("", {"forged": True}),
        ("", {"virus": True}),
    ],
)
def test_nothing_is_sent_to_who_must_not_be_answered(shop: Shop, headers: str, delivery: dict[str, Any]) -> None:
    shop.receive(ACCESS, headers=headers, **delivery)
    shop.send_links()
    assert shop.outbox.sent == []


def test_one_acknowledgement_a_day(shop: Shop) -> None:
    for _ in range(3):
        shop.receive(COMPLAINT)
    assert len(shop.outbox.sent) == 1


@pytest.mark.promise("access-on-request")
def test_three_links_an_hour_so_that_who_is_refused_holds_a_live_one(shop: Shop) -> None:
    for _ in range(5):
        shop.receive(ACCESS)
    shop.send_links()
    assert len(shop.outbox.sent) == 3
    shop.receive(ACCESS)
    shop.send_links(NOW + 3599)
    assert len(shop.outbox.sent) == 3
    shop.receive(ACCESS)
    shop.send_links(NOW + 3600)
    assert len(shop.outbox.sent) == 4


def test_an_acknowledgement_that_could_not_be_sent_is_sent_when_the_mail_comes_again(shop: Shop) -> None:
    shop.outbox.failing = True
    with pytest.raises(UnavailableError):
        shop.receive(COMPLAINT)
    assert len(shop.messages.records) == 1, "the record must be there before anything is sent"
    shop.outbox.failing = False
    assert shop.deliver(Delivery("m1", "raw/1", NOW, "ann@example.org")) == "sent"
    assert shop.deliver(Delivery("m1", "raw/1", NOW, "ann@example.org")) == "answered-today"
    (answer,) = shop.outbox.sent
    (record,) = shop.messages.records.values()
    assert record.reference in answer.text, "the reference must be that of the record that is held"


def test_an_arabic_request_is_acknowledged_in_arabic(shop: Shop) -> None:
    shop.receive(
        "أرجو تزويدي بنسخة من جميع البيانات الشخصية التي تحتفظون بها عني.",
        headers="Content-Type: text/plain; charset=utf-8\r\n",
    )
    shop.send_links()
    (answer,) = shop.outbox.sent
    assert "يعمل الرابط مرة واحدة" in answer.text


BOB = KEYS.subject_id("bob@example.org")
TOKEN = make_opt_out_token(KEYS, BOB, "marketing")


def report(kind: str, fields: str, token: str = TOKEN) -> tuple[str, str]:
    """The header fields and body of a report that brings back a mail of ours."""
    headers = f'Content-Type: multipart/report; report-type={kind}; boundary="b"\r\n'
    returned = f"From: news@expandcart.com\r\nList-Unsubscribe: <mailto:unsubscribe+{token}@expandcart.com>\r\n"
    part = {"delivery-status": "message/delivery-status", "feedback-report": "message/feedback-report"}[kind]
    body = (
        f"--b\r\n\r\nA report.\r\n--b\r\nContent-Type: {part}\r\n\r\n{fields}\r\n"
        f"--b\r\nContent-Type: message/rfc822\r\n\r\n{returned}\r\nNews\r\n--b--\r\n"
    )
    return headers, body


FAILED = "Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; bob@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
ABUSE = "Feedback-Type: abuse\r\nUser-Agent: x\r\nVersion: 1\r\n"


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize(
    ("kind", "fields", "token", "reason"),
    [
        ("delivery-status", FAILED, TOKEN, "bounce"),
        ("delivery-status", FAILED.replace("failed", "delayed").replace("5.1.1", "4.2.2"), TOKEN, None),
        ("delivery-status", FAILED.replace("5.1.1", "4.2.2"), TOKEN, None),
        ("delivery-status", FAILED, "a" * 48, None),
        ("feedback-report", ABUSE, TOKEN, "spam_report"),
        ("feedback-report", ABUSE.replace("abuse", "not-spam"), TOKEN, None),
        ("feedback-report", ABUSE.replace("abuse", "auth-failure"), TOKEN, None),
        ("feedback-report", ABUSE, "b" * 48, None),
    ],
)
def test_a_report_suppresses_only_with_a_token_of_ours_and_only_for_good_reason(
    shop: Shop, kind: str, fields: str, token: str, reason: str | None
) -> None:
    headers, body = report(kind, fields, token)
    record = shop.receive(body, headers=headers, envelope_sender=None)
    assert record.kind == "machine"
    assert shop.suppressions.entries.get((BOB, "marketing"), (None,))[0] == reason
    assert not shop.stopped, "who sent the report is suppressed"
    assert shop.outbox.sent == []


@pytest.mark.promise("email-opt-out")
@pytest.mark.parametrize("text", ["", "This is an automatic message.", "Where is my parcel?"])
def test_a_mail_to_a_tokens_address_opts_out_whom_the_token_is_for(shop: Shop, text: str) -> None:
    address = f"unsubscribe+{TOKEN}@expandcart.com"
    shop.receive(text, headers="Auto-Submitted: auto-replied\r\n", recipients=(address,))
    assert (BOB, "marketing") in shop.suppressions.entries
    assert shop.outbox.sent == []


def test_a_mail_to_a_forged_tokens_address_suppresses_nobody_else(shop: Shop) -> None:
    shop.receive("Hello", recipients=(f"unsubscribe+{TOKEN[:-1]}{'a' if TOKEN[-1] != 'a' else 'b'}@expandcart.com",))
    assert (BOB, "marketing") not in shop.suppressions.entries
