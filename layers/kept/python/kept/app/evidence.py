"""Gathers each night what anybody may know of how the promises are kept, and blurs it before it is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kept.app.ports.evidence import Answers, Counted, PublicEvidence
from kept.app.ports.ledger import LedgerDays
from kept.domain.audit import Check, Report, Summary, moment
from kept.domain.evidence import DAYS, Count, Evidence, blurred, blurred_failures, exact
from kept.domain.records import Kind
from kept.domain.seal import day_before

NO_DISCARD = {"replaced", "rotated"}  # another one took the place of what went


@dataclass(frozen=True, slots=True)
class Stores:
    """Where it is gathered, and where it goes."""

    days: LedgerDays
    answers: Answers
    counted: Counted
    evidence: PublicEvidence


def tell(report: Report, audits: Sequence[Summary], *, stores: Stores, now: int) -> Evidence:
    """Write what this report and the last days say, in the place of what was there. Raises UnavailableError.

    `audits` are those before, newest first; the report's own may be among them.
    """
    days = _days_before(report.day)
    nights = [each for each in audits if days[-1] < each.day <= report.day][:DAYS]
    sealed, verifies = _seal_of(report)
    evidence = Evidence(
        day=report.day,
        written_at=moment(now),
        kept=report.verdict == "kept",
        oldest_overdue_hours=report.overdue.oldest_hours,
        sealed=sealed,
        seal_verifies=verifies,
        counts={
            **_of_report(report, nights),
            **_of_ledger(days, stores.days),
            **_answered("requests", "request", days, stores.answers, now),
            **_answered("complaints", "complaint", days, stores.answers, now),
            **_of_gate(stores.counted, now),
        },
    )
    stores.evidence.put(evidence)
    return evidence


def _days_before(day: str) -> list[str]:
    """The days that are counted over, the last one first."""
    days = []
    for _ in range(DAYS):
        day = day_before(day)
        days.append(day)
    return days


def _of_ledger(days: Sequence[str], ledger: LedgerDays) -> dict[str, Count]:
    came = went = suppressed = 0
    for day in days:
        counts = ledger.counts(day)
        came += counts.written
        went += sum(number for reason, number in counts.discarded.items() if reason not in NO_DISCARD)
        suppressed += counts.suppressed
    return {"came_in": blurred(came), "discarded": blurred(went), "suppressed": blurred(suppressed)}


def _answered(name: str, kind: Kind, days: Sequence[str], answers: Answers, now: int) -> dict[str, Count]:
    """How many of a kind that are still held were answered within these days, and how many of them in time."""
    answered = [each for each in answers.answered(kind, now) if each.at >= now - len(days) * 86400]
    in_time = sum(each.at <= each.answer_by for each in answered)
    return {f"{name}_answered": blurred(len(answered)), f"{name}_in_time": blurred(in_time)}


def _of_gate(counted: Counted, now: int) -> dict[str, Count]:
    """What the gate was asked and refused; of emails it counts only refusals. What nobody counted is left out."""
    found = {}
    for channel in ("email", "post", "phone"):
        refused = counted.permissions(channel, "refused", DAYS, now)
        if refused is None:
            continue
        found[f"{channel}_refused"] = blurred(refused)
        if channel != "email":
            found[f"{channel}_asked"] = blurred(refused + (counted.permissions(channel, "allowed", DAYS, now) or 0))
    return found


def _of_report(report: Report, nights: Iterable[Summary]) -> dict[str, Count]:
    """The facts that an audit itself knows; `nights` are the audits of the last DAYS days, its own among them."""
    every = list(nights)
    return {
        "nights_audited": exact(len(every)),
        "nights_kept": exact(sum(each.verdict == "kept" for each in every)),
        "discarded_late": blurred_failures(sum(each.late for each in every)),
        "held": blurred(max(0, report.ledger.live)),
        "mails_without_record": blurred_failures(report.orphans.objects),
        "requests_overdue": blurred_failures(report.deadlines.requests),
        "complaints_overdue": blurred_failures(report.deadlines.complaints),
        **_checks("settings", report.drift),
        **_checks("mail_rules", [each for each in report.drift if each.of.startswith("receipt rules ")]),
        **_checks("logs", [each for each in report.drift if each.of.startswith("log ")]),
    }


def _seal_of(report: Report) -> tuple[str | None, bool | None]:
    """The last day whose seal the audit looked at, and whether it verifies."""
    for check in report.health:
        if check.of.startswith("seal of "):
            return check.of.removeprefix("seal of "), check.outcome == "fine"
    return None, None


def _checks(name: str, checks: Iterable[Check]) -> dict[str, Count]:
    """How many of these could be looked at, and how many of them were not as they should be."""
    outcomes = [check.outcome for check in checks]
    wrong = outcomes.count("breach")
    return {f"{name}_checked": exact(outcomes.count("fine") + wrong), f"{name}_wrong": exact(wrong)}
