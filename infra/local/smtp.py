"""Incoming mail: an SMTP server that does what the active SES receipt rule says.

The raw mail goes to S3 with the headers that SES puts on top, then SES's notification to the rule's topic.
Every verdict is PASS. To try the others by hand, put `X-Kept-Spam-Verdict: FAIL` or
`X-Kept-Virus-Verdict: FAIL` (or GRAY, PROCESSING_FAILED, DISABLED) into the mail's header. That works here
only; SES knows no such thing.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import format_datetime
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.settings import REGION
from infra.local.stack import Account

MAXIMUM_BYTES = 40 * 1024 * 1024  # what SES takes with an S3 action
HEADER_BYTES = 10 * 1024  # beyond this SES leaves headers out of the notification
VERDICTS = {"PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED"}
_LOCAL_VERDICT = re.compile(rb"^x-kept-(spam|virus)-verdict:[ \t]*([a-z_]+)[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_ALPHABET = string.ascii_lowercase[:22] + string.digits
_LISTS = {"from": "from", "to": "to", "cc": "cc", "reply-to": "replyTo"}
_SINGLES = {"date": "date", "subject": "subject", "message-id": "messageId"}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail on its way through one rule."""

    message_id: str
    sender: str  # empty for a bounce
    recipients: tuple[str, ...]  # of the envelope
    accepted: tuple[str, ...]  # those of them that the rule is for
    received: datetime
    verdicts: Mapping[str, str]


def matches(condition: str, address: str) -> bool:
    """Whether an address meets one recipient condition of a receipt rule, as SES sees it.

    `a@example.com` also takes `a+label@example.com`; `example.com` every address of the domain itself;
    `.example.com` every address of its subdomains (SES developer guide, "Creating receipt rules").
    """
    condition, address = condition.lower(), address.lower()
    local, _, domain = address.rpartition("@")
    if "@" in condition:
        return address == condition or f"{local.partition('+')[0]}@{domain}" == condition
    if condition.startswith("."):
        return domain.endswith(condition)
    return domain == condition


def rules_for(
    rules: Iterable[Mapping[str, Any]], recipients: Iterable[str]
) -> list[tuple[Mapping[str, Any], list[str]]]:
    """The enabled rules that take any of these recipients, in their order, each with those it takes."""
    taken = []
    addresses = list(recipients)
    for rule in rules:
        conditions = rule.get("Recipients", [])
        accepted = [a for a in addresses if not conditions or any(matches(c, a) for c in conditions)]
        if rule.get("Enabled") and accepted:
            taken.append((rule, accepted))
    return taken


