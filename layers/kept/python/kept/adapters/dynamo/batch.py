"""Reading many items by their keys, completely or knowing what is missing."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb

BATCH = 100  # keys in one BatchGetItem
_ATTEMPTS = 5
_FIRST_WAIT = 0.05  # seconds; doubled with each attempt


def batch_get(table: str, keys: Sequence[Item], attributes: Sequence[str] = ()) -> tuple[list[Item], list[Item]]:
    """The items that are there, in DynamoDB's JSON and in no order, and the keys that could not be read after all.

    One strongly consistent call for each 100 keys, which must differ, and more for those that DynamoDB left
    unprocessed. With `attributes`, only these are read. Raises UnavailableError.
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
    """
    wanted: dict[str, Any] = {"ConsistentRead": True}
    if attributes:
        wanted["ProjectionExpression"] = ", ".join(f"#{place}" for place in range(len(attributes)))
        wanted["ExpressionAttributeNames"] = {f"#{place}": name for place, name in enumerate(attributes)}
    items: list[Item] = []
    unread: list[Item] = []
    for start in range(0, len(keys), BATCH):
        left: Sequence[Item] = keys[start : start + BATCH]
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_FIRST_WAIT * 2**attempt * random.random())  # noqa: S311  # jitter, no secret
            with aws.unavailable("read many records"):
                answer = dynamodb().batch_get_item(RequestItems={table: {"Keys": left, **wanted}})
            items += answer.get("Responses", {}).get(table, ())
            left = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
            if not left:
                break
        unread += left
    return items, unread
