"""PynamoDB with one client for all models, this project's time limits, and errors without data in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from kept.adapters import aws
from kept.adapters.dynamo.client import dynamodb
from kept.domain.errors import UnavailableError


class SharedConnection(Connection):
    """PynamoDB's view of our client. It would make one for each model class: 70 to 150 ms and 10 MB each."""

    @property
    def client(self) -> Any:
        """The one client."""
        return dynamodb()


KEY = "pk"


class Table(Model):
    """The base of every item class. `table_name` is set by the store, from the function's settings."""

    class Meta:
        table_name: str | None = None

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known = cls._connection
        connection: TableConnection = super()._get_connection()
        if connection is not known:
            shared = SharedConnection()
            shared.add_meta_table(connection.get_meta_table())
            connection.connection = shared
        return connection


def put_new(
    table: type[Table],
    fields: dict[str, Any],
    *,
    expired_at: int | None = None,
    but_for: tuple[str, str] | None = None,
) -> dict[str, Any] | None:
    """Write an item unless its key is taken: None when written, else the item (in DynamoDB's JSON) that is there.

    With `expired_at` (seconds since the epoch), one whose discard date is not after it does not count as there; with
    `but_for`, nor does one whose attribute of that name has that text.
    PynamoDB's own `save` cannot return the item that is there, which would cost a second call. Raises
    UnavailableError.
    """
    attributes = table.get_attributes()
    request: dict[str, Any] = {
        "TableName": table.Meta.table_name,
        "Item": {name: {(a := attributes[name]).attr_type: a.serialize(value)} for name, value in fields.items()},
        "ConditionExpression": f"attribute_not_exists({KEY})",
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
            standing: dict[str, Any] = error.response["Item"]  # type: ignore[typeddict-item]  # botocore's types lack it
            return standing
    return None


_REFUSED = {"ConditionalCheckFailed", "TransactionConflict"}


class ConditionFailedError(Exception):
    """DynamoDB refused an update because its condition did not hold; the store says what that means."""


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """As `aws.unavailable`, for what PynamoDB raises; a refused condition becomes ConditionFailedError."""
    try:
        with aws.unavailable(what):
            yield
    except PynamoDBException as error:
        # A transaction names a reason for each of its items; a conflict is another write of them at that moment.
        codes = {reason.code for reason in getattr(error, "cancellation_reasons", ()) if reason}
        if error.cause_response_code == "ConditionalCheckFailedException" or codes & _REFUSED:
            raise ConditionFailedError from None
        raise UnavailableError(f"{what}: {error.cause_response_code or type(error).__name__}") from None
