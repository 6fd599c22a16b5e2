"""Everything in one person's partition of the table `subjects`, whatever kind of record it is."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item, delete_if, discard, dynamodb, plain, say_why
from kept.app.ports.records import HeldItem
from kept.domain.commitment import TableKey
from kept.domain.errors import UnavailableError
from kept.domain.identity import SubjectId
from kept.domain.ledger import StatedReason

Page = tuple[list[HeldItem], str | None]

TELLS_WHEN = ("pk", "sk", "discard_at", "date_moved", "received_at", "placed_at", "mail")
"""The attributes that tell when a record goes, and which raw mail goes with it."""


class DynamoPartition:
    """Keeps the port `Partition`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def page(self, subject: SubjectId, after: str | None, limit: int) -> Page:
        """One strongly consistent query."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"B": subject}},
            "ConsistentRead": True,
            "Limit": limit,
        }
        if after is not None:
            request["ExclusiveStartKey"] = {"pk": {"B": subject}, "sk": {"S": after}}
        with aws.unavailable("read what is held about somebody"):
            answer = dynamodb().query(**request)
        last = answer.get("LastEvaluatedKey")
        return [held_item(item) for item in answer["Items"]], last["sk"]["S"] if last else None

    def all(self, subject: SubjectId) -> Iterator[HeldItem]:
        """Page by page, so that never more than one is in memory."""
        after: str | None = None
        while True:
            items, after = self.page(subject, after, 1000)
            yield from items
            if after is None:
                return

    def discard(self, subject: SubjectId, sort_key: str, reason: StatedReason) -> bool:
        """As `client.discard`; see the port."""
        return discard(self._table, _key(TableKey(subject, sort_key)), reason)

    def read(self, keys: Collection[TableKey]) -> dict[TableKey, HeldItem]:
        """One BatchGetItem for each 100 of them, of the attributes that tell when a record goes and what with it."""
        items, unread = batch_get(self._table, [_key(key) for key in keys], TELLS_WHEN)
        if unread:
            raise UnavailableError("read records: some are not read")
        held = [held_item(item) for item in items]
        return {TableKey(each.subject_id, each.sort_key): each for each in held}

    def claim(self, item: HeldItem, reason: StatedReason) -> bool:
        """One conditional write."""
        date = item.fields.get("discard_at")
        values: Item = {} if date is None else {":date": {"S": str(date)}}
        if re.fullmatch(r"-?[\d.]+", str(date)):
            values[":number"] = {"N": str(date)}
        unchanged = f"discard_at IN ({', '.join(values)})" if values else "attribute_not_exists(discard_at)"
        return say_why(self._table, _key_of(item), reason, f"attribute_exists(pk) AND {unchanged}", values)

    def delete(self, item: HeldItem, reason: StatedReason) -> None:
        """One conditional delete."""
        delete_if(self._table, _key_of(item), reason)


def _key(key: TableKey) -> Item:
    return {"pk": {"B": key.subject_id}, "sk": {"S": key.sort_key}}


def _key_of(item: HeldItem) -> Item:
    return _key(TableKey(item.subject_id, item.sort_key))


def held_item(item: Item) -> HeldItem:
    """An item of the table, in whole or in part."""
    fields = {name: plain(value) for name, value in item.items() if name not in {"pk", "sk"}}
    return HeldItem(SubjectId(item["pk"]["B"]), item["sk"]["S"], fields)