def message_id() -> str:
    """An id of the form that SES gives to received mail."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(40))


def local_verdicts(raw: bytes) -> dict[str, str]:
    """The spam and virus verdicts: PASS unless a header of the mail says otherwise (local only)."""
    verdicts = {"spam": "PASS", "virus": "PASS"}
    for match in _LOCAL_VERDICT.finditer(_head(raw)):
        value = match[2].decode("ascii").upper()
        if value in VERDICTS:
            verdicts[match[1].decode("ascii").lower()] = value
    return verdicts


def ses_headers(delivery: Delivery, peer: str, helo: str) -> bytes:
    """The headers that SES puts on top of a mail it stores."""
    domain = delivery.sender.rpartition("@")[2] or helo
    lines = (
        f"Return-Path: <{delivery.sender}>",
        f"Received: from {helo} ({helo} [{peer}])",
        f" by inbound-smtp.{REGION}.amazonaws.com with SMTP id {delivery.message_id}",
        f" for {delivery.accepted[0]};",
        f" {format_datetime(delivery.received)} (UTC)",
        f"X-SES-Spam-Verdict: {delivery.verdicts['spam']}",
        f"X-SES-Virus-Verdict: {delivery.verdicts['virus']}",
        f"Received-SPF: pass (spfCheck: domain of {domain} designates {peer} as permitted sender)",
        f" client-ip={peer}; envelope-from={delivery.sender}; helo={helo};",
        "Authentication-Results: amazonses.com;",
        f" spf=pass smtp.mailfrom={domain};",
        f" dkim=pass header.i=@{domain};",
        f"X-SES-RECEIPT: {secrets.token_urlsafe(48)}",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8", errors="surrogateescape")


def notification(delivery: Delivery, stored: bytes, action: Mapping[str, Any]) -> dict[str, Any]:
    """What SES tells the topic of an S3 action about the mail it stored."""
    timestamp = delivery.received.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = []
    size = 0
    for name, value in read_headers(stored):
        size += len(name) + len(value)
        if size > HEADER_BYTES:
            break
        headers.append({"name": name, "value": value})
    passed = {"status": "PASS"}
    return {
        "notificationType": "Received",
        "mail": {
            "timestamp": timestamp,
            "source": delivery.sender,
            "messageId": delivery.message_id,
            "destination": list(delivery.recipients),
            "headersTruncated": size > HEADER_BYTES,
            "headers": headers,
            "commonHeaders": common_headers(delivery.sender, headers),
        },
        "receipt": {
            "timestamp": timestamp,
            "processingTimeMillis": 1,
            "recipients": list(delivery.accepted),
            "spamVerdict": {"status": delivery.verdicts["spam"]},
            "virusVerdict": {"status": delivery.verdicts["virus"]},
            "spfVerdict": passed,
            "dkimVerdict": passed,
            "dmarcVerdict": passed,
            "action": {
                "type": "S3",
                "topicArn": action["TopicArn"],
                "bucketName": action["BucketName"],
                "objectKeyPrefix": action.get("ObjectKeyPrefix", ""),
                "objectKey": action.get("ObjectKeyPrefix", "") + delivery.message_id,
            },
        },
    }


def read_headers(raw: bytes) -> Iterator[tuple[str, str]]:
    """Every header of a mail, unfolded and undecoded; lines that are none are passed over."""
    name, parts = "", [""]
    for line in [*_head(raw).decode("utf-8", errors="replace").splitlines(), "end:"]:
        if line[:1] in {" ", "\t"}:
            parts.append(line.strip())
            continue
        if name:
            yield name, " ".join(parts)
        name, colon, value = line.partition(":")
        name, parts = (name if colon and name and " " not in name else ""), [value.strip()]


def common_headers(sender: str, headers: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """The headers that SES singles out, encoded words decoded."""
    common: dict[str, Any] = {"returnPath": sender}
    for header in headers:
        name = header["name"].lower()
        if name in _LISTS:
            common.setdefault(_LISTS[name], []).append(_decoded(header["value"]))
        elif name in _SINGLES:
            common.setdefault(_SINGLES[name], _decoded(header["value"]))
    return common


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):
        return value


def _head(raw: bytes) -> bytes:
    """Everything above the first empty line."""
    if raw.startswith((b"\r\n", b"\n")):
        return b""
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    return raw[: min(ends)] if ends else raw


class _Server(SMTP):
    # Real mail has lines of any length; only the size of the whole is limited.
    line_length_limit = MAXIMUM_BYTES


class Inbox(Controller):
    """The SMTP server, in a thread of its own."""

    def __init__(self, account: Account, hostname: str, port: int) -> None:
        self._ses, self._s3, self._sns = map(account.client, ("ses", "s3", "sns"))
        super().__init__(self, hostname=hostname, port=port, ready_timeout=10)

    def factory(self) -> SMTP:
        """One connection's server (aiosmtpd calls this)."""
        return _Server(
            self, hostname=f"inbound-smtp.{REGION}.amazonaws.com", ident="Kept (local)", enable_SMTPUTF8=True,
            data_size_limit=MAXIMUM_BYTES, loop=self.loop,
        )  # fmt: skip

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient that a rule is for (aiosmtpd calls this)."""
        try:
            rules = await asyncio.to_thread(self._active_rules)
        except (BotoCoreError, ClientError):
            return "451 4.3.0 Temporary failure, try again later"
        if not rules_for(rules, [address]):
            return "550 5.1.1 Requested action not taken: mailbox unavailable"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Store and announce one mail; 451 where that fails, so that the sender tries again."""
        peer = str((session.peer or ("127.0.0.1",))[0])
        try:
            ids = await asyncio.to_thread(self._deliver, envelope, peer, str(session.host_name or "localhost"))
        except (BotoCoreError, ClientError) as error:
            print(f"Mail refused for now: {type(error).__name__}", flush=True)
            return "451 4.3.0 Temporary failure, try again later"
        return f"250 OK {' '.join(ids)}"

    def _active_rules(self) -> list[Mapping[str, Any]]:
        return list(self._ses.describe_active_receipt_rule_set().get("Rules", []))

    def _deliver(self, envelope: Envelope, peer: str, helo: str) -> list[str]:
        raw = bytes(envelope.original_content or b"")
        recipients = tuple(map(str, envelope.rcpt_tos))
        ids = []
        for rule, accepted in rules_for(self._active_rules(), recipients):
            delivery = Delivery(
                message_id(),
                envelope.mail_from or "",
                recipients,
                tuple(accepted),
                datetime.now(UTC),
                local_verdicts(raw),
            )
            stored = ses_headers(delivery, peer, helo) + raw
            for action in rule.get("Actions", []):
                if s3 := action.get("S3Action"):
                    self._store(delivery, stored, s3)
            ids.append(delivery.message_id)
        return ids

    def _store(self, delivery: Delivery, stored: bytes, action: Mapping[str, Any]) -> None:
        key = action.get("ObjectKeyPrefix", "") + delivery.message_id
        self._s3.put_object(Bucket=action["BucketName"], Key=key, Body=stored)
        if topic := action.get("TopicArn"):
            self._sns.publish(
                TopicArn=topic,
                Subject="Amazon SES Email Receipt Notification",
                Message=json.dumps(notification(delivery, stored, action)),
            )
