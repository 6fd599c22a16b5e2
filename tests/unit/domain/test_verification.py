"""Whatever is done to exported files of the ledger is found, and what was not touched is not named."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from kept.domain.canonical_json import canonical_json
from kept.domain.ledger import DiscardReason, Entry, LedgerKeys
from kept.domain.seal import (
    FIRST,
    SealError,
    day_after,
    entries_name,
    file_of,
    inclusion_proof,
    proves,
    read_seal,
    seal_day,
    seal_name,
)
from kept.domain.verification import Problem, Range, verify
from tests.conftest import ROOT

KEYS = LedgerKeys("l" * 64)
MIDNIGHT = 1_799_971_200  # 2027-01-15 00:00 UTC
DAYS = [f"2027-01-{day}" for day in range(15, 22)]
SIZES = (9, 1, 0, 40, 3, 17, 12)


def entries_of(number: int, size: int) -> list[bytes]:
    """The lines of a day."""
    reasons: list[DiscardReason] = ["expired", "review", "erasure"]
    made = []
    for place in range(size):
        at = MIDNIGHT + number * 86400 + place * 60
        name = f"{number}-{place}".encode()
        made.append(
            Entry(
                what="discarded" if place % 3 else "written",
                kind="message",
                store="subjects",
                subject=KEYS.subject(name),
                record=KEYS.record("subjects", name, "message#1"),
                sequence=f"{place + 1:040d}",
                content="c" * 32,
                at=at,
                written_at=at + 2,
                reason=reasons[place % 3] if place % 3 else None,
                due_at=at + 100,
            )
        )
    return [entry.line() for entry in sorted(made, key=lambda entry: entry.order)]


Files = dict[str, bytes]


def exported() -> Files:
    """A week of the ledger, as it is exported."""
    files: Files = {}
    previous = FIRST
    for number, (day, size) in enumerate(zip(DAYS, SIZES, strict=True)):
        lines = entries_of(number, size)
        seal = seal_day(day, lines, previous, MIDNIGHT + (number + 1) * 86400 + 7200)
        files[seal_name(day)], files[entries_name(day)] = seal.file(), file_of(lines)
        previous = seal.hash
    return files


WEEK = exported()
LAST_HASH = read_seal(WEEK[seal_name(DAYS[-1])]).hash


def check(files: Files, **more: Any) -> list[Problem]:
    days = replace(Range(DAYS[0], DAYS[-1]), **more)
    return list(verify(days, lambda day: files.get(seal_name(day)), lambda day: files.get(entries_name(day))))


def test_what_nobody_touched_has_no_problem() -> None:
    assert check(WEEK) == []
    assert check(WEEK, last_hash=LAST_HASH) == []
    assert check(WEEK, first=DAYS[2], begins=False, last=DAYS[4]) == []
    assert check({}, first="2027-01-02", last="2027-01-01") == []


# ---------------------------------------------------------------- a thousand tamperings


@dataclass
class Tampering:
    """What was done, and what may be named for it: days, and lines of them (None for the seal or the whole file)."""

    files: Files
    named: set[tuple[str, int | None]] = field(default_factory=set)


def lines_of(files: Files, day: str) -> list[bytes]:
    return files[entries_name(day)].split(b"\n")[:-1]


def some_day(chance: random.Random, at_least: int = 1) -> str:
    return chance.choice([day for day, size in zip(DAYS, SIZES, strict=True) if size >= at_least])


def alter_a_byte(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance)
    body = bytearray(files[entries_name(day)])
    place = chance.randrange(len(body))
    before = body[place]
    body[place] = chance.choice([b for b in range(256) if b != before])
    files[entries_name(day)] = bytes(body)
    line = bytes(body[:place]).count(b"\n") + 1
    return {(day, line), (day, line + 1)} if b"\n" in (bytes([before]), bytes([body[place]])) else {(day, line)}


def alter_a_field(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance)
    lines = lines_of(files, day)
    place = chance.randrange(len(lines))
    entry = json.loads(lines[place])
    name = chance.choice(sorted(entry))
    entry[name] = entry[name] + 1 if isinstance(entry[name], int) else entry[name] + "0"
    lines[place] = canonical_json(entry)
    files[entries_name(day)] = file_of(lines)
    return {(day, place + 1)}


def respell_a_line(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    """The same entry to a JSON reader, in other bytes."""
    day = some_day(chance)
    lines = lines_of(files, day)
    place = chance.randrange(len(lines))
    lines[place] = json.dumps(json.loads(lines[place])).encode()
    files[entries_name(day)] = file_of(lines)
    return {(day, place + 1)}


def remove_lines(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance)
    lines = lines_of(files, day)
    places = set(chance.sample(range(len(lines)), chance.randint(1, min(3, len(lines)))))
    files[entries_name(day)] = file_of([line for place, line in enumerate(lines) if place not in places])
    return {(day, place + 1) for place in places}


def insert_a_line(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = chance.choice(DAYS)
    lines = lines_of(files, day)
    place = chance.randint(0, len(lines))
    other = entries_of(20, 5)[chance.randrange(5)]
    entry = json.loads(other) | {"day": day}
    lines.insert(place, chance.choice([canonical_json(entry), b"", b"{}"]))
    files[entries_name(day)] = file_of(lines)
    return {(day, place + 1)}


def copy_a_line(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance)
    lines = lines_of(files, day)
    place, to = chance.randrange(len(lines)), chance.randint(0, len(lines))
    lines.insert(to, lines[place])
    files[entries_name(day)] = file_of(lines)
    return {(day, to + 1), (day, place + 1 + (to <= place))}


def swap_lines(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance, at_least=2)
    lines = lines_of(files, day)
    one, other = chance.sample(range(len(lines)), 2)
    lines[one], lines[other] = lines[other], lines[one]
    files[entries_name(day)] = file_of(lines)
    return {(day, one + 1), (day, other + 1)}


def move_a_line(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance, at_least=3)
    lines = lines_of(files, day)
    one, other = chance.sample(range(len(lines)), 2)
    lines.insert(other, lines.pop(one))
    files[entries_name(day)] = file_of(lines)
    return {(day, other + 1), (day, one + 1)}


def back_date(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    """An entry of one day is put into another's file, as it is or made to look older."""
    day = some_day(chance)
    other = chance.choice([each for each in DAYS if each != day])
    lines, others = lines_of(files, day), lines_of(files, other)
    place, to = chance.randrange(len(lines)), chance.randint(0, len(others))
    moved = lines.pop(place)
    if chance.random() < 0.5:
        moved = canonical_json(json.loads(moved) | {"day": other})
    others.insert(to, moved)
    files[entries_name(day)], files[entries_name(other)] = file_of(lines), file_of(others)
    return {(day, place + 1), (other, to + 1)}


