"""Whom we have not answered in time, by the review queue's index: the cost follows how many they are."""

from __future__ import annotations

from itertools import product

from kept.adapters import aws
from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.queue_keys import SHARDS, lane, order
from kept.domain.records import RANKS, Kind


class DynamoDeadlines:
    """Keeps the port `Deadlines`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def overdue(self, kind: Kind, before: int, now: int) -> tuple[int, int | None]:
        """A query of the index for each shard; nothing that anybody wrote is read. Suspected spam ranks elsewhere."""
        count, oldest = 0, None
        pages = dynamodb().get_paginator("query")
        with aws.unavailable("look for what waits too long"):
            for rank, shard in product(RANKS[kind], range(SHARDS)):
                for page in pages.paginate(
                    TableName=self._table,
                    IndexName="queue",
                    KeyConditionExpression="queue = :lane AND queue_order BETWEEN :first AND :last",
                    FilterExpression="discard_at > :now AND answer_by <= :now",  # it may have been extended
                    ProjectionExpression="queue_order",
                    ExpressionAttributeValues={
                        ":lane": {"S": f"{lane('new', kind)}#{shard}"},
                        ":first": {"S": order(rank, 0)},
                        ":last": {"S": order(rank, before)},
                        ":now": {"N": str(now)},
                    },
                ):
                    came = [int(item["queue_order"]["S"].split("#")[1]) for item in page["Items"]]
                    count += len(came)
                    oldest = min([*came, *([] if oldest is None else [oldest])], default=None)
        return count, oldest
