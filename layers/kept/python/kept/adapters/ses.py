"""SES. Nothing else makes a client of it (an import contract and a test see to that), so no mail passes the gate by."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, put_new
from kept.app.ports.mail import AnswerKind, OutgoingMail
from kept.domain.errors import NotAllowedError
from kept.domain.identity import SubjectId
from kept.domain.permission import Check, Permission

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Sender:
    """Who our mail is from."""

    address: str  # one that SES may send from
    name: str
    reply_to: str
    configuration_set: str  # SES's, which tells us of bounces and complaints


class SesOutbox:
    """Keeps the port `Outbox`."""

    def __init__(self, table: str, sender: Sender, gate: Callable[[Check], Permission]) -> None:
        """`gate` is asked before each mail."""
        self._table, self._sender, self._gate = table, sender, gate

    def claim(self, subject: SubjectId, kind: AnswerKind, now: int) -> bool:
        """One conditional write; see the port."""
        return put_new(self._table, _item(subject, kind, now + _DAY), expired_at=now) is None

    def release(self, subject: SubjectId, kind: AnswerKind) -> None:
        """Let the claim lie in the past: TTL removes it, and this function needs no right to delete."""
        with aws.unavailable("release an answer"):
            dynamodb().put_item(TableName=self._table, Item=_item(subject, kind, 1))

    def send(self, answer: OutgoingMail) -> None:
        """Ask the gate, then send as 7-bit MIME, so that no server on the way needs to change it."""
        permission = self._gate(Check("email", answer.to, answer.purpose))
        if not permission.allowed:
            raise NotAllowedError(f"{permission.promise}: {permission.reason}")
        from email.message import EmailMessage
        from email.policy import SMTP
        from email.utils import formataddr, formatdate

        sender = self._sender
        # At its usual 78 columns, email would encode an unsubscribe link or message id that is longer, and nothing
        # decodes it there. Lines may have 998 (RFC 5322 section 2.1.1).
        mail = EmailMessage(policy=SMTP.clone(cte_type="7bit", max_line_length=998))
        mail["From"] = formataddr((sender.name, sender.address))
        mail["To"], mail["Reply-To"] = answer.to, sender.reply_to
        mail["Subject"], mail["Date"] = answer.subject, formatdate()
        for name, value in answer.headers:
            mail[name] = value
        mail.set_content(answer.text)
        with aws.unavailable("send a mail"):
            _client().send_raw_email(
                Source=sender.address,
                Destinations=[answer.to],
                RawMessage={"Data": mail.as_bytes()},
                ConfigurationSetName=sender.configuration_set,
            )


def welcome_back(address: str) -> None:
    """Take an address off SES's own suppression list of the account, which may hold it since mail to it bounced.

    Only for its owner, who wants to be written to again. Not on it is as good. Raises UnavailableError.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_DeleteSuppressedDestination.html
    """
    ses = aws.client("sesv2")
    with aws.unavailable("take an address off SES's list"), suppress(ses.exceptions.NotFoundException):
        ses.delete_suppressed_destination(EmailAddress=address)


def activate_receipt_rules(rule_set: str, *, active: bool) -> None:
    """Make a rule set the account's active one, or leave none active if it was this. Raises UnavailableError."""
    with aws.unavailable("activate the receipt rule set"):
        if active:
            _client().set_active_receipt_rule_set(RuleSetName=rule_set)
        elif _client().describe_active_receipt_rule_set().get("Metadata", {}).get("Name") == rule_set:
            _client().set_active_receipt_rule_set()


def receipt_rules() -> tuple[str, list[dict[str, Any]]]:
    """The name of the account's active receipt rule set, "" where none is, and its rules in order."""
    answer = _client().describe_active_receipt_rule_set()
    return answer.get("Metadata", {}).get("Name", ""), answer.get("Rules", [])


@cache
def _client() -> Any:
    return aws.client("ses")  # when there is something to send, which is seldom


def _item(subject: SubjectId, kind: AnswerKind, discard_at: int) -> Item:
    """That an answer of this kind went to somebody; it is forgotten after a day, when another may go."""
    return {"pk": {"B": subject}, "sk": {"S": f"answer#{kind}"}, "discard_at": {"N": str(discard_at)}}
