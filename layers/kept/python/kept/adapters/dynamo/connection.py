"""PynamoDB with one client for all models, this project's time limits, and errors without data in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from pynamodb.connection import Connection, TableConnection
from pynamodb.exceptions import PynamoDBException
from pynamodb.models import Model

from kept.adapters import aws
from kept.domain.errors import UnavailableError


class _SharedConnection(Connection):
    @property
    def session(self) -> botocore.session.Session:
        return aws.session()


@cache
def shared_connection() -> Connection:
    """PynamoDB would make a client for each model class: 70 to 150 ms and 10 MB each."""
    return _SharedConnection(
        connect_timeout_seconds=aws.CONNECT_SECONDS,
        read_timeout_seconds=aws.READ_SECONDS,
        max_retry_attempts=aws.RETRIES,
    )


class Table(Model):
    """The base of every item class. `table_name` is set by the store, from the function's settings."""

    class Meta:
        table_name: str | None = None

    @classmethod
    def _get_connection(cls) -> TableConnection:
        known = cls._connection
        connection: TableConnection = super()._get_connection()
        if connection is not known:
            shared = shared_connection()
            shared.add_meta_table(connection.get_meta_table())
            connection.connection = shared
        return connection


def put_if(item: Table, condition: Any) -> dict[str, Any] | None:
    """Write an item on a condition: None when written, else the item (in DynamoDB's JSON) that stood against it.

    PynamoDB's own `save` cannot return that item, which would cost a second call.
    """
    request = item.get_save_kwargs_from_instance(condition, return_values_on_condition_failure="ALL_OLD")
    client: Any = shared_connection().client
    with aws.unavailable("write a record"):
        try:
            client.put_item(**request)
        except ClientError as error:
            if aws.error_code(error) != "ConditionalCheckFailedException":
                raise
            standing: dict[str, Any] = error.response["Item"]  # type: ignore[typeddict-item]  # botocore's types lack it
            return standing
    return None


class ConditionFailedError(Exception):
    """DynamoDB refused an update because its condition did not hold; the store says what that means."""


@contextmanager
def unavailable(what: str) -> Iterator[None]:
    """As `aws.unavailable`, for what PynamoDB raises; a refused condition becomes ConditionFailedError."""
    try:
        with aws.unavailable(what):
            yield
    except PynamoDBException as error:
        if error.cause_response_code == "ConditionalCheckFailedException":
            raise ConditionFailedError from None
        raise UnavailableError(f"{what}: {error.cause_response_code or type(error).__name__}") from None
