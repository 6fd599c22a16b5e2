"""Work that is done a moment later, in an SQS queue."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from kept.adapters import aws
from kept.app.ports.exports import ExportJob
from kept.app.ports.mail import QueuedMail


class SqsMailQueue:
    """Keeps the port `MailQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def put(self, mail: QueuedMail) -> None:
        """One message. It names the address, so the queue is encrypted and keeps it for an hour at most."""
        _send(self._url, mail)


class SqsExportQueue:
    """Keeps the port `ExportQueue`."""

    def __init__(self, url: str) -> None:
        self._url = url

    def put(self, job: ExportJob, delay: int = 0) -> None:
        """One message."""
        _send(self._url, job, delay)


def _send(url: str, content: object, delay: int = 0) -> None:
    with aws.unavailable("queue work"):
        body = msgspec.json.encode(content).decode()
        _client().send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay)


@cache
def _client() -> Any:
    return aws.client("sqs")
