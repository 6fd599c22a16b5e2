"""What SES says of a mail: read tolerantly, and never taken for what it does not say."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kept.app.receive_email import Delivery
from kept.entry.ses_notification import NotificationError, read_notification

MAIL = {"messageId": "m1", "source": "ann@example.com", "timestamp": "2026-11-22T10:00:00.000Z"}
RECEIPT = {"action": {"type": "S3", "objectKey": "raw/m1"}}


def read(mail: dict[str, Any], receipt: dict[str, Any] | None = None) -> Delivery | None:
    return read_notification(
        {"notificationType": "Received", "mail": MAIL | mail, "receipt": RECEIPT | (receipt or {})}
    )


@pytest.mark.parametrize(
    ("said", "sender"),
    [
        ({"source": "ann@example.com"}, "ann@example.com"),
        ({"source": "Ann <ann@example.com>"}, "ann@example.com"),
        ({"source": ""}, None),
        ({"source": "<>"}, None),
        ({"source": "MAILER-DAEMON"}, None),
        ({"source": None, "commonHeaders": {"returnPath": "<ann@example.com>"}}, "ann@example.com"),
        ({"source": None, "commonHeaders": {"returnPath": ""}}, None),
        ({"source": None, "commonHeaders": {"from": ["Ann <ann@example.com>"]}}, "ann@example.com"),
        ({"source": None}, None),
    ],
)
def test_the_envelope_says_who_sent_it_and_silence_is_no_null_sender(said: dict[str, Any], sender: str | None) -> None:
    delivery = read(said)
    assert delivery
    assert delivery.envelope_sender == sender


@pytest.mark.parametrize("status", ["PASS", "GRAY", "PROCESSING_FAILED", "DISABLED", None, "NEW"])
def test_only_a_failed_verdict_counts_against_a_mail(status: str | None) -> None:
    delivery = read({}, {"spamVerdict": {"status": status}, "virusVerdict": {"status": status}})
    assert delivery
    assert (delivery.spam, delivery.virus) == (False, False)
    delivery = read({}, {"spamVerdict": {"status": "FAIL"}, "virusVerdict": {"status": "FAIL"}})
    assert delivery
    assert (delivery.spam, delivery.virus) == (True, True)


def test_what_is_not_about_a_mail_is_nothing() -> None:
    assert read_notification({"notificationType": "Bounce"}) is None
    assert read_notification({}) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from([*MAIL, "commonHeaders", "spamVerdict", "action"])


@given(st.dictionaries(FIELDS, JSON, max_size=3), st.dictionaries(FIELDS, JSON, max_size=3))
def test_whatever_a_notification_says_is_read_or_refused(mail: dict[str, Any], receipt: dict[str, Any]) -> None:
    with suppress(NotificationError):
        assert read(mail, receipt)
