"""The mail that Kept sends itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from kept.domain.identity import SubjectId
from kept.domain.records import Kind


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to one person. `headers` come on top of From, To, Subject and Date."""

    to: str
    purpose: str  # one of the policy's for email; the gate is asked about it
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


Topic = Literal["access", "registration", "extension"]
"""What a queued mail is about: a link to what is held, a link that confirms a registration, or a later deadline."""


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A mail that is yet to be made. Its link is made with it: nothing that could be used lies in the queue."""

    job: str  # the same for each delivery of it
    email: str
    language: str
    topic: Topic = "access"
    reference: str | None = None  # of the request that it answers
    answer_by: int | None = None  # seconds since the epoch
    reason: str | None = None  # why the answer needs until then
    answers: str | None = None  # the record of the request that it answers
    confirms: str | None = None  # the registration that the link confirms
    headers: tuple[tuple[str, str], ...] = ()  # that put it into the thread of the mail it answers
    subject: str | None = None


class MailQueue(Protocol):
    """Mail that is made and sent a moment later, so that who asks for it cannot tell from the time whom we know."""

    def put(self, mail: QueuedMail) -> None:
        """Have it sent. Raises UnavailableError."""
        ...


AnswerKind = Kind | Literal["extension"]
"""What an answer is about, of which there is one a day."""


class Outbox(Protocol):
    """Mail that we send. It asks the gate itself, so that nothing goes out without."""

    def claim(self, subject: SubjectId, kind: AnswerKind, now: int) -> bool:
        """Whether an answer of this kind may be sent: not when one was within the last day. Raises UnavailableError."""
        ...

    def release(self, subject: SubjectId, kind: AnswerKind) -> None:
        """Take a claim back, because the answer could not be sent. Raises UnavailableError."""
        ...

    def send(self, answer: OutgoingMail) -> None:
        """Hand a mail over to be delivered. Raises NotAllowedError where the gate refuses it, UnavailableError."""
        ...
