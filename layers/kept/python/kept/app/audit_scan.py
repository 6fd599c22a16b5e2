"""Step 2 of the purge audit: what the ledger does not know of is found by reading everything, a part each night.

The whole table is read once a week at least. Where a night's part ends is remembered, and who audits a day again begins
where that day began: the same part gives the same answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from kept.app.ports.audit import AuditProgress, MailObjects, Progress, Records
from kept.app.ports.records import HeldItem, Partition, RawMail
from kept.domain.audit import TTL_HOURS, Orphan, Scan, hours_between
from kept.domain.commitment import TableKey
from kept.domain.ledger import NOT_LEDGERED

WEEK = 7  # days
EACH_NIGHT = 50_000  # records at least: so far, everything is read every night
_DIGEST = 8  # bytes of a raw mail's key that are remembered until its bucket is listed
_HOUR = 3600


@dataclass(slots=True)
class Night:
    """What a night's part found. `records` and `mails` are yet to be confirmed: their change may be on its way."""

    scan: Scan
    records: list[HeldItem] = field(default_factory=list)
    mails: list[tuple[str, int]] = field(default_factory=list)  # keys, and when each came
    expired: int = 0
    ledgered: int = 0  # records of the kinds that the ledger tells of
    whole: bool = False  # everything that is held was read in this one night


@dataclass(frozen=True, slots=True)
class Stores:
    """What the scan reads, and the little that it deletes."""

    records: Records
    mails: MailObjects
    partition: Partition
    progress: AuditProgress
    pace: Callable[[float], None]  # waits as long as so many capacity units may take
    has_time: Callable[[], bool]
    in_transit: int  # seconds that a mail may wait for its record


def scan_part(day: str, now: int, stores: Stores) -> Night:
    """Read the part of the pass that is this day's. Raises UnavailableError: the part is then read again."""
    progress = _begin(stores.progress.read(), day, now)
    night = Night(Scan())
    if not progress.in_mails:
        progress = _read_records(progress, stores, night, now)
    if progress.in_mails and stores.has_time():
        progress = _list_mails(progress, stores, night)
    stores.progress.write(progress)
    night.whole = progress.finished and progress.seen_before == 0
    night.scan = _summary(progress, stores.records.estimate(), day)
    return night


def confirmed_records(night: Night, stores: Stores, now: int) -> list[Orphan]:
    """Those of a night's records that are still there and still without a commitment; past their date, they go."""
    found = []
    for start in range(0, len(night.records), 100):
        keys = [TableKey(item.subject_id, item.sort_key) for item in night.records[start : start + 100]]
        there, known = stores.partition.read(keys), stores.records.committed(keys)
        for key in keys:
            item = there.get(key)
            if item is not None and key not in known:
                found.append(_orphan(item, stores, now))
    return found


def confirmed_mails(night: Night, stores: Stores, raw_mail: RawMail, longest: int, now: int) -> list[Orphan]:
    """Those of a night's raw mails that are still there.

    They stay, since a mail that never became a record may be unread; past the longest that any record may be held
    (seconds), they go.
    """
    found = []
    for key, came in night.mails:
        if not stores.mails.is_there(key):
            continue
        is_past = came + longest < now
        if is_past:
            raw_mail.discard(key)
        found.append(
            Orphan(
                what="raw-mail",
                digest=hashlib.sha256(key.encode()).hexdigest()[:32],
                hours=hours_between(came, now),
                outcome="discarded" if is_past else "kept",
            )
        )
    return found


def _begin(before: Progress | None, day: str, now: int) -> Progress:
    """Where this day's part begins: again where it began, on where the last one ended, or with a new pass."""
    if before is None or (before.finished and before.day != day):
        return Progress(day=day, pass_began=now)
    again = before.day == day
    after = before.began_after if again else before.after
    in_mails = before.began_in_mails if again else before.in_mails
    after_mail = before.began_after_mail if again else before.after_mail
    seen = before.seen_before if again else before.seen
    return Progress(
        day=day,
        pass_began=before.pass_began,
        began_after=after,
        after=after,
        began_in_mails=in_mails,
        in_mails=in_mails,
        began_after_mail=after_mail,
        after_mail=after_mail,
        seen_before=seen,
        seen=seen,
        parts=before.parts,
    )


