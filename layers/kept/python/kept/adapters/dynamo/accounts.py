"""Accounts and the registrations that wait for their link, in the table `subjects`."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, plain, put_new, raw
from kept.adapters.dynamo.partition import DynamoPartition
from kept.domain.account import ACCOUNT_ID, Account, Registration
from kept.domain.errors import ConflictError
from kept.domain.identity import SubjectId
from kept.domain.retention import is_held

PREFIX = "account#"
REGISTRATION_PREFIX = "registration#"

T = TypeVar("T", Account, Registration)


class DynamoAccounts:
    """Keeps the port `Accounts`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def add_registration(self, registration: Registration) -> None:
        """One write; its record id is new, so nothing can be there."""
        with aws.unavailable("store a registration"):
            dynamodb().put_item(TableName=self._table, Item=_item(registration))

    def find_registration(self, subject: SubjectId, record_id: str, now: int) -> Registration | None:
        """One strong read."""
        return self._find(subject, REGISTRATION_PREFIX + record_id, Registration, now)

    def end_registration(self, subject: SubjectId, record_id: str) -> None:
        """As every record is discarded: with its reason."""
        DynamoPartition(self._table).discard(subject, REGISTRATION_PREFIX + record_id, "ended")

    def find(self, subject: SubjectId, now: int) -> Account | None:
        """One strong read."""
        return self._find(subject, PREFIX + ACCOUNT_ID, Account, now)

    def add(self, account: Account, now: int) -> Account | None:
        """One conditional write."""
        standing = put_new(self._table, _item(account), expired_at=now)
        return None if standing is None else _read(standing, Account)

    def change(self, before: Account, after: Account, now: int) -> None:
        """One write, on the condition that nobody wrote since `before` was read."""
        with aws.unavailable("change an account"):
            try:
                dynamodb().put_item(
                    TableName=self._table,
                    Item=_item(after) | {"revision": raw(before.revision + 1)},
                    ConditionExpression="revision = :revision AND discard_at > :now",
                    ExpressionAttributeValues={":revision": raw(before.revision), ":now": raw(now)},
                )
            except dynamodb().exceptions.ConditionalCheckFailedException:
                raise ConflictError("Your account was changed at the same moment; look at it again.") from None

    def _find(self, subject: SubjectId, sort_key: str, kind: type[T], now: int) -> T | None:
        key = {"pk": raw(subject), "sk": raw(sort_key)}
        with aws.unavailable("read an account"):
            item = dynamodb().get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _read(item, kind) if item and is_held(plain(item["discard_at"]), now) else None


def _item(record: Account | Registration) -> Item:
    fields: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(bytes,))
    fields["pk"] = fields.pop("subject_id")
    fields["sk"] = PREFIX + ACCOUNT_ID
    if isinstance(record, Registration):
        fields["sk"] = REGISTRATION_PREFIX + fields.pop("record_id")
    return {name: raw(value) for name, value in fields.items() if value is not None}


def _read(item: Item, kind: type[T]) -> T:
    fields = {name: plain(value) for name, value in item.items()}
    fields |= {"subject_id": fields["pk"], "record_id": fields["sk"].partition("#")[2]}
    return msgspec.convert(fields, kind, builtin_types=(bytes,))
