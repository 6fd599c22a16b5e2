"""What is known of packages, in the table `subjects`: `export#…` in the person's partition, found and erased with it.

Beside them one item, the place, names the package that was asked for last, so that asking twice at once makes one.
An item's `files` are its objects; the ledger function discards those that it no longer refers to, or that go with it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, plain, raw
from kept.domain.errors import NotFoundError, UnavailableError
from kept.domain.exports import LEASE_SECONDS, Export
from kept.domain.identity import SubjectId
from kept.domain.retention import is_held

PREFIX = "export#"
PLACE = "export-place#"
_ATTEMPTS = 5
_NOT_THERE = "There is no such package of yours: it never was, or its time is over. You can ask for a new one."
_AT_THIS_MOMENT = {"TransactionConflict", "ConditionalCheckFailed"}
_LEFT_OUT = {"pk", "sk", "files", "lease", "lease_until"}


class DynamoExports:
    """Keeps the port `Exports`."""

    def __init__(self, table: str) -> None:
        self._table = table

    def begin(self, export: Export, now: int) -> Export:
        """A transaction writes it and takes the place; where the place is taken, a look at what has it."""
        over = ""
        for _ in range(_ATTEMPTS):
            standing = self._write(export, over, now)
            if standing is None:
                return export
            over = standing
            try:
                found = self.find(export.subject_id, standing, now)
            except NotFoundError:
                continue
            if found.is_being_made(now):
                return found
        raise UnavailableError("ask for a package: too often at once")

    def find(self, subject: SubjectId, export_id: str, now: int) -> Export:
        """One strong read."""
        with aws.unavailable("find a package"):
            key = _key(subject, export_id)
            item = dynamodb().get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        if item is None or not is_held(plain(item["discard_at"]), now):
            raise NotFoundError(_NOT_THERE)
        fields = {name: plain(value) for name, value in item.items() if name not in _LEFT_OUT}
        return msgspec.convert(fields | {"subject_id": subject, "export_id": export_id}, Export, builtin_types=(bytes,))

    def asked(self, export: Export, at: int) -> None:
        """One update."""
        self._update(
            export,
            "SET #status = :waiting, asked_at = :at",
            "attribute_exists(pk) AND #status <> :ready",
            {":waiting": "waiting", ":at": at, ":ready": "ready"},
        )

    def claim(self, export: Export, lease: str, now: int) -> bool:
        """One update."""
        return self._update(
            export,
            "SET #status = :making, lease = :lease, lease_until = :until",
            "attribute_exists(pk) AND #status <> :ready AND (attribute_not_exists(lease) OR lease_until <= :now)",
            {":making": "making", ":lease": lease, ":until": now + LEASE_SECONDS, ":now": now, ":ready": "ready"},
        )

    def release(self, export: Export, lease: str) -> None:
        """One update."""
        values = {":past": 0, ":waiting": "waiting", ":lease": lease}
        self._update(export, "SET lease_until = :past, #status = :waiting", "lease = :lease", values)

    def finish(self, export: Export, lease: str) -> bool:
        """One update."""
        return self._update(
            export,
            "SET #status = :ready, discard_at = :discard_at, manifest = :manifest, files = :files "
            "REMOVE lease, lease_until",
            "lease = :lease",
            {
                ":ready": "ready",
                ":discard_at": export.discard_at,
                ":manifest": export.manifest,
                ":files": export.file_keys,
                ":lease": lease,
            },
        )

    def _update(self, export: Export, expression: str, condition: str, values: dict[str, Any]) -> bool:
        with aws.unavailable("change a package"):
            try:
                dynamodb().update_item(
                    TableName=self._table,
                    Key=_key(export.subject_id, export.export_id),
                    UpdateExpression=expression,
                    ConditionExpression=condition,
                    ExpressionAttributeNames={"#status": "status"},
                    ExpressionAttributeValues={name: raw(value) for name, value in values.items()},
                )
            except dynamodb().exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _write(self, export: Export, over: str, now: int) -> str | None:
        """Write it in the place of the package `over`, or of none; None, or the package that has the place."""
        free = "attribute_not_exists(pk) OR discard_at <= :now OR package = :over"
        place = {"pk": export.subject_id, "sk": PLACE, "package": export.export_id, "discard_at": export.made_by}
        with aws.unavailable("ask for a package"):
            try:
                dynamodb().transact_write_items(
                    TransactItems=[
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": {name: raw(value) for name, value in place.items()},
                                "ConditionExpression": free,
                                "ExpressionAttributeValues": {":now": raw(now), ":over": raw(over)},
                                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
                            }
                        },
                        {"Put": {"TableName": self._table, "Item": _item(export)}},
                    ]
                )
            except dynamodb().exceptions.TransactionCanceledException as error:
                reasons = error.response["CancellationReasons"]
                if "Item" in reasons[0]:
                    return str(reasons[0]["Item"]["package"]["S"])
                if any(each["Code"] in _AT_THIS_MOMENT for each in reasons):
                    return over or export.export_id  # somebody writes it: once more
                raise
        return None


def _key(subject: SubjectId, export_id: str) -> Item:
    return {"pk": raw(subject), "sk": raw(PREFIX + export_id)}


def _item(export: Export) -> Item:
    fields: dict[str, Any] = msgspec.to_builtins(export, builtin_types=(bytes,))
    del fields["subject_id"], fields["export_id"]
    fields["files"] = export.file_keys
    key = _key(export.subject_id, export.export_id)
    return key | {name: raw(value) for name, value in fields.items() if value is not None}
