"""Whom we have answered, and whom not in time, by the review queue's index: the cost follows how many they are."""

from __future__ import annotations

from collections.abc import Iterator

from kept.adapters import aws
from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item, dynamodb
from kept.adapters.dynamo.queue_keys import SHARDS, lane, order
from kept.app.ports.evidence import Answered
from kept.domain.errors import UnavailableError
from kept.domain.records import RANKS, Kind, Status


class DynamoDeadlines:
    """Keeps the ports `Deadlines` and `Answers`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def overdue(self, kind: Kind, before: int, now: int) -> list[int]:
        """A query of the index for each shard and rank, and each one's own deadline, which may have been extended.

        Nothing that anybody wrote is read. Suspected spam ranks elsewhere, and is not waited for.
        """
        held = self._held("new", kind, before, now)
        deadlines = (int(item["answer_by"]["N"]) for item in held if "answer_by" in item)
        return [deadline for deadline in deadlines if deadline <= now]

    def answered(self, kind: Kind, now: int) -> list[Answered]:
        """The same of what was reviewed."""
        return [
            Answered(int(item["reviewed_at"]["N"]), int(item["answer_by"]["N"]))
            for item in self._held("reviewed", kind, now, now)
            if "answer_by" in item and "reviewed_at" in item
        ]

    def _held(self, status: Status, kind: Kind, before: int, now: int) -> list[Item]:
        """When each record that came in before a time and is still held had to be answered, and when it was."""
        places = [(shard, rank) for shard in range(SHARDS) for rank in RANKS[kind]]
        keys = [key for shard, rank in places for key in self._old(status, kind, shard, rank, before)]
        items, unread = batch_get(self._table, keys, ("answer_by", "discard_at", "reviewed_at"))
        if unread:
            raise UnavailableError("look for what waits too long: some is not read")
        return [item for item in items if int(item.get("discard_at", {"N": "0"})["N"]) > now]

    def _old(self, status: Status, kind: Kind, shard: int, rank: int, before: int) -> Iterator[Item]:
        """The keys of what is in a shard and came in before a time."""
        request = {
            "TableName": self._table,
            "IndexName": "queue",
            "KeyConditionExpression": "queue = :lane AND queue_order BETWEEN :first AND :last",
            "ProjectionExpression": "pk, sk",
            "ExpressionAttributeValues": {
                ":lane": {"S": f"{lane(status, kind)}#{shard}"},
                ":first": {"S": order(rank, 0)},
                ":last": {"S": order(rank, before)},
            },
        }
        with aws.unavailable("look for what waits too long"):
            for page in dynamodb().get_paginator("query").paginate(**request):
                yield from ({"pk": item["pk"], "sk": item["sk"]} for item in page["Items"])
