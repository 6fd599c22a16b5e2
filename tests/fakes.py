"""The ports kept in memory. `tests/contract` holds them to the same tests as the adapters."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kept.app.ports.exports import UploadForm
from kept.app.ports.ledger import DayCounts
from kept.app.ports.mail import AnswerKind, OutgoingMail, QueuedMail
from kept.app.ports.permission import PhoneUse, PostUse
from kept.app.ports.records import HeldItem, Page
from kept.domain.account import Account, Registration
from kept.domain.commitment import Commitment, Gone, History, Mark, TableKey
from kept.domain.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    UnavailableError,
)
from kept.domain.exports import LEASE_SECONDS, Export
from kept.domain.identity import Keys, SubjectId
from kept.domain.ledger import Entry, LedgerKeys, StatedReason, missing_entry
from kept.domain.orders import Order, ended
from kept.domain.permission import Check, Permission
from kept.domain.proof import Link, Session
from kept.domain.records import Kind, Message, Note, Opening, Status
from kept.domain.retention import is_held
from kept.domain.seal import day_of_seal
from kept.domain.suppression import Reason, Scope, Suppression


class MemoryMessages:
    """Keeps the port `Messages`."""

    def __init__(self) -> None:
        self.records: dict[tuple[bytes, str], Message] = {}

    def add(
        self, message: Message, *, replace_expired_at: int | None = None, replace_reviewed: bool = False
    ) -> Message | None:
        key = (message.subject_id, message.record_id)
        standing = self.records.get(key)
        expired = standing and replace_expired_at is not None and standing.discard_at <= replace_expired_at
        reviewed = standing and replace_reviewed and standing.status == "reviewed" and standing.hold is None
        if reviewed and standing and standing.mail and message.mail:
            reviewed = standing.mail.raw_key != message.mail.raw_key
        if standing and not expired and not reviewed:
            return standing
        self.records[key] = message
        return None

    def find(self, reference: str, now: int) -> Message:
        for record in self.records.values():
            if record.reference == reference and is_held(record.discard_at, now):
                return record
        raise NotFoundError

    def queue(self, status: Status, kinds: Iterable[Kind], cursor: str | None, limit: int, now: int) -> Page:
        wanted, start = set(kinds), _decode(cursor) if cursor else ""
        entries = sorted(
            (f"{record.rank}{record.received_at:012d}{record.record_id}", record)
            for record in self.records.values()
            if record.status == status and record.kind in wanted and is_held(record.discard_at, now)
        )
        after = [(order, record) for order, record in entries if order > start]
        more = len(after) > limit
        return Page(tuple(r for _, r in after[:limit]), _encode(after[limit - 1][0]) if more else None)

    def annotate(self, message: Message, note: Note, now: int) -> None:
        key = (message.subject_id, message.record_id)
        standing = self.records.get(key)
        if standing is None or not is_held(standing.discard_at, now):
            raise NotFoundError
        if len(message.notes) >= 20:
            raise ConflictError
        self.records[key] = replace(standing, notes=(*standing.notes, note))

    def find_of(self, subject: SubjectId, record_id: str, now: int) -> Message:
        record = self.records.get((subject, record_id))
        if record is None or not is_held(record.discard_at, now):
            raise NotFoundError
        return record

    def record_opening(self, message: Message, opening: Opening, now: int) -> None:
        key = (message.subject_id, message.record_id)
        standing = self.records.get(key)
        if standing is None or not is_held(standing.discard_at, now):
            raise NotFoundError
        self.records[key] = replace(standing, openings=(*standing.openings, opening))

    def change(self, before: Message, after: Message, now: int) -> None:
        key = (after.subject_id, after.record_id)
        standing = self.records.get(key)
        unchanged = standing and _what_two_may_change(standing) == _what_two_may_change(before)
        if not unchanged or not is_held(before.discard_at, now):
            raise ConflictError
        kept = {"notes": standing.notes, "openings": standing.openings} if standing else {}
        self.records[key] = replace(after, **kept)


def _what_two_may_change(message: Message) -> tuple[object, ...]:
    return message.discard_at, message.status, message.answer_by, message.hold


class MemoryAccounts:
    """Keeps the port `Accounts`."""

    def __init__(self) -> None:
        self.registrations: dict[tuple[bytes, str], Registration] = {}
        self.accounts: dict[bytes, Account] = {}

    def add_registration(self, registration: Registration) -> None:
        self.registrations[registration.subject_id, registration.record_id] = registration

    def find_registration(self, subject: SubjectId, record_id: str, now: int) -> Registration | None:
        found = self.registrations.get((subject, record_id))
        return found if found and is_held(found.discard_at, now) else None

    def end_registration(self, subject: SubjectId, record_id: str) -> None:
        self.registrations.pop((subject, record_id), None)

    def find(self, subject: SubjectId, now: int) -> Account | None:
        found = self.accounts.get(subject)
        return found if found and is_held(found.discard_at, now) else None

    def add(self, account: Account, now: int) -> Account | None:
        standing = self.find(account.subject_id, now)
        if standing is None:
            self.accounts[account.subject_id] = account
        return standing

    def change(self, before: Account, after: Account, now: int) -> None:
        standing = self.find(before.subject_id, now)
        if standing is None or standing.revision != before.revision:
            raise ConflictError
        self.accounts[before.subject_id] = replace(after, revision=before.revision + 1)


class MemorySuppressions:
    """Keeps the port `Suppressions`; `failing` makes it a store that does not answer."""

    def __init__(self, *, failing: bool = False) -> None:
        self.entries: dict[tuple[bytes, Scope], tuple[Reason, int]] = {}
        self.failing = failing

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        if self.failing:
            raise UnavailableError
        self.entries.setdefault((subject, scope), (reason, at))

    def of(self, subject: SubjectId) -> dict[Scope, Suppression]:
        if self.failing:
            raise UnavailableError
        return {scope: Suppression(*entry) for (owner, scope), entry in self.entries.items() if owner == subject}

    def lift(self, subject: SubjectId, scopes: Collection[Scope]) -> None:
        if self.failing:
            raise UnavailableError
        for scope in scopes:
            self.entries.pop((subject, scope), None)

    def scopes_of(self, subjects: Collection[SubjectId]) -> dict[SubjectId, frozenset[Scope]]:
        if self.failing:
            raise UnavailableError
        return {s: frozenset(scope for owner, scope in self.entries if owner == s) for s in subjects}


class MemoryOrders:
    """Keeps the ports `Orders` and `Holdings`; `messages` may hold postal addresses too. For `failing` see above."""

    def __init__(self, keys: Keys, messages: MemoryMessages | None = None, *, failing: bool = False) -> None:
        self.keys, self.messages, self.failing = keys, messages or MemoryMessages(), failing
        self.orders: dict[str, Order] = {}

    def put(self, order: Order, now: int) -> Order:
        standing = self.orders.get(order.order_id)
        if standing and is_held(standing.discard_at, now) and not order.is_newer_than(standing):
            return standing
        self.orders[order.order_id] = order
        return order

    def end(self, order_id: str, now: int) -> None:
        standing = self.orders.get(order_id)
        if standing is None or not is_held(standing.discard_at, now):
            raise NotFoundError
        if not standing.ended:
            self.orders[order_id] = ended(standing, now)

    def placed_online(self, uses: Collection[PhoneUse], now: int) -> dict[PhoneUse, bool | None]:
        if self.failing:
            raise UnavailableError
        held = {
            (order.phone, order.record_id): order.placed_online
            for order in self.orders.values()
            if is_held(order.discard_at, now)
        }
        return {use: held.get(use) for use in uses}

    def purposes_of(self, uses: Collection[PostUse], now: int) -> dict[PostUse, Collection[str] | None]:
        if self.failing:
            raise UnavailableError
        records: list[tuple[str, Order | Message]] = [("order", each) for each in self.orders.values()]
        records += [("message", each) for each in self.messages.records.values()]
        held = {
            (each.subject_id, f"{kind}-{each.record_id}"): each.postal_address.purposes
            for kind, each in records
            if each.postal_address and is_held(each.discard_at, now)
        }
        return {use: held.get(use) for use in uses}


class MemoryMailQueue:
    """Keeps the port `MailQueue`."""

    def __init__(self) -> None:
        self.mails: list[QueuedMail] = []

    def put(self, mail: QueuedMail) -> None:
        self.mails.append(mail)


class MemoryPartition:
    """Keeps the port `Partition`."""

    def __init__(self) -> None:
        self.items: dict[tuple[bytes, str], HeldItem] = {}
        self.reasons: dict[tuple[bytes, str], str] = {}

    def page(self, subject: SubjectId, after: str | None, limit: int) -> tuple[list[HeldItem], str | None]:
        keys = sorted(sort_key for owner, sort_key in self.items if owner == subject and sort_key > (after or ""))
        items = [self.items[subject, sort_key] for sort_key in keys[:limit]]
        return items, keys[limit - 1] if len(keys) > limit else None

    def all(self, subject: SubjectId) -> Iterator[HeldItem]:
        return iter(self.page(subject, None, len(self.items) + 1)[0])

    def discard(self, subject: SubjectId, sort_key: str, reason: StatedReason) -> bool:
        self.reasons[subject, sort_key] = reason
        return self.items.pop((subject, sort_key), None) is not None

    def read(self, keys: Collection[TableKey]) -> dict[TableKey, HeldItem]:
        places = {key: (key.subject_id, key.sort_key) for key in keys}
        return {key: self.items[place] for key, place in places.items() if place in self.items}

    def claim(self, item: HeldItem, reason: StatedReason) -> bool:
        standing = self.items.get((item.subject_id, item.sort_key))
        if standing is None or standing.fields.get("discard_at") != item.fields.get("discard_at"):
            return False
        self.reasons[item.subject_id, item.sort_key] = reason
        return True

    def delete(self, item: HeldItem, reason: StatedReason) -> None:
        if self.reasons.get((item.subject_id, item.sort_key)) == reason:
            self.items.pop((item.subject_id, item.sort_key), None)


class MemoryProofs:
    """Keeps the port `Proofs`."""

    def __init__(self) -> None:
        self.places: dict[tuple[bytes, str], tuple[str, int]] = {}
        self.links: dict[tuple[bytes, str], Link] = {}
        self.sessions: dict[tuple[bytes, str], Session] = {}

    def claim_link(self, subject: SubjectId, job: str, limit: int, until: int, now: int) -> str | None:
        for number in range(limit):
            standing = self.places.get((subject, str(number)))
            if standing is None or standing[1] <= now:
                self.places[subject, str(number)] = (job, until)
                return str(number)
            if standing[0] == job:
                return None
        return None

    def release_link(self, subject: SubjectId, place: str) -> None:
        self.places.pop((subject, place), None)

    def add_link(self, link: Link) -> None:
        self.links[link.subject_id, link.secret_hash] = link

    def find_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        link = self.links.get((subject, secret_hash))
        if link is None or not is_held(link.discard_at, now):
            raise NotFoundError
        return link

    def exchange(self, link: Link, session: Session, now: int) -> None:
        if (session.subject_id, session.secret_hash) in self.sessions:
            return
        self.find_link(link.subject_id, link.secret_hash, now)
        del self.links[link.subject_id, link.secret_hash]
        self.sessions[session.subject_id, session.secret_hash] = session

    def find_session(self, subject: SubjectId, secret_hash: str, now: int) -> Session:
        session = self.sessions.get((subject, secret_hash))
        if session is None or not is_held(session.discard_at, now):
            raise NotFoundError
        return session

    def end_session(self, subject: SubjectId, secret_hash: str) -> None:
        self.sessions.pop((subject, secret_hash), None)


class MemoryExports:
    """Keeps the port `Exports`."""

    def __init__(self) -> None:
        self.exports: dict[tuple[bytes, str], Export] = {}
        self.places: dict[bytes, tuple[str, int]] = {}
        self.leases: dict[str, tuple[str, int]] = {}

    def begin(self, export: Export, now: int) -> Export:
        standing, until = self.places.get(export.subject_id, ("", 0))
        found = self.exports.get((export.subject_id, standing))
        if found and until > now and found.is_being_made(now):
            return found
        self.places[export.subject_id] = (export.export_id, export.made_by)
        self.exports[export.subject_id, export.export_id] = export
        return export

    def find(self, subject: SubjectId, export_id: str, now: int) -> Export:
        found = self.exports.get((subject, export_id))
        if found is None or not is_held(found.discard_at, now):
            raise NotFoundError
        return found

    def asked(self, export: Export, at: int) -> None:
        self._change(export, status="waiting", asked_at=at)

    def claim(self, export: Export, lease: str, now: int) -> bool:
        if self.leases.get(export.export_id, ("", 0))[1] > now or not self._change(export, status="making"):
            return False
        self.leases[export.export_id] = (lease, now + LEASE_SECONDS)
        return True

    def release(self, export: Export, lease: str) -> None:
        if self.leases.get(export.export_id, ("", 0))[0] == lease:
            self.leases[export.export_id] = (lease, 0)
            self._change(export, status="waiting")

    def finish(self, export: Export, lease: str) -> bool:
        if self.leases.get(export.export_id, ("", 0))[0] != lease or not self._change(export, status="ready"):
            return False
        self.exports[export.subject_id, export.export_id] = export
        del self.leases[export.export_id]
        return True

    def _change(self, export: Export, **changes: Any) -> bool:
        key = (export.subject_id, export.export_id)
        if key not in self.exports or self.exports[key].status == "ready":
            return False
        self.exports[key] = replace(self.exports[key], **changes)
        return True


class MemoryExportFiles:
    """Keeps the port `ExportFiles`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    @contextmanager
    def upload(self, key: str) -> Iterator[io.BytesIO]:
        sink = io.BytesIO()
        yield sink
        self.files[key] = sink.getvalue()

    def url(self, key: str, name: str, seconds: int) -> str:
        return f"memory:{key}?name={name}&seconds={seconds}"

    def upload_form(self, key: str, largest: int, seconds: int) -> UploadForm:
        return UploadForm(f"memory:{key}", {"largest": str(largest), "seconds": str(seconds)})

    def size(self, key: str) -> int | None:
        return len(self.files[key]) if key in self.files else None

    def read(self, key: str) -> Iterator[bytes]:
        if key not in self.files:
            raise NotFoundError
        return iter([self.files[key]])

    def discard(self, key: str) -> None:
        self.files.pop(key, None)


