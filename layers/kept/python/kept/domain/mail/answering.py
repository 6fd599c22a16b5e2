"""Which mail may be answered by a machine, and how such an answer is marked (RFC 3834)."""

from __future__ import annotations

import re
from collections.abc import Collection

from kept.domain.mail.reader import Mail

_NO_REPLY = re.compile(r"(?:do-?not-?reply|no-?reply|no-?response|mailer-daemon|postmaster|bounces?)(?:[+._-].*)?")
_USABLE = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,253}")  # a dot-atom (RFC 5322), ASCII
_SILENCE = re.compile(r"\b(?:all|autoreply|oof|dr|ndr|rn|nrn)\b", re.IGNORECASE)
_LIST_FIELDS = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "mailing-list")
_BULK = ("bulk", "list", "junk")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_REFERENCES = 20


def silence_reason(mail: Mail, envelope_sender: str | None, our_domains: Collection[str]) -> str | None:
    """Why nothing may be sent in answer to a person's mail, as a stable code, or None where something may.

    Machine mail is not asked about here: it is never answered. The answer goes to the envelope's sender
    (RFC 3834 section 4), so that is who must be able to take it.
    """
    address = (envelope_sender or "").lower()
    local, _, domain = address.rpartition("@")
    reasons = {
        "null-sender": not local,
        "unusable-address": not _USABLE.fullmatch(address),
        "no-reply-address": bool(_NO_REPLY.fullmatch(local)),
        "our-own-domain": any(domain == ours or domain.endswith(f".{ours}") for ours in our_domains),
        "mailing-list": any(name in mail.headers for name in _LIST_FIELDS) or _first(mail, "precedence") in _BULK,
        "asked-for-silence": _first(mail, "auto-submitted").partition(";")[0].strip() not in {"", "no"}
        or any(_SILENCE.search(value) for value in mail.headers.get("x-auto-response-suppress", ())),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _first(mail: Mail, name: str) -> str:
    return mail.headers.get(name, ("",))[0].strip().lower()


def answer_headers(mail: Mail) -> tuple[tuple[str, str], ...]:
    """The header fields that put an answer into its thread and mark it as automatic (RFC 3834 sections 3.1.5, 5)."""
    fields = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    if _MESSAGE_ID.fullmatch(mail.message_id):
        earlier = _MESSAGE_ID.findall(" ".join(mail.headers.get("references", ())))[-_REFERENCES:]
        fields += [("In-Reply-To", mail.message_id), ("References", " ".join((*earlier, mail.message_id)))]
    return tuple(fields)


def answer_subject(mail: Mail) -> str:
    """The subject of an answer: theirs, with Re: before it (RFC 5322 section 3.6.5)."""
    subject = mail.subject[:200] or "Your message"
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
