"""The nightly purge audit: what had to go is gone, or goes now, and how everything is set up is how it should be.

It rests on the ledger's open commitments and not on the discard dates in the records, which a hand could have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kept.app import audit_scan
from kept.app.audit_overdue import Found, discard_overdue, straggler_of_gone
from kept.app.ports.audit import Deadlines, Deployed, Reports
from kept.app.ports.ledger import Commitments, LedgerDays, Seals
from kept.app.ports.records import RawMail
from kept.domain import audit
from kept.domain.audit import Check, Cost, Intent, Ledger, Report, Straggler
from kept.domain.audit_again import merged
from kept.domain.policy import Policy
from kept.domain.seal import day_after, day_before, entries_name, seal_name
from kept.domain.verification import Range, verify

BEHIND_MINUTES = 60  # a change that took longer to reach the ledger is a breach


@dataclass(frozen=True, slots=True)
class Stores:
    """What the audit works on."""

    commitments: Commitments
    days: LedgerDays
    seals: Seals
    raw_mail: RawMail
    deployed: Deployed
    deadlines: Deadlines
    reports: Reports
    scan: audit_scan.Stores
    cost: Callable[[], Cost]  # DynamoDB's, since the process began
    settle: Callable[[], None]  # waits as long as a change usually takes to the ledger


def run(
    day: str,
    *,
    now: int,
    policy: Policy,
    intent: Intent,
    stores: Stores,
    render: Callable[[Report], Mapping[str, bytes]],
) -> tuple[Report, bool]:
    """Audit a day; its report, and whether it says anything that it did not say before. Raises UnavailableError.

    Whatever raises in the middle, the audit may be run again: what was done stays done, and is only not in the report.
    """
    before = stores.reports.find(day)
    began = stores.cost()
    overdue = discard_overdue(
        stores.commitments.due(now),
        commitments=stores.commitments,
        partition=stores.scan.partition,
        raw_mail=stores.raw_mail,
        now=now,
        has_time=stores.scan.has_time,
    )
    after_overdue = stores.cost()
    night = audit_scan.scan_part(day, now, stores.scan)
    after_scan = stores.cost()
    if overdue.gone or night.records or night.mails:
        stores.settle()
    gone = _still_open(day, overdue, stores, now)
    after_gone = stores.cost()
    orphans = [
        *audit_scan.confirmed_records(night, stores.scan, now),
        *audit_scan.confirmed_mails(night, stores.scan, stores.raw_mail, policy.longest_retention, now),
    ]
    scan_cost = (after_scan - after_overdue) + (stores.cost() - after_gone)
    report = Report(
        day=day,
        written_at=audit.moment(now),
        verdict="kept",
        breaches=(),
        overdue=audit.overdue_of(
            [*overdue.stragglers, *gone], (after_overdue - began) + (after_gone - after_scan), finished=overdue.finished
        ),
        orphans=audit.orphans_of(orphans, night.expired, night.scan, scan_cost),
        drift=tuple(_drift(intent, stores.deployed)),
        health=(*_health(intent, stores.deployed, now), *_seal(day, stores)),
        deadlines=_deadlines(policy, stores.deadlines, now),
        ledger=_ledger(day, night, stores),
    )
    report = audit.judged(report) if before is None else merged(before, audit.judged(report))
    if report is before:
        return before, False
    stores.reports.put(report, render(report))
    return report, True


def _still_open(day: str, overdue: Found, stores: Stores, now: int) -> list[Straggler]:
    """What is said of records that are gone, of whose end the ledger has not heard meanwhile.

    Their commitments are closed a day after they were first reported: for so long, the stream may still tell.
    """
    earlier = _earlier_report(day, stores.reports) if overdue.gone else None
    reported = {
        (each.record, each.due) for each in (earlier.overdue.stragglers if earlier else ()) if each.outcome == "gone"
    }
    found = []
    for commitment in overdue.gone:
        still = stores.commitments.find(commitment)
        if still is None or still.due_at > now:
            continue
        straggler = straggler_of_gone(still, now)
        found.append(straggler)
        if (straggler.record, straggler.due) in reported:
            stores.commitments.close(still, now)
    return found


def _earlier_report(day: str, reports: Reports) -> Report | None:
    """The last report of an earlier day."""
    earlier = next((each.day for each in reports.summaries() if each.day < day), None)
    return reports.find(earlier) if earlier else None


def _drift(intent: Intent, deployed: Deployed) -> list[Check]:
    """Step 3: how things are set up, against what the template says."""
    return [
        check
        for each in intent.settings
        for check in audit.compare(
            f"{each.kind} {each.name}", each.expected, deployed.describe(each.kind, each.name, each.expected)
        )
    ]


def _health(intent: Intent, deployed: Deployed, now: int) -> list[Check]:
    """Step 4: nothing lies where only what failed is put, no copy was left behind, and the ledger is not behind."""
    checks = []
    for queue in intent.dead_letters:
        checks += _none(f"queue {queue}", "messages", deployed.waiting(queue))
    for bucket in intent.failures:
        checks += _none(f"bucket {bucket}", "objects", deployed.objects(bucket))
    for table in (each.name for each in intent.settings if each.kind == "table"):
        checks += _none(f"table {table}", "restored copies that nothing uses", deployed.copies(table))
    for function in intent.followers:
        age = deployed.stream_age_minutes(function, now)
        what = {"age of changes": f"under {BEHIND_MINUTES} minutes"}
        found = {}
        if age is not None:
            found = what if age < BEHIND_MINUTES else {"age of changes": f"{age} minutes"}
        checks += audit.compare(f"function {function}", what, found)
    return checks


def _seal(day: str, stores: Stores) -> list[Check]:
    """Whether yesterday is sealed, with the entries that it was sealed with, and on top of the day before."""
    first, yesterday = stores.days.first_day(), day_before(day)
    if first is None or yesterday < first:
        return []
    days = Range(max(first, day_before(yesterday)), yesterday, begins=first >= day_before(yesterday))
    problems = verify(
        days,
        lambda of: stores.seals.read(seal_name(of)),
        lambda of: stores.seals.read(entries_name(of)),
    )
    kinds = sorted({str(problem.kind) for problem in problems})
    return audit.compare(f"seal of {yesterday}", {"verifies": "yes"}, {"verifies": ", ".join(kinds) or "yes"})


def _none(of: str, what: str, found: int | None) -> list[Check]:
    return audit.compare(of, {what: "0"}, {} if found is None else {what: str(found)})


def _deadlines(policy: Policy, deadlines: Deadlines, now: int) -> audit.Deadlines:
    """Step 5: who waits for an answer."""
    requests = deadlines.overdue("request", now - policy.deadlines.access, now)
    complaints = deadlines.overdue("complaint", now - policy.deadlines.complaint, now)
    late = [audit.hours_between(deadline, now) for deadline in (*requests, *complaints)]
    return audit.Deadlines(requests=len(requests), complaints=len(complaints), oldest_hours=max(late, default=0))


def _ledger(day: str, night: audit_scan.Night, stores: Stores) -> Ledger:
    """What the ledger counted from its first day to this one; what it says is held, beside what was read."""
    first = stores.days.first_day()
    discarded: Counter[str] = Counter()
    yesterday: dict[str, int] = {}
    written = opened = closed = 0
    for each in _days(first or day, day):
        counts = stores.days.counts(each)
        written, opened, closed = written + counts.written, opened + counts.opened, closed + counts.closed
        discarded.update(counts.discarded)
        if each == day_before(day):
            yesterday = dict(sorted(counts.discarded.items()))
    earlier = _earlier_report(day, stores.reports)
    live = opened - closed
    return Ledger(
        written=written,
        discarded=dict(sorted(discarded.items())),
        discarded_yesterday=yesterday,
        live=live,
        held=night.ledgered if night.whole else None,
        unwritten=discarded.total() + live - written,
        unwritten_before=earlier.ledger.unwritten if earlier else 0,
    )


def _days(first: str, last: str) -> Iterator[str]:
    while first <= last:
        yield first
        first = day_after(first)
