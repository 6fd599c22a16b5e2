"""What is held about a person. A record names its subject only by id; what they wrote is in its fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from kept.domain.errors import to_translate
from kept.domain.identity import SubjectId

Kind = Literal["message", "complaint", "request", "machine", "quarantine"]
"""What a record in the review queue is; each kind has a retention in the policy."""

Status = Literal["new", "reviewed"]
Channel = Literal["form", "email", "telephone"]

KINDS: tuple[Kind, ...] = ("message", "complaint", "request", "machine", "quarantine")
MAIN_QUEUE: tuple[Kind, ...] = ("message", "complaint", "request")  # the kinds that people wait behind

RANKS: dict[Kind, tuple[int, ...]] = {"complaint": (1,), "request": (2, 3)}
"""The places in the queue of the kinds that have a deadline."""

EXCERPT_CHARACTERS = 200

ASKED = to_translate("Asked by form what we hold about them.")
ANSWERED = to_translate("Answered: who owns the address opened the link, which shows everything.")
OUR_TEXTS = (ASKED, ANSWERED)
"""What we write into a record ourselves, in the place of what a person or a member of staff would have written."""


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A postal address and what it was given for; any other use of it is refused."""

    text: str
    purposes: tuple[str, ...]


def address_id(kind: Literal["message", "order", "account"], record_id: str) -> str:
    """How the gate is asked about a postal address: it is part of the record that it came with."""
    return f"{kind}-{record_id}"


@dataclass(frozen=True, slots=True)
class Attachment:
    """What came with a mail: the file itself stays in the raw mail."""

    name: str  # "" where the mail gives none
    content_type: str
    size: int  # bytes, decoded


@dataclass(frozen=True, slots=True)
class Reason:
    """Words of a mail that led to an intent, and the language that they were understood in ("" for headers)."""

    intent: str
    language: str
    words: str


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is kept of a mail beside its text."""

    raw_key: str  # the object in the mail bucket that goes when the record goes
    message_id: str = ""
    reply_to: str | None = None
    language: str = ""
    attachments: tuple[Attachment, ...] = ()
    defects: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    confidence: int = 0  # per cent, of the least certain of the intents
    suggested: tuple[str, ...] = ()  # intents that it may have, for staff to decide
    why: tuple[Reason, ...] = ()
    machine_reason: str | None = None
    spam: bool = False
    text_truncated: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote about a record; it is discarded with it."""

    at: int
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class DateMoved:
    """Why a discard date is another than the record was born with or reviewed to; the ledger reads it."""

    reason: str  # a word of ours
    at: int


@dataclass(frozen=True, slots=True)
class Extension:
    """That an answer needs longer, which happens once; the person was told why."""

    at: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Hold:
    """That the law forbids to discard a record before a time (seconds since the epoch), as staff stated it."""

    at: int
    by: str
    reason: str
    until: int


@dataclass(frozen=True, slots=True)
class Opening:
    """Somebody of the staff looked at a record; it is discarded with it."""

    at: int
    by: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person (or a machine) said to us, waiting for internal review. Times: seconds since the epoch."""

    subject_id: SubjectId
    record_id: str
    reference: str
    kind: Kind
    channel: Channel
    received_at: int
    discard_at: int
    text: str
    email: str | None = None  # None only for a mail without any sender
    status: Status = "new"
    subject: str | None = None
    name: str | None = None
    phone: str | None = None  # E.164
    postal_address: PostalAddress | None = None
    locale: str | None = None
    content_digest: bytes | None = None  # tells a repeated request from another one under the same key
    mail: MailFacts | None = None
    answer_by: int | None = None  # the policy's deadline for complaints and requests
    verified_at: int | None = None  # when who asked proved that the address is theirs
    extension: Extension | None = None
    hold: Hold | None = None
    date_moved: DateMoved | None = None
    promise: str | None = None  # the id of the promise that a complaint says was broken
    joins: str | None = None  # the reference of the open request that who wrote this has already
    recorded_by: str | None = None  # the member of staff who took it down, for what was said by telephone
    notes: tuple[Note, ...] = field(default=())
    openings: tuple[Opening, ...] = field(default=())
    outcome: str | None = None
    reviewed_at: int | None = None
    reviewed_by: str | None = None

    @property
    def rank(self) -> int:
        """Its place in the queue, the oldest first among equals.

        Complaints, requests of who proved the address, other requests, what may be one or joins one, messages, spam.
        """
        if self.mail is not None and self.mail.spam:
            return 9
        if self.kind == "message" and (self.joins or (self.mail is not None and self.mail.suggested)):
            return 4
        first, *others = RANKS.get(self.kind, (5,))
        return others[0] if others and self.verified_at is None else first

    @property
    def excerpt(self) -> str:
        """The beginning of the text on one line."""
        return " ".join(self.text[: EXCERPT_CHARACTERS * 4].split())[:EXCERPT_CHARACTERS]
