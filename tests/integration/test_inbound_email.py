"""Mail for the support address becomes a record for review; a request in it to stop takes effect."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.conftest import Stack

PLAIN = b"""From: Ann Example <Ann@Example.com>
To: support@expandcart.com
Subject: Where is my parcel?
Message-ID: <1@example.com>
Content-Type: text/plain; charset=utf-8

It was due on Monday.
"""
STOP = PLAIN.replace(b"It was due on Monday.", b"Please do not email me again.")
AUTO_REPLY = PLAIN.replace(b"Subject:", b"Auto-Submitted: auto-replied\nSubject:")


class Mailbox:
    """What SES does with a mail, up to the function's event."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.count = 0

    def put(self, raw: bytes, *, source: str = "ann@example.com", age: int = 0, **verdicts: str) -> dict[str, Any]:
        """Put a mail in the bucket; the notification that tells of it."""
        self.count += 1
        message_id = f"mail{self.count}"
        self.stack.s3.put_object(Bucket="mail", Key=f"raw/{message_id}", Body=raw)
        return {
            "notificationType": "Received",
            "mail": {
                "messageId": message_id,
                "source": source,
                "timestamp": datetime.fromtimestamp(time.time() - age, UTC).isoformat().replace("+00:00", "Z"),
                "commonHeaders": {"returnPath": source},
            },
            "receipt": {
                "action": {"type": "S3", "bucketName": "mail", "objectKey": f"raw/{message_id}"},
                "recipients": ["support@expandcart.com"],
                **{name: {"status": status} for name, status in verdicts.items()},
            },
        }

    def deliver(self, *notifications: Any) -> list[str]:
        """Hand notifications to the function as one batch; the ids of those that failed."""
        records = [
            {
                "messageId": f"sqs{number}",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:0:inbound-email",
                "body": notification if isinstance(notification, str) else json.dumps(notification),
            }
            for number, notification in enumerate(notifications)
        ]
        answer = self.stack.function("inbound_email").handler({"Records": records}, self.stack.context)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


@pytest.fixture
def mailbox(stack: Stack) -> Mailbox:
    return Mailbox(stack)


@pytest.mark.promise("email-senders")
@pytest.mark.promise("reachable")
def test_a_mail_becomes_a_record_for_review_with_its_senders_address(stack: Stack, mailbox: Mailbox) -> None:
    assert mailbox.deliver(mailbox.put(PLAIN)) == []
    (record,) = stack.records()
    assert record["email"]["S"].lower() == "ann@example.com"
    assert record["pk"]["B"] == stack.keys.subject_id("ann@example.com")
    assert record["subject"]["S"] == "Where is my parcel?"
    assert record["text"]["S"].strip() == "It was due on Monday."
    assert record["kind"]["S"] == "message"
    assert record["mail"]["M"]["raw_key"]["S"] == "raw/mail1"
    assert int(record["discard_at"]["N"]) - time.time() == pytest.approx(30 * 86400, abs=5)


@pytest.mark.promise("security-measures")
def test_the_same_mail_delivered_twice_is_one_record(stack: Stack, mailbox: Mailbox) -> None:
    notification = mailbox.put(PLAIN)
    assert mailbox.deliver(notification, notification) == []
    assert mailbox.deliver(notification) == []
    assert len(stack.records()) == 1


@pytest.mark.promise("email-opt-out")
def test_a_mail_that_asks_to_stop_suppresses_its_sender(stack: Stack, mailbox: Mailbox) -> None:
    mailbox.deliver(mailbox.put(STOP))
    assert stack.suppressed("ann@example.com")
    assert stack.suppressed("ANN@EXAMPLE.COM")
    assert not stack.suppressed("bob@example.com")
    (record,) = stack.records()
    assert record["mail"]["M"]["intents"]["L"] == [{"S": "opt_out"}]


@pytest.mark.promise("email-opt-out")
def test_the_list_of_suppressions_holds_no_address(stack: Stack, mailbox: Mailbox) -> None:
    mailbox.deliver(mailbox.put(STOP))
    (item,) = stack.suppressions()
    assert item.keys() == {"pk", "marketing"}
    assert b"ann" not in repr(item).lower().encode()


@pytest.mark.promise("email-opt-out")
def test_a_request_to_stop_counts_in_suspected_spam_too(stack: Stack, mailbox: Mailbox) -> None:
    mailbox.deliver(mailbox.put(STOP, spamVerdict="FAIL"))
    assert stack.suppressed("ann@example.com")
    (record,) = stack.records()
    assert record["mail"]["M"]["spam"]["BOOL"] is True


@pytest.mark.promise("email-opt-out")
def test_the_first_reason_for_a_suppression_stays(stack: Stack, mailbox: Mailbox) -> None:
    stack.request("opt_out", "POST", "/opt-outs", json_body={"email": "ann@example.com"})
    before = stack.suppressions()
    mailbox.deliver(mailbox.put(STOP))
    assert stack.suppressions() == before


