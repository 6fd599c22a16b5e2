"""What SES tells of mail that we sent: who does not exist, and who called it spam.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kept.domain.suppression import NOT_A_COMPLAINT, Reason

_TOPIC_WORKS = "Successfully validated SNS topic for Amazon SES event publishing."
"""What SES publishes, as plain text, when a topic is made its event destination."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """Addresses that nothing more may be sent to, and why."""

    reason: Reason
    at: int  # seconds since the epoch
    addresses: tuple[str, ...] = field(repr=False)


def read_feedback(published: str) -> Feedback | None:
    """The feedback in what SES published; None for what stops nothing: a soft bounce, a delivery, a test of the topic.

    Raises KeyError, TypeError, ValueError or msgspec.DecodeError for what is no event of SES's.
    """
    if published.strip() == _TOPIC_WORKS:
        return None
    event = msgspec.json.decode(published, type=dict[str, Any])
    kind = event.get("eventType")
    if kind == "Bounce" and event["bounce"]["bounceType"] == "Permanent":
        bounce = event["bounce"]
        return Feedback("bounce", _seconds(bounce), _addresses(bounce["bouncedRecipients"]))
    if kind == "Complaint" and event["complaint"].get("complaintFeedbackType") not in NOT_A_COMPLAINT:
        complaint = event["complaint"]
        return Feedback("spam_report", _seconds(complaint), _addresses(complaint["complainedRecipients"]))
    return None


def _seconds(part: dict[str, Any]) -> int:
    return int(dt.datetime.fromisoformat(part["timestamp"]).timestamp())


def _addresses(recipients: list[dict[str, str]]) -> tuple[str, ...]:
    # SES writes what the mail's envelope said, which some senders write as `Name <address>`.
    return tuple(r["emailAddress"].rpartition("<")[2].rstrip("> ").strip() for r in recipients)
