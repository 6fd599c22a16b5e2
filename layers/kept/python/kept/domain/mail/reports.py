"""What bounces and feedback reports say, and whose token of ours a mail carries.

Anyone can write a report. What is read here is a claim, until the token that came back with it proves to be ours.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from kept.domain.mail.charsets import decode
from kept.domain.mail.header_fields import decode_words, first_mailbox, split_section
from kept.domain.mail.reader import FEEDBACK_TYPE, MAX_HEADERS, RETURNED_TYPES, STATUS_TYPES, Mail

_MAX_RECIPIENTS = 100
_STATUS = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
_TOKEN_ADDRESS = re.compile(r"(?<![a-z0-9._%+-])unsubscribe\+([a-z2-7]{48})@([a-z0-9.-]{1,253})")
_TOKEN_LINK = re.compile(r"https?://([a-z0-9.-]{1,253})(?::\d{1,5})?/(?:[\w.-]{1,40}/){0,3}opt-outs/([a-z2-7]{48})\b")


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What became of a mail for one of its recipients (RFC 3464 section 2.3)."""

    action: str  # failed, delayed, delivered, relayed or expanded, in lower case; "" where it is missing
    status: str  # an enhanced status code (RFC 3463) such as 5.1.1; "" where it is missing
    recipient: str | None  # the address that we wrote to where it is told, else the one it led to

    @property
    def is_permanent_failure(self) -> bool:
        """Whether it says that this address cannot be reached, now or later."""
        return self.action == "failed" and self.status.startswith("5.")


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """What a mail provider says of a mail that its user complained about (RFC 5965)."""

    feedback_type: str  # abuse, fraud, virus, not-spam, auth-failure, opt-out …, in lower case
    recipient: str | None  # who complained, where it is told
    returned_to: str | None  # the To of the mail complained about
    list_unsubscribe: str  # its List-Unsubscribe; "" where there is none
    returned: Mapping[str, tuple[str, ...]]  # all its fields: lower-case name → decoded values


def delivery_reports(mail: Mail) -> tuple[DeliveryReport, ...]:
    """What a bounce or a delay notice says of each recipient, failures first; at most 100, none in other mail."""
    reports = [
        DeliveryReport(
            action=re.split(r"[\s;(]", fields.get("action", ""), maxsplit=1)[0].lower(),
            status=status[0] if (status := _STATUS.search(fields.get("status", ""))) else "",
            recipient=_typed_address(fields, "original-recipient") or _typed_address(fields, "final-recipient"),
        )
        for part in mail.report_parts
        if part.content_type in STATUS_TYPES
        for fields in _groups(part.data)
        if "action" in fields or "final-recipient" in fields
    ]
    return tuple(sorted(reports, key=lambda report: report.action != "failed"))[:_MAX_RECIPIENTS]


def feedback_report(mail: Mail) -> FeedbackReport | None:
    """What a complaint says, or None in other mail. Hotmail's is only the mail complained about: abuse."""
    data = next((part.data for part in mail.report_parts if part.content_type == FEEDBACK_TYPE), None)
    if data is None and mail.sender != "staff@hotmail.com":
        return None
    fields = next(_groups(data or b""), {})
    returned = _returned_fields(mail)
    if data is None and not returned:
        return None
    tellers = (
        fields.get("removal-recipient"),  # what an opt-out report is about
        fields.get("original-rcpt-to"),
        *returned.get("x-hmxmroriginalrecipient", ()),
    )
    return FeedbackReport(
        feedback_type=mail.feedback_type or "abuse",
        recipient=next((address for value in tellers if value and (address := first_mailbox(value)[1])), None),
        returned_to=first_mailbox(returned.get("to", ("",))[0])[1],
        list_unsubscribe=", ".join(returned.get("list-unsubscribe", ())),
        returned=MappingProxyType(returned),
    )


def our_token(mail: Mail, our_domains: Collection[str], recipients: Iterable[str] = ()) -> str | None:
    """The token of ours that a mail is addressed to, or that the mail which a report returns could be left with.

    `recipients` are the envelope's, which To need not name. A token has 48 characters of lower-case base32; only
    whoever holds the key can say whether it is genuine.
    """
    addressed = [value for name in ("to", "delivered-to", "x-original-to") for value in mail.headers.get(name, ())]
    returned = _returned_fields(mail).get("list-unsubscribe", ())
    for value in (*recipients, *addressed, *(unquote(value) for value in returned)):
        text = value.lower()
        pairs = [(found[2], found[1]) for found in _TOKEN_ADDRESS.finditer(text)]
        pairs += [(found[1], found[2]) for found in _TOKEN_LINK.finditer(text)]
        for domain, token in pairs:
            if any(domain == ours or domain.endswith(f".{ours}") for ours in our_domains):
                return token
    return None


def _returned_fields(mail: Mail) -> dict[str, tuple[str, ...]]:
    """The fields of the mail that a report returns; none in mail that is no report, whatever is attached to it."""
    types = [part.content_type for part in mail.report_parts]
    is_report = (
        mail.content_type == "multipart/report"
        or FEEDBACK_TYPE in types
        or not STATUS_TYPES.isdisjoint(types)
        or mail.sender == "staff@hotmail.com"
    )
    result: dict[str, tuple[str, ...]] = {}
    for part in mail.report_parts:
        if is_report and part.content_type in RETURNED_TYPES and not result:
            for name, value in split_section(part.data, 0, len(part.data), MAX_HEADERS)[0]:
                result[name] = (*result.get(name, ()), decode_words(decode(value)[0]))
    return result


def _groups(data: bytes) -> Iterator[dict[str, str]]:
    """The groups of fields that empty lines separate (RFC 3464 section 2.1); the first of each name."""
    offset = 0
    for _ in range(_MAX_RECIPIENTS + 1):
        offset += len(data[offset:]) - len(data[offset:].lstrip())
        if offset >= len(data):
            return
        fields, body, _in_order = split_section(data, offset, len(data), MAX_HEADERS)
        yield {name: decode_words(decode(value)[0]) for name, value in reversed(fields)}
        if body <= offset:
            return
        offset = body


def _typed_address(fields: Mapping[str, str], name: str) -> str | None:
    """An address after its type, as in `rfc822; ann@example.org` (RFC 3464 section 2.1.2)."""
    kind, semicolon, address = fields.get(name, "").partition(";")
    return first_mailbox(address if semicolon else kind)[1]
