"""What DynamoDB's answers cost, as it counts it: asked for with every request, and added up."""

from __future__ import annotations

from typing import Any

from kept.adapters.dynamo.client import dynamodb
from kept.domain.audit import Cost

_READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


class Meter:
    """Counts every call of this process's client, whichever store makes it. Refused conditional writes are not told."""

    def __init__(self) -> None:
        """Begin to count."""
        self._reads = self._writes = 0.0
        events = dynamodb().meta.events
        for operation in _READS | _WRITES:
            # First of all: the client of `client.py` writes the body of a BatchGetItem itself, at this very event.
            events.register_first(f"provide-client-params.dynamodb.{operation}", self._ask)
            events.register(f"after-call.dynamodb.{operation}", self._add)

    def read(self) -> Cost:
        """What was counted so far."""
        return Cost(read_units=round(self._reads, 1), write_units=round(self._writes, 1))

    def _ask(self, params: dict[str, Any], **_: Any) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def _add(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity", ())
        units = sum(each["CapacityUnits"] for each in ([consumed] if isinstance(consumed, dict) else consumed))
        if model.name in _READS:
            self._reads += units
        else:
            self._writes += units
