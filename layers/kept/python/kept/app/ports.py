"""What the use cases need from the world, as small as they need it. Adapters keep these; tests keep them in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from kept.domain.account import Account, Registration
from kept.domain.audit import Day, Report, Summary
from kept.domain.commitment import Commitment, Mark, TableKey
from kept.domain.evidence import Evidence
from kept.domain.exports import Export
from kept.domain.identity import SubjectId
from kept.domain.ledger import Entry, StatedReason
from kept.domain.orders import Order
from kept.domain.proof import Link, Session
from kept.domain.records import Kind, Message, Note, Opening, Status
from kept.domain.staff import SignIn
from kept.domain.suppression import Reason, Scope, Suppression

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
        `replace_reviewed`, nor does one that was reviewed, unless a law keeps it or it is of the same mail.
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

    def find_of(self, subject: SubjectId, record_id: str, now: int) -> Message:
        """A person's record by its id, read consistently. Raises NotFoundError, also past its discard date."""
        ...

    def change(self, before: Message, after: Message, now: int) -> None:
        """Put `after` in the place of `before`, but for its notes and openings.

        Raises ConflictError where somebody changed it meanwhile, or it was discarded.
        """
        ...

    def record_opening(self, message: Message, opening: Opening, now: int) -> None:
        """Add who opened it. Raises NotFoundError where the record has gone, ConflictError where it is full."""
        ...


class Suppressions(Protocol):
    """Who is not to be written to."""

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        """Suppress, idempotently: the first reason and time stay. Raises UnavailableError."""
        ...

    def scopes_of(self, subjects: Collection[SubjectId]) -> Mapping[SubjectId, Collection[Scope]]:
        """What is suppressed for each, read consistently; who is missing in the answer could not be read.

        Raises KeyMismatchError where the suppressions lie under a key that we have not: then nobody is known.
        """
        ...

    def of(self, subject: SubjectId) -> Mapping[Scope, Suppression]:
        """What is suppressed for one person, why and since when. Raises UnavailableError, KeyMismatchError."""
        ...

    def lift(self, subject: SubjectId, scopes: Collection[Scope]) -> None:
        """Take suppressions away, which nobody may ask but the person, from their session. Raises UnavailableError."""
        ...


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

    def discard(self, subject: SubjectId, sort_key: str, reason: StatedReason) -> bool:
        """Delete an item, saying why in the ledger's words; whether it was there."""
        ...

    def read(self, keys: Collection[TableKey]) -> Mapping[TableKey, HeldItem]:
        """Those of the items that are there, read consistently, with no more of each than tells when it must go."""
        ...

    def claim(self, item: HeldItem, reason: StatedReason) -> bool:
        """Write into an item why it goes, on the condition that its date is as it was read; whether it was."""
        ...

    def delete(self, item: HeldItem, reason: StatedReason) -> None:
        """Delete an item in which this reason still stands; gone already is as good."""
        ...


class ByteSink(Protocol):
    """Where the bytes of a file go, in order."""

    def write(self, content: bytes, /) -> object:
        """Take some more."""
        ...


class ExportFiles(Protocol):
    """Packages, and the files that other systems send for them. Every method raises UnavailableError."""

    def upload(self, key: str) -> AbstractContextManager[ByteSink]:
        """Write a file of any size, piece by piece. It is there once all is written, and not after an exception."""
        ...

    def url(self, key: str, name: str, seconds: int) -> str:
        """An address that anyone who has it can fetch the file from for so long, to be saved under this name."""
        ...

    def upload_form(self, key: str, largest: int, seconds: int) -> UploadForm:
        """What anyone who has it can send the file with for so long, in as many bytes at most."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes; None where there is no such file."""
        ...

    def read(self, key: str) -> Iterator[bytes]:
        """The file, piece by piece. Raises NotFoundError."""
        ...

    def discard(self, key: str) -> None:
        """Delete one; gone already is as good."""
        ...


@dataclass(frozen=True, slots=True)
class UploadForm:
    """An HTML form to send a file with: POST these fields to the address as multipart/form-data, and `file` last."""

    url: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ExportJob:
    """A package to be made, in the queue: a keyed hash and a random id."""

    subject: str  # in hexadecimal
    export_id: str


class ExportQueue(Protocol):
    """Packages to be made."""

    def put(self, job: ExportJob, delay: int = 0) -> None:
        """Have it made, or looked at again, after so many seconds (900 at most). Raises UnavailableError."""
        ...


class Exports(Protocol):
    """What is known of packages. Every method raises UnavailableError when the store does not answer."""

    def begin(self, export: Export, now: int) -> Export:
        """Store it, unless one of the same person's is being made; the one that stands."""
        ...

    def find(self, subject: SubjectId, export_id: str, now: int) -> Export:
        """Read consistently. Raises NotFoundError, also for another person's and past its discard date."""
        ...

    def asked(self, export: Export, at: int) -> None:
        """Note that it waits for other systems, and when they were asked. Nothing happens where it has gone."""
        ...

    def claim(self, export: Export, lease: str, now: int) -> bool:
        """Have the making to oneself for LEASE_SECONDS; not where somebody has it, or it is ready or gone."""
        ...

    def release(self, export: Export, lease: str) -> None:
        """Give it back, because it could not be made."""
        ...

    def finish(self, export: Export, lease: str) -> bool:
        """Put `export`, which is ready, in its place; not where it has gone or the lease is another's meanwhile."""
        ...


