"""The purge audit: whatever was done to a record, it is gone when it should be, and the report says what was done."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from kept.domain.audit import Report, Straggler
from kept.domain.commitment import TableKey
from tests.audit_world import DAY, HOUR, POLICY, START, World

pytestmark = pytest.mark.promise("review-then-discard")


def only(report: Report) -> Straggler:
    (straggler,) = report.overdue.stragglers
    return straggler


def overdue_record(world: World, *, mail: bool = False, hours: int = 5) -> TableKey:
    """A record that was due some hours ago."""
    key = world.write("r", due=START + DAY, mail=mail)
    world.now = START + DAY + hours * HOUR
    return key


def test_with_nothing_held_there_is_nothing_to_say() -> None:
    report = World().audit()
    assert report.verdict == "kept"
    assert report.breaches == ()
    assert report.overdue.commitments == report.orphans.records == report.ledger.written == 0


def test_a_record_that_time_to_live_was_late_with_goes_with_its_mail_and_is_no_breach() -> None:
    world = World()
    key = overdue_record(world, mail=True)
    report = world.audit()
    assert not world.is_there(key)
    assert world.raw_mail.mails == {}
    straggler = only(report)
    assert (straggler.cause, straggler.outcome, straggler.hours_late) == ("not-yet-deleted", "discarded", 5)
    assert straggler.record == world.digest(key)
    assert report.verdict == "kept"
    assert world.partition.reasons[key.subject_id, key.sort_key] == "purge_audit"


def test_later_than_time_to_live_ever_is_is_a_breach() -> None:
    world = World()
    overdue_record(world, hours=49)
    report = world.audit()
    assert only(report).outcome == "discarded"
    assert report.verdict == "breach"


def test_a_record_not_yet_due_is_left_alone() -> None:
    world = World()
    key = world.write("r", due=START + DAY, mail=True)
    world.now = START + DAY - 1
    report = world.audit()
    assert world.is_there(key)
    assert report.overdue.commitments == 0
    assert "raw/r" in world.raw_mail.mails


@pytest.mark.parametrize(
    ("deed", "cause"),
    [
        (lambda w, k: w.change(k, discard_at=None), "date-taken-away"),
        (lambda w, k: w.change(k, discard_at="never"), "date-taken-away"),
        (lambda w, k: w.change(k, discard_at=START + 5000 * DAY), "date-moved"),
        (lambda w, k: w.change(k, discard_at=START + 2 * DAY), "date-moved"),
        (lambda w, k: w.change(k, discard_at=START + 2 * DAY, hear=False), "date-moved"),
        (
            lambda w, k: w.change(k, discard_at=START + 5000 * DAY, date_moved={"reason": "legal_hold", "at": w.now}),
            "date-moved",
        ),
    ],
)
def test_a_date_that_a_hand_took_away_or_moved_saves_no_record(
    deed: Callable[[World, TableKey], None], cause: str
) -> None:
    world = World()
    key = world.write("r", due=START + DAY, mail=True)
    deed(world, key)
    world.now = START + DAY + HOUR
    report = world.audit()
    assert not world.is_there(key)
    assert world.raw_mail.mails == {}
    assert (only(report).cause, only(report).outcome) == (cause, "discarded")
    assert report.verdict == "breach"


@pytest.mark.parametrize("hear", [True, False], ids=["heard", "on its way to the ledger"])
def test_a_date_moved_with_a_reason_within_its_latest_day_holds(hear: bool) -> None:
    world = World()
    key = world.write("r", due=START + DAY)
    world.now = START + DAY - HOUR
    world.change(key, hear=hear, discard_at=START + 3 * DAY, date_moved={"reason": "in_talks", "at": world.now})
    world.now = START + DAY + HOUR
    report = world.audit()
    assert world.is_there(key)
    assert report.overdue.commitments == 0
    assert report.verdict == "kept"


def test_another_record_in_the_same_place_is_not_taken_for_the_one_that_was_due() -> None:
    world = World()
    key = world.write("r", due=START + DAY)
    world.now = START + DAY + HOUR
    world.change(key, hear=False, received_at=world.now, discard_at=world.now + DAY, reference="another")
    report = world.audit()
    assert world.is_there(key)
    assert report.overdue.commitments == 0


def test_a_record_whose_date_changes_while_it_is_discarded_is_left_for_the_next_night(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    key = overdue_record(world, mail=True)
    monkeypatch.setattr(world.partition, "claim", lambda *_: False)
    report = world.audit()
    assert world.is_there(key)
    assert "raw/r" in world.raw_mail.mails, "its mail went before it was sure that the record goes"
    assert only(report).outcome == "still-there"
    assert report.verdict == "breach"


def test_a_record_gone_without_an_entry_is_reported_and_a_day_later_closed() -> None:
    world = World()
    key = world.write("r", due=START + DAY)
    world.delete(key, hear=False)
    world.now = START + DAY + HOUR
    first = world.audit()
    assert (only(first).cause, only(first).outcome) == ("gone-without-entry", "gone")
    assert first.verdict == "breach"
    assert first.ledger.live == 1
    world.now += DAY
    second = world.audit()
    assert second.overdue.gone_without_entry == 1
    assert second.ledger.discarded == {"missing": 1}
    world.now += DAY
    assert world.audit().verdict == "kept"


def test_a_record_whose_end_reaches_the_ledger_while_the_audit_runs_is_not_reported() -> None:
    world = World()
    key = overdue_record(world)
    item = world.partition.items.pop((key.subject_id, key.sort_key))

    def the_change_arrives() -> None:
        world.partition.items[key.subject_id, key.sort_key] = item
        world.delete(key, by_time_to_live=True)

    world.settle = the_change_arrives
    report = world.audit()
    assert report.overdue.commitments == 0
    assert report.verdict == "kept"
    assert report.ledger.discarded == {"expired": 1}


def test_auditing_a_day_again_changes_nothing_and_reports_the_same() -> None:
    world = World()
    overdue_record(world, mail=True)
    world.write("orphan", due=world.now + DAY, hear=False)
    first = world.audit()
    # The ledger hears of what the audit discarded after the report was written.
    second = world.audit()
    third = world.audit()
    assert second.overdue == first.overdue
    assert second.orphans.found == first.orphans.found
    assert third is second
    assert world.reports.written == 2
    assert third.ledger.discarded == {"purge_audit": 1}


def test_what_a_later_look_at_the_same_day_finds_is_added_to_its_report() -> None:
    world = World()
    overdue_record(world, hours=1)
    assert world.audit().overdue.discarded == 1
    another = world.write("s", due=world.now + HOUR)
    world.now += 2 * HOUR
    report = world.audit()
    assert report.overdue.discarded == 2
    assert {each.record for each in report.overdue.stragglers} >= {world.digest(another)}


def test_a_record_without_a_commitment_is_found_and_kept_until_its_date_is_long_past() -> None:
    world = World()
    key = world.write("orphan", due=START + DAY, hear=False)
    world.now = START + HOUR
    report = world.audit()
    assert [(each.what, each.outcome, each.hours) for each in report.orphans.found] == [("record", "kept", 1)]
    assert report.verdict == "breach"
    assert world.is_there(key)
    world.now = START + 4 * DAY
    report = world.audit()
    assert [each.outcome for each in report.orphans.found] == ["discarded"]
    assert not world.is_there(key)


def test_a_record_whose_birth_is_on_its_way_to_the_ledger_is_no_orphan() -> None:
    world = World()
    key = world.write("new", due=START + DAY, hear=False)
    world.settle = lambda: world._hear(key, None, world.partition.items[key.subject_id, key.sort_key].fields)
    report = world.audit()
    assert report.orphans.records == 0
    assert report.verdict == "kept"


def test_raw_mail_of_no_record_is_found_and_kept_since_nobody_may_have_read_it() -> None:
    world = World()
    world.write("held", due=START + 9 * DAY, mail=True)
    world.raw_mail.mails |= {"raw/lost": b"x", "raw/just-came": b"x"}
    world.now = START + 2 * DAY
    world.mails_at |= {"raw/lost": START, "raw/just-came": world.now - HOUR}
    report = world.audit()
    assert report.orphans.objects == 1
    assert [each.what for each in report.orphans.found] == ["raw-mail"]
    assert [(each.hours, each.outcome) for each in report.orphans.found] == [(48, "kept")]
    assert "raw/lost" in world.raw_mail.mails
    assert report.verdict == "breach"


def test_raw_mail_of_no_record_goes_once_it_is_older_than_any_record_may_be() -> None:
    world = World()
    world.raw_mail.mails |= {"raw/old": b"x", "raw/younger": b"x"}
    world.mails_at |= {"raw/old": START, "raw/younger": START + 2 * HOUR}
    world.now = START + POLICY.longest_retention + HOUR
    report = world.audit()
    assert sorted(each.outcome for each in report.orphans.found) == ["discarded", "kept"]
    assert world.raw_mail.mails.keys() == {"raw/younger"}


def test_sessions_and_links_long_past_their_time_go_and_are_counted() -> None:
    world = World()
    old = world.write("old", due=START, kind="session")
    recent = world.write("recent", due=START + 3 * DAY - HOUR, kind="session")
    world.now = START + 3 * DAY
    report = world.audit()
    assert report.orphans.expired == 1
    assert report.orphans.records == 0, "the ledger does not tell of sessions"
    assert (world.is_there(old), world.is_there(recent)) == (False, True)


def test_a_large_table_is_read_in_a_week_and_each_part_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kept.app.audit_scan.EACH_NIGHT", 100)
    world = World(estimate=1400)
    for number in range(1400):
        world.write(f"{number:04}", due=START + 30 * DAY)
    read, reports = 0, []
    for _ in range(7):
        reports.append(world.audit())
        read += reports[-1].orphans.scan.records
        again = world.audit()
        assert again.orphans.scan.records == reports[-1].orphans.scan.records, "a day's part is always the same"
        world.now += DAY
    assert read == 1400
    assert [report.orphans.scan.finished for report in reports] == [False] * 6 + [True]
    assert {report.verdict for report in reports} == {"kept"}
    assert reports[-1].ledger.held is None, "it was not read in one night"


def test_a_part_ends_before_the_functions_time_does_and_goes_on_the_next_night() -> None:
    world = World()
    for number in range(200):
        world.write(f"{number:04}", due=START + 30 * DAY)
    looks = iter([True, True, False])
    world.has_time = lambda: next(looks, True)
    report = world.audit()
    assert report.orphans.scan.records == 100
    assert not report.orphans.scan.finished
    world.now += DAY
    report = world.audit()
    assert report.orphans.scan.records == 100
    assert report.orphans.scan.finished


def test_a_reading_that_takes_longer_than_a_week_is_a_breach() -> None:
    world = World(estimate=10**9)
    for number in range(200):
        world.write(f"{number:04}", due=START + 30 * DAY)
    verdicts = []
    for _ in range(7):
        looks = iter([True, False])
        world.has_time = lambda looks=looks: next(looks, False)  # type: ignore[misc]
        verdicts.append(world.audit().orphans.scan.behind)
        world.now += DAY
    assert verdicts == [False] * 3 + [False] * 3 + [True]


def test_drift_is_named_and_what_cannot_be_known_is_not_called_fine() -> None:
    world = World()
    world.settings = {"time to live is on": "no"}
    report = world.audit()
    assert report.breaches == ("table subjects: time to live is on is no, not yes",)
    other = World()
    other.settings = {}
    other.queues = {"dead": None}
    report = other.audit()
    assert {check.outcome for check in report.drift} == {"unknown"}
    assert report.verdict == "kept"


def test_a_restored_table_that_nothing_uses_is_a_copy_of_everything_and_named() -> None:
    world = World()
    world.restored = 2
    assert world.audit().breaches == ("table subjects: restored copies that nothing uses is 2, not 0",)


def test_dead_letters_and_a_ledger_that_is_behind_are_breaches() -> None:
    world = World()
    world.queues = {"dead": 3}
    world.stream_age = 61
    report = world.audit()
    assert report.breaches == (
        "queue dead: messages is 3, not 0",
        "function ledger: age of changes is 61 minutes, not under 60 minutes",
    )


@pytest.mark.promise("access-on-request")
@pytest.mark.promise("complaints-heard")
def test_requests_and_complaints_that_wait_too_long_are_counted_and_the_oldest_told() -> None:
    world = World()
    world.waiting_for = {"request": [world.now - HOUR, world.now - 5 * HOUR], "complaint": [world.now - 9 * HOUR]}
    report = world.audit()
    assert (report.deadlines.requests, report.deadlines.complaints, report.deadlines.oldest_hours) == (2, 1, 9)
    assert len(report.breaches) == 2


def before_it_is_due(world: World, key: TableKey, fate: str) -> None:
    match fate:
        case "reviewed":
            world.change(key, status="reviewed", discard_at=START + HOUR)
        case "date-taken-away":
            world.change(key, discard_at=None)
        case "date-moved":
            world.change(key, discard_at=START + 999 * DAY)
        case "live":
            moved = {"reason": "in_talks", "at": world.now}
            world.change(key, discard_at=START + 9 * DAY, date_moved=moved)


def once_it_is_due(world: World, key: TableKey, fate: str) -> None:
    match fate:
        case "ttl" | "reviewed":
            world.delete(key, by_time_to_live=True)
        case "erased":
            world.change(key, discard_reason="erasure")
            world.delete(key)
        case "by-hand":
            world.delete(key)


def test_whatever_happens_to_three_hundred_records_each_is_told_and_the_counts_reconcile() -> None:
    world = World()
    dice = random.Random(6)
    deeds = ["ttl", "reviewed", "erased", "by-hand", "date-taken-away", "date-moved", "unheard", "live"]
    fates = [dice.choice(deeds) for _ in range(300)]
    keys = [
        world.write(f"{number:04}", due=START + DAY, mail=number % 3 == 0, hear=fates[number] != "unheard")
        for number in range(300)
    ]
    for key, fate in zip(keys, fates, strict=True):
        before_it_is_due(world, key, fate)
    world.now = START + DAY + HOUR
    for key, fate in zip(keys, fates, strict=True):
        once_it_is_due(world, key, fate)
    many = Counter(fates)
    report = world.audit()
    by_record = {each.record: each.cause for each in report.overdue.stragglers}
    for key, fate in zip(keys, fates, strict=True):
        assert by_record.get(world.digest(key)) == (fate if fate.startswith("date") else None)
    assert report.orphans.records == many["unheard"]
    after = world.audit()
    assert after.ledger.discarded == {
        "expired": many["ttl"],
        "review": many["reviewed"],
        "erasure": many["erased"],
        "unknown": many["by-hand"],
        "purge_audit": many["date-taken-away"] + many["date-moved"],
    }
    assert after.ledger.written == 300 - many["unheard"]
    assert after.ledger.live == many["live"]
    assert after.ledger.unwritten == 0
    assert after.ledger.held == many["live"] + many["unheard"]


@pytest.mark.promise("security-measures")
def test_yesterdays_seal_is_verified_and_what_is_wrong_with_it_is_named() -> None:
    world = World()
    world.write("r", due=START + 9 * DAY)
    assert world.audit().health[-1].of == "function ledger", "the first day has no day before it"
    world.now += DAY
    assert world.audit(sealed=False).breaches == ("seal of 2027-01-15: verifies is missing seal, not yes",)
    world.now += DAY
    report = world.audit()
    assert (report.health[-1].of, report.health[-1].outcome) == ("seal of 2027-01-16", "fine")
    world.seals.files["entries/2027-01-15.jsonl"] += b"{}\n"
    assert world.audit().health[-1].outcome == "breach"


def test_a_record_that_went_and_was_never_heard_of_is_told_once() -> None:
    world = World()
    key = world.write("orphan", due=START + 9 * DAY, hear=False)
    world.delete(key)
    report = world.audit()
    assert (report.ledger.written, report.ledger.discarded, report.ledger.unwritten) == (0, {"unknown": 1}, 1)
    assert report.breaches == ("1 records went of which the ledger had never heard that they were written",)
    world.now += DAY
    assert world.audit().verdict == "kept"
