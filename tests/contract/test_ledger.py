"""What every ledger must do: the one in memory that unit tests use, and the one on DynamoDB."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Protocol

import pytest
from moto import mock_aws

from kept.adapters.dynamo import ledger as adapter
from kept.adapters.dynamo.client import dynamodb
from kept.adapters.dynamo.ledger import DynamoLedger
from kept.app.ports.ledger import Commitments, DayCounts, Ledger, LedgerEntries
from kept.domain.commitment import Birth, Commitment, Gone, Mark, Move, TableKey
from kept.domain.errors import KeyMismatchError, UnavailableError
from kept.domain.identity import SubjectId
from kept.domain.ledger import Entry, LedgerKeys, What, entry_of, mark_of, sequence_of
from tests.fakes import MemoryLedger
from tests.template import create_table
from tests.unit.domain.test_ledger import POLICY, history_of

KEYS = LedgerKeys("l" * 64)
NOW = 1_800_000_000  # 2027-01-15 08:00 UTC
DAY = "2027-01-15"
HOUR = 3600
WHATS: tuple[What, ...] = ("written", "changed", "moved", "discarded")


class WholeLedger(Ledger, LedgerEntries, Commitments, Protocol):
    """All of it."""


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[WholeLedger]:
    if request.param == "memory":
        yield MemoryLedger(KEYS)
        return
    with mock_aws():
        create_table(dynamodb(), "LedgerTable", "ledger")
        yield DynamoLedger("ledger", KEYS, 86400)


def subject(number: int) -> SubjectId:
    return SubjectId(number.to_bytes(16))


def entry(what: What, number: int = 1, at: int = 1, **changes: Any) -> Entry:
    """An entry about person and record `number`, from the change with sequence number `at`."""
    made = Entry(
        what=what,
        kind="message",
        store="subjects",
        subject=KEYS.subject(subject(number)),
        record=KEYS.record("subjects", subject(number), "message#1"),
        sequence=sequence_of(str(at)),
        content="c" * 32,
        at=NOW,
        written_at=NOW + at,
        reason="expired" if what == "discarded" else None,
        due_at=NOW + HOUR,
    )
    return replace(made, **changes)


def add(ledger: Ledger, what: What, number: int = 1, at: int = 1, *, due: int = NOW + HOUR, **changes: Any) -> bool:
    """Add it with what it does to the record's commitment."""
    sequence = sequence_of(str(at))
    mark: Mark | None = {
        "written": Birth(sequence, due, NOW + 2 * HOUR, "message", NOW),
        "replaced": Birth(sequence, due, NOW + 2 * HOUR, "message", NOW),
        "moved": Move(sequence, due),
        "discarded": Gone(sequence),
    }.get(what)
    key = TableKey(subject(number), "message#1")
    return ledger.add(entry(what, number, at, due_at=due, **changes), mark, key)


def due(ledger: Commitments, now: int) -> list[Commitment]:
    return sorted(ledger.due(now), key=lambda commitment: commitment.key.subject_id)


@pytest.mark.promise("review-then-discard")
def test_a_written_record_is_due_at_its_date_and_no_sooner(ledger: WholeLedger) -> None:
    assert add(ledger, "written")
    assert due(ledger, NOW + HOUR - 1) == []
    (commitment,) = due(ledger, NOW + HOUR)
    assert commitment == Commitment(
        subject=KEYS.subject(subject(1)),
        record=KEYS.record("subjects", subject(1), "message#1"),
        kind="message",
        due_at=NOW + HOUR,
        latest_at=NOW + 2 * HOUR,
        born_at=NOW,
        sequence=sequence_of("1"),
        key=TableKey(subject(1), "message#1"),
    )
    assert ledger.find(commitment) == commitment


@pytest.mark.promise("review-then-discard")
def test_a_commitment_follows_its_records_date_and_ends_with_it(ledger: WholeLedger) -> None:
    add(ledger, "written")
    add(ledger, "moved", at=2, due=NOW + 5, reason="review")
    (commitment,) = due(ledger, NOW + 5)
    assert ledger.discards(commitment) == []
    add(ledger, "discarded", at=3)
    assert due(ledger, NOW + 9 * HOUR) == []
    assert ledger.find(commitment) is None
    assert [each.reason for each in ledger.discards(commitment)] == ["expired"]


