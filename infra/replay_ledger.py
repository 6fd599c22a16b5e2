"""`make replay-ledger STACK=kept`: has the ledger take what it gave up, once what was in the way is mended.

What lies in the bucket LedgerFailures goes through the ledger's own function again; what it has taken is deleted there.
A change that the ledger has already, or that comes after later ones, it takes as it takes all: it may be run again.
It needs your AWS credentials, may be asked of the local stack (STACK=local), and shows nothing of what is in a record.

Lambda's own record of a failure has the whole event in `payload`, where the destination is S3:
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from infra.deployed_stack import use

Event = dict[str, Any]
Invoke = Callable[[Event], Event]


@dataclass(slots=True)
class Replayed:
    """What became of the changes that had been given up."""

    changes: int = 0  # that the ledger has now
    failed: int = 0  # that it could not take this time either: they lie there as before
    unreadable: int = 0  # objects that are no record of Lambda's


def replay(bucket: str, invoke: Invoke) -> Replayed:
    """Give every change in the bucket to the ledger again; what became of them."""
    s3, done = boto3.client("s3"), Replayed()
    keys = [
        each["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for each in page.get("Contents", ())
    ]  # fmt: skip
    for key in keys:
        changes = changes_in(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        if changes is None:
            done.unreadable += 1
            continue
        answer = invoke({"Records": changes})
        failed = len(changes) if "batchItemFailures" not in answer else len(answer["batchItemFailures"])
        done.failed += failed
        done.changes += len(changes) - failed
        if not failed:
            s3.delete_object(Bucket=bucket, Key=key)
    return done


def changes_in(content: bytes) -> list[Event] | None:
    """The changes in a record of Lambda's: `payload` is the event, as text or as it is; None where there are none."""
    try:
        payload = json.loads(content)["payload"]
        changes: list[Event] = list((json.loads(payload) if isinstance(payload, str) else payload)["Records"])
    except (KeyError, TypeError, ValueError):
        return None
    return changes or None


def _invoke(function: str) -> Invoke:
    client = boto3.client("lambda")

    def invoke(event: Event) -> Event:
        answer = client.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        result: Any = json.load(answer["Payload"])
        return {} if "FunctionError" in answer or not isinstance(result, dict) else result

    return invoke


def main(stack: str) -> int:
    """Replay what a stack's ledger gave up; the exit code, 0 where nothing is left there."""
    outputs = use(stack)
    done = replay(outputs["LedgerFailures"], _invoke(outputs["LedgerFunction"]))
    print(f"The ledger has taken {done.changes} changes that it had given up.")
    if done.failed:
        print(f"{done.failed} it could not take: see its log group, and run this again.", file=sys.stderr)
    if done.unreadable:
        print(f"{done.unreadable} objects in LedgerFailures are no records of changes: look at them.", file=sys.stderr)
    return 1 if done.failed or done.unreadable else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
