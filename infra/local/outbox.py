"""Outgoing mail: an SMTP sink that the emulator relays to, kept in memory for whoever wants to look.

MiniStack relays with all its headers only what goes through SES v1 `SendRawEmail`.
"""

from __future__ import annotations

import socket
import threading
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

Mail = dict[str, Any]


class Outbox:
    """The mails sent so far, newest last, and the sink that takes them."""

    def __init__(self) -> None:
        self._mails: list[Mail] = []
        self._lock = threading.Lock()
        self._controller: Controller | None = None

    def start(self) -> int:
        """Start the sink in a thread of its own; its port, which only the emulator needs to know."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = int(probe.getsockname()[1])
        self._controller = Controller(self, hostname="127.0.0.1", port=port, enable_SMTPUTF8=True, ready_timeout=10)
        self._controller.start()
        return port

    def stop(self) -> None:
        """End it; what it holds is gone."""
        if self._controller is not None:
            self._controller.stop(no_assert=True)

    def mails(self) -> list[Mail]:
        """Every mail as {to, subject, headers, text, html}, newest last."""
        with self._lock:
            return list(self._mails)

    def clear(self) -> None:
        """Forget them all."""
        with self._lock:
            self._mails.clear()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep one mail (aiosmtpd calls this)."""
        content = envelope.original_content or b""
        mail = read_mail(content, [str(recipient) for recipient in envelope.rcpt_tos])
        with self._lock:
            self._mails.append(mail)
        return "250 OK"


def read_mail(content: bytes, recipients: list[str]) -> Mail:
    """A mail as the outbox shows it: decoded headers by name, the first text and HTML parts."""
    message = message_from_bytes(content)
    texts: dict[str, str] = {}
    for part in message.walk():
        if not part.is_multipart():
            texts.setdefault(part.get_content_type(), _text(part))
    headers: dict[str, str] = {}
    for name, value in message.items():  # one that stands there more than once: a line each
        headers[name] = "\n".join(filter(None, (headers.get(name), _decoded(str(value)))))
    return {
        "to": recipients,
        "subject": _decoded(str(message.get("Subject", ""))),
        "headers": headers,
        "text": texts.get("text/plain", ""),
        "html": texts.get("text/html", ""),
    }


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):
        return value


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    raw = payload if isinstance(payload, bytes) else b""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", errors="replace")
    except LookupError:
        return raw.decode("utf-8", errors="replace")