def _read_records(progress: Progress, stores: Stores, night: Night, now: int) -> Progress:
    nights = (dt.date.fromisoformat(progress.day) - _day(progress.pass_began)).days + 1
    until = max(stores.records.estimate() * min(nights, WEEK) // WEEK, progress.seen_before + EACH_NIGHT)
    after, seen, keys = progress.after, progress.seen, set[bytes]()
    finished = False
    while not finished and seen < until and stores.has_time():
        page = stores.records.page(after)
        stores.pace(page.units)
        seen += len(page.items)
        keys |= {
            _digest(item.fields["mail"]["raw_key"]) for item in page.items if "raw_key" in item.fields.get("mail", ())
        }
        _look_at(page.items, stores, night, now)
        after, finished = page.after, page.after is None
    stores.progress.remember(progress.day, b"".join(sorted(keys)))
    return progress.having(
        after=after, seen=seen, in_mails=finished, parts=tuple(sorted({*progress.parts, progress.day}))
    )


def _look_at(items: list[HeldItem], stores: Stores, night: Night, now: int) -> None:
    """Set aside records without a commitment, and discard what was never in the ledger and is long past its date."""
    ledgered = []
    for item in items:
        if item.sort_key.partition("#")[0] not in NOT_LEDGERED:
            ledgered.append(item)
        elif _is_long_past(item, now) and stores.partition.claim(item, "purge_audit"):
            stores.partition.delete(item, "purge_audit")
            night.expired += 1
    night.ledgered += len(ledgered)
    keys = {TableKey(item.subject_id, item.sort_key): item for item in ledgered}
    known = stores.records.committed(list(keys))
    night.records += [item for key, item in keys.items() if key not in known]


def _list_mails(progress: Progress, stores: Stores, night: Night) -> Progress:
    """Raw mails that no record of this pass refers to, and that were there before it began."""
    remembered = stores.progress.remembered(progress.parts)
    known = {remembered[at : at + _DIGEST] for at in range(0, len(remembered), _DIGEST)}
    before = progress.pass_began - stores.in_transit
    after: str | None = progress.after_mail
    count = 0
    while stores.has_time():
        page = stores.mails.page(after)
        count += len(page.keys)
        night.mails += [(key, at) for key, at in page.keys if at < before and _digest(key) not in known]
        after = page.after
        if after is None:
            return progress.having(finished=True, objects=count, after_mail=None)
    return progress.having(objects=count, after_mail=after)


def _orphan(item: HeldItem, stores: Stores, now: int) -> Orphan:
    gone = _is_long_past(item, now) and stores.partition.claim(item, "purge_audit")
    if gone:
        stores.partition.delete(item, "purge_audit")
    came = item.fields.get("received_at", item.fields.get("placed_at", now))
    return Orphan(
        what="record",
        digest=stores.records.digest(TableKey(item.subject_id, item.sort_key)),
        kind=item.sort_key.partition("#")[0],
        hours=hours_between(came, now),
        outcome="discarded" if gone else "kept",
    )


def _is_long_past(item: HeldItem, now: int) -> bool:
    """Whether DynamoDB should have deleted it by now."""
    date = item.fields.get("discard_at")
    return isinstance(date, int) and date < now - TTL_HOURS * _HOUR


def _summary(progress: Progress, estimate: int, day: str) -> Scan:
    began = _day(progress.pass_began)
    nights = (dt.date.fromisoformat(day) - began).days + 1
    percent = 100 if progress.finished else min(99, progress.seen * 100 // max(estimate, progress.seen, 1))
    return Scan(
        pass_began=began.isoformat(),
        records=progress.seen - progress.seen_before,
        objects=progress.objects,
        percent=percent,
        finished=progress.finished,
        behind=nights >= WEEK and not progress.finished,
    )


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()[:_DIGEST]


def _day(seconds: int) -> dt.date:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).date()
