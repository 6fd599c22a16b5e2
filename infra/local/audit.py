"""`make audit`: run the purge audit on the local stack, as the schedule does every night, and print its report."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.local.run import run_detached
from infra.local.settings import LocalError, read_settings
from infra.local.stack import Stack, read_stack

Report = dict[str, Any]


def audit(stack: Stack) -> Report:
    """Call the function and wait for its report. Raises LocalError where it failed."""
    answer = stack.client("lambda", read_seconds=900).invoke(
        FunctionName=stack.outputs["PurgeAuditFunction"], Payload=b"{}"
    )
    result: Report = json.load(answer["Payload"])
    if "FunctionError" in answer:
        raise LocalError(f"The audit failed: {result.get('errorType')}: {result.get('errorMessage')}")
    return result


def lines(report: Report) -> Iterator[str]:
    """The report for a terminal."""
    overdue, orphans, ledger, scan = report["overdue"], report["orphans"], report["ledger"], report["orphans"]["scan"]
    yield f"Purge audit of {report['day']}: {report['verdict']}"
    yield from (f"  ! {breach}" for breach in report["breaches"])
    discarded = ", ".join(f"{number} {reason}" for reason, number in ledger["discarded"].items())
    went = f"{sum(ledger['discarded'].values())} discarded" + (f" ({discarded})" if discarded else "")
    held = "" if ledger["held"] is None else f" ({ledger['held']} found in the table)"
    unwritten = f" + {ledger['unwritten']} that went unheard of" if ledger["unwritten"] else ""
    yield f"Ledger: {ledger['written']} written{unwritten} = {went} + {ledger['live']} live{held}"
    late = ""
    if overdue["commitments"]:
        late = (
            f" ({overdue['discarded']} discarded now, {overdue['still_there']} still there, "
            f"{overdue['gone_without_entry']} gone without an entry), the oldest {overdue['oldest_hours']} hours late"
        )
    cost = overdue["cost"]
    yield (
        f"Past due: {overdue['commitments'] or 'nothing'}{late}; {cost['read_units']} read units, "
        f"{cost['write_units']} write units"
    )
    kinds = Counter((each["cause"], each["outcome"]) for each in overdue["stragglers"])
    yield from (f"  {number} {cause}: {outcome}" for (cause, outcome), number in sorted(kinds.items()))
    yield (
        f"Orphans: {orphans['records']} records, {orphans['objects']} raw mails; {orphans['expired']} expired sessions "
        f"and links removed; {scan['records']} records read, {scan['cost']['read_units']} read units"
    )
    deadlines = report["deadlines"]
    yield f"Answers overdue: {deadlines['requests']} requests, {deadlines['complaints']} complaints"
    for title, checks in (("Settings", report["drift"]), ("Health", report["health"])):
        outcomes = Counter(check["outcome"] for check in checks)
        yield (
            f"{title}: {outcomes['fine']} as they should be, {outcomes['breach']} not, {outcomes['unknown']} not to be "
            "learnt here"
        )
        yield from (f"  ? {check['of']}: {check['what']}" for check in checks if check["outcome"] == "unknown")


def main() -> int:
    """Run it on the stack that runs, or on a new one that then goes on running; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="where to write the whole report")
    options = parser.parse_args()
    settings = read_settings()
    try:
        if not settings.stack_file.exists():
            run_detached(settings)
        report = audit(read_stack(settings.stack_file))
    except LocalError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines(report)))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