class SourceSystems(Protocol):
    """Other systems of the shop's that hold personal data."""

    def ask(self, name: str, export: Export, upload: UploadForm, until: int) -> None:
        """Ask one for what it holds about a person who proved who they are. Raises UnavailableError."""
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

    def find_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        """A link as it was stored. Raises NotFoundError where it is used, expired or none of ours."""
        ...

    def exchange(self, link: Link, session: Session, now: int) -> None:
        """Use a link up and store the session that it opens: both or neither.

        Raises NotFoundError where it was used or expired meanwhile.
        """
        ...

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        """Raises NotFoundError where there is none, also past its end."""
        ...

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        """End it; ended already is as good."""
        ...


class Accounts(Protocol):
    """Accounts, and registrations that wait. Every method raises UnavailableError when the store does not answer."""

    def add_registration(self, registration: Registration) -> None:
        """Store it."""
        ...

    def find_registration(self, subject: SubjectId, record_id: str, now: int) -> Registration | None:
        """One that waits, read consistently; None where there is none, or not any more."""
        ...

    def end_registration(self, subject: SubjectId, record_id: str) -> None:
        """Discard it, since its account is there."""
        ...

    def find(self, subject: SubjectId, now: int) -> Account | None:
        """Somebody's account, read consistently; None where there is none, or it is past its date."""
        ...

    def add(self, account: Account, now: int) -> Account | None:
        """Store it unless there is one: None when stored, else the one that is there."""
        ...

    def change(self, before: Account, after: Account, now: int) -> None:
        """Put `after` in the place of `before`. Raises ConflictError where it was changed or discarded meanwhile."""
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

    def pieces(self, key: str) -> Iterator[bytes] | None:
        """The bytes, piece by piece, or None where they are gone. Raises UnavailableError, also while they are read."""
        ...

    def discard(self, key: str) -> None:
        """Delete it; gone already is as good. Raises UnavailableError."""
        ...


@dataclass(frozen=True, slots=True)
class DayCounts:
    """What a day's entries add up to. `opened` and `closed` are of commitments, the others of records in `subjects`."""

    day: str
    entries: int = 0  # of all kinds and both tables: so many lines has the day's file
    written: int = 0
    discarded: Mapping[str, int] = field(default_factory=dict)  # by reason
    opened: int = 0
    closed: int = 0
    suppressed: int = 0  # addresses put on the list of who is not written to; those rotated to another key do not count


class Ledger(Protocol):
    """Where entries are written, each with what it does to the record's commitment, wholly or not at all."""

    def add(self, entry: Entry, mark: Mark | None, key: TableKey) -> bool:
        """Write an entry that is not there yet; whether it was not. Raises UnavailableError.

        `key` is where the record lies, which its commitment names as long as it is open.
        """
        ...


class LedgerDays(Protocol):
    """The ledger day by day, which needs no key. Every method raises UnavailableError."""

    def of_day(self, day: str) -> list[Entry]:
        """A UTC day's entries in entry order, complete: where some cannot be seen yet, UnavailableError."""
        ...

    def counts(self, day: str) -> DayCounts:
        """What a day's entries add up to, read consistently, without reading them."""
        ...

    def first_day(self) -> str | None:
        """The day on which this ledger began; None where it has no entry yet."""
        ...


class LedgerEntries(LedgerDays, Protocol):
    """The entries, to be read by whose they are. Every method raises UnavailableError."""

    def of_subject(self, subject: bytes) -> Iterator[Entry]:
        """A person's entries, by record and in the order of its changes. `subject`: their id in the table."""
        ...

    def discards(self, commitment: Commitment) -> list[Entry]:
        """The entries that say that a record of this commitment's place in the table went, itself or a later one."""
        ...


class Seals(Protocol):
    """Sealed days, by the names that `domain.seal` gives their files. Every method raises UnavailableError."""

    def days(self) -> list[str]:
        """The days that are sealed, in order."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file as it was first written, whatever was written or deleted since; None where there never was one."""
        ...

    def put(self, name: str, content: bytes) -> bool:
        """Write a file that is not there yet; whether it was not."""
        ...


class Events(Protocol):
    """What others may want to hear of. Raises UnavailableError."""

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        """Tell it, at least once."""
        ...


