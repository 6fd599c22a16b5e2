"""The ledger, in a table of its own: entries, open commitments, and what a day's entries add up to.

A person's entries and commitments lie in one partition. Two sparse indexes find entries by their day and open
commitments by when they are due; both, and the counts, are in shards by the record's digest, so that no key is hot.
An entry, its count and its commitment are written in one transaction: where the entry is there, so is all of it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

import msgspec
from botocore.exceptions import ClientError

from kept.adapters import aws
from kept.adapters.dynamo.client import Item, dynamodb, put_new
from kept.adapters.dynamo.ledger_days import BEGINNING, SHARDS, DynamoLedgerDays, counts_key, to_entry
from kept.domain.commitment import SEQUENCE_DIGITS, Commitment, Gone, History, Mark, TableKey
from kept.domain.errors import KeyMismatchError, UnavailableError
from kept.domain.identity import SubjectId
from kept.domain.ledger import Entry, LedgerKeys, missing_entry

CLOSED_FOR = 10 * 86400
"""Seconds that a closed commitment is remembered: longer than a change can still be told of (24 hours in the stream,
7 days in the failure destination), so that none opens it again."""

_ATTEMPTS = 8
_FIRST_WAIT = 0.02  # seconds; doubled with each attempt
_ENTRY, COMMITMENT = "entry#", "commitment#"
_STATE = ("history", "version")
_NEVER = 10**12 - 1  # seconds since the epoch, thirty thousand years from now


class DynamoLedger(DynamoLedgerDays):
    """Keeps the ports `Ledger`, `LedgerEntries` and `Commitments`."""

    def __init__(self, table: str, keys: LedgerKeys, kept_for: int) -> None:
        """`kept_for`: how long an entry is kept, in seconds."""
        super().__init__(table)
        self.keys, self._kept_for = keys, kept_for
        self._begun = False

    # ---------------------------------------------------------------- Ledger

    def add(self, entry: Entry, mark: Mark | None, key: TableKey) -> bool:
        """One transaction, and before it one strong read where a commitment is concerned; see the port."""
        self._begin(entry.day)
        for attempt in range(_ATTEMPTS):
            if attempt:
                time.sleep(_FIRST_WAIT * 2**attempt * random.random())  # noqa: S311  # jitter, no secret
            opened, writes = 0, [self._put_entry(entry)]
            if mark is not None:
                history, version = self._history(entry.subject, entry.record)
                after = history.after(mark)
                opened = int(after.is_open) - int(history.is_open)
                if after != history:
                    writes.append(self._put_commitment(entry, after, version, key))
            writes.append(self._count(entry, opened))
            refused = self._write(writes)
            if not refused:
                return True
            if refused[0] == "ConditionalCheckFailed":
                return False
        raise UnavailableError("write the ledger: it is written too often at once")

    def _write(self, writes: list[dict[str, Any]]) -> list[str]:
        """Write all or nothing; where nothing, DynamoDB's reason for each, which are of writes at the same moment."""
        with aws.unavailable("write the ledger"):
            try:
                dynamodb().transact_write_items(TransactItems=writes)
            except ClientError as error:
                reasons = [r.get("Code", "None") for r in error.response.get("CancellationReasons", ())]
                if not {"ConditionalCheckFailed", "TransactionConflict"} & set(reasons):
                    raise
                return reasons
        return []

    def _put_entry(self, entry: Entry) -> dict[str, Any]:
        fields = {name: value for name, value in msgspec.to_builtins(entry).items() if value is not None}
        item = {name: {"N": str(v)} if isinstance(v, int) else {"S": v} for name, v in fields.items()}
        item |= {
            "pk": {"S": entry.subject},
            "sk": {"S": _sort_key(entry.id)},
            "day_shard": {"S": f"{entry.day}#{entry.record[0]}"},
            "entry_order": {"S": entry.order},
            "discard_at": {"N": str(entry.written_at + self._kept_for)},
        }
        return {"Put": {"TableName": self._table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _put_commitment(self, entry: Entry, history: History, version: int, key: TableKey) -> dict[str, Any]:
        item: Item = {
            "pk": {"S": entry.subject},
            "sk": {"S": COMMITMENT + entry.record},
            "record": {"S": entry.record},
            "history": {"B": msgspec.json.encode(history)},
            "version": {"N": str(version + 1)},
        }
        if history.is_open:
            item |= {
                "subject_id": {"B": key.subject_id},
                "sort_key": {"S": key.sort_key},
                "due_shard": {"S": entry.record[0]},
                "due_order": {"S": _due_order(history.due_at, entry.record)},
            }
        else:
            item["discard_at"] = {"N": str(entry.written_at + CLOSED_FOR)}
        put: dict[str, Any] = {"TableName": self._table, "Item": item}
        if version:
            put |= {
                "ConditionExpression": "version = :version",
                "ExpressionAttributeValues": {":version": {"N": str(version)}},
            }
        else:
            put["ConditionExpression"] = "attribute_not_exists(pk)"
        return {"Put": put}

    def _count(self, entry: Entry, opened: int) -> dict[str, Any]:
        names = ["entries"]
        if entry.store == "subjects":
            names += ["written"] if entry.what in {"written", "replaced"} else []
            names += [f"discarded#{entry.reason}"] if entry.what in {"discarded", "replaced"} else []
        elif entry.what == "written" or entry.reason == "rotated":
            names.append("suppressed" if entry.what == "written" else "rotated")
        names += ["opened"] if opened > 0 else ["closed"] if opened < 0 else []
        return {
            "Update": {
                "TableName": self._table,
                "Key": counts_key(entry.day, entry.record[0]),
                "UpdateExpression": "ADD " + ", ".join(f"#{place} :one" for place in range(len(names))),
                "ExpressionAttributeNames": {f"#{place}": name for place, name in enumerate(names)},
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        }

    def _history(self, subject: str, record: str) -> tuple[History, int]:
        """What was heard of a record, and the version of that; 0 where nothing was."""
        with aws.unavailable("read a commitment"):
            item = (
                dynamodb()
                .get_item(
                    TableName=self._table,
                    Key={"pk": {"S": subject}, "sk": {"S": COMMITMENT + record}},
                    ProjectionExpression="#0, #1",
                    ExpressionAttributeNames={f"#{place}": name for place, name in enumerate(_STATE)},
                    ConsistentRead=True,
                )
                .get("Item")
            )
        if item is None:
            return History(), 0
        return _read_history(item), int(item["version"]["N"])

    def _begin(self, day: str) -> None:
        """Before this process's first entry: make sure that the ledger is written under one key, from a known day on.

        Raises KeyMismatchError where it was begun under another key: its entries could not be told of any more.
        """
        if self._begun:
            return
        item: Item = BEGINNING | {"key_check": {"S": self.keys.check_value()}, "day": {"S": day}}
        standing = put_new(self._table, item)
        if standing is not None and standing["key_check"]["S"] != self.keys.check_value():
            raise KeyMismatchError("The ledger was begun under another key. Restore the secret that it was begun with.")
        self._begun = True

    # ---------------------------------------------------------------- LedgerEntries

    def of_subject(self, subject: bytes, after: str | None = None) -> Iterator[Entry]:
        """One strongly consistent query a page."""
        first = _ENTRY if after is None else f"{_sort_key(after)} "  # which comes next after it
        request = {
            "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":pk": {"S": self.keys.subject(subject)},
                ":first": {"S": first},
                ":last": {"S": f"{_ENTRY}~"},
            },
            "ConsistentRead": True,
        }
        yield from map(to_entry, self._pages(request))

    def entry(self, subject: bytes, entry_id: str) -> Entry | None:
        """One strongly consistent query."""
        return next(map(to_entry, self._query(self.keys.subject(subject), _sort_key(entry_id))), None)

    def discards(self, commitment: Commitment) -> list[Entry]:
        """One strongly consistent query of the record's entries."""
        entries = map(to_entry, self._query(commitment.subject, f"{_ENTRY}{commitment.record}#"))
        return [e for e in entries if e.what in {"discarded", "replaced"} and e.sequence > commitment.sequence]

    # ---------------------------------------------------------------- Commitments

    def due(self, now: int) -> Iterator[Commitment]:
        """One query of the index for each shard, up to now, and more where a shard has more than 1 MB."""
        until = _due_order(now + 1, "")
        for shard in SHARDS:
            for item in self._query_index("due", "due_shard", shard, "due_order < :until", until):
                yield _to_commitment(item)

    def find(self, commitment: Commitment) -> Commitment | None:
        """One strong read."""
        with aws.unavailable("read a commitment"):
            key = {"pk": {"S": commitment.subject}, "sk": {"S": COMMITMENT + commitment.record}}
            item = dynamodb().get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _to_commitment(item) if item is not None and "due_shard" in item else None

    def close(self, commitment: Commitment, now: int) -> bool:
        """One strong read, and an entry as every other."""
        history, _ = self._history(commitment.subject, commitment.record)
        if not history.is_open:
            return False
        entry = missing_entry(commitment, history, now)
        return self.add(entry, Gone(entry.sequence), commitment.key)

    # ---------------------------------------------------------------- reading

    def _query(self, subject: str, prefix: str) -> Iterator[Item]:
        request = {
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": subject}, ":prefix": {"S": prefix}},
            "ConsistentRead": True,
        }
        return self._pages(request)


def _sort_key(entry_id: str) -> str:
    """Where an entry lies in its person's partition: by record, and by when it was changed."""
    record, _, number = entry_id.partition("-")
    return f"{_ENTRY}{record}#{number.zfill(SEQUENCE_DIGITS)}"


def _due_order(due_at: int, record: str) -> str:
    """Sorts by date, and no date that somebody wrote by hand sorts otherwise."""
    return f"{min(max(due_at, 0), _NEVER):012d}#{record}"


def _read_history(item: Item) -> History:
    return msgspec.json.decode(item["history"]["B"], type=History)


def _to_commitment(item: Item) -> Commitment:
    history = _read_history(item)
    assert history.birth is not None  # noqa: S101  # what is open was born
    return Commitment(
        subject=item["pk"]["S"],
        record=item["record"]["S"],
        kind=history.birth.kind,
        due_at=history.due_at,
        latest_at=history.birth.latest_at,
        born_at=history.birth.born_at,
        sequence=history.birth.sequence,
        key=TableKey(SubjectId(item["subject_id"]["B"]), item["sort_key"]["S"]),
    )
