"""What the purge audit's first step costs, in read units: `audit_cost.py BUILD [OVERDUE/LIVE …]`, prints JSON.

The built code runs on a store that is simulated in memory and counts capacity by DynamoDB's published rules: 4 KB a
read unit, half for eventually consistent reads; each item of a BatchGetItem and each page of a Query or Scan is rounded
up.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
"""

from __future__ import annotations

import json
import math
import os
import sys
from bisect import bisect_left
from pathlib import Path
from types import SimpleNamespace
from typing import Any

NOW = 1_800_000_000
DAY = 86400
PAGE = 1024 * 1024  # bytes that a Query or Scan returns at most
CASES = ("10000/20000", "10000/1000000", "20000/1000000")  # overdue/live
TEXT = "Where is my parcel? " * 20  # 400 characters, which is about what people write


def size_of(item: dict[str, Any]) -> int:
    """Bytes of an item: names and values, numbers at about half their digits.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _size_of_value(value) for name, value in item.items())


def _size_of_value(value: dict[str, Any]) -> int:
    ((kind, content),) = value.items()
    if kind == "N":
        return len(content) // 2 + 2
    if kind == "M":
        return 3 + len(content) + size_of(content)
    return len(content.encode() if isinstance(content, str) else content)


class CountedStore:
    """The tables of subjects and of the ledger with so many records, made as they are asked for, and what reads cost.

    Records are numbered; the first `overdue` of them were due an hour ago, the others are due within the next 90 days.
    """

    meta = SimpleNamespace(events=SimpleNamespace(register=lambda *_: None))
    exceptions = SimpleNamespace(ConditionalCheckFailedException=KeyError)

    def __init__(self, keys: Any, overdue: int, live: int) -> None:
        self.read_units = self.write_units = 0.0
        self._keys = keys
        self._due: dict[str, list[tuple[int, int]]] = {shard: [] for shard in "0123456789abcdef"}
        for number in range(overdue + live):
            due = NOW - 3600 if number < overdue else NOW + 3600 + number % (90 * DAY)
            # A digest's first digit is as good as random; for a million, one is not computed.
            self._due["0123456789abcdef"[number * 7919 % 16]].append((due, number))
        for entries in self._due.values():
            entries.sort()
        self.records = overdue + live

    def record(self, number: int) -> dict[str, Any]:
        """A record as the table of subjects has it."""
        return {
            "pk": {"B": number.to_bytes(16)},
            "sk": {"S": f"message#{number:032x}"},
            "lookup": {"B": bytes(16)},
            "queue": {"S": "new#0"},
            "queue_order": {"S": f"5#{NOW}#{number:032x}"},
            "reference": {"S": "AAAA-AAAA-AAAA-AAAA"},
            "kind": {"S": "message"},
            "channel": {"S": "form"},
            "status": {"S": "new"},
            "received_at": {"N": str(NOW - 30 * DAY)},
            "discard_at": {"N": str(NOW - 3600)},
            "email": {"S": f"somebody{number}@example.com"},
            "text": {"S": TEXT},
        }

    def _commitment(self, shard: str, due: int, number: int) -> dict[str, Any]:
        import msgspec

        from kept.domain.commitment import Birth, History, TableKey
        from kept.domain.identity import SubjectId
        from kept.domain.ledger import sequence_of

        key = TableKey(SubjectId(number.to_bytes(16)), f"message#{number:032x}")
        record = self._keys.record("subjects", key.subject_id, key.sort_key)
        birth = Birth(sequence_of(str(number)), due, due + 60 * DAY, "message", due - 30 * DAY)
        return {
            "pk": {"S": self._keys.subject(key.subject_id)},
            "sk": {"S": f"commitment#{record}"},
            "record": {"S": record},
            "history": {"B": msgspec.json.encode(History(birth))},
            "version": {"N": "1"},
            "subject_id": {"B": key.subject_id},
            "sort_key": {"S": key.sort_key},
            "due_shard": {"S": shard},
            "due_order": {"S": f"{due:012d}#{record}"},
        }

    def query(self, **request: Any) -> dict[str, Any]:
        """A page of the index of open commitments, up to a time."""
        values = request["ExpressionAttributeValues"]
        shard, until = values[":partition"]["S"], int(values[":until"]["S"].partition("#")[0])
        entries = self._due[shard]
        start = request.get("ExclusiveStartKey", {}).get("place", 0)
        end = bisect_left(entries, (until, 0))
        items, size = [], 0
        while start < end and size < PAGE:
            items.append(self._commitment(shard, *entries[start]))
            size += size_of(items[-1])
            start += 1
        self.read_units += max(1, math.ceil(size / 4096)) / 2
        return {"Items": items} | ({"LastEvaluatedKey": {"place": start}} if start < end else {})

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """Records by their keys, read consistently; what is projected away is paid for all the same."""
        ((table, wanted),) = request["RequestItems"].items()
        items = [self.record(int.from_bytes(key["pk"]["B"])) for key in wanted["Keys"]]
        self.read_units += sum(math.ceil(size_of(item) / 4096) for item in items)
        names = set(wanted["ExpressionAttributeNames"].values())
        return {"Responses": {table: [{k: v for k, v in item.items() if k in names} for item in items]}}

    def update_item(self, **_: Any) -> dict[str, Any]:
        """A write of a record."""
        self.write_units += math.ceil(size_of(self.record(1)) / 1024)
        return {}

    delete_item = update_item

    def scan_everything(self) -> float:
        """Read units of the scan with which a usual cleanup job looks for what is past its date."""
        each = size_of(self.record(1))
        pages, rest = divmod(self.records, math.ceil(PAGE / each))
        full = math.ceil(math.ceil(PAGE / each) * each / 4096) / 2
        return pages * full + math.ceil(rest * each / 4096) / 2


def cost(overdue: int, live: int) -> dict[str, float]:
    """Read units of the step, of a scan, and how many records the step discarded."""
    from kept.adapters import aws
    from kept.adapters.dynamo import client
    from kept.adapters.dynamo.ledger import DynamoLedger
    from kept.adapters.dynamo.partition import DynamoPartition
    from kept.app.audit_overdue import discard_overdue
    from kept.domain.ledger import LedgerKeys

    keys = LedgerKeys("a ledger key for benchmarks only, long enough to be one")
    store = CountedStore(keys, overdue, live)
    client.dynamodb.cache_clear()
    aws.client = lambda _: store
    ledger = DynamoLedger("ledger", keys, DAY)
    found = discard_overdue(
        ledger.due(NOW),
        commitments=ledger,
        partition=DynamoPartition("subjects"),
        raw_mail=SimpleNamespace(),  # type: ignore[arg-type]  # these records came by form
        now=NOW,
        has_time=lambda: True,
    )
    discarded = sum(each.outcome == "discarded" for each in found.stragglers)
    return {"reads": store.read_units, "scan": store.scan_everything(), "discarded": discarded}


def main() -> None:
    """Measure each case and print what they cost."""
    build = Path(sys.argv[1])
    sys.path[:0] = [str(build / "KeptLayer/python"), str(build / "DependenciesLayer/python")]
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-1"
    results = {}
    for case in sys.argv[2:] or CASES:
        overdue, live = map(int, case.split("/"))
        result = cost(overdue, live)
        if result["discarded"] != overdue:
            sys.exit(f"{overdue} were overdue, and {result['discarded']} were discarded")
        results[case] = result
    print(json.dumps(results))


if __name__ == "__main__":
    main()
