"""The whole table of subjects beside the ledger's open commitments, for the audit that compares them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kept.adapters import aws
from kept.adapters.dynamo.batch import batch_get
from kept.adapters.dynamo.client import Item, dynamodb
from kept.adapters.dynamo.ledger import COMMITMENT
from kept.adapters.dynamo.partition import TELLS_WHEN, held_item
from kept.app.ports.audit import RecordPage
from kept.domain.commitment import TableKey
from kept.domain.errors import UnavailableError
from kept.domain.identity import SubjectId
from kept.domain.ledger import LedgerKeys


class DynamoRecords:
    """Keeps the port `Records`."""

    def __init__(self, table: str, ledger: str, keys: LedgerKeys) -> None:
        self._table, self._ledger, self._keys = table, ledger, keys

    def page(self, after: TableKey | None) -> RecordPage:
        """One eventually consistent scan of up to 1 MB: half the cost, and what is new is looked at again anyway."""
        request: dict[str, Any] = {
            "TableName": self._table,
            "ProjectionExpression": ", ".join(f"#{place}" for place in range(len(TELLS_WHEN))),
            "ExpressionAttributeNames": {f"#{place}": name for place, name in enumerate(TELLS_WHEN)},
            "ReturnConsumedCapacity": "TOTAL",
        }
        if after is not None:
            request["ExclusiveStartKey"] = {"pk": {"B": after.subject_id}, "sk": {"S": after.sort_key}}
        with aws.unavailable("read the table"):
            answer = dynamodb().scan(**request)
        last = answer.get("LastEvaluatedKey")
        return RecordPage(
            items=[held_item(item) for item in answer["Items"]],
            after=TableKey(SubjectId(last["pk"]["B"]), last["sk"]["S"]) if last else None,
            units=answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0),
        )

    def committed(self, keys: Collection[TableKey]) -> set[TableKey]:
        """One BatchGetItem for each 100 of them."""
        subjects = {key: self._keys.subject(key.subject_id) for key in keys}
        places = {self.digest(key): key for key in keys}
        wanted: list[Item] = [
            {"pk": {"S": subjects[key]}, "sk": {"S": COMMITMENT + digest}} for digest, key in places.items()
        ]
        items, unread = batch_get(self._ledger, wanted, ["record", "due_shard"])
        if unread:
            raise UnavailableError("read commitments: some are not read")
        return {places[item["record"]["S"]] for item in items if "due_shard" in item}

    def digest(self, key: TableKey) -> str:
        """See the port."""
        return self._keys.record("subjects", key.subject_id, key.sort_key)

    def estimate(self) -> int:
        """One call, which costs no capacity."""
        with aws.unavailable("describe the table"):
            return int(dynamodb().describe_table(TableName=self._table)["Table"].get("ItemCount", 0))
