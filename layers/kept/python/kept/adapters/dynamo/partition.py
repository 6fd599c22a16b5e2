"""Everything in one person's partition of the table `subjects`, whatever kind of record it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item, dynamodb
from kept.app.ports import HeldItem
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
        """Two writes: the reason, which the change stream shows, and the delete on the condition that it stands."""
        key = TableKey(subject, sort_key)
        return self._say_why(key, reason, "attribute_exists(pk)", {}) and self._delete(key, reason)

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
        values: Item = (
            {} if date is None else {":date": {"N": str(date)} if isinstance(date, int) else {"S": str(date)}}
        )
        unchanged = "attribute_not_exists(discard_at)" if date is None else "discard_at = :date"
        key = TableKey(item.subject_id, item.sort_key)
        return self._say_why(key, reason, f"attribute_exists(pk) AND {unchanged}", values)

    def delete(self, item: HeldItem, reason: StatedReason) -> None:
        """One conditional delete."""
        self._delete(TableKey(item.subject_id, item.sort_key), reason)

    def _say_why(self, key: TableKey, reason: StatedReason, condition: str, values: Item) -> bool:
        with aws.unavailable("say why a record goes"):
            try:
                dynamodb().update_item(
                    TableName=self._table,
                    Key=_key(key),
                    UpdateExpression="SET discard_reason = :reason",
                    ConditionExpression=condition,
                    ExpressionAttributeValues={":reason": {"S": reason}} | values,
                )
            except dynamodb().exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _delete(self, key: TableKey, reason: StatedReason) -> bool:
        with aws.unavailable("discard a record"):
            try:
                dynamodb().delete_item(
                    TableName=self._table,
                    Key=_key(key),
                    ConditionExpression="discard_reason = :reason",
                    ExpressionAttributeValues={":reason": {"S": reason}},
                )
            except dynamodb().exceptions.ConditionalCheckFailedException:
                return False
        return True


def _key(key: TableKey) -> Item:
    return {"pk": {"B": key.subject_id}, "sk": {"S": key.sort_key}}


def held_item(item: Item) -> HeldItem:
    """An item of the table, in whole or in part."""
    fields = {name: plain(value) for name, value in item.items() if name not in {"pk", "sk"}}
    return HeldItem(SubjectId(item["pk"]["B"]), item["sk"]["S"], fields)


def plain(value: dict[str, Any]) -> Any:
    """A value of DynamoDB's JSON as Python has it. Numbers are whole in all our tables."""
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content)
    if kind == "M":
        return {name: plain(inner) for name, inner in content.items()}
    if kind == "L":
        return [plain(inner) for inner in content]
    return None if kind == "NULL" else content
