"""Mail that goes out through SES, and the claims that keep it from going out too often."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute

from kept.adapters import aws
from kept.adapters.dynamo.connection import Table, dynamodb, put_new
from kept.app.ports import OutgoingMail
from kept.domain.identity import SubjectId
from kept.domain.records import Kind

_DAY = 86400


class AnswerItem(Table):
    """That an answer went to somebody; it is forgotten after a day, when another may go."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    discard_at = NumberAttribute()


class SesOutbox:
    """Keeps the port `Outbox`."""

    def __init__(self, table: str, sender: str, sender_name: str, reply_to: str) -> None:
        """`sender` must be an address that SES may send from; answers to it go to `reply_to`."""
        AnswerItem.Meta.table_name = table
        self._sender, self._sender_name, self._reply_to = sender, sender_name, reply_to

    @cached_property
    def _client(self) -> Any:
        return aws.client("ses")  # when there is something to send, which is seldom

    def claim(self, subject: SubjectId, kind: Kind, now: int) -> bool:
        """One conditional write; see the port."""
        fields = {"pk": subject, "sk": _key(kind), "discard_at": now + _DAY}
        return put_new(AnswerItem, fields, expired_at=now) is None

    def release(self, subject: SubjectId, kind: Kind) -> None:
        """Let the claim lie in the past: TTL removes it, and this function needs no right to delete."""
        item = {"pk": {"B": subject}, "sk": {"S": _key(kind)}, "discard_at": {"N": "1"}}
        with aws.unavailable("release an answer"):
            dynamodb().put_item(TableName=AnswerItem.Meta.table_name, Item=item)

    def send(self, answer: OutgoingMail) -> None:
        """Send as 7-bit MIME, so that no server on the way needs to change it."""
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import formataddr, formatdate

        mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
        mail["From"] = formataddr((self._sender_name, self._sender))
        mail["To"], mail["Reply-To"] = answer.to, self._reply_to
        mail["Subject"], mail["Date"] = answer.subject, formatdate()
        for name, value in answer.headers:
            mail[name] = value
        mail.set_content(answer.text)
        with aws.unavailable("send a mail"):
            self._client.send_raw_email(
                Source=self._sender, Destinations=[answer.to], RawMessage={"Data": mail.as_bytes()}
            )


def _key(kind: Kind) -> str:
    return f"answer#{kind}"
