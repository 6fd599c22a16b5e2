"""Time to live as DynamoDB does it, only sooner: items past their date are deleted, which the stream records.

AWS takes up to a few days and signs the record as its own service; here it takes about a second and the
record looks like any delete (the emulator has no `userIdentity`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.stack import Account

PAUSE_SECONDS = 1.0


class Sweeper:
    """A thread that sweeps every table with a TTL attribute, until stopped."""

    def __init__(self, account: Account) -> None:
        self._dynamodb = account.client("dynamodb")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ttl", daemon=True)

    def start(self) -> None:
        """Sweep from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End after the sweep that is under way."""
        self._stopping.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        tables = list(tables_with_ttl(self._dynamodb))
        pause = PAUSE_SECONDS
        while not self._stopping.wait(pause):
            started = time.monotonic()
            for table in tables:
                try:
                    sweep(self._dynamodb, *table)
                except (BotoCoreError, ClientError) as error:
                    if not self._stopping.is_set():
                        print(f"TTL sweep: {type(error).__name__}, trying again", flush=True)
            # A scan of a large table is work for the emulator: never more than a fifth of its time.
            pause = max(PAUSE_SECONDS, 4 * (time.monotonic() - started))


def tables_with_ttl(dynamodb: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Table, TTL attribute and key attributes of each table that names a TTL attribute."""
    for page in dynamodb.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
            if attribute := ttl.get("AttributeName"):
                schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
                yield table, attribute, [key["AttributeName"] for key in schema]


def sweep(dynamodb: Any, table: str, attribute: str, keys: list[str]) -> int:
    """Delete what is past its date, unless its date has moved meanwhile; how many were deleted."""
    names = {f"#k{number}": key for number, key in enumerate(keys)}
    now = {":now": {"N": str(int(time.time()))}}
    scan = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression=", ".join(names),
        FilterExpression="#ttl <= :now",
        ExpressionAttributeNames={**names, "#ttl": attribute},
        ExpressionAttributeValues=now,
    )
    deleted = 0
    for item in [item for page in scan for item in page["Items"]]:
        try:
            dynamodb.delete_item(
                TableName=table,
                Key=item,
                ConditionExpression="#ttl <= :now",
                ExpressionAttributeNames={"#ttl": attribute},
                ExpressionAttributeValues=now,
            )
            deleted += 1
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
    return deleted
