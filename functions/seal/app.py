"""Runs at 02:00 UTC: seals the ledger's day before, and every day before that which was missed."""

from __future__ import annotations

from typing import Any

from kept.adapters.clock import now
from kept.app.seal_ledger import seal_days
from kept.entry import wiring
from kept.entry.observability import Observer
from kept.entry.schedules import handle_schedule

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> None:
    """Seal; what fails is tried again by Lambda, then by the next night."""
    handle_schedule(context, _seal, observer=observer)


def _seal() -> None:
    seals = seal_days(ledger=wiring.ledger_days(), seals=wiring.seals(), events=wiring.events(), now=now())
    observer.count("LedgerDaysSealed", len(seals))
    observer.count("LedgerEntriesSealed", sum(seal.count for seal in seals))
