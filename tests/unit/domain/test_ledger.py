"""What the ledger says of a change, and what it does to the record's commitment."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kept.app.keep_ledger import follow
from kept.domain.commitment import Birth, Gone, History, Mark, Move, TableKey
from kept.domain.errors import ConfigurationError
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, Entry, LedgerKeys, entry_of, is_ledgered, mark_of, sequence_of
from kept.domain.policy import load_policy
from tests.fakes import MemoryExportFiles, MemoryLedger, MemoryRawMail

POLICY = load_policy()
KEYS = LedgerKeys("l" * 64)
NOW = 1_800_000_000
DAY = 86400
HARD = POLICY.retention.message.hard_maximum
BORN = {
    "kind": "message",
    "reference": "AAAA",
    "status": "new",
    "received_at": NOW,
    "discard_at": NOW + 30 * DAY,
    "text": "Hello",
}


def change(before: Any = None, after: Any = None, *, at: int = NOW, number: int = 1, **more: Any) -> Change:
    made = Change("subjects", sequence_of(str(number)), at, b"a" * 16, "message#1", before, after)
    return replace(made, **more)


def entry(before: Any = None, after: Any = None, **more: Any) -> Entry:
    return entry_of(change(before, after, **more), KEYS, POLICY, NOW)


def mark(before: Any = None, after: Any = None, **more: Any) -> Mark | None:
    return mark_of(change(before, after, **more), POLICY)


@pytest.mark.promise("review-then-discard")
def test_a_record_is_entered_with_its_date_and_the_latest_it_may_ever_reach() -> None:
    written = entry(None, BORN)
    assert (written.what, written.due_at, written.latest_at) == ("written", NOW + 30 * DAY, NOW + HARD)
    assert mark(None, BORN) == Birth(sequence_of("1"), NOW + 30 * DAY, NOW + HARD, "message", NOW)


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    ("sort_key", "fields", "latest"),
    [
        ("message#1", {"kind": "complaint", "received_at": NOW}, NOW + POLICY.retention.complaint.hard_maximum),
        ("message#1", {"kind": "message", "received_at": NOW - DAY}, NOW - DAY + HARD),
        ("message#1", {"kind": "message", "received_at": NOW + 999 * DAY}, NOW + 300 + HARD),
        ("message#1", {"kind": "unheard-of", "discard_at": NOW + 5}, NOW + 5),
        ("order#1", {"placed_at": NOW - DAY}, NOW - DAY + POLICY.orders.kept_for),
        ("order#1", {"owner": b"x", "discard_at": NOW + 7}, NOW + 7),
        ("account#1", {"discard_at": NOW + 7}, NOW + POLICY.account.hard_maximum),
        ("registration#1", {"discard_at": NOW + 8}, NOW + 8),
        ("future-kind#1", {}, NOW + POLICY.longest_retention),
    ],
)
def test_the_latest_day_is_the_policys_else_what_it_was_born_with(
    sort_key: str, fields: dict[str, Any], latest: int
) -> None:
    born = mark(None, fields, sort_key=sort_key)
    assert isinstance(born, Birth)
    assert born.latest_at == latest
    assert History().after(born).due_at == min(fields.get("discard_at", latest), latest)


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    ("fields", "by_time_to_live", "reason"),
    [
        ({}, True, "expired"),
        ({"status": "reviewed"}, True, "review"),
        ({"discard_reason": "ended"}, True, "ended"),
        ({"discard_reason": "purge_audit"}, False, "purge_audit"),
        ({"discard_reason": "erasure", "status": "reviewed"}, False, "erasure"),
        ({"discard_reason": "withdrawal"}, False, "withdrawal"),
        ({}, False, "unknown"),
        ({"status": "reviewed"}, False, "unknown"),
        ({"discard_reason": "expired"}, False, "unknown"),
        ({"discard_reason": "because"}, False, "unknown"),
        ({"discard_reason": ["erasure"]}, False, "unknown"),
    ],
)
def test_why_a_record_went_is_told_apart(fields: dict[str, Any], by_time_to_live: bool, reason: str) -> None:
    went = entry(BORN | fields, None, by_time_to_live=by_time_to_live)
    assert (went.what, went.reason, went.due_at) == ("discarded", reason, BORN["discard_at"])
    assert mark(BORN | fields, None) == Gone(sequence_of("1"))


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "reviewed"}, "review"),
        ({"discard_reason": "erasure"}, "erasure"),
        ({"date_moved": {"reason": "signed-in", "at": NOW}}, "signed-in"),
    ],
)
def test_a_date_that_is_moved_for_a_reason_moves_the_commitment(fields: dict[str, Any], reason: str) -> None:
    after = BORN | fields | {"discard_at": NOW + 7}
    assert (entry(BORN, after).what, entry(BORN, after).reason) == ("moved", reason)
    assert (entry(BORN, after).due_before, entry(BORN, after).due_at) == (BORN["discard_at"], NOW + 7)
    assert mark(BORN, after) == Move(sequence_of("1"), NOW + 7)


@pytest.mark.promise("review-then-discard")
@pytest.mark.parametrize(
    "already_there",
    [
        {},
        {"status": "reviewed"},
        {"discard_reason": "ended"},
        {"date_moved": {"reason": "signed-in", "at": NOW}},
        {"date_moved": {"reason": "", "at": NOW}},
    ],
)
def test_a_date_that_is_moved_without_a_reason_of_its_own_leaves_the_commitment(already_there: dict[str, Any]) -> None:
    before, after = BORN | already_there, BORN | already_there | {"discard_at": NOW + 60 * DAY}
    moved = entry(before, after)
    assert (moved.what, moved.reason, moved.due_at) == ("moved", None, NOW + 60 * DAY)
    assert mark(before, after) is None


def test_a_reason_that_is_no_word_of_ours_is_none() -> None:
    for reason in ("ann@example.com", "Because I say so", "x" * 41, 7):
        assert mark(BORN, BORN | {"discard_at": NOW + 1, "date_moved": {"reason": reason, "at": NOW}}) is None


def test_a_date_that_is_taken_away_leaves_the_commitment() -> None:
    after = {name: value for name, value in BORN.items() if name != "discard_at"} | {"status": "reviewed"}
    assert entry(BORN, after).what == "moved"
    assert mark(BORN, after) is None


@pytest.mark.parametrize(
    ("sort_key", "before", "after", "another"),
    [
        ("message#1", {"status": "reviewed", "reference": "A"}, {"reference": "B"}, True),
        ("message#1", {"discard_at": NOW, "reference": "A"}, {"reference": "B"}, True),
        ("message#1", {"discard_at": NOW + 300, "reference": "A"}, {"reference": "B"}, True),  # clocks differ
        ("message#1", {"discard_at": NOW + 301, "reference": "A"}, {"reference": "B"}, False),
        ("message#1", {"discard_at": NOW, "reference": "A"}, {"reference": "A", "text": "x"}, False),
        ("order#1", {"placed_at": 1, "version": 1}, {"placed_at": 1, "version": 2}, True),
        ("order#1", {"placed_at": 1, "version": 1}, {"placed_at": 1, "version": 1, "discard_reason": "ended"}, False),
        ("order#1", {"discard_reason": "replaced"}, {"placed_at": 1, "version": 1}, True),
        ("order#1", {"placed_at": 2, "version": 1}, {"placed_at": 2, "version": 1}, False),
        ("account#1", {"discard_at": NOW, "name": "a"}, {"discard_at": NOW + 9, "name": "b"}, True),
        ("account#1", {"discard_at": NOW, "name": "a"}, {"discard_at": NOW + 9, "name": "a"}, False),
    ],
)
def test_a_record_that_took_anothers_place_is_told_from_one_whose_date_was_lengthened(
    sort_key: str, before: dict[str, Any], after: dict[str, Any], another: bool
) -> None:
    after = {"discard_at": NOW + 999} | after
    assert (entry(before, after, sort_key=sort_key).what == "replaced") is another
    assert isinstance(mark(before, after, sort_key=sort_key), Birth) is another


def test_proofs_and_answers_are_not_ledgered_and_everything_else_is() -> None:
    for kind in ("session", "link", "link-place", "answer"):
        assert not is_ledgered(change(None, BORN, sort_key=f"{kind}#x"))
    for kind in ("message", "order", "registration", "account", "export", "whatever-comes-next"):
        assert is_ledgered(change(None, BORN, sort_key=f"{kind}#x"))
    assert is_ledgered(change(None, {}, sort_key="", store="suppressions"))


def test_an_entry_says_what_is_in_a_record_by_a_digest_only() -> None:
    assert b"Hello" not in entry(None, BORN).line()
    assert entry(None, BORN).content == entry(BORN, None).content != entry(None, BORN | {"text": "Hi"}).content
    assert entry_of(change(None, BORN), LedgerKeys("m" * 64), POLICY, NOW).content != entry(None, BORN).content


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ConfigurationError):
        LedgerKeys("short")


# ---------------------------------------------------------------- in whatever order, however often


@pytest.mark.promise("review-then-discard")
def test_no_reason_moves_a_date_past_its_latest_day() -> None:
    history = History().after(Birth("1", NOW + 5, NOW + 9, "message", NOW))
    assert history.after(Move("2", NOW + 9)).due_at == NOW + 9
    assert history.after(Move("2", NOW + 10)).due_at == NOW + 5
    assert history.after(Move("2", NOW + 3)).after(Move("3", NOW + 10)).due_at == NOW + 3


MARKS = st.one_of(
    st.builds(lambda due, latest: ("birth", due, latest), st.integers(0, 20), st.integers(0, 20)),
    st.builds(lambda due: ("move", due, 0), st.integers(0, 20)),
    st.just(("gone", 0, 0)),
)


def as_marks(told: list[tuple[str, int, int]]) -> list[Mark]:
    made: dict[str, Any] = {
        "birth": lambda sequence, due, latest: Birth(sequence, due, latest, "message", 0),
        "move": lambda sequence, due, _: Move(sequence, due),
        "gone": lambda sequence, *_: Gone(sequence),
    }
    return [made[what](sequence_of(str(number)), due, latest) for number, (what, due, latest) in enumerate(told, 1)]


def plainly(marks: list[Mark]) -> tuple[bool, int | None]:
    """Whether a commitment is open and when it is due, computed without forgetting anything."""
    birth: Birth | None = None
    due: int | None = None
    for each in marks:
        match each:
            case Birth():
                birth, due = each, min(each.due_at, each.latest_at)
            case Gone():
                birth = None
            case Move() if birth is not None and each.due_at <= birth.latest_at:
                due = each.due_at
    return birth is not None, due if birth is not None else None


@settings(max_examples=500, deadline=None)
@given(st.lists(MARKS, max_size=12), st.randoms(use_true_random=False))
def test_a_commitment_is_the_same_in_whatever_order_and_however_often_it_is_told(
    told: list[tuple[str, int, int]], chance: random.Random
) -> None:
    marks = as_marks(told)
    deliveries = marks * 2 + chance.choices(marks, k=5) if marks else []
    chance.shuffle(deliveries)
    history = History()
    for each in deliveries:
        history = history.after(each)
    assert (history.is_open, history.due_at if history.is_open else None) == plainly(marks)


EDITS = st.sampled_from(["note", "review", "nearer", "longer", "far", "erase-first", "ttl", "audit", "hand", "again"])


def history_of(person: int, edits: list[str]) -> list[Change]:
    """The changes that a record goes through."""
    changes: list[Change] = []
    record: dict[str, Any] | None = None
    at = NOW
    for number, edit in enumerate(["again", *edits], 1):
        at += 60
        before = record
        if record is None:
            if edit != "again":
                continue
            record = BORN | {"reference": f"R{number}", "received_at": at, "discard_at": at + 30 * DAY}
        elif edit in {"ttl", "audit", "hand"}:
            if edit == "audit":
                before = record | {"discard_reason": "purge_audit"}
            record = None
        elif edit != "again":
            record = record | {
                "note": {"notes": [number]},
                "review": {"status": "reviewed", "discard_at": at + 7 * DAY},
                "nearer": {"discard_at": at + DAY, "date_moved": {"reason": "withdrawal", "at": at}},
                "longer": {"discard_at": at + 50 * DAY},
                "far": {"discard_at": at + 999 * DAY, "date_moved": {"reason": "signed-in", "at": at}},
                "erase-first": {"discard_reason": "erasure"},
            }.get(edit, {})
        if before != record:
            changes.append(
                Change(
                    "subjects",
                    sequence_of(str(1000 * person + number)),
                    at,
                    person.to_bytes(16),
                    "message#1",
                    before,
                    record,
                    by_time_to_live=edit == "ttl",
                )
            )
    return changes


def ledger_of(deliveries: list[Change]) -> tuple[Any, Any, dict[str, int]]:
    ledger, raw_mail = MemoryLedger(KEYS), MemoryRawMail()
    for each in deliveries:
        follow(each, policy=POLICY, keys=KEYS, ledger=ledger, raw_mail=raw_mail, exports=MemoryExportFiles(), now=NOW)
    counts = ledger.counts("2027-01-15")
    live = {"opened - closed": counts.opened - counts.closed, "written": counts.written, **counts.discarded}
    entries = {e.id: e for e in ledger.entries.values()}
    return entries, sorted(ledger.due(10**12), key=lambda c: c.record), live


@pytest.mark.promise("security-measures")
@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(EDITS, max_size=8), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_any_order_and_repetition_of_deliveries_gives_the_same_ledger(
    stories: list[list[str]], chance: random.Random
) -> None:
    told = [each for person, edits in enumerate(stories) for each in history_of(person, edits)]
    deliveries = told + chance.choices(told, k=len(told))
    chance.shuffle(deliveries)
    in_order, shuffled = ledger_of(told), ledger_of(deliveries)
    assert shuffled == in_order
    assert len(in_order[0]) == len(told), "each change is one entry"
    counts = in_order[2]
    written, alive = counts.pop("written"), counts.pop("opened - closed")
    assert written == alive + sum(counts.values()), "what was written went or is there"


def test_a_move_that_is_told_before_its_birth_is_kept_for_it() -> None:
    early = History().after(Move("2", NOW + 3))
    assert not early.is_open
    assert early.after(Birth("1", NOW + 5, NOW + 9, "message", NOW)).due_at == NOW + 3


def test_what_a_rogue_script_repeats_does_not_grow_for_ever() -> None:
    history = History().after(Birth(sequence_of("1"), NOW + 5, NOW + 9, "message", NOW))
    for number in range(2, 500):
        history = history.after(Move(sequence_of(str(number)), NOW + 1000))
    assert len(history.moves) <= 100
    assert history.due_at == NOW + 5


def test_a_table_key_never_stands_in_an_entry() -> None:
    key = TableKey(SubjectId(b"a" * 16), "message#1")
    line = entry(None, BORN).line()
    assert key.subject_id.hex().encode() not in line
    assert b"message#1" not in line
