"""What the use cases need from the world, as small as they need it. Adapters keep these; tests keep them in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kept.domain.identity import SubjectId
from kept.domain.orders import Order
from kept.domain.proof import Link, Session
from kept.domain.records import Kind, Message, Note, Opening, Status
from kept.domain.staff import SignIn
from kept.domain.suppression import Reason, Scope

PhoneUse = tuple[str, str]
"""A telephone number in E.164, and the record id of an order."""

PostUse = tuple[SubjectId, str]
"""A person, and the id of one of their postal addresses (`order-…` or `message-…`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some records of the queue in order, and the cursor that the next page starts after (None at the end)."""

    items: tuple[Message, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to one person. `headers` come on top of From, To, Subject and Date."""

    to: str
    purpose: str  # one of the policy's for email; the gate is asked about it
    subject: str
    text: str
    headers: tuple[tuple[str, str], ...] = ()


class Messages(Protocol):
    """Records for review. Every method raises UnavailableError when the store does not answer."""

    def add(
        self, message: Message, *, replace_expired_at: int | None = None, replace_reviewed: bool = False
    ) -> Message | None:
        """Store it unless its record id is taken: None when stored, else the record that is there already.

        With `replace_expired_at` (the time now), a record past its discard date no longer counts as there; with
        `replace_reviewed`, nor does one that was reviewed.
        """
        ...

    def find(self, reference: str, now: int) -> Message:
        """The record under a reference, read consistently. Raises NotFoundError, also past its discard date."""
        ...

    def queue(self, status: Status, kinds: Iterable[Kind], cursor: str | None, limit: int, now: int) -> Page:
        """The queue in order of rank and age. Raises InvalidInputError for a cursor that is not ours."""
        ...

    def annotate(self, message: Message, note: Note, now: int) -> None:
        """Add a note. Raises NotFoundError where the record has gone meanwhile, ConflictError where it is full."""
        ...

    def record_opening(self, message: Message, opening: Opening, now: int) -> None:
        """Add who opened it. Raises NotFoundError where the record has gone, ConflictError where it is full."""
        ...

    def review(self, before: Message, after: Message, now: int) -> None:
        """Put `after` in the place of `before`. Raises ConflictError where somebody changed it meanwhile."""
        ...


class Suppressions(Protocol):
    """Who is not to be written to. There is no method that lifts one."""

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        """Suppress, idempotently: the first reason and time stay. Raises UnavailableError."""
        ...

    def scopes_of(self, subjects: Collection[SubjectId]) -> Mapping[SubjectId, Collection[Scope]]:
        """What is suppressed for each, read consistently; who is missing in the answer could not be read.

        Raises KeyMismatchError where the suppressions lie under a key that we have not: then nobody is known.
        """
        ...


@dataclass(frozen=True, slots=True)
class LinkMail:
    """A mail with a link that is yet to be made: nothing that could be used lies in the queue."""

    job: str  # the same for each delivery of it
    email: str
    language: str
    reference: str | None = None  # of the request that it answers
    answer_by: int | None = None  # seconds since the epoch
    confirms: str | None = None  # the registration that the link confirms
    headers: tuple[tuple[str, str], ...] = ()  # that put it into the thread of the mail it answers
    subject: str | None = None


class MailQueue(Protocol):
    """Mail that is made and sent a moment later, so that who asks for it cannot tell from the time whom we know."""

    def put(self, mail: LinkMail) -> None:
        """Have it sent. Raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class HeldItem:
    """Something in a person's partition, of whatever kind: the part of `sort_key` before # says which."""

    subject_id: SubjectId
    sort_key: str
    fields: Mapping[str, Any]  # without its keys; bytes, str, int, bool, lists and dicts


class Partition(Protocol):
    """Everything held in one person's partition. Every method raises UnavailableError."""

    def page(self, subject: SubjectId, after: str | None, limit: int) -> tuple[list[HeldItem], str | None]:
        """Some items in the order of their sort keys, past their date or not; where the next page goes on after."""
        ...

    def all(self, subject: SubjectId) -> Iterator[HeldItem]:
        """All items, read as they are asked for."""
        ...

    def discard(self, subject: SubjectId, sort_key: str, reason: str) -> bool:
        """Delete an item, saying why in the ledger's words; whether it was there."""
        ...


class ExportFiles(Protocol):
    """The packages of everything held about somebody. Every method raises UnavailableError."""

    def discard(self, key: str) -> None:
        """Delete one; gone already is as good."""
        ...


class Proofs(Protocol):
    """Links and sessions. Every method raises UnavailableError when the store does not answer."""

    def claim_link(self, subject: SubjectId, job: str, limit: int, until: int, now: int) -> str | None:
        """A place among the links that somebody may have at once; None where all are taken, or the job has one."""
        ...

    def release_link(self, subject: SubjectId, place: str) -> None:
        """Give a place back, because the link could not be sent."""
        ...

    def add_link(self, link: Link) -> None:
        """Store a link."""
        ...

    def use_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        """Take a link away and return it. Raises NotFoundError where it is used, expired or none of ours."""
        ...

    def add_session(self, session: Session) -> None:
        """Store a session."""
        ...

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        """Raises NotFoundError where there is none, also past its end."""
        ...

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        """End it; ended already is as good."""
        ...


class Holdings(Protocol):
    """What is held that a telephone number or a postal address may be used for; what is past its date is not held.

    What is missing in an answer could not be read.
    """

    def placed_online(self, uses: Collection[PhoneUse], now: int) -> Mapping[PhoneUse, bool | None]:
        """Whether each order was placed online; None where no such order is held under that number."""
        ...

    def purposes_of(self, uses: Collection[PostUse], now: int) -> Mapping[PostUse, Collection[str] | None]:
        """What each postal address was given for, None where none is held."""
        ...


class Orders(Protocol):
    """Orders that the shop told of. Every method raises UnavailableError when the store does not answer."""

    def put(self, order: Order, now: int) -> Order:
        """Store it unless what is held is newer; the order that is held afterwards."""
        ...

    def end(self, order_id: str, now: int) -> None:
        """End what it permits. Raises NotFoundError where no such order is held; ended already is as good."""
        ...


class Outbox(Protocol):
    """Mail that we send. It asks the gate itself, so that nothing goes out without."""

    def claim(self, subject: SubjectId, kind: Kind, now: int) -> bool:
        """Whether an answer of this kind may be sent: not when one was within the last day. Raises UnavailableError."""
        ...

    def release(self, subject: SubjectId, kind: Kind) -> None:
        """Take a claim back, because the answer could not be sent. Raises UnavailableError."""
        ...

    def send(self, answer: OutgoingMail) -> None:
        """Hand a mail over to be delivered. Raises NotAllowedError where the gate refuses it, UnavailableError."""
        ...


class StaffSignIn(Protocol):
    """The user pool that staff sign in with."""

    def begin(self, sign_in: SignIn) -> str:
        """The address to send the browser to."""
        ...

    def end(self) -> str:
        """The address that ends the session at the pool, and comes back."""
        ...

    def claims(self, code: str, verifier: str) -> Mapping[str, Any]:
        """The claims of who signed in. Raises NotSignedInError where the code is refused, UnavailableError."""
        ...


class RawMail(Protocol):
    """Mail as it came in. Keys are those that SES gave."""

    def read(self, key: str) -> bytes | None:
        """The bytes, or None where they are gone. Raises UnavailableError."""
        ...

    def discard(self, key: str) -> None:
        """Delete it; gone already is as good. Raises UnavailableError."""
        ...
