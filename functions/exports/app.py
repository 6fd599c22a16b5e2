"""Makes the packages that people asked for; nobody can call it."""

from __future__ import annotations

from typing import Any

import msgspec
from aws_lambda_powertools.utilities.batch import EventType

from kept.adapters.clock import now
from kept.adapters.source_systems import EventBridgeSourceSystems
from kept.app.make_export import Workshop, make_export
from kept.app.package import Reading, Stores
from kept.app.ports.exports import ExportJob
from kept.domain.errors import KeyMismatchError
from kept.entry import wiring
from kept.entry.batches import handle_batch
from kept.entry.export_page import ExportPage
from kept.entry.observability import Observer
from kept.entry.settings import setting

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Handle a batch of one; a job that failed comes back, and in the end goes to the dead-letter queue."""
    return handle_batch(event, context, kind=EventType.SQS, handle=_make, observer=observer)


def _make(record: dict[str, Any]) -> None:
    job = msgspec.json.decode(record["body"], type=ExportJob)
    stores = Stores(
        wiring.partition(), wiring.suppressions(), wiring.raw_mail(), wiring.export_files(), wiring.ledger()
    )
    reading = Reading(
        policy=wiring.policy(),
        keys=wiring.keys(),
        stores=stores,
        page=ExportPage(wiring.policy()),
        recovery_days=int(setting("RECOVERY_DAYS")),
        now=now(),
    )
    workshop = Workshop(wiring.exports(), wiring.export_queue(), EventBridgeSourceSystems())
    try:
        outcome = make_export(job, workshop=workshop, reading=reading)
    except KeyMismatchError:
        wiring.forget_keys()  # it was rotated: the job comes again, and finds the new one
        raise
    observer.count("Exports", outcome=outcome.replace(" ", "-"))
