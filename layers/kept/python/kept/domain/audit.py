"""What the nightly purge audit finds, as its report says it, and when that is a breach. Nothing in it is personal.

Records are named by the ledger's digest of them. A day's report only grows: who audits a day again adds what there is
to add, and where that is nothing, the report stays as it is to the letter.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from kept.domain.commitment import Commitment
from kept.domain.errors import fill_in, to_translate
from kept.domain.ledger import DATE_MOVED

HOUR: Final = 3600
TTL_HOURS: Final = 48
"""How late DynamoDB usually is at most with what is past its date: later than this is a breach.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html says "within a few days".
"""
STREAM_KEEPS: Final = 24 * HOUR
LISTED: Final = 500  # findings of a kind that a report names one by one; the rest are counted

_NOT_AS_IT_SHOULD: Final = to_translate("{of}: {what} is {found}, not {wanted}")

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Count = Annotated[int, Meta(ge=0)]
Cause = Literal["not-yet-deleted", "date-taken-away", "date-moved", "gone-without-entry"]
"""Why a commitment was open past its due time: DynamoDB's TTL had not come to it yet, somebody took its discard date
away or moved it past what it may be, or the record is gone and the ledger has no entry that says so.
"""


Outcome = Literal["discarded", "gone", "still-there"]
"""What became of such a record in this audit."""


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the report. All times are UTC."""


class Cost(_Part, frozen=True, kw_only=True):
    """DynamoDB's capacity units, as it counted them."""

    read_units: float = 0.0
    write_units: float = 0.0

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            read_units=round(self.read_units - other.read_units, 1),
            write_units=round(self.write_units - other.write_units, 1),
        )

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            read_units=round(self.read_units + other.read_units, 1),
            write_units=round(self.write_units + other.write_units, 1),
        )


class Straggler(_Part, frozen=True, kw_only=True):
    """A record that should have been gone. `record` is the ledger's digest of it."""

    record: str
    kind: str
    due: dt.datetime
    hours_late: Count
    cause: Cause
    outcome: Outcome

    @property
    def is_breach(self) -> bool:
        """Whether it was more than DynamoDB's usual lateness."""
        late = self.hours_late > TTL_HOURS
        return late or self.outcome == "still-there" or self.cause in {"date-taken-away", "date-moved"}


class Overdue(_Part, frozen=True, kw_only=True):
    """Step 1: open commitments that were past their due time."""

    commitments: Count = 0
    discarded: Count = 0
    gone_without_entry: Count = 0
    still_there: Count = 0
    oldest_hours: Count = 0
    breaches: Count = 0
    finished: bool = True
    stragglers: tuple[Straggler, ...] = ()
    cost: Cost = Cost()


class Orphan(_Part, frozen=True, kw_only=True):
    """A record that the ledger does not know, or a raw mail that no record refers to. `hours`: how old it is."""

    what: Literal["record", "raw-mail"]
    digest: str
    kind: str = ""
    hours: Count = 0
    outcome: Literal["kept", "discarded"] = "kept"


class Scan(_Part, frozen=True, kw_only=True):
    """How far the weekly reading of the whole table has come, and what this day's part of it cost."""

    pass_began: Day | None = None
    records: Count = 0
    objects: Count = 0
    percent: Annotated[int, Meta(ge=0, le=100)] = 0
    finished: bool = False
    behind: bool = False
    cost: Cost = Cost()


class Orphans(_Part, frozen=True, kw_only=True):
    """Step 2: what has no commitment, and what is past its date and was never in the ledger (sessions and tokens)."""

    records: Count = 0
    objects: Count = 0
    expired: Count = 0
    found: tuple[Orphan, ...] = ()
    scan: Scan = Scan()


class Check(_Part, frozen=True, kw_only=True):
    """Something that must be so. `found` is empty where nothing could be learnt, which is not the same as fine."""

    of: str
    what: str
    expected: str
    found: str = ""
    outcome: Literal["fine", "breach", "unknown"]


class Deadlines(_Part, frozen=True, kw_only=True):
    """Step 5: requests and complaints that wait for their answer longer than the policy says."""

    requests: Count = 0
    complaints: Count = 0
    oldest_hours: Count = 0


class Ledger(_Part, frozen=True, kw_only=True):
    """What the ledger counted since it began: written + unwritten = discarded + live.

    `live` are its open commitments; `held` the records that were read in the table, where all were read in one night;
    `unwritten` those that went and of which it had never heard that they were written, and `unwritten_before` how many
    of these the last report of an earlier day had.
    """

    written: Count = 0
    discarded: dict[str, int] = {}  # by reason
    discarded_yesterday: dict[str, int] = {}
    live: int = 0
    held: int | None = None
    unwritten: int = 0
    unwritten_before: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that somebody must look at: a sentence with `{name}`s, and their values."""

    sentence: str
    values: Mapping[str, object]


class Expectation(_Part, frozen=True, kw_only=True):
    """How something must be set up."""

    kind: str
    name: str
    expected: dict[str, str]


class Intent(_Part, frozen=True, kw_only=True):
    """What the built template wants.

    Settings; queues, and buckets, in which nothing may lie, since only what failed is put there; functions that follow
    a stream.
    """

    settings: tuple[Expectation, ...]
    dead_letters: tuple[str, ...]
    failures: tuple[str, ...]
    followers: tuple[str, ...]


class Report(_Part, frozen=True, kw_only=True):
    """The report of a day."""

    day: Day
    written_at: dt.datetime
    verdict: Literal["kept", "breach"]
    breaches: tuple[str, ...]
    overdue: Overdue
    orphans: Orphans
    drift: tuple[Check, ...]
    health: tuple[Check, ...]
    deadlines: Deadlines
    ledger: Ledger


class Summary(_Part, frozen=True, kw_only=True):
    """A report in a line, for the list of them."""

    day: Day
    verdict: Literal["kept", "breach"]
    overdue: Count
    discarded: Count
    orphans: Count
    drift: Count
    unknown: Count
    late: Count = 0  # of those overdue, past DynamoDB's usual lateness
    oldest_hours: Count = 0
    went: Count = 0  # records that the ledger says were discarded on the day before, whyever


def moment(seconds: int) -> dt.datetime:
    """Seconds since the epoch as the report writes them."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def hours_between(earlier: int, later: int) -> int:
    """Whole hours from one time to another, none where it is not later."""
    return max(0, later - earlier) // HOUR


