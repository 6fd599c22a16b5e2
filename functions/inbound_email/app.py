"""Mail for the support address: SES has put it in the mail bucket and tells of it through SNS and SQS."""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import EventType

from kept.adapters.clock import now
from kept.app.receive_email import Stores, receive_email
from kept.entry import wiring
from kept.entry.batches import handle_batch
from kept.entry.observability import Observer
from kept.entry.ses_notification import read_notification

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle a batch; the mails that failed come back alone, and in the end go to the dead-letter queue."""
    return handle_batch(event, context, kind=EventType.SQS, handle=_receive, observer=observer)


def _receive(record: dict[str, Any]) -> None:
    delivery = read_notification(msgspec.json.decode(record["body"]))
    if delivery is None:  # SES also tells when a rule is set up
        return
    receipt = receive_email(
        delivery,
        policy=wiring.policy(),
        keys=wiring.keys(),
        stores=Stores(wiring.messages(), wiring.suppressions(), wiring.raw_mail(), wiring.outbox(), wiring.mails()),
        now=now(),
    )
    observer.count(
        "RecordsReceived",
        channel="email",
        outcome=receipt.outcome,
        kind=receipt.kind,
        answer=receipt.answer,
        report=receipt.report,
    )
