"""The one DynamoDB client of a function, and the write with which every record begins."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.exceptions import ClientError

from kept.adapters import aws

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


def raw(value: Any) -> dict[str, Any]:
    """The other way round, for what records are made of; fields that are None are left out."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, dict):
        return {"M": {name: raw(inner) for name, inner in value.items() if inner is not None}}
    if isinstance(value, list | tuple):
        return {"L": [raw(inner) for inner in value]}
    return {"B": value} if isinstance(value, bytes) else {"S": value}
