"""A small world for the purge audit: people's records, a ledger that hears of their changes or does not, and hands.

Everything is kept in memory. `hear=False` is a change of which the stream never told.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kept.app import audit_scan, purge_audit
from kept.app.keep_ledger import follow
from kept.app.ports.audit import MailPage, Progress, RecordPage
from kept.app.ports.records import HeldItem
from kept.app.seal_ledger import seal_days
from kept.domain.audit import Cost, Expectation, Intent, Report, Summary, summary_of
from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, LedgerKeys, sequence_of
from kept.domain.policy import load_policy
from kept.domain.records import Kind
from tests.fakes import MemoryEvents, MemoryExportFiles, MemoryLedger, MemoryPartition, MemoryRawMail, MemorySeals

POLICY = load_policy()
HOUR, DAY = 3600, 86400
START = 1_800_000_000 // DAY * DAY + 3 * HOUR  # 2027-01-15, 03:00 UTC
PAGE = 50  # records that a page of the scan has

INTENT = Intent(
    settings=(Expectation(kind="table", name="subjects", expected={"time to live is on": "yes"}),),
    dead_letters=("dead",),
    failures=("failures",),
    followers=("ledger",),
)


@dataclass
class MemoryReports:
    """Keeps the ports `Reports` and `AuditProgress`."""

    reports: dict[str, Report] = field(default_factory=dict)
    pages: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    progress: Progress | None = None
    parts: dict[str, bytes] = field(default_factory=dict)
    written: int = 0

    def find(self, day: str) -> Report | None:
        return self.reports.get(day)

    def put(self, report: Report, pages: Mapping[str, bytes]) -> None:
        self.reports[report.day], self.pages[report.day] = report, pages
        self.written += 1

    def summaries(self) -> list[Summary]:
        return [summary_of(self.reports[day]) for day in sorted(self.reports, reverse=True)]

    def read(self) -> Progress | None:
        return self.progress

    def write(self, progress: Progress) -> None:
        self.progress = progress

    def remember(self, day: str, digests: bytes) -> None:
        self.parts[day] = digests

    def remembered(self, days: Iterable[str]) -> bytes:
        return b"".join(self.parts[day] for day in days)


class World:
    """See above. `now` moves when a test says so."""

    def __init__(self, estimate: int | None = None) -> None:
        self.now = START
        self.keys = LedgerKeys("a ledger key for tests only, long enough to be one")
        self.ledger = MemoryLedger(self.keys)
        self.partition = MemoryPartition()
        self.raw_mail = MemoryRawMail()
        self.mails_at: dict[str, int] = {}
        self.reports = MemoryReports()
        self.seals = MemorySeals()
        self.settings = {"time to live is on": "yes"}
        self.queues: dict[str, int | None] = {"dead": 0}
        self.stream_age: int | None = 0
        self.restored: int | None = 0
        self.waiting_for: dict[Kind, list[int]] = {}
        self.has_time: Callable[[], bool] = lambda: True
        self.settle: Callable[[], None] = lambda: None
        self.units = 0.0
        self._sequence = itertools.count(1)
        self._estimate = estimate

    # ---------------------------------------------------------------- what happens

    def write(self, name: str, *, due: int, kind: str = "message", mail: bool = False, hear: bool = True) -> TableKey:
        """A record comes in; `due` is its discard date."""
        key = TableKey(SubjectId(name.encode().ljust(16, b".")), f"{kind}#{name}")
        fields: dict[str, Any] = {"kind": "message", "received_at": self.now, "discard_at": due, "reference": name}
        if mail:
            fields["mail"] = {"raw_key": f"raw/{name}"}
            self.raw_mail.mails[f"raw/{name}"] = b"x"
            self.mails_at[f"raw/{name}"] = self.now
        self._put(key, fields, hear=hear)
        return key

    def change(self, key: TableKey, *, hear: bool = True, **fields: Any) -> None:
        """Somebody writes something else into a record; None takes a field away."""
        before = self.partition.items[key.subject_id, key.sort_key].fields
        after = {name: value for name, value in {**before, **fields}.items() if value is not None}
        self._put(key, after, hear=hear)

    def delete(self, key: TableKey, *, hear: bool = True, by_time_to_live: bool = False) -> None:
        """It is deleted, by DynamoDB or by a hand."""
        item = self.partition.items.pop((key.subject_id, key.sort_key))
        if hear:
            self._hear(key, item.fields, None, by_time_to_live=by_time_to_live)

    def is_there(self, key: TableKey) -> bool:
        return (key.subject_id, key.sort_key) in self.partition.items

    def _put(self, key: TableKey, fields: dict[str, Any], *, hear: bool) -> None:
        before = self.partition.items.get((key.subject_id, key.sort_key))
        self.partition.items[key.subject_id, key.sort_key] = HeldItem(key.subject_id, key.sort_key, fields)
        if hear:
            self._hear(key, before.fields if before else None, fields)

    def _hear(
        self,
        key: TableKey,
        before: Mapping[str, Any] | None,
        after: Mapping[str, Any] | None,
        *,
        by_time_to_live: bool = False,
    ) -> None:
        sequence = sequence_of(str(next(self._sequence)))
        change = Change(
            "subjects", sequence, self.now, key.subject_id, key.sort_key, before, after, by_time_to_live=by_time_to_live
        )
        follow(
            change,
            policy=POLICY,
            keys=self.keys,
            ledger=self.ledger,
            raw_mail=self.raw_mail,
            exports=MemoryExportFiles(),
            now=self.now,
        )

    # ---------------------------------------------------------------- the audit

    def seal(self) -> None:
        """What happens at 02:00."""
        seal_days(ledger=self.ledger, seals=self.seals, events=MemoryEvents(), now=self.now)

    def audit(self, *, sealed: bool = True) -> Report:
        """Audit the day that it is, the day before sealed; what the audit discards, the ledger then hears of."""
        if sealed:
            self.seal()
        stores = purge_audit.Stores(
            commitments=self.ledger,
            days=self.ledger,
            seals=self.seals,
            raw_mail=self.raw_mail,
            deployed=self,
            deadlines=self,
            reports=self.reports,
            scan=audit_scan.Stores(
                records=self,
                mails=_Mails(self),
                partition=self.partition,
                progress=self.reports,
                pace=lambda _: None,
                has_time=self.has_time,
                in_transit=DAY,
            ),
            cost=lambda: Cost(read_units=self.units),
            settle=self.settle,
        )
        held = dict(self.partition.items)
        report, _ = purge_audit.run(
            day_of(self.now),
            now=self.now,
            policy=POLICY,
            intent=INTENT,
            stores=stores,
            render=lambda _: {"en": b"page"},
        )
        for (subject, sort_key), item in held.items():
            if (subject, sort_key) not in self.partition.items and not sort_key.startswith("session#"):
                reason = self.partition.reasons[subject, sort_key]
                key = TableKey(SubjectId(subject), sort_key)
                self._hear(key, {**item.fields, "discard_reason": reason}, None)
        return report

    # ---------------------------------------------------------------- Records, Deployed, Deadlines

    def page(self, after: TableKey | None) -> RecordPage:
        places = sorted(self.partition.items)
        start = places.index((after.subject_id, after.sort_key)) + 1 if after else 0
        part = places[start : start + PAGE]
        more = start + PAGE < len(places)
        last = TableKey(SubjectId(part[-1][0]), part[-1][1]) if more else None
        self.units += len(part) / 2
        return RecordPage([self.partition.items[place] for place in part], last, len(part) / 2)

    def committed(self, keys: Collection[TableKey]) -> set[TableKey]:
        known = {key for history, key in self.ledger.histories.values() if history.is_open}
        return known & set(keys)

    def digest(self, key: TableKey) -> str:
        return self.keys.record("subjects", key.subject_id, key.sort_key)

    def estimate(self) -> int:
        return len(self.partition.items) if self._estimate is None else self._estimate

    def describe(self, _kind: str, _name: str, _settings: Collection[str]) -> dict[str, str]:
        return self.settings

    def waiting(self, queue: str) -> int | None:
        return self.queues[queue]

    def objects(self, _bucket: str) -> int | None:
        return 0

    def copies(self, _table: str) -> int | None:
        return self.restored

    def stream_age_minutes(self, _function: str, _now: int) -> int | None:
        return self.stream_age

    def overdue(self, kind: Kind, before: int, now: int) -> list[int]:
        assert before < now
        return self.waiting_for.get(kind, [])


class _Mails:
    """Keeps the port `MailObjects`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def page(self, after: str | None) -> MailPage:
        keys = sorted(key for key in self._world.raw_mail.mails if key > (after or ""))
        part = keys[:PAGE]
        times = [(key, self._world.mails_at[key]) for key in part]
        return MailPage(times, part[-1] if len(keys) > PAGE else None)

    def is_there(self, key: str) -> bool:
        return key in self._world.raw_mail.mails


def day_of(now: int) -> str:
    """The UTC day."""
    from kept.domain.ledger import day_of as ledger_day

    return ledger_day(now)