class MemoryRawMail:
    """Keeps the port `RawMail`."""

    def __init__(self, mails: dict[str, bytes] | None = None) -> None:
        self.mails = mails or {}

    def read(self, key: str) -> bytes | None:
        return self.mails.get(key)

    def pieces(self, key: str) -> Iterator[bytes] | None:
        return iter([self.mails[key]]) if key in self.mails else None

    def discard(self, key: str) -> None:
        self.mails.pop(key, None)


class MemoryLedger:
    """Keeps the ports `Ledger`, `LedgerEntries` and `Commitments`; `failing` makes it one that does not answer."""

    def __init__(self, keys: LedgerKeys, *, failing: bool = False) -> None:
        self.keys, self.failing = keys, failing
        self.entries: dict[str, Entry] = {}
        self.histories: dict[tuple[str, str], tuple[History, TableKey]] = {}
        self.opened: dict[str, list[int]] = {}

    def add(self, entry: Entry, mark: Mark | None, key: TableKey) -> bool:
        if self.failing:
            raise UnavailableError
        if entry.id in self.entries:
            return False
        self.entries[entry.id] = entry
        if mark is not None:
            history, _ = self.histories.get((entry.subject, entry.record), (History(), key))
            after = history.after(mark)
            self.opened.setdefault(entry.day, []).append(after.is_open - history.is_open)
            self.histories[entry.subject, entry.record] = (after, key)
        return True

    def of_subject(self, subject: bytes, after: str | None = None) -> Iterator[Entry]:
        own = [entry for entry in self.entries.values() if entry.subject == self.keys.subject(subject)]
        own.sort(key=lambda entry: (entry.record, entry.sequence))
        place = [entry.id for entry in own].index(after) + 1 if after else 0
        return iter(own[place:])

    def entry(self, subject: bytes, entry_id: str) -> Entry | None:
        return next((entry for entry in self.of_subject(subject) if entry.id == entry_id), None)

    def of_day(self, day: str) -> list[Entry]:
        return sorted((e for e in self.entries.values() if e.day == day), key=lambda entry: entry.order)

    def discards(self, commitment: Commitment) -> list[Entry]:
        return [
            entry
            for entry in sorted(self.entries.values(), key=lambda e: e.sequence)
            if entry.record == commitment.record
            and entry.what in {"discarded", "replaced"}
            and entry.sequence > commitment.sequence
        ]

    def counts(self, day: str) -> DayCounts:
        entries = self.of_day(day)
        of_subjects = [entry for entry in entries if entry.store == "subjects"]
        went = [str(entry.reason) for entry in of_subjects if entry.what in {"discarded", "replaced"}]
        return DayCounts(
            day,
            entries=len(entries),
            written=sum(entry.what in {"written", "replaced"} for entry in of_subjects),
            discarded={reason: went.count(reason) for reason in went},
            opened=self.opened.get(day, []).count(1),
            closed=self.opened.get(day, []).count(-1),
            suppressed=sum(
                (entry.what == "written") - (entry.reason == "rotated")
                for entry in entries
                if entry.store == "suppressions"
            ),
        )

    def first_day(self) -> str | None:
        return min((entry.day for entry in self.entries.values()), default=None)

    def due(self, now: int) -> Iterator[Commitment]:
        for (subject, record), (history, key) in sorted(self.histories.items()):
            if history.is_open and history.due_at <= now:
                yield _commitment(subject, record, history, key)

    def find(self, commitment: Commitment) -> Commitment | None:
        place = (commitment.subject, commitment.record)
        history, key = self.histories.get(place, (History(), commitment.key))
        return _commitment(*place, history, key) if history.is_open else None

    def close(self, commitment: Commitment, now: int) -> bool:
        if self.find(commitment) is None:
            return False
        history, _ = self.histories[commitment.subject, commitment.record]
        entry = missing_entry(commitment, history, now)
        return self.add(entry, Gone(entry.sequence), commitment.key)


