"""Where sample mails are, and what holds of every mail that was read."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from kept.domain.mail import Mail

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "tests/samples/mail"
CORPORA = Path(os.environ.get("KEPT_SHARED", ROOT.parent / "shared")) / "mail-corpora"


def rows(table: Path) -> list[dict[str, str]]:
    """The rows of a tab-separated file; none where it is absent."""
    if not table.is_file():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def valid(text: str) -> bool:
    return not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)


def assert_storable(mail: Mail) -> None:
    """Everything a record is made of is valid Unicode and within its cap."""
    texts = [mail.subject, mail.text, mail.sender_name, mail.message_id, mail.language, mail.content_type]
    texts += [mail.sender or "", mail.reply_to or "", mail.report_type, mail.feedback_type, *mail.part_types]
    texts += [text for a in mail.attachments for text in (a.name, a.content_type)]
    texts += [text for name, values in mail.headers.items() for text in (name, *values)]
    assert all(valid(text) for text in texts)
    assert len("".join(texts).encode()) < 2_000_000
    assert len(mail.subject) <= 998
    assert "\n" not in mail.subject
    assert len(mail.text.encode()) <= 65_536
    assert len(mail.attachments) <= 100
    assert all(len(a.name) <= 255 and a.size >= 0 for a in mail.attachments)
    assert sum(len(values) for values in mail.headers.values()) <= 200
    assert all(len(value) <= 4096 for values in mail.headers.values() for value in values)
    assert mail.sender is None or "@" in mail.sender
