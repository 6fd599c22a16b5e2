"""Follows every change of a record in the table's own stream: when it goes, its raw mail or package goes too."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import EventType

from kept.app.discard import discard_export_files, discard_raw_mail
from kept.entry import wiring
from kept.entry.batches import handle_batch
from kept.entry.observability import Observer

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle a batch of changes; after a failure the stream comes back to the first that failed."""
    return handle_batch(event, context, kind=EventType.DynamoDBStreams, handle=_follow, observer=observer)


def _follow(record: dict[str, Any]) -> None:
    images = record["dynamodb"]
    before, after = _raw_key(images.get("OldImage")), _raw_key(images.get("NewImage"))
    if discard_raw_mail(before, after, raw_mail=wiring.raw_mail()):
        observer.count("RawMailDiscarded")
    old_files, new_files = _files(images.get("OldImage")), _files(images.get("NewImage"))
    if old_files and (gone := discard_export_files(old_files, new_files, files=wiring.export_files())):
        observer.count("ExportFilesDiscarded", gone)


def _raw_key(image: dict[str, Any] | None) -> str | None:
    """The raw mail's key in an item, which a stream writes in DynamoDB's JSON."""
    mail: dict[str, Any] = (image or {}).get("mail", {}).get("M", {})
    key: str | None = mail.get("raw_key", {}).get("S")
    return key


def _files(image: dict[str, Any] | None) -> list[str]:
    """The keys of a package's files in its item."""
    return [key["S"] for key in (image or {}).get("files", {}).get("L", ())]