def test_a_replaced_record_is_one_that_went_and_one_that_came(ledger: WholeLedger) -> None:
    add(ledger, "written")
    (first,) = due(ledger, NOW + HOUR)
    add(ledger, "replaced", at=2, due=NOW + 2 * HOUR, reason="replaced")
    assert due(ledger, NOW + HOUR) == []
    assert ledger.find(first) == replace(first, due_at=NOW + 2 * HOUR, sequence=sequence_of("2"))
    assert [each.what for each in ledger.discards(first)] == ["replaced"]


@pytest.mark.promise("security-measures")
def test_a_change_that_is_told_twice_is_entered_once_with_the_day_it_had_first(ledger: WholeLedger) -> None:
    assert add(ledger, "written")
    assert add(ledger, "discarded", at=2)
    before = list(ledger.of_subject(subject(1))), ledger.counts(DAY)
    assert not add(ledger, "written", written_at=NOW + 30 * HOUR)
    assert not add(ledger, "discarded", at=2, written_at=NOW + 30 * HOUR)
    assert (list(ledger.of_subject(subject(1))), ledger.counts(DAY)) == before
    assert due(ledger, NOW + 99 * HOUR) == []


@pytest.mark.promise("access-on-request")
def test_a_person_is_shown_their_own_entries_and_nobody_elses(ledger: WholeLedger) -> None:
    for number in (1, 2):
        add(ledger, "written", number)
        add(ledger, "changed", number, at=2)
    assert list(ledger.of_subject(subject(2))) == [entry("written", 2), entry("changed", 2, at=2)]
    assert list(ledger.of_subject(subject(3))) == []


def test_a_days_entries_are_in_order_and_add_up(ledger: WholeLedger) -> None:
    add(ledger, "written", 1, at=9)
    add(ledger, "written", 2, at=4)
    add(ledger, "changed", 2, at=5)
    add(ledger, "discarded", 2, at=7)
    add(ledger, "replaced", 1, at=10, reason="replaced")
    ledger.add(entry("written", 5, store="suppressions", due_at=None), None, TableKey(subject(5), ""))
    add(ledger, "discarded", 1, at=99, written_at=NOW + 24 * HOUR)
    lines = ledger.of_day(DAY)
    assert [each.written_at - NOW for each in lines] == [1, 4, 5, 7, 9, 10]
    assert ledger.counts(DAY) == DayCounts(
        DAY, entries=6, written=3, discarded={"expired": 1, "replaced": 1}, opened=2, closed=1, suppressed=1
    )
    assert ledger.counts("2027-01-16") == DayCounts("2027-01-16", entries=1, discarded={"expired": 1}, closed=1)
    assert ledger.of_day("2027-01-14") == []
    assert ledger.counts("2027-01-14") == DayCounts("2027-01-14")
    assert ledger.first_day() == DAY


def test_a_ledger_without_entries_has_no_first_day(ledger: WholeLedger) -> None:
    assert ledger.first_day() is None


@pytest.mark.promise("review-then-discard")
def test_a_record_that_is_gone_without_a_word_is_closed_once_and_said_to_be_missing(ledger: WholeLedger) -> None:
    add(ledger, "written")
    (commitment,) = due(ledger, NOW + HOUR)
    assert ledger.close(commitment, NOW + 30 * HOUR)
    assert not ledger.close(commitment, NOW + 31 * HOUR)
    assert due(ledger, NOW + 99 * HOUR) == []
    (missing,) = ledger.discards(commitment)
    assert (missing.what, missing.reason, missing.due_at) == ("discarded", "missing", NOW + HOUR)


def test_many_that_are_due_are_all_told_of(ledger: WholeLedger) -> None:
    for number in range(1, 41):
        add(ledger, "written", number, due=NOW + number)
    assert [commitment.due_at - NOW for commitment in due(ledger, NOW + 30)] == list(range(1, 31))


@pytest.fixture
def stored() -> Iterator[DynamoLedger]:
    with mock_aws():
        create_table(dynamodb(), "LedgerTable", "ledger")
        yield DynamoLedger("ledger", KEYS, 86400)


def items() -> list[dict[str, Any]]:
    return list(dynamodb().scan(TableName="ledger")["Items"])


@pytest.mark.promise("review-then-discard")
def test_the_table_key_stands_in_an_open_commitment_and_nowhere_else(stored: DynamoLedger) -> None:
    add(stored, "written")
    (holder,) = [item for item in items() if item.get("subject_id", {}).get("B") == subject(1)]
    assert holder["sk"]["S"].startswith("commitment#")
    assert "discard_at" not in holder, "an open commitment is kept until it is closed"
    add(stored, "discarded", at=2)
    assert not [item for item in items() if "subject_id" in item or "sort_key" in item or "due_shard" in item]
    assert bytes(subject(1)) not in [value for item in items() for field in item.values() for value in field.values()]