def cut_the_end(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = some_day(chance)
    body = files[entries_name(day)]
    kept = chance.randrange(len(body))
    files[entries_name(day)] = body[:kept]
    first = body[:kept].count(b"\n") + 1
    return {(day, line) for line in range(first, len(lines_of(WEEK, day)) + 1)}


def remove_a_file(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    name = chance.choice(sorted(files))
    del files[name]
    return {(Path(name).stem, None)}


def remove_a_day(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = chance.choice(DAYS)
    del files[entries_name(day)], files[seal_name(day)]
    return {(day, None)}


def swap_files(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    one, other = chance.sample(DAYS, 2)
    files[seal_name(one)], files[seal_name(other)] = files[seal_name(other)], files[seal_name(one)]
    return {(one, None), (other, None)}


def alter_a_seal(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = chance.choice(DAYS)
    body = bytearray(files[seal_name(day)])
    place = chance.randrange(len(body))
    body[place] = chance.choice([b for b in range(256) if b != body[place]])
    files[seal_name(day)] = bytes(body)
    return {(day, None)}


def alter_a_field_of_a_seal(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    day = chance.choice(DAYS)
    seal = json.loads(files[seal_name(day)])
    name = chance.choice(sorted(seal))
    match seal[name]:
        case int():
            seal[name] += 1
        case str():
            seal[name] = "f" + seal[name][1:] if not seal[name].startswith("f") else "0" + seal[name][1:]
        case list():
            seal[name] = seal[name][1:] or ["0" * 64]
        case _:
            seal[name] = {"subjects written": 999}
    files[seal_name(day)] = canonical_json(seal) + b"\n"
    return {(day, None)}


def seal_a_day_anew(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    """Somebody who may write to the bucket alters a day's entries and makes a seal that fits them."""
    day = some_day(chance)
    lines, seal = lines_of(files, day), read_seal(files[seal_name(day)])
    lines.pop(chance.randrange(len(lines)))
    files[entries_name(day)] = file_of(lines)
    files[seal_name(day)] = seal_day(day, lines, seal.previous, seal.written_at).file()
    return {(day, None)}


def seal_another_past(files: Files, chance: random.Random) -> set[tuple[str, int | None]]:
    """A seal is made to follow another than the one before it."""
    day = chance.choice(DAYS)
    seal = read_seal(files[seal_name(day)])
    files[seal_name(day)] = replace(seal, previous="a" * 64).file()
    return {(day, None)}


TAMPERINGS: list[Callable[[Files, random.Random], set[tuple[str, int | None]]]] = [
    alter_a_byte,
    alter_a_field,
    respell_a_line,
    remove_lines,
    insert_a_line,
    copy_a_line,
    swap_lines,
    move_a_line,
    back_date,
    cut_the_end,
    remove_a_file,
    remove_a_day,
    swap_files,
    alter_a_seal,
    alter_a_field_of_a_seal,
    seal_a_day_anew,
    seal_another_past,
]


@pytest.mark.promise("security-measures")
def test_of_a_thousand_tamperings_each_is_found_and_none_is_named_falsely() -> None:
    done = 0
    for number in range(1000):
        tamper, chance, files = TAMPERINGS[number % len(TAMPERINGS)], random.Random(number), dict(WEEK)
        may_be_named = tamper(files, chance)
        assert files != WEEK, f"{tamper.__name__} {number} changed nothing"
        named = {(problem.day, problem.line) for problem in check(files, last_hash=LAST_HASH)}
        assert named, f"{tamper.__name__} {number} was not found"
        assert named <= may_be_named, f"{tamper.__name__} {number} named {named - may_be_named}"
        assert {day for day, _ in named} == {day for day, _ in may_be_named}, f"{tamper.__name__} {number}: a day"
        done += 1
    assert done == 1000


# ---------------------------------------------------------------- each by its name


def with_lines(day: str, lines: list[bytes]) -> Files:
    return WEEK | {entries_name(day): file_of(lines)}


DAY = DAYS[3]
LINES = lines_of(WEEK, DAY)


@pytest.mark.promise("security-measures")
@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([*LINES[:6], LINES[6].replace(b"message", b"account"), *LINES[7:]], ["line 7: altered (line 7 as sealed)"]),
        ([*LINES[:6], *LINES[7:]], ["line 7: removed"]),
        ([*LINES[:6], b"{}", *LINES[6:]], ["line 7: inserted"]),
        ([*LINES[:6], LINES[2], *LINES[6:]], ["line 7: inserted (a copy of line 3 as sealed)"]),
        ([*LINES[:6], *LINES[7:10], LINES[6], *LINES[10:]], ["line 10: reordered (line 7 as sealed)"]),
        (
            [*LINES[:6], lines_of(WEEK, DAYS[0])[0], *LINES[6:]],
            ["line 7: back-dated (it says it is of 2027-01-15)"],
        ),
        (
            [LINES[1], LINES[0], *LINES[2:20], b"x", *LINES[22:], b"y"],
            [
                "line 1: reordered (line 2 as sealed)",
                "line 21: altered (line 21 as sealed)",
                "line 22: removed",
                "line 40: inserted",
            ],
        ),
    ],
)
def test_what_became_of_a_line_is_said_in_its_own_word(lines: list[bytes], told: list[str]) -> None:
    assert sorted(map(str, check(with_lines(DAY, lines)))) == sorted(f"{DAY} {each}" for each in told)


def test_a_missing_and_a_broken_seal_are_said_so() -> None:
    without = {name: content for name, content in WEEK.items() if name != seal_name(DAY)}
    assert list(map(str, check(without))) == [f"{DAY}: missing seal"]
    broken = WEEK | {seal_name(DAY): WEEK[seal_name(DAY)].replace(b'"count":40', b'"count":41')}
    assert list(map(str, check(broken))) == [
        f"{DAY}: broken seal (it was altered: its hash is not that of what it says)"
    ]


def test_a_range_that_should_be_the_ledgers_first_has_nothing_before_it() -> None:
    assert list(map(str, check(WEEK, first=DAYS[2]))) == ["2027-01-16: missing seal (the next day's names one)"]


def test_entries_that_are_no_longer_kept_are_not_missed_and_their_seals_still_are() -> None:
    files = {name: content for name, content in WEEK.items() if name not in map(entries_name, DAYS[:3])}
    assert check(files, entries_since=DAYS[3]) == []
    assert {problem.day for problem in check(files)} == set(DAYS[:3])
    del files[seal_name(DAYS[1])]
    assert [problem.day for problem in check(files, entries_since=DAYS[3])] == [DAYS[1]]


def test_entries_under_a_broken_seal_are_still_checked_by_what_is_left_of_it() -> None:
    broken = WEEK[seal_name(DAY)].replace(b'"written_at":18', b'"written_at":19')
    files = with_lines(DAY, [*LINES[:6], *LINES[7:]]) | {seal_name(DAY): broken}
    assert {(p.line, p.kind) for p in check(files)} == {(None, "broken seal"), (7, "removed")}
    no_root = WEEK[seal_name(DAY)].replace(b'"root":"', b'"root":"0')
    files = with_lines(DAY, [*LINES[:6], *LINES[7:]]) | {seal_name(DAY): no_root}
    assert {(p.line, p.kind) for p in check(files)} == {(None, "broken seal"), (None, "unchecked")}


def test_who_seals_entries_of_another_day_or_out_of_order_is_found_too() -> None:
    lines = [LINES[1], LINES[0], lines_of(WEEK, DAYS[0])[0]]
    seal = seal_day(DAY, lines, FIRST, 1)
    files = {seal_name(DAY): seal.file(), entries_name(DAY): file_of(lines)}
    kinds = {(p.line, p.kind) for p in check(files, first=DAY, last=DAY)}
    assert kinds == {(2, "reordered"), (3, "back-dated"), (3, "reordered")}


def test_an_entrys_inclusion_can_be_proved_and_a_false_proof_fails() -> None:
    seal = read_seal(WEEK[seal_name(DAY)])
    proof = inclusion_proof(seal, LINES[6])
    assert (proof["day"], proof["line"], proof["root"]) == (DAY, 7, seal.root)
    assert proves(proof)
    assert json.loads(json.dumps(proof)) == proof
    for false in (
        proof | {"entry": proof["entry"] | {"reason": "erasure!"}},
        proof | {"root": "0" * 64},
        proof | {"path": proof["path"][1:]},
        proof | {"leaf": "0" * 64},
    ):
        assert not proves(false)
    with pytest.raises(SealError):
        inclusion_proof(seal, b"{}")


def test_a_seal_of_a_hundred_thousand_entries_is_checked_in_seconds() -> None:
    import time

    lines = [canonical_json({"what": "written", "store": "subjects", "n": n}) for n in range(100_000)]
    seal = seal_day(DAY, lines, FIRST, 1)
    random.Random(1).shuffle(lines)
    began = time.process_time()
    problems = list(verify(Range(DAY, DAY), lambda _: seal.file(), lambda _: file_of(lines)))
    assert {problem.kind for problem in problems} == {"reordered"}
    assert time.process_time() - began < 30


def test_the_modules_need_nothing_but_the_standard_library() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'layers/kept/python')!r}); import kept.domain.verification;"
        "roots = {name.split('.')[0] for name in sys.modules} - {'kept', '__main__'};"
        "print(sorted(roots - sys.stdlib_module_names))"
    )
    interpreter = getattr(sys, "_base_executable", sys.executable)
    done = subprocess.run([interpreter, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert day_after("2027-01-31") == "2027-02-01"