def _commitment(subject: str, record: str, history: History, key: TableKey) -> Commitment:
    birth = history.birth
    assert birth is not None
    return Commitment(subject, record, birth.kind, history.due_at, birth.latest_at, birth.born_at, birth.sequence, key)


class MemorySeals:
    """Keeps the port `Seals`; `failing` names files that cannot be written."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.failing: set[str] = set()

    def days(self) -> list[str]:
        return sorted(day for name in self.files if (day := day_of_seal(name)) is not None)

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def put(self, name: str, content: bytes) -> bool:
        if name in self.failing:
            raise UnavailableError
        if name in self.files:
            return False
        self.files[name] = content
        return True


class MemoryEvents:
    """Keeps the port `Events`; `failing` makes it one that does not answer."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.failing = False

    def tell(self, what: str, detail: Mapping[str, Any]) -> None:
        if self.failing:
            raise UnavailableError
        self.told.append((what, detail))


class MemoryOutbox:
    """Keeps the port `Outbox`; `failing` makes it one that cannot send."""

    def __init__(self, gate: Callable[[Check], Permission] | None = None, *, failing: bool = False) -> None:
        self.gate = gate
        self.claims: dict[tuple[bytes, AnswerKind], int] = {}
        self.sent: list[OutgoingMail] = []
        self.failing = failing

    def claim(self, subject: SubjectId, kind: AnswerKind, now: int) -> bool:
        if self.claims.get((subject, kind), 0) > now:
            return False
        self.claims[subject, kind] = now + 86400
        return True

    def release(self, subject: SubjectId, kind: AnswerKind) -> None:
        self.claims.pop((subject, kind), None)

    def send(self, answer: OutgoingMail) -> None:
        if self.failing:
            raise UnavailableError
        if self.gate and not self.gate(Check("email", answer.to, answer.purpose)).allowed:
            raise NotAllowedError
        self.sent.append(answer)


def _encode(order: str) -> str:
    return base64.urlsafe_b64encode(order.encode()).decode()


def _decode(cursor: str) -> str:
    try:
        order = base64.urlsafe_b64decode(cursor).decode()
    except ValueError:
        order = ""
    if not order[:13].isdecimal():
        raise InvalidInputError(FieldProblem("/cursor", "is not ours"))
    return order