class Commitments(Protocol):
    """What must go, and by when. Every method raises UnavailableError."""

    def due(self, now: int) -> Iterator[Commitment]:
        """Every open commitment that is due, read as they are asked for: the cost follows what is due.

        It may show one that was closed or moved a moment ago; `find` tells.
        """
        ...

    def find(self, commitment: Commitment) -> Commitment | None:
        """The open commitment of the same record as it is now, read consistently; None where it is closed."""
        ...

    def close(self, commitment: Commitment, now: int) -> bool:
        """Close one whose record is gone although no change told of it, with an entry `missing`; whether it was open.

        Not within a day of the change: until then the stream may still tell.
        """
        ...


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records of the whole table, where the next page goes on after, and the read units that it took."""

    items: list[HeldItem]  # with no more of each than tells when it must go
    after: TableKey | None
    units: float


class Records(Protocol):
    """The whole table of subjects, and what the ledger knows of it. Every method raises UnavailableError."""

    def page(self, after: TableKey | None) -> RecordPage:
        """A page, past its date or not."""
        ...

    def committed(self, keys: Collection[TableKey]) -> Collection[TableKey]:
        """Those of the records that have an open commitment, read consistently."""
        ...

    def digest(self, key: TableKey) -> str:
        """What the ledger calls a record."""
        ...

    def estimate(self) -> int:
        """How many records there are, as DynamoDB counted them within the last hours."""
        ...


@dataclass(frozen=True, slots=True)
class MailPage:
    """Some raw mails: their keys and when each came, in seconds since the epoch; where the next page goes on after."""

    keys: list[tuple[str, int]]
    after: str | None


class MailObjects(Protocol):
    """The raw mails that are there. Every method raises UnavailableError."""

    def page(self, after: str | None) -> MailPage:
        """A page, in the order of their keys."""
        ...

    def is_there(self, key: str) -> bool:
        """Whether this one is."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the audit's reading of the whole table has come: first the records, then the raw mails.

    `day` is of the last part; `began_…` and `seen_before` are where that part began, so that it can be read again.
    """

    day: Day
    pass_began: int  # seconds since the epoch
    began_after: TableKey | None = None
    after: TableKey | None = None
    began_in_mails: bool = False
    in_mails: bool = False
    began_after_mail: str | None = None
    after_mail: str | None = None
    seen_before: int = 0
    seen: int = 0
    objects: int = 0
    parts: tuple[Day, ...] = ()  # the days whose raw mails' keys are remembered
    finished: bool = False

    def having(self, **changes: Any) -> Progress:
        """The same, further on."""
        return replace(self, **changes)


class AuditProgress(Protocol):
    """Where that is remembered. Every method raises UnavailableError."""

    def read(self) -> Progress | None:
        """The last part's; None before the first."""
        ...

    def write(self, progress: Progress) -> None:
        """In the place of what was there."""
        ...

    def remember(self, day: Day, digests: bytes) -> None:
        """The raw mails that the records of a day's part refer to, in the place of what that day had."""
        ...

    def remembered(self, days: Iterable[Day]) -> bytes:
        """Those of these days, one after the other."""
        ...


class Reports(Protocol):
    """The audit's reports. Every method raises UnavailableError."""

    def find(self, day: Day) -> Report | None:
        """The report of a day."""
        ...

    def put(self, report: Report, page: bytes) -> None:
        """Keep a day's report, and the page that people read, in the place of what was there."""
        ...

    def summaries(self) -> list[Summary]:
        """A line for each report, the newest first."""
        ...


class Deployed(Protocol):
    """How the deployed stack is set up and how it is doing. What cannot be learnt is left out of an answer."""

    def describe(self, kind: str, name: str, settings: Collection[str]) -> Mapping[str, str]:
        """These settings of something, in the words of the built template's intent: `none` where one is not made."""
        ...

    def waiting(self, queue: str) -> int | None:
        """How many messages lie in a queue."""
        ...

    def objects(self, bucket: str) -> int | None:
        """How many objects lie in a bucket, a thousand at most."""
        ...

    def stream_age_minutes(self, function: str, now: int) -> int | None:
        """The age of the oldest change that a function took from its streams within the last hour."""
        ...


class Deadlines(Protocol):
    """Whom we have not answered in time. Raises UnavailableError."""

    def overdue(self, kind: Kind, before: int, now: int) -> list[int]:
        """By when each open record of a kind that waits too long should have been answered.

        Looked for among those that came in before a time: nothing that came later can be due.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """When a request or complaint was answered, and by when it had to be (seconds since the epoch)."""

    at: int
    answer_by: int


class Answers(Protocol):
    """Whom we have answered. Raises UnavailableError."""

    def answered(self, kind: Kind, now: int) -> list[Answered]:
        """Each record of a kind that is still held and was reviewed."""
        ...


class Counted(Protocol):
    """What functions counted, which is about nobody."""

    def permissions(
        self, channel: Literal["email", "post", "phone"], decision: Literal["allowed", "refused"], days: int, now: int
    ) -> int | None:
        """How often the gate answered so within the last days; None where nobody counted, or that cannot be learnt."""
        ...


class PublicEvidence(Protocol):
    """What everybody may know of how the promises are kept. Raises UnavailableError."""

    def find(self) -> Evidence | None:
        """The last; None where there is none yet."""
        ...

    def put(self, evidence: Evidence) -> None:
        """In the place of what was there."""
        ...
