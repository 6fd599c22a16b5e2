"""What the purge audit goes through, and where its reports lie."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from kept.app.ports.records import HeldItem
from kept.domain.audit import Day, Report, Summary
from kept.domain.commitment import TableKey
from kept.domain.records import Kind


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

    def put(self, report: Report, pages: Mapping[str, bytes]) -> None:
        """Keep a day's report, and the page that people read in each language, in the place of what was there."""
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

    def copies(self, table: str) -> int | None:
        """How many restored tables lie beside one, which nothing uses and nobody audits."""
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
