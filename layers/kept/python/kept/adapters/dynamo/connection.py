"""PynamoDB with one client for all models, this project's time limits, and errors without data in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb
from kept.domain.errors import UnavailableError


class SharedConnection(Connection):
    """PynamoDB's view of our client. It would make one for each model class: 70 to 150 ms and 10 MB each."""

    @property
    def client(self) -> Any:
        """The one client."""
        return dynamodb()


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


def to_raw(table: type[Table], fields: dict[str, Any]) -> Item:
    """Fields of an item class in DynamoDB's JSON, for the writes that PynamoDB's own `save` cannot make."""
    attributes = table.get_attributes()
    return {name: {(a := attributes[name]).attr_type: a.serialize(value)} for name, value in fields.items()}


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
