"""The one DynamoDB client of a function, and the write with which every record begins."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from kept.adapters import aws
from kept.domain.ledger import StatedReason

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON: `{"sk": {"S": "message#1"}}`."""


@cache
def dynamodb() -> Any:
    """The client, made when it is first needed."""
    return aws.client("dynamodb")


def put_new(
    table: str, item: Item, *, expired_at: int | None = None, but_for: tuple[str, str] | None = None
) -> Item | None:
    """Write an item unless its key is taken: None when written, else the item that is there.

    With `expired_at` (seconds since the epoch), one whose discard date is not after it does not count as there; with
    `but_for`, nor does one whose attribute of that name has that text. Raises UnavailableError.
    """
    request: dict[str, Any] = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(pk)",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if expired_at is not None:
        request["ConditionExpression"] += " OR discard_at <= :now"
        request["ExpressionAttributeValues"] = {":now": {"N": str(expired_at)}}
    if but_for is not None:
        request["ConditionExpression"] += " OR #name = :text"
        request["ExpressionAttributeNames"] = {"#name": but_for[0]}
        request.setdefault("ExpressionAttributeValues", {})[":text"] = {"S": but_for[1]}
    with aws.unavailable("write a record"):
        try:
            dynamodb().put_item(**request)
        except ClientError as error:
            if aws.error_code(error) != "ConditionalCheckFailedException":
                raise
            standing: Item = error.response["Item"]  # type: ignore[typeddict-item]  # botocore's types lack it
            return standing
    return None


def discard(table: str, key: Item, reason: StatedReason) -> bool:
    """Delete an item, saying why in the ledger's words; whether it was there. Raises UnavailableError.

    Two writes: the reason, which the change stream shows, and the delete on the condition that it stands.
    """
    return say_why(table, key, reason, "attribute_exists(pk)", {}) and delete_if(table, key, reason)


def say_why(table: str, key: Item, reason: StatedReason, condition: str, values: Item) -> bool:
    """Write into an item why it goes, unless the condition refuses it; whether it was. Raises UnavailableError."""
    with aws.unavailable("say why a record goes"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET discard_reason = :reason",
                ConditionExpression=condition,
                ExpressionAttributeValues={":reason": {"S": reason}} | values,
            )
        except dynamodb().exceptions.ConditionalCheckFailedException:
            return False
    return True


def delete_if(table: str, key: Item, reason: StatedReason) -> bool:
    """Delete an item in which this reason stands; whether it did. Raises UnavailableError."""
    with aws.unavailable("discard a record"):
        try:
            dynamodb().delete_item(
                TableName=table,
                Key=key,
                ConditionExpression="discard_reason = :reason",
                ExpressionAttributeValues={":reason": {"S": reason}},
            )
        except dynamodb().exceptions.ConditionalCheckFailedException:
            return False
    return True
