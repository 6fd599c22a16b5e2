"""The ledger day by day, in its table: a day's entries through an index, and what they add up to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from kept.adapters import aws
from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item, dynamodb, plain
from kept.app.ports.ledger import DayCounts
from kept.domain.errors import UnavailableError
from kept.domain.ledger import Entry

SHARDS = "0123456789abcdef"  # the first digit of a record's digest
BEGINNING: Item = {"pk": {"S": "beginning"}, "sk": {"S": "beginning"}}
"""The key of the item that says when the ledger was begun, and under which key."""


class DynamoLedgerDays:
    """Keeps the port `LedgerDays`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def of_day(self, day: str) -> list[Entry]:
        """One query of the day's index for each shard, held against the counts, which are written with the entries.

        Of a day that goes on, all that was counted when the reading began.
        """
        counted = self.counts(day).entries
        items = [item for shard in SHARDS for item in self._query_index("days", "day_shard", f"{day}#{shard}")]
        if not counted <= len(items) <= self.counts(day).entries:
            raise UnavailableError(f"read the entries of a day: the index shows {len(items)} of {counted}")
        return sorted(map(to_entry, items), key=lambda entry: entry.order)

    def counts(self, day: str) -> DayCounts:
        """One BatchGetItem of the day's shards."""
        items, unread = batch_get(self._table, [counts_key(day, shard) for shard in SHARDS])
        if unread:
            raise UnavailableError("read the counts of a day: some are not read")
        total: dict[str, int] = {}
        for item in items:
            for name, value in item.items():
                if "N" in value:
                    total[name] = total.get(name, 0) + int(value["N"])
        discarded = {name.partition("#")[2]: n for name, n in total.items() if name.startswith("discarded#")}
        plainly = {name: total.get(name, 0) for name in ("entries", "written", "opened", "closed")}
        suppressed = total.get("suppressed", 0) - total.get("rotated", 0)
        return DayCounts(day, discarded=discarded, suppressed=suppressed, **plainly)

    def first_day(self) -> str | None:
        """One strong read."""
        with aws.unavailable("read the ledger's beginning"):
            item = dynamodb().get_item(TableName=self._table, Key=BEGINNING, ConsistentRead=True).get("Item")
        return None if item is None else str(item["day"]["S"])

    def _query_index(
        self, index: str, name: str, partition: str, condition: str = "", until: str = ""
    ) -> Iterator[Item]:
        values = {":partition": {"S": partition}} | ({":until": {"S": until}} if condition else {})
        request = {
            "IndexName": index,
            "KeyConditionExpression": f"{name} = :partition" + (f" AND {condition}" if condition else ""),
            "ExpressionAttributeValues": values,
        }
        return self._pages(request)

    def _pages(self, request: dict[str, Any]) -> Iterator[Item]:
        start: dict[str, Any] = {}
        while True:
            with aws.unavailable("read the ledger"):
                answer = dynamodb().query(TableName=self._table, **request, **start)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def counts_key(day: str, shard: str) -> Item:
    """The key of what a day's entries in a shard add up to."""
    return {"pk": {"S": f"counts#{day}#{shard}"}, "sk": {"S": "counts"}}


def to_entry(item: Item) -> Entry:
    """An entry as it lies in the table."""
    return msgspec.convert({name: plain(value) for name, value in item.items()}, Entry)
