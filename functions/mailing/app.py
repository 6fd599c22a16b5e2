"""Makes and sends the mail that other functions put into the queue."""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import EventType

from kept.adapters.clock import now
from kept.app.ports.mail import QueuedMail
from kept.app.send_mail import send_queued_mail
from kept.entry import wiring
from kept.entry.batches import handle_batch
from kept.entry.observability import Observer
from kept.entry.settings import setting

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle a batch; the mails that failed come back alone, and in the end go to the dead-letter queue."""
    return handle_batch(event, context, kind=EventType.SQS, handle=_send, observer=observer)


def _send(record: dict[str, Any]) -> None:
    mail = msgspec.json.decode(record["body"], type=QueuedMail)
    sent = send_queued_mail(
        mail,
        policy=wiring.policy(),
        keys=wiring.keys(),
        proofs=wiring.proofs(),
        outbox=wiring.outbox(),
        public_url=setting("PUBLIC_URL"),
        now=now(),
    )
    observer.count("MailsSent", topic=mail.topic, outcome="sent" if sent else "not-again")
