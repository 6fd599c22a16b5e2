"""The report of a day that is audited again: it only grows, and where there is nothing to add, it stays as it is."""

from __future__ import annotations

import msgspec

from kept.domain.audit import LISTED, Cost, Orphans, Overdue, Report, judged, moment, overdue_of


def merged(before: Report, after: Report) -> Report:
    """The report of a day that was audited again.

    What was found and done stays, what is new is added, and states are as they were seen last. Where that makes no
    difference but in what it cost and when, the report is the one before.
    """
    overdue = _merged_overdue(before.overdue, after.overdue)
    whole = judged(
        msgspec.structs.replace(
            after,
            overdue=overdue,
            orphans=_merged_orphans(before.orphans, after.orphans),
        )
    )
    return before if _essence(whole) == _essence(before) else whole


def _merged_overdue(before: Overdue, after: Overdue) -> Overdue:
    known = {(each.record, each.due) for each in before.stragglers}
    new = overdue_of([each for each in after.stragglers if (each.record, each.due) not in known], Cost())
    counts = {
        name: getattr(before, name) + getattr(new, name)
        for name in ("commitments", "discarded", "gone_without_entry", "still_there", "breaches")
    }
    return Overdue(
        **counts,
        oldest_hours=max(before.oldest_hours, new.oldest_hours),
        finished=after.finished,
        stragglers=(*before.stragglers, *new.stragglers)[:LISTED],
        cost=before.cost + after.cost,
    )


def _merged_orphans(before: Orphans, after: Orphans) -> Orphans:
    known = {(each.what, each.digest): each for each in before.found}
    new = [each for each in after.found if (each.what, each.digest) not in known]
    return msgspec.structs.replace(
        after,
        records=before.records + sum(each.what == "record" for each in new),
        objects=before.objects + sum(each.what == "raw-mail" for each in new),
        expired=before.expired + after.expired,
        found=tuple([*before.found, *new][:LISTED]),
        scan=msgspec.structs.replace(after.scan, cost=before.scan.cost + after.scan.cost),
    )


def _essence(report: Report) -> Report:
    """The report without what differs each time that a day is audited."""
    replace = msgspec.structs.replace
    scan = replace(report.orphans.scan, cost=Cost())
    return replace(
        report,
        written_at=moment(0),
        overdue=replace(report.overdue, cost=Cost()),
        orphans=replace(report.orphans, scan=scan),
    )