def cause_of(commitment: Commitment, record: Mapping[str, Any], now: int) -> Cause | None:
    """Why a record is still there though its commitment is past due; None where it may be.

    It may where its change is still on its way to the ledger: its date was moved with a reason, within its latest day,
    less than a day ago (the stream keeps a change so long), or it is another record that took the place.
    """
    date = record.get("discard_at")
    if not isinstance(date, int):
        return "date-taken-away"
    if date <= now:
        return "not-yet-deleted"
    moved, came = record.get(DATE_MOVED), record.get("received_at", record.get("placed_at"))
    if isinstance(moved, Mapping) and moved.get("at", 0) > now - STREAM_KEEPS and date <= commitment.latest_at:
        return None
    if isinstance(came, int) and came > commitment.due_at:
        return None
    return "date-moved"


def compare(of: str, expected: Mapping[str, str], found: Mapping[str, str]) -> list[Check]:
    """A check for each setting: what is not found is unknown."""
    checks = []
    for what, wanted in expected.items():
        seen = found.get(what, "")
        outcome: Any = "unknown" if not seen else "fine" if seen == wanted else "breach"
        checks.append(Check(of=of, what=what, expected=wanted, found=seen, outcome=outcome))
    return checks


def overdue_of(stragglers: Iterable[Straggler], cost: Cost, *, finished: bool = True) -> Overdue:
    """The stragglers counted; the first of them are listed, breaches before others."""
    every = sorted(stragglers, key=lambda each: (not each.is_breach, -each.hours_late, each.record))
    outcomes = [each.outcome for each in every]
    return Overdue(
        commitments=len(every),
        discarded=outcomes.count("discarded"),
        gone_without_entry=outcomes.count("gone"),
        still_there=outcomes.count("still-there"),
        oldest_hours=max((each.hours_late for each in every), default=0),
        breaches=sum(each.is_breach for each in every),
        finished=finished,
        stragglers=tuple(every[:LISTED]),
        cost=cost,
    )


def orphans_of(found: Sequence[Orphan], expired: int, scan: Scan, cost: Cost) -> Orphans:
    """The orphans counted; the first of them are listed."""
    return Orphans(
        records=sum(each.what == "record" for each in found),
        objects=sum(each.what == "raw-mail" for each in found),
        expired=expired,
        found=tuple(found[:LISTED]),
        scan=msgspec.structs.replace(scan, cost=cost),
    )


def findings_of(report: Report) -> list[Finding]:
    """What of a report somebody must look at."""
    overdue, orphans, deadlines = report.overdue, report.orphans, report.deadlines
    unheard = report.ledger.unwritten - report.ledger.unwritten_before
    counted = (
        (
            overdue.breaches,
            to_translate(
                "{count} records were held past their due time for another reason than DynamoDB's usual lateness"
            ),
        ),
        (overdue.still_there, to_translate("{count} records past their due time could not be discarded")),
        (
            overdue.gone_without_entry,
            to_translate("{count} records are gone and the ledger has no entry that says so"),
        ),
        (
            int(not overdue.finished),
            to_translate("there was not time enough to look at all that is overdue; the next audit goes on"),
        ),
        (orphans.records, to_translate("{count} records are unknown to the ledger")),
        (orphans.objects, to_translate("{count} raw mails belong to no record")),
        (int(orphans.scan.behind), to_translate("the weekly reading of the table is behind its time")),
        (deadlines.requests, to_translate("{count} requests wait for their answer longer than the policy says")),
        (deadlines.complaints, to_translate("{count} complaints wait for their answer longer than the policy says")),
        (unheard, to_translate("{count} records went of which the ledger had never heard that they were written")),
    )
    settings = [
        Finding(_NOT_AS_IT_SHOULD, {"of": check.of, "what": check.what, "found": check.found, "wanted": check.expected})
        for check in (*report.drift, *report.health)
        if check.outcome == "breach"
    ]
    return [*(Finding(sentence, {"count": count}) for count, sentence in counted if count > 0), *settings]


def judged(report: Report) -> Report:
    """The report with its breaches and verdict put right."""
    breaches = tuple(fill_in(finding.sentence, finding.values) for finding in findings_of(report))
    return msgspec.structs.replace(report, breaches=breaches, verdict="breach" if breaches else "kept")


def summary_of(report: Report) -> Summary:
    """The report in a line."""
    checks: Sequence[Check] = (*report.drift, *report.health)
    return Summary(
        day=report.day,
        verdict=report.verdict,
        overdue=report.overdue.commitments,
        discarded=report.overdue.discarded,
        orphans=report.orphans.records + report.orphans.objects,
        drift=sum(check.outcome == "breach" for check in report.drift),
        unknown=sum(check.outcome == "unknown" for check in checks),
        late=report.overdue.breaches,
        oldest_hours=report.overdue.oldest_hours,
        went=sum(report.ledger.discarded_yesterday.values()),
    )
