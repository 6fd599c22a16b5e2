"""The ports kept in memory. `tests/contract` holds them to the same tests as the adapters."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kept.app.ports import HeldItem, LinkMail, OutgoingMail, Page, PhoneUse, PostUse, UploadForm
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
from kept.domain.orders import Order, ended
from kept.domain.permission import Check, Permission
from kept.domain.proof import Link, Session
from kept.domain.records import Kind, Message, Note, Status
from kept.domain.retention import is_held
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
        reviewed = standing and replace_reviewed and standing.status == "reviewed"
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

    def review(self, before: Message, after: Message, now: int) -> None:
        key = (after.subject_id, after.record_id)
        standing = self.records.get(key)
        unchanged = standing and (standing.discard_at, standing.status) == (before.discard_at, before.status)
        if not unchanged or not is_held(before.discard_at, now):
            raise ConflictError
        self.records[key] = replace(after, notes=standing.notes if standing else ())


class MemorySuppressions:
    """Keeps the port `Suppressions`; `failing` makes it a store that does not answer."""

    def __init__(self, *, failing: bool = False) -> None:
        self.entries: dict[tuple[bytes, Scope], tuple[Reason, int]] = {}
        self.failing = failing

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        if self.failing:
            raise UnavailableError
        self.entries.setdefault((subject, scope), (reason, at))

    def scopes_of(self, subjects: Collection[SubjectId]) -> dict[SubjectId, frozenset[Scope]]:
        if self.failing:
            raise UnavailableError
        return {s: frozenset(scope for owner, scope in self.entries if owner == s) for s in subjects}

    def of(self, subject: SubjectId) -> dict[Scope, Suppression]:
        if self.failing:
            raise UnavailableError
        return {scope: Suppression(*entry) for (owner, scope), entry in self.entries.items() if owner == subject}


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
        self.mails: list[LinkMail] = []

    def put(self, mail: LinkMail) -> None:
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

    def discard(self, subject: SubjectId, sort_key: str, reason: str) -> bool:
        self.reasons[subject, sort_key] = reason
        return self.items.pop((subject, sort_key), None) is not None


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

    def use_link(self, subject: SubjectId, secret_hash: str, now: int) -> Link:
        link = self.links.get((subject, secret_hash))
        if link is None or not is_held(link.discard_at, now):
            raise NotFoundError
        return self.links.pop((subject, secret_hash))

    def add_session(self, session: Session) -> None:
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


class MemoryOutbox:
    """Keeps the port `Outbox`; `failing` makes it one that cannot send."""

    def __init__(self, gate: Callable[[Check], Permission] | None = None, *, failing: bool = False) -> None:
        self.gate = gate
        self.claims: dict[tuple[bytes, Kind], int] = {}
        self.sent: list[OutgoingMail] = []
        self.failing = failing

    def claim(self, subject: SubjectId, kind: Kind, now: int) -> bool:
        if self.claims.get((subject, kind), 0) > now:
            return False
        self.claims[subject, kind] = now + 86400
        return True

    def release(self, subject: SubjectId, kind: Kind) -> None:
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
