"""Files that came with a mail, for staff to save. Nothing of a mail is ever shown but its text."""

from __future__ import annotations

import re

from kept.app.ports.records import RawMail
from kept.domain.errors import NotFoundError
from kept.domain.records import Message

LARGEST_FILE = 4 * 1024 * 1024  # bytes; Lambda answers 6 MB at most, and base64 takes a third more
WHOLE_MAIL = "mail"

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\\\:*?\"<>|\u202a-\u202e\u2066-\u2069]+")


def read_file(message: Message, place: str, *, raw_mail: RawMail) -> tuple[str, bytes]:
    """A name to save it under, and the bytes of the attachment at that place (from 0) of the record, or of the "mail".

    Raises NotFoundError where there is none, it is discarded already, or larger than can be answered here.
    """
    from kept.domain.mail.reader import attachment_bytes  # the reader is large, and files are seldom asked for

    mail = message.mail
    whole = place == WHOLE_MAIL
    number = int(place) if place.isascii() and place.isdecimal() and len(place) < 4 else -1
    if mail is None or message.kind == "quarantine" or not (whole or 0 <= number < len(mail.attachments)):
        raise NotFoundError("This record has no such file, or it may not be opened.")
    raw = raw_mail.read(mail.raw_key)
    content = raw if whole or raw is None else attachment_bytes(raw, number)
    if content is None:
        raise NotFoundError("The mail that this file came with was discarded.")
    if len(content) > LARGEST_FILE:
        raise NotFoundError("This file is too large to be saved from here; whoever administers the mail bucket can.")
    name = f"{message.reference}.eml" if whole else mail.attachments[number].name
    return _UNSAFE.sub("_", name).strip(". ") or f"{message.reference}-{number + 1}", content
