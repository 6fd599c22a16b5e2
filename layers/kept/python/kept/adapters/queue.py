"""Work that is done a moment later, in an SQS queue."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from kept.adapters import aws
from kept.app.ports import QueuedMail


class SqsMailQueue:
    """Keeps the port `MailQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def put(self, mail: QueuedMail) -> None:
        """One message. It names the address, so the queue is encrypted and keeps it for an hour at most."""
        with aws.unavailable("queue a mail"):
            _client().send_message(QueueUrl=self._url, MessageBody=msgspec.json.encode(mail).decode())


@cache
def _client() -> Any:
    return aws.client("sqs")
