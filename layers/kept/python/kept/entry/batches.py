"""Queues and streams: each record is handled alone, and only those that failed come back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.utilities.batch import BasePartialBatchProcessor, BatchProcessor, EventType

from kept.entry import wiring
from kept.entry.observability import Observer

Handle = Callable[[dict[str, Any]], None]


def handle_batch(
    event: dict[str, Any], context: Any, *, kind: EventType, handle: Handle, observer: Observer
) -> dict[str, Any]:
    """Call `handle` with each raw record of a batch, answer with those that failed (`batchItemFailures`), log a line.

    A failure is logged by type and place and never raised: what is raised, Lambda prints with its message.
    """

    def guarded(record: Any) -> None:
        try:
            wiring.with_current_keys(lambda: handle(record.raw_event))
        except Exception as error:
            observer.log("failed", error)
            raise

    processor: BasePartialBatchProcessor = BatchProcessor(kind, raise_on_entire_batch_failure=False)
    with processor(event["Records"], guarded):
        processor.process()
    answer: dict[str, Any] = dict(processor.response())
    observer.log(
        "batch",
        request=context.aws_request_id,
        count=len(event["Records"]),
        outcome=f"{len(answer['batchItemFailures'])} failed",
    )
    return answer
