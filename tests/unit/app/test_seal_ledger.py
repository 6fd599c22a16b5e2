"""Each night seals the day before and what was missed, in order; what is sealed stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from kept.app.seal_ledger import SEALED, prove_entry, seal_days
from kept.domain.commitment import TableKey
from kept.domain.errors import UnavailableError
from kept.domain.identity import SubjectId
from kept.domain.ledger import Entry, LedgerKeys
from kept.domain.seal import FIRST, SealError, entries_name, proves, read_seal, seal_name
from kept.domain.verification import Range, verify
from tests.fakes import MemoryEvents, MemoryLedger, MemorySeals

KEYS = LedgerKeys("l" * 64)
MIDNIGHT = 1_799_971_200  # 2027-01-15 00:00 UTC
DAY, HOUR = 86400, 3600


class Night:
    """A ledger and where it is sealed."""

    def __init__(self) -> None:
        self.ledger, self.seals, self.events = MemoryLedger(KEYS), MemorySeals(), MemoryEvents()

    def write(self, day: int, number: int = 1) -> Entry:
        """Write an entry on a day, counted from 2027-01-15."""
        name = f"{day}-{number}".encode()
        entry = Entry(
            what="written",
            kind="message",
            store="subjects",
            subject=KEYS.subject(name),
            record=KEYS.record("subjects", name, "message#1"),
            sequence=f"{number:040d}",
            content="c" * 32,
            at=MIDNIGHT + day * DAY,
            written_at=MIDNIGHT + day * DAY + number,
        )
        self.ledger.add(entry, None, TableKey(SubjectId(name), "message#1"))
        return entry

    def seal(self, day: int, seconds: int = 2 * HOUR) -> list[str]:
        """Run on a day at 02:00; the days that were sealed."""
        now = MIDNIGHT + day * DAY + seconds
        new = seal_days(ledger=self.ledger, seals=self.seals, events=self.events, now=now)
        return [seal.day for seal in new]

    def told(self) -> list[Any]:
        return [detail["day"] for what, detail in self.events.told if what == SEALED]


@pytest.fixture
def night() -> Night:
    return Night()


@pytest.mark.promise("security-measures")
def test_the_day_before_is_sealed_and_told_of(night: Night) -> None:
    for number in (2, 1, 3):
        night.write(0, number)
    assert night.seal(1) == ["2027-01-15"]
    seal = read_seal(night.seals.files[seal_name("2027-01-15")])
    assert (seal.count, seal.counts, seal.previous) == (3, {"subjects written": 3}, FIRST)
    assert night.seals.files[entries_name("2027-01-15")].count(b"\n") == 3
    ((what, detail),) = night.events.told
    assert what == "LedgerDaySealed"
    assert detail == seal.summary()
    assert "leaves" not in detail
    assert (detail["root"], detail["hash"]) == (seal.root, seal.hash)


@pytest.mark.promise("security-measures")
def test_missed_days_are_caught_up_on_in_order_and_days_without_entries_are_sealed_too(night: Night) -> None:
    night.write(0)
    night.write(3)
    assert night.seal(1) == ["2027-01-15"]
    assert night.seal(5) == ["2027-01-16", "2027-01-17", "2027-01-18", "2027-01-19"]
    assert night.told() == ["2027-01-15", "2027-01-16", "2027-01-17", "2027-01-18", "2027-01-19"]
    files = night.seals.files
    days = Range("2027-01-15", "2027-01-19")
    assert list(verify(days, lambda d: files.get(seal_name(d)), lambda d: files.get(entries_name(d)))) == []


@pytest.mark.promise("security-measures")
def test_done_again_it_changes_nothing_and_tells_of_the_last_day_again(night: Night) -> None:
    night.write(0)
    night.seal(1)
    before = dict(night.seals.files)
    assert night.seal(1, 5 * HOUR) == []
    assert night.seals.files == before
    assert night.told() == ["2027-01-15", "2027-01-15"]


def test_a_day_is_not_sealed_before_it_has_settled(night: Night) -> None:
    night.write(0)
    assert night.seal(1, 599) == []
    assert night.seal(1, 600) == ["2027-01-15"]


def test_nothing_is_sealed_before_the_ledger_began(night: Night) -> None:
    assert night.seal(1) == []
    night.write(1)
    assert night.seal(1) == []
    assert night.seal(2) == ["2027-01-16"]


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize("name", [entries_name("2027-01-15"), seal_name("2027-01-15")])
def test_a_night_that_failed_is_done_by_the_next_run(night: Night, name: str) -> None:
    night.write(0)
    night.seals.failing.add(name)
    with pytest.raises(UnavailableError):
        night.seal(1)
    assert night.told() == []
    night.seals.failing.clear()
    assert night.seal(1) == ["2027-01-15"]


def test_an_event_that_was_not_taken_is_told_by_the_next_run(night: Night) -> None:
    night.write(0)
    night.events.failing = True
    with pytest.raises(UnavailableError):
        night.seal(1)
    night.events.failing = False
    assert night.seal(1) == []
    assert night.told() == ["2027-01-15"]


@pytest.mark.promise("security-measures")
def test_other_entries_that_lie_there_already_are_not_sealed(night: Night) -> None:
    night.write(0)
    night.seals.files[entries_name("2027-01-15")] = b"forged\n"
    with pytest.raises(SealError):
        night.seal(1)
    assert night.seals.days() == []


def test_nothing_is_sealed_on_top_of_a_broken_seal(night: Night) -> None:
    night.write(0)
    night.seal(1)
    night.seals.files[seal_name("2027-01-15")] = b"{}"
    with pytest.raises(SealError):
        night.seal(2)


@pytest.mark.promise("access-on-request")
def test_an_entry_can_be_proved_once_its_day_is_sealed(night: Night) -> None:
    entries = [night.write(0, number) for number in range(1, 8)]
    assert prove_entry(entries[4], seals=night.seals) is None
    night.seal(1)
    proof = prove_entry(entries[4], seals=night.seals)
    assert proof is not None
    assert (proof["day"], proof["line"]) == ("2027-01-15", 5)
    assert proves(proof)
