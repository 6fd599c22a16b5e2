"""Runs every night, and whenever it is called: what had to go is gone or goes now, and a report says how it was."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import msgspec

from kept.adapters.clock import now
from kept.app import evidence, purge_audit
from kept.domain.audit import Report, moment, summary_of
from kept.domain.errors import ConflictError
from kept.entry import audits, wiring
from kept.entry.intent import load_intent
from kept.entry.observability import Observer

SPARE_MILLISECONDS = 90_000  # for what comes after the two steps that may take long

observer = Observer()


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Audit the day that the schedule names (`{"scheduled": time}`), or today; the report.

    Whatever fails is raised: the schedule tries again, and in the end its dead-letter queue has the event.
    """
    try:
        report = _audit(_day(event), context)
    except Exception as error:
        observer.log("failed", error)
        raise
    observer.log("audit", request=context.aws_request_id, outcome=report.verdict, count=len(report.breaches))
    result: dict[str, Any] = msgspec.to_builtins(report)
    return result


def _audit(day: str, context: Any) -> Report:
    report, is_new = purge_audit.run(
        day,
        now=now(),
        policy=wiring.policy(),
        intent=load_intent(),
        stores=wiring.audit_stores(lambda: context.get_remaining_time_in_millis() > SPARE_MILLISECONDS, time.sleep),
        render=audits.pages_of,
    )
    _count(report)
    if is_new:
        wiring.events().tell("PurgeAuditCompleted", msgspec.to_builtins(summary_of(report)))
    evidence.tell(report, wiring.reports().summaries(), stores=wiring.evidence_stores(), now=now())
    return report


def _day(event: dict[str, Any]) -> str:
    """The UTC day to audit. One long past cannot be: what was then cannot be looked at now. Raises ConflictError."""
    today = moment(now())
    scheduled = dt.datetime.fromisoformat(event["scheduled"]) if "scheduled" in event else today
    if not today - dt.timedelta(days=2) < scheduled <= today + dt.timedelta(minutes=5):
        raise ConflictError("Only today and, where that was late, yesterday can be audited.")
    return scheduled.astimezone(dt.UTC).date().isoformat()


def _count(report: Report) -> None:
    """The metrics; the alarm is on `Breaches`, and on there being none at all."""
    summary = summary_of(report)
    observer.count("Breaches", len(report.breaches))
    observer.count("Overdue", summary.overdue)
    observer.count("OldestOverdueHours", report.overdue.oldest_hours)
    observer.count("Orphans", summary.orphans)
    observer.count("Drift", summary.drift)
    for reason, number in report.ledger.discarded_yesterday.items():
        observer.count("Discarded", number, reason=reason)
