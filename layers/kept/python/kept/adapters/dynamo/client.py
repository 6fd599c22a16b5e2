"""The one DynamoDB client of a function, and the write with which every record begins."""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from kept.adapters import aws
from kept.domain.ledger import StatedReason

Item = dict[str, dict[str, Any]]
"""An item in DynamoDB's JSON: `{"sk": {"S": "message#1"}}`."""


@cache
def dynamodb() -> Any:
    """The client, made when it is first needed."""
    client = aws.client("dynamodb")
    client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", _write_body)
    client.meta.events.register("before-call.dynamodb.BatchGetItem", _send_body)
    return client


def _write_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Write the request's JSON ourselves: botocore asks its description of DynamoDB about each part of each key.

    That is a third of the work of reading 100 items, for the same content. What else it must know is which tables.
    """
    context["kept_body"] = msgspec.json.encode(params)
    return {"RequestItems": {table: {} for table in params["RequestItems"]}}


def _send_body(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """The request is built but for what we wrote, and not yet signed."""
    params["body"] = context.pop("kept_body")


def put_new(table: str, item: Item, *, expired_at: int | None = None, replace_reviewed: bool = False) -> Item | None:
    """Write an item unless its key is taken: None when written, else the item that is there.

    With `expired_at` (seconds since the epoch), one whose discard date is not after it does not count as there; with
    `replace_reviewed`, nor does one that was reviewed, unless a law keeps it or it is of the same mail. Raises
    UnavailableError.
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
    if replace_reviewed:
        of_another = "(attribute_not_exists(mail) OR mail.raw_key <> :raw_key)"
        request["ConditionExpression"] += f" OR (#status = :reviewed AND attribute_not_exists(#hold) AND {of_another})"
        request["ExpressionAttributeNames"] = {"#status": "status", "#hold": "hold"}
        values = request.setdefault("ExpressionAttributeValues", {})
        values[":reviewed"] = {"S": "reviewed"}
        values[":raw_key"] = item.get("mail", {}).get("M", {}).get("raw_key", {"S": ""})
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
    """A value of DynamoDB's JSON as Python has it; bytes may also be in base64, as Lambda's events have them.

    Numbers are whole in all our tables; one that somebody wrote by hand and is not stays text.
    """
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content) if re.fullmatch(r"-?\d{1,38}", content) else content
    if kind == "B" and isinstance(content, str):
        return base64.b64decode(content)
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
