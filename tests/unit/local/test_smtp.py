import json
from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.smtp import (
    Delivery,
    local_verdicts,
    matches,
    message_id,
    notification,
    read_headers,
    rules_for,
    ses_headers,
)

ACTION = {"BucketName": "mail", "ObjectKeyPrefix": "raw/", "TopicArn": "arn:aws:sns:us-east-1:000000000000:mail"}


def delivery(**changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "message_id": "m" * 40,
        "sender": "ada@example.org",
        "recipients": ("support@shop.example", "other@shop.example"),
        "accepted": ("support@shop.example",),
        "received": datetime(2026, 11, 22, 12, 0, 0, 5000, tzinfo=UTC),
        "verdicts": {"spam": "PASS", "virus": "PASS"},
    }
    return Delivery(**(values | changes))


@pytest.mark.parametrize(
    ("condition", "address", "expected"),
    [
        ("support@shop.example", "Support@SHOP.example", True),
        ("support@shop.example", "support+token@shop.example", True),
        ("support+token@shop.example", "support@shop.example", False),
        ("support@shop.example", "unsupport@shop.example", False),
        ("shop.example", "anybody@shop.example", True),
        ("shop.example", "anybody@mail.shop.example", False),
        ("shop.example", "anybody@notshop.example", False),
        (".shop.example", "anybody@mail.shop.example", True),
        (".shop.example", "anybody@shop.example", False),
        ("shop.example", "no-domain", False),
    ],
)
def test_recipient_conditions_match_as_in_ses(condition: str, address: str, *, expected: bool) -> None:
    assert matches(condition, address) is expected


def test_only_enabled_rules_take_mail_and_a_rule_without_recipients_takes_all() -> None:
    rules = [
        {"Name": "off", "Enabled": False, "Recipients": ["shop.example"]},
        {"Name": "support", "Enabled": True, "Recipients": ["support@shop.example"]},
        {"Name": "all", "Enabled": True},
    ]
    taken = rules_for(rules, ["support@shop.example", "x@other.example"])
    assert [(rule["Name"], accepted) for rule, accepted in taken] == [
        ("support", ["support@shop.example"]),
        ("all", ["support@shop.example", "x@other.example"]),
    ]


def test_stored_mail_starts_with_the_headers_of_ses_and_is_a_readable_mail() -> None:
    raw = b"From: ada@example.org\r\nSubject: Hello\r\n\r\nbody\r\n"
    stored = ses_headers(delivery(), "127.0.0.1", "mx.example.org") + raw
    assert stored.endswith(raw), "the mail itself stays as it came"
    message = message_from_bytes(stored)
    assert message.keys()[:4] == ["Return-Path", "Received", "X-SES-Spam-Verdict", "X-SES-Virus-Verdict"]
    assert message["Return-Path"] == "<ada@example.org>"
    assert message["Subject"] == "Hello"


def test_a_bounce_has_an_empty_return_path() -> None:
    stored = ses_headers(delivery(sender=""), "127.0.0.1", "mx.example.org") + b"\r\n"
    assert message_from_bytes(stored)["Return-Path"] == "<>"


def test_the_notification_has_what_ses_tells() -> None:
    raw = (
        b"From: Ada <ada@example.org>\r\nTo: a@x.example,\r\n b@x.example\r\n"
        b"Subject: =?utf-8?q?h=C3=A9?=\r\n\r\nbody: no\r\n"
    )
    said = notification(delivery(verdicts={"spam": "FAIL", "virus": "PASS"}), raw, ACTION)
    assert said["notificationType"] == "Received"
    assert said["mail"]["timestamp"] == "2026-11-22T12:00:00.005Z"
    assert said["mail"]["source"] == "ada@example.org"
    assert said["mail"]["destination"] == ["support@shop.example", "other@shop.example"]
    assert said["mail"]["headersTruncated"] is False
    assert {"name": "Subject", "value": "=?utf-8?q?h=C3=A9?="} in said["mail"]["headers"]
    assert said["mail"]["commonHeaders"] == {
        "returnPath": "ada@example.org",
        "from": ["Ada <ada@example.org>"],
        "to": ["a@x.example, b@x.example"],
        "subject": "hé",
    }
    assert said["receipt"]["recipients"] == ["support@shop.example"]
    assert said["receipt"]["spamVerdict"] == {"status": "FAIL"}
    assert said["receipt"]["action"] == {
        "type": "S3",
        "topicArn": ACTION["TopicArn"],
        "bucketName": "mail",
        "objectKeyPrefix": "raw/",
        "objectKey": "raw/" + "m" * 40,
    }


def test_many_headers_are_truncated_so_that_the_notification_stays_small() -> None:
    raw = b"".join(b"X-%d: %s\r\n" % (number, b"x" * 100) for number in range(5000)) + b"\r\n"
    said = notification(delivery(), raw, ACTION)
    assert said["mail"]["headersTruncated"] is True
    assert len(json.dumps(said)) < 50_000


@given(st.binary(max_size=2000))
def test_any_bytes_make_a_notification(raw: bytes) -> None:
    said = json.loads(json.dumps(notification(delivery(verdicts=local_verdicts(raw)), raw, ACTION)))
    assert said["notificationType"] == "Received"
    assert said["receipt"]["action"]["objectKey"]


def test_headers_end_where_the_body_begins() -> None:
    raw = b"A: 1\n  folded\nno header here\nB:2\n\nC: 3\n"
    assert list(read_headers(raw)) == [("A", "1 folded"), ("B", "2")]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"Subject: x\r\n\r\n", {"spam": "PASS", "virus": "PASS"}),
        (b"X-Kept-Spam-Verdict: FAIL\r\n\r\n", {"spam": "FAIL", "virus": "PASS"}),
        (b"x-kept-virus-verdict: fail\n\n", {"spam": "PASS", "virus": "FAIL"}),
        (b"X-Kept-Spam-Verdict: MAYBE\r\n\r\n", {"spam": "PASS", "virus": "PASS"}),
        (b"\r\nX-Kept-Spam-Verdict: FAIL\r\n", {"spam": "PASS", "virus": "PASS"}),
        (b"A: 1\r\n\r\nX-Kept-Spam-Verdict: FAIL\r\n", {"spam": "PASS", "virus": "PASS"}),
    ],
)
def test_verdicts_pass_unless_a_header_says_otherwise(raw: bytes, expected: dict[str, str]) -> None:
    assert local_verdicts(raw) == expected


def test_message_ids_look_like_those_of_ses_and_differ() -> None:
    first, second = message_id(), message_id()
    assert len(first) == 40
    assert first.isalnum()
    assert first != second
