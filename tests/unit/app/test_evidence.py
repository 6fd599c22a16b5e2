"""The evidence that the audit gathers: from the ledger, the answers and the gate's counts, for everybody to see."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec
import pytest

from kept.app.evidence import Stores, tell
from kept.app.keep_ledger import follow
from kept.app.ports.evidence import Answered
from kept.domain.audit import summary_of
from kept.domain.evidence import Count, Evidence
from kept.domain.ledger import Change, sequence_of
from kept.domain.records import Kind
from tests.audit_world import DAY, HOUR, POLICY, START, World
from tests.fakes import MemoryExportFiles, MemoryRawMail


@dataclass
class Around:
    """Keeps the ports `Answers`, `Counted` and `PublicEvidence`."""

    answers: dict[Kind, list[Answered]] = field(default_factory=dict)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    written: Evidence | None = None

    def answered(self, kind: Kind, _now: int) -> list[Answered]:
        return self.answers.get(kind, [])

    def permissions(self, channel: str, decision: str, days: int, _now: int) -> int | None:
        assert days == 30
        return self.counts.get((channel, decision))

    def find(self) -> Evidence | None:
        return self.written

    def put(self, evidence: Evidence) -> None:
        self.written = evidence


def gather(world: World, around: Around | None = None) -> Evidence:
    around = around or Around()
    report = world.audit()
    told = tell(report, world.reports.summaries(), stores=Stores(world.ledger, around, around, around), now=world.now)
    assert around.written == told
    assert msgspec.json.decode(msgspec.json.encode(told), type=Evidence) == told
    return told


@pytest.mark.promise("review-then-discard")
def test_what_was_discarded_in_thirty_days_is_told_with_how_late_the_latest_was() -> None:
    world = World()
    for number in range(23):
        world.delete(world.write(f"r{number}", due=START + DAY), by_time_to_live=True)
    late = world.write("late", due=START + DAY)
    world.now = START + DAY + 5 * HOUR
    told = gather(world)
    assert told.counts["came_in"] == Count(20, 29)
    assert told.counts["discarded"] == Count(20, 29)
    assert told.counts["discarded_late"] == Count(0, 0), "five hours is DynamoDB's usual lateness"
    assert told.oldest_overdue_hours == 5
    assert told.kept
    assert told.sealed == "2027-01-15"
    assert told.seal_verifies is True
    assert not world.is_there(late)
    world.now = START + 40 * DAY
    assert gather(world).counts["discarded"] == Count(0, 9), "it is of the last thirty days"


@pytest.mark.promise("review-then-discard")
def test_what_went_days_too_late_stays_in_the_evidence_for_thirty_days() -> None:
    world = World()
    world.write("late", due=START + DAY)
    world.now = START + 4 * DAY
    told = gather(world)
    assert (told.kept, told.counts["discarded_late"]) == (False, Count(0, 9))
    world.now += DAY
    told = gather(world)
    assert (told.kept, told.counts["discarded_late"]) == (True, Count(0, 9))
    assert (told.counts["nights_audited"], told.counts["nights_kept"]) == (Count(2, 2), Count(1, 1))


@pytest.mark.promise("email-opt-out")
def test_opt_outs_are_counted_and_a_rotation_of_the_key_adds_none() -> None:
    world = World()

    def hear(number: int, pk: bytes, before: dict[str, object] | None, after: dict[str, object] | None) -> None:
        change = Change("suppressions", sequence_of(str(1000 + number)), world.now, pk, "", before, after)
        follow(
            change, policy=POLICY, keys=world.keys, ledger=world.ledger, raw_mail=MemoryRawMail(),
            exports=MemoryExportFiles(), now=world.now,
        )  # fmt: skip

    for number in range(12):
        hear(number, number.to_bytes(16), None, {"marketing": {"reason": "form", "at": 1}})
    world.now += DAY
    assert gather(world).counts["suppressed"] == Count(10, 19)
    for number in range(12):
        hear(100 + number, (100 + number).to_bytes(16), None, {"marketing": {"reason": "form", "at": 1}})
        hear(200 + number, number.to_bytes(16), {"marketing": {}, "discard_reason": "rotated"}, None)
    world.now += DAY
    assert gather(world).counts["suppressed"] == Count(10, 19)


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("complaints-heard")
def test_answers_in_time_are_told_apart_from_late_ones_and_old_ones_left_out() -> None:
    world = World()
    answered = Answered(START - DAY, START)
    late = replace(answered, answer_by=START - 2 * DAY)
    old = Answered(START - 31 * DAY, START)
    told = gather(world, Around({"request": [answered] * 14 + [late] * 9 + [old] * 50, "complaint": [late]}))
    assert (told.counts["requests_answered"], told.counts["requests_in_time"]) == (Count(20, 29), Count(10, 19))
    assert (told.counts["complaints_answered"], told.counts["complaints_in_time"]) == (Count(0, 9), Count(0, 9))


@pytest.mark.promise("phone-for-orders")
@pytest.mark.promise("post-as-supplied")
def test_what_the_gate_refused_is_told_and_what_nobody_counted_is_left_out() -> None:
    told = gather(World(), Around(counts={("phone", "refused"): 12, ("phone", "allowed"): 30, ("email", "refused"): 7}))
    assert (told.counts["phone_refused"], told.counts["phone_asked"]) == (Count(10, 19), Count(40, 49))
    assert told.counts["email_refused"] == Count(0, 9)
    assert not {"post_refused", "post_asked", "email_asked"} & set(told.counts)


def test_a_line_of_the_list_of_audits_says_what_went_and_what_was_late() -> None:
    world = World()
    world.write("late", due=START + DAY)
    world.now = START + 4 * DAY
    line = summary_of(world.audit())
    assert (line.late, line.oldest_hours, line.went) == (1, 72, 0)
    world.now += DAY
    assert summary_of(world.audit()).went == 1, "what the audit discarded is in the ledger"


@pytest.mark.promise("no-visitor-recognition")
def test_of_people_nothing_is_told_exactly() -> None:
    counts = gather(World(), Around(counts={("phone", "refused"): 3, ("post", "refused"): 4})).counts
    exactly = {name for name, count in counts.items() if count.least == count.most and count != Count(0, 0)}
    of_nobody = {"nights_audited", "nights_kept"} | {name for name in counts if name.endswith(("_checked", "_wrong"))}
    assert exactly <= of_nobody
    assert counts["held"] == counts["phone_asked"] == Count(0, 9)
