"""Everything in one person's partition of the table `subjects`, whatever kind of record it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, discard, dynamodb, plain
from kept.app.ports import HeldItem
from kept.domain.identity import SubjectId
from kept.domain.ledger import StatedReason

Page = tuple[list[HeldItem], str | None]


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
        return [_held(item) for item in answer["Items"]], last["sk"]["S"] if last else None

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
        return discard(self._table, {"pk": {"B": subject}, "sk": {"S": sort_key}}, reason)


def _held(item: Item) -> HeldItem:
    fields = {name: plain(value) for name, value in item.items() if name not in {"pk", "sk"}}
    return HeldItem(SubjectId(item["pk"]["B"]), item["sk"]["S"], fields)
