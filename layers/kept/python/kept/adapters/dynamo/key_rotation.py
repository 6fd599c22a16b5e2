"""Putting the suppressions under a new key, while people opt out and the gate is asked.

A suppression names nobody's address, so its new name is made from the old one (`Keys.rename`). From `begin` to
`finish` the table's check item names both keys: what is written goes under the newer, and the gate looks under both,
so at no moment does anybody who opted out seem not to have. Every step may be done again after a crash.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, discard, dynamodb
from kept.adapters.dynamo.suppressions import KEY_CHECK, NO_SCOPES, OTHER_KEY
from kept.domain.errors import ConflictError, KeyMismatchError
from kept.domain.identity import Keys


def begin(table: str, before: Keys, after: Keys) -> None:
    """Say in the table that suppressions are now written under `after`, which is `before` and one more key.

    Until the secret says so too, the gate answers `unknown`. May be called again with another new key as long as the
    secret was not written. Raises KeyMismatchError, UnavailableError.
    """
    with aws.unavailable("begin the rotation"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key=KEY_CHECK,
                UpdateExpression="SET key_check = :after, rotating_from = :before",
                ConditionExpression="(key_check = :before AND attribute_not_exists(rotating_from)) "
                "OR rotating_from = :before",
                ExpressionAttributeValues={
                    ":before": {"S": before.check_values()[-1]},
                    ":after": {"S": after.check_values()[-1]},
                },
            )
        except dynamodb().exceptions.ConditionalCheckFailedException:
            raise KeyMismatchError(OTHER_KEY) from None


def is_rotating(table: str, keys: Keys) -> bool:
    """Whether the rotation to the newest of these keys has begun and not ended.

    Raises ConflictError where one was begun whose key never got into the secret: `begin` again mends that.
    """
    with aws.unavailable("read the key's check"):
        check = dynamodb().get_item(TableName=table, Key=KEY_CHECK, ConsistentRead=True).get("Item")
    newest = keys.check_values()[-1]
    if check is not None and hmac.compare_digest(check["key_check"]["S"], newest):
        return "rotating_from" in check
    if check is not None and check.get("rotating_from", {}).get("S") == newest:
        raise ConflictError("A rotation was interrupted before its key was stored.")
    raise KeyMismatchError(OTHER_KEY)


def rewrite(table: str, keys: Keys) -> int:
    """Write every suppression that lies under the key before the newest under the newest too; how many there were.

    The older ones stay until `finish`, so that nobody is missed by who looks for the one and then for the other.
    """
    count = 0
    for item in _older(table, keys.generation):
        scopes = {name: entry for name, entry in item.items() if name not in NO_SCOPES}
        names = {f"#{place}": name for place, name in enumerate(scopes)}
        values: dict[str, Any] = {f":{place}": entry for place, entry in enumerate(scopes.values())}
        sets = [f"#{place} = :{place}" for place in range(len(scopes))]
        with aws.unavailable("write a suppression under the new key"):
            dynamodb().update_item(
                TableName=table,
                Key={"pk": {"B": keys.rename(item["pk"]["B"])}},
                UpdateExpression=f"SET {', '.join([*sets, 'generation = :generation'])}",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values | {":generation": {"N": str(keys.generation)}},
            )
        count += 1
    return count


def finish(table: str, keys: Keys) -> int:
    """End the rotation; how many suppressions were under the older key. No function may write under it any more."""
    rewrite(table, keys)
    count = 0
    for item in _older(table, keys.generation):
        discard(table, {"pk": item["pk"]}, "rotated")
        count += 1
    with aws.unavailable("end the rotation"):  # last: who is interrupted before it ends this rotation the next time
        dynamodb().update_item(TableName=table, Key=KEY_CHECK, UpdateExpression="REMOVE rotating_from")
    return count


def _older(table: str, generation: int) -> Iterator[Item]:
    """Every suppression that is not of this generation."""
    with aws.unavailable("read the suppressions"):
        for page in dynamodb().get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            for item in page["Items"]:
                if item["pk"] != KEY_CHECK["pk"] and int(item.get("generation", {"N": "1"})["N"]) < generation:
                    yield item
