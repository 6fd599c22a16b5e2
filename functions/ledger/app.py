"""Follows every change of a record in the tables' own streams: enters it in the ledger, discards its raw mail."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import EventType

from kept.adapters.clock import now
from kept.app.keep_ledger import follow
from kept.domain.ledger import RESTORED
from kept.entry import wiring
from kept.entry.batches import handle_batch
from kept.entry.changes import read_change, table_of
from kept.entry.observability import Observer
from kept.entry.settings import setting

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle a batch of changes; after a failure the stream comes back to the first that failed."""
    return handle_batch(event, context, kind=EventType.DynamoDBStreams, handle=_follow, observer=observer)


def _follow(record: dict[str, Any]) -> None:
    change = read_change(record, "suppressions" if _is_of_suppressions(record) else "subjects")
    ledger = wiring.ledger()
    entry, discarded = follow(
        change,
        policy=wiring.policy(),
        keys=ledger.keys,
        ledger=ledger,
        raw_mail=wiring.raw_mail(),
        exports=wiring.export_files(),
        now=now(),
    )
    if discarded:
        observer.count("FilesDiscarded", discarded)
    if entry is not None:
        observer.count("LedgerEntries", what=entry.what, reason=entry.reason or "none")


def _is_of_suppressions(record: dict[str, Any]) -> bool:
    """Whether it is of the table of suppressions in use, or of one whose place it took: such a change comes late."""
    return table_of(record).partition(RESTORED)[0] == setting("SUPPRESSIONS_TABLE").partition(RESTORED)[0]