@pytest.mark.promise("review-then-discard")
def test_entries_and_closed_commitments_go_by_themselves_and_counts_remain(stored: DynamoLedger) -> None:
    add(stored, "written")
    add(stored, "discarded", at=2)
    for item in items():
        if item["pk"]["S"].startswith(("counts#", "beginning")):
            assert "discard_at" not in item
        elif item["sk"]["S"].startswith("entry#"):
            assert int(item["discard_at"]["N"]) == int(item["written_at"]["N"]) + 86400
        else:
            assert int(item["discard_at"]["N"]) == NOW + 2 + adapter.CLOSED_FOR


@pytest.mark.promise("security-measures")
def test_an_index_that_lags_is_noticed_and_nothing_is_sealed_on_it(
    stored: DynamoLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(stored, "written")
    monkeypatch.setattr(stored, "_query_index", lambda *_: iter(()))
    with pytest.raises(UnavailableError):
        stored.of_day(DAY)


@pytest.mark.promise("security-measures")
def test_a_ledger_is_not_continued_under_another_key(stored: DynamoLedger) -> None:
    add(stored, "written")
    with pytest.raises(KeyMismatchError):
        add(DynamoLedger("ledger", LedgerKeys("m" * 64), 86400), "written", 2)
    assert len([item for item in items() if item["sk"]["S"].startswith("entry#")]) == 1


@pytest.mark.promise("security-measures")
def test_a_change_that_meets_another_is_tried_again(stored: DynamoLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter.time, "sleep", lambda _: None)
    write = stored._write
    refusals = [["TransactionConflict", "None"], ["None", "ConditionalCheckFailed", "None"]]
    monkeypatch.setattr(stored, "_write", lambda writes: refusals.pop() if refusals else write(writes))
    assert add(stored, "written")
    assert stored.counts(DAY).entries == 1
    monkeypatch.setattr(stored, "_write", lambda _: ["TransactionConflict"])
    with pytest.raises(UnavailableError):
        add(stored, "written", 2)


def test_a_page_that_is_full_is_followed_by_the_next(stored: DynamoLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2, 12):
        add(stored, "changed", 1, at=number)
    query = dynamodb().query
    monkeypatch.setattr(dynamodb(), "query", lambda **request: query(**request, Limit=3))
    assert len(list(stored.of_subject(subject(1)))) == 10
    assert len(stored.of_day(DAY)) == 10


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("seed", range(6))
def test_the_stored_ledger_is_the_one_in_memory_whatever_the_order_of_deliveries(
    stored: DynamoLedger, seed: int
) -> None:
    chance = random.Random(seed)
    edits = ["note", "review", "nearer", "longer", "far", "erase-first", "ttl", "audit", "hand", "again"]
    told = [change for person in range(3) for change in history_of(person, chance.choices(edits, k=6))]
    deliveries = told + chance.choices(told, k=len(told))
    chance.shuffle(deliveries)
    memory = MemoryLedger(KEYS)
    for ledger, changes in ((memory, told), (stored, deliveries)):
        for change in changes:
            mark = mark_of(change, POLICY)
            key = TableKey(SubjectId(change.pk), change.sort_key)
            ledger.add(entry_of(change, KEYS, POLICY, NOW), mark, key)
    assert stored.of_day(DAY) == memory.of_day(DAY)
    assert due(stored, 10**12) == due(memory, 10**12)
    ours, theirs = stored.counts(DAY), memory.counts(DAY)
    assert ours.opened - ours.closed == theirs.opened - theirs.closed == len(due(memory, 10**12))
    assert replace(ours, opened=0, closed=0) == replace(theirs, opened=0, closed=0)


def test_a_change_costs_one_transaction_and_a_read_only_where_it_concerns_a_commitment(stored: DynamoLedger) -> None:
    calls: list[str] = []
    dynamodb().meta.events.register(
        "before-call.dynamodb", lambda model, **_: calls.append(model.name), unique_id="counts-calls"
    )
    costs = {}
    try:
        for number, what in enumerate(WHATS, 1):
            calls.clear()
            add(stored, what, at=number)
            costs[what] = list(calls)
    finally:
        dynamodb().meta.events.unregister("before-call.dynamodb", unique_id="counts-calls")
    concerned = ["GetItem", "TransactWriteItems"]
    assert costs == {
        "written": ["PutItem", *concerned],  # the beginning, once a process
        "changed": ["TransactWriteItems"],
        "moved": concerned,
        "discarded": concerned,
    }
