"""What SES says of a mail it received. Read tolerantly: real notifications lack fields that the documentation has.

https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from kept.app.receive_email import Delivery
from kept.domain.errors import KeptError


class NotificationError(KeptError):
    """A notification that says it is about a received mail, but does not say which."""


def read_notification(notification: dict[str, Any]) -> Delivery | None:
    """The delivery, or None where the notification is not about a received mail. Raises NotificationError."""
    if notification.get("notificationType") != "Received":
        return None
    mail, receipt = notification.get("mail") or {}, notification.get("receipt") or {}
    try:
        return Delivery(
            message_id=str(mail["messageId"]),
            raw_key=str(receipt["action"]["objectKey"]),
            received_at=int(dt.datetime.fromisoformat(mail["timestamp"]).timestamp()),
            envelope_sender=_envelope_sender(mail),
            virus=_failed(receipt, "virusVerdict"),
            spam=_failed(receipt, "spamVerdict"),
            forged=_failed(receipt, "dmarcVerdict"),
            recipients=tuple(str(address).lower() for address in receipt.get("recipients") or ()),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError):  # some part is not of its shape
        raise NotificationError("The notification does not say which mail it is about.") from None


def _envelope_sender(mail: dict[str, Any]) -> str | None:
    """Who the mail is from by its envelope (RFC 5321 section 4.1.1.2); None for the null sender `<>`.

    Where the notification says nothing of an envelope, the sender stands in: silence is no sign of a machine.
    """
    common = mail.get("commonHeaders") or {}
    said = [value for value in (mail.get("source"), common.get("returnPath")) if value is not None]
    sender = next(filter(None, said), "" if said else next(iter(common.get("from") or ()), ""))
    address = str(sender).strip().rpartition("<")[2].rstrip(">").strip()
    return address if "@" in address else None


def _failed(receipt: dict[str, Any], verdict: str) -> bool:
    """PASS, GRAY, PROCESSING_FAILED and DISABLED are not failures: a person's mail is not lost to a doubt."""
    return (receipt.get(verdict) or {}).get("status") == "FAIL"
