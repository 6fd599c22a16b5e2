"""Records for review, in the table `subjects`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any, ClassVar

import msgspec
from pynamodb.attributes import BinaryAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DoesNotExist
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection

from kept.adapters.dynamo.client import put_new
from kept.adapters.dynamo.connection import ConditionFailedError, Table, to_raw, unavailable
from kept.adapters.dynamo.queue_keys import SHARDS, lane, order, shard_of
from kept.app.ports.records import Page
from kept.domain.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError
from kept.domain.identity import Keys, SubjectId
from kept.domain.records import Kind, Message, Note, Opening, Status
from kept.domain.retention import is_held

PREFIX = "message#"
NOTES = 20  # of 2,000 characters each; with everything else they fit into DynamoDB's 400 KB an item
OPENINGS = 500  # of 100 bytes or so each

_CURSOR = re.compile(r"[0-9]#[0-9]{10}#[0-9a-f]{32}")


class _LookupIndex(GlobalSecondaryIndex["MessageItem"]):
    class Meta:
        index_name = "lookup"
        projection = KeysOnlyProjection()

    lookup = BinaryAttribute(hash_key=True, legacy_encoding=False)


class _QueueIndex(GlobalSecondaryIndex["MessageItem"]):
    class Meta:
        index_name = "queue"
        projection = IncludeProjection(["kind", "discard_at", "answer_by"])

    queue = UnicodeAttribute(hash_key=True)
    queue_order = UnicodeAttribute(range_key=True)


class MessageItem(Table):
    """A record as it lies in the table."""

    class Meta(Table.Meta):
        pass

    pk = BinaryAttribute(hash_key=True, legacy_encoding=False)
    sk = UnicodeAttribute(range_key=True)
    lookup = BinaryAttribute(legacy_encoding=False)
    queue = UnicodeAttribute()
    queue_order = UnicodeAttribute()
    reference = UnicodeAttribute()
    kind = UnicodeAttribute()
    channel = UnicodeAttribute()
    status = UnicodeAttribute()
    received_at = NumberAttribute()
    discard_at = NumberAttribute()
    email = UnicodeAttribute(null=True)
    text = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    postal_address = MapAttribute[str, Any](null=True)
    locale = UnicodeAttribute(null=True)
    content_digest = BinaryAttribute(null=True, legacy_encoding=False)
    answer_by = NumberAttribute(null=True)
    mail = MapAttribute[str, Any](null=True)
    verified_at = NumberAttribute(null=True)
    extension = MapAttribute[str, Any](null=True)
    hold = MapAttribute[str, Any](null=True)
    date_moved = MapAttribute[str, Any](null=True)
    joins = UnicodeAttribute(null=True)
    recorded_by = UnicodeAttribute(null=True)
    promise = UnicodeAttribute(null=True)
    notes = ListAttribute[Any]()
    openings = ListAttribute[Any](null=True)
    outcome = UnicodeAttribute(null=True)
    reviewed_at = NumberAttribute(null=True)
    reviewed_by = UnicodeAttribute(null=True)

    lookup_index: ClassVar = _LookupIndex()
    queue_index: ClassVar = _QueueIndex()


class DynamoMessages:
    """Keeps the port `Messages`."""

    def __init__(self, table: str, keys: Keys) -> None:
        MessageItem.Meta.table_name = table
        self._table, self._keys = table, keys

    def add(
        self, message: Message, *, replace_expired_at: int | None = None, replace_reviewed: bool = False
    ) -> Message | None:
        """One conditional write; see the port."""
        item = to_raw(MessageItem, self._fields(message))
        standing = put_new(self._table, item, expired_at=replace_expired_at, replace_reviewed=replace_reviewed)
        return None if standing is None else _to_message(MessageItem.from_raw_data(standing))

    def find(self, reference: str, now: int) -> Message:
        """A query of the sparse index, then a strong read of the record itself."""
        with unavailable("find a record"):
            keys = next(iter(MessageItem.lookup_index.query(self._keys.lookup(reference), limit=1)), None)
            try:
                item = MessageItem.get(keys.pk, keys.sk, consistent_read=True) if keys else None
            except DoesNotExist:
                item = None
        if item is None or not is_held(int(item.discard_at), now):
            raise NotFoundError("Nothing is held under this reference: it is wrong, or what it named was discarded.")
        return _to_message(item)

    def find_of(self, subject: SubjectId, record_id: str, now: int) -> Message:
        """One strong read."""
        with unavailable("find a record"), suppress(DoesNotExist):
            item = MessageItem.get(subject, PREFIX + record_id, consistent_read=True)
            if is_held(int(item.discard_at), now):
                return _to_message(item)
        raise NotFoundError("No such record is held: it never was, or was discarded.")

    def queue(self, status: Status, kinds: Iterable[Kind], cursor: str | None, limit: int, now: int) -> Page:
        """Each shard's index in order, merged while reading; then one batch read of the page's records."""
        if cursor is not None and not _CURSOR.fullmatch(cursor):
            raise InvalidInputError(FieldProblem("/cursor", "is not a cursor of ours; start again without one"))
        wanted = set(kinds)
        with unavailable("read the queue"):
            shards = [
                self._shard(f"{name}#{shard}", wanted, cursor, limit + 1, now)
                for name in {lane(status, kind) for kind in wanted}
                for shard in range(SHARDS)
            ]
            entries = list(islice(heapq.merge(*shards, key=lambda e: str(e.queue_order)), limit + 1))
            page = entries[:limit]
            items = MessageItem.batch_get([(e.pk, e.sk) for e in page], consistent_read=True) if page else []
            messages = {m.record_id: m for m in map(_to_message, items)}
        # The index follows the table a moment later: what has gone or changed since is left out.
        current = (messages.get(e.sk.removeprefix(PREFIX)) for e in page)
        return Page(
            tuple(m for m in current if m and m.status == status and m.kind in wanted and is_held(m.discard_at, now)),
            str(page[-1].queue_order) if len(entries) > limit else None,
        )

    def annotate(self, message: Message, note: Note, now: int) -> None:
        """Append a note, on the condition that the record is still held."""
        if len(message.notes) >= NOTES:
            raise ConflictError("This record has {count} notes already, which is as many as it can hold.", count=NOTES)
        self._append(message, "notes", note, now)

    def record_opening(self, message: Message, opening: Opening, now: int) -> None:
        """Append who opened it, on the condition that the record is still held."""
        if len(message.openings) >= OPENINGS:
            raise ConflictError(
                "This record was opened {count} times already; no more can be recorded.", count=OPENINGS
            )
        self._append(message, "openings", opening, now)

    def change(self, before: Message, after: Message, now: int) -> None:
        """Write what differs, and its place in the queue, on the condition that nobody changed it since it was read."""
        old, new = self._fields(before), self._fields(after)
        actions = [getattr(MessageItem, name).set(new[name]) for name in new if new[name] != old.get(name)]
        actions += [getattr(MessageItem, name).remove() for name in old if name not in new]
        unchanged = (MessageItem.discard_at == before.discard_at) & (MessageItem.status == before.status)
        for name in ("answer_by", "hold"):  # what else two people may change at once
            attribute = getattr(MessageItem, name)
            unchanged &= attribute == old[name] if name in old else attribute.does_not_exist()
        try:
            with unavailable("change a record"):
                self._key_of(after).update(actions=actions, condition=unchanged & (MessageItem.discard_at > now))
        except ConditionFailedError:
            raise ConflictError("Somebody else changed this record at the same moment; look at it again.") from None

    def _append(self, message: Message, name: str, entry: Note | Opening, now: int) -> None:
        attribute = getattr(MessageItem, name)
        try:
            with unavailable("note"):
                self._key_of(message).update(
                    actions=[attribute.set((attribute | []).append([msgspec.to_builtins(entry)]))],
                    condition=MessageItem.pk.exists() & (MessageItem.discard_at > now),
                )
        except ConditionFailedError:
            raise NotFoundError("This record was discarded meanwhile.") from None

    def _key_of(self, message: Message) -> MessageItem:
        return MessageItem(message.subject_id, PREFIX + message.record_id)

    def _shard(
        self, partition: str, kinds: set[Kind], cursor: str | None, page_size: int, now: int
    ) -> Iterator[MessageItem]:
        """One shard's entries after the cursor, fetched as they are asked for."""
        return MessageItem.queue_index.query(
            partition,
            range_key_condition=MessageItem.queue_order > cursor if cursor else None,
            filter_condition=MessageItem.kind.is_in(*sorted(kinds)) & (MessageItem.discard_at > now),
            page_size=page_size,
        )

    def _fields(self, message: Message) -> dict[str, Any]:
        """What the table holds of a record: its own fields, and the keys it is found by."""
        fields: dict[str, Any] = _storable(msgspec.to_builtins(message, builtin_types=(bytes,)))
        fields["pk"] = fields.pop("subject_id")
        fields["sk"] = PREFIX + fields.pop("record_id")
        fields["lookup"] = self._keys.lookup(message.reference)
        fields["queue"] = f"{lane(message.status, message.kind)}#{shard_of(message.record_id)}"
        fields["queue_order"] = f"{order(message.rank, message.received_at)}{message.record_id}"
        return fields


def _to_message(item: MessageItem) -> Message:
    fields = {name: _plain(value) for name, value in item.attribute_values.items()}
    fields["subject_id"] = fields.pop("pk")
    fields["record_id"] = fields.pop("sk").removeprefix(PREFIX)
    return msgspec.convert(fields, Message, builtin_types=(bytes,))


def _storable(value: Any) -> Any:
    """Lists for tuples, at every depth: DynamoDB knows no tuples."""
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items() if inner is not None}
    return [_storable(inner) for inner in value] if isinstance(value, tuple) else value


def _plain(value: Any) -> Any:
    """Maps and lists as Python has them, at every depth."""
    if isinstance(value, MapAttribute):
        return {name: _plain(inner) for name, inner in value.attribute_values.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