def test_suspected_spam_goes_to_the_end_of_the_queue(stack: Stack, mailbox: Mailbox, staff: dict[str, Any]) -> None:
    mailbox.deliver(mailbox.put(PLAIN, age=100, spamVerdict="FAIL"))
    mailbox.deliver(mailbox.put(PLAIN))
    items = stack.request("review", "GET", "/reviews", claims=staff).json["items"]
    assert [item.get("spam", False) for item in items] == [False, True]


def test_machine_mail_is_kept_apart_for_a_week_and_suppresses_nobody(
    stack: Stack, mailbox: Mailbox, staff: dict[str, Any]
) -> None:
    mailbox.deliver(mailbox.put(AUTO_REPLY.replace(b"It was due", b"Please do not email me again. It was due")))
    (record,) = stack.records()
    assert record["kind"]["S"] == "machine"
    assert record["mail"]["M"]["machine_reason"]["S"]
    assert int(record["discard_at"]["N"]) - time.time() == pytest.approx(7 * 86400, abs=5)
    assert stack.suppressions() == []
    assert stack.request("review", "GET", "/reviews", claims=staff).json["items"] == []
    assert len(stack.request("review", "GET", "/reviews", query={"kind": "machine"}, claims=staff).json["items"]) == 1


def test_a_mail_with_a_virus_is_set_aside_unopened_for_a_short_time(stack: Stack, mailbox: Mailbox) -> None:
    mailbox.deliver(mailbox.put(STOP, virusVerdict="FAIL"))
    (record,) = stack.records()
    assert record["kind"]["S"] == "quarantine"
    assert record["text"]["S"] == ""
    assert "subject" not in record
    assert int(record["discard_at"]["N"]) - time.time() == pytest.approx(3 * 86400, abs=5)
    assert stack.suppressions() == []


@pytest.mark.promise("review-then-discard")
def test_a_mail_that_arrives_past_its_date_is_discarded_and_not_stored(stack: Stack, mailbox: Mailbox) -> None:
    assert mailbox.deliver(mailbox.put(PLAIN, age=31 * 86400)) == []
    assert stack.records() == []
    assert "Contents" not in stack.s3.list_objects_v2(Bucket="mail")


@pytest.mark.promise("review-then-discard")
def test_a_mail_delivered_again_after_its_raw_mail_was_discarded_does_not_come_back(
    stack: Stack, mailbox: Mailbox
) -> None:
    notification = mailbox.put(PLAIN)
    stack.s3.delete_object(Bucket="mail", Key="raw/mail1")
    assert mailbox.deliver(notification) == []
    assert stack.records() == []


@pytest.mark.promise("security-measures")
def test_a_mail_that_cannot_be_handled_goes_back_alone(stack: Stack, mailbox: Mailbox) -> None:
    good, half = mailbox.put(PLAIN), {"notificationType": "Received", "mail": {"messageId": "x"}}
    assert mailbox.deliver(good, half, "not JSON", mailbox.put(PLAIN)) == ["sqs1", "sqs2"]
    assert len(stack.records()) == 2


@pytest.mark.promise("security-measures")
def test_a_batch_in_which_every_mail_fails_is_reported_and_does_not_raise(stack: Stack, mailbox: Mailbox) -> None:
    assert mailbox.deliver("not JSON", "[]", "null") == ["sqs0", "sqs1", "sqs2"]
    assert stack.records() == []


def test_what_ses_says_when_a_rule_is_set_up_is_no_mail(stack: Stack, mailbox: Mailbox) -> None:
    assert mailbox.deliver({"notificationType": "AmazonSnsSubscriptionSucceeded"}) == []
    assert stack.records() == []


MALFORMED = {
    "empty": b"",
    "no From": PLAIN.partition(b"\n")[2],
    "broken MIME": PLAIN.replace(b"text/plain; charset=utf-8", b'multipart/mixed; boundary="never"'),
    "bad charset": PLAIN.replace(b"utf-8", b"x-klingon") + b"\xff\xfe\x80",
    "no headers": b"hello\nthere",
    "bytes": bytes(range(256)) * 64,
    "a From with a line break": PLAIN.replace(b"Ann Example <Ann@Example.com>", b"=?utf-8?q?a=0Ab?= <x\ry@z>"),
}


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("case", MALFORMED)
@pytest.mark.parametrize("source", ["ann@example.com", ""])
def test_a_malformed_mail_ends_as_a_record(
    stack: Stack, mailbox: Mailbox, staff: dict[str, Any], case: str, source: str
) -> None:
    assert mailbox.deliver(mailbox.put(MALFORMED[case], source=source)) == []
    (record,) = stack.records()
    answer = stack.request("review", "GET", f"/reviews/{record['reference']['S']}", claims=staff)
    assert answer.status == 200, "staff cannot open it"
    assert answer.json["from"] or not source
