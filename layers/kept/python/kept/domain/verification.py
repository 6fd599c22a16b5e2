"""Checks exported days of the ledger against their seals, and names everything that is not as it was sealed.

Needs the exported files and the standard library; no key, no AWS. What a seal cannot tell is whether the newest seals
were all exported, and whether whoever sealed has sealed twice: for that, name the last day and the hash of its seal, as
the event `LedgerDaySealed` told them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kept.domain import merkle
from kept.domain.seal import FIRST, Seal, SealError, counts_of, day_after, day_before, order_of, read_seal

Kind = Literal["altered", "removed", "inserted", "reordered", "back-dated", "broken seal", "missing seal", "unchecked"]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was sealed. `line` counts from 1; of what was removed, as it was sealed."""

    day: str
    line: int | None
    kind: Kind
    detail: str = ""

    def __str__(self) -> str:
        place = self.day if self.line is None else f"{self.day} line {self.line}"
        return f"{place}: {self.kind}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True)
class Range:
    """Which days are checked, both ends included."""

    first: str
    last: str
    begins: bool = True  # the first day is the ledger's first, so no seal may come before it
    entries_since: str = ""  # the day since which entries are still kept
    last_hash: str | None = None  # what the newest seal's hash is known to be


_Rise = tuple[int, int, int]
"""How many lines a rise has, how many of them stand where they were sealed, and the index at which it ends."""

Read = Callable[[str], bytes | None]
"""The file of a day, or None where there is none."""


@dataclass(frozen=True, slots=True)
class _Link:
    """What the chain needs of a day's seal; None where that is missing or broken."""

    day: str
    hash: str | None
    previous: str | None


def verify(days: Range, read_day_seal: Read, read_day_entries: Read) -> Iterator[Problem]:
    """Everything that is wrong in a range of days: first day by day, then in the chain of the seals."""
    chain: list[_Link] = []
    day = days.first
    while day <= days.last:
        content, body = read_day_seal(day), read_day_entries(day)
        seal, problem = _read(day, content)
        if problem is not None:
            yield problem
        kept = day >= days.entries_since
        if body is None and kept and content is not None:
            yield Problem(day, None, "removed", "the file of its entries is missing")
        elif body is not None:
            yield from _check_entries(day, content, seal, body)
        chain.append(_Link(day, seal.hash if seal else None, seal.previous if seal else None))
        day = day_after(day)
    yield from _check_chain(chain, days)


def _read(day: str, content: bytes | None) -> tuple[Seal | None, Problem | None]:
    if content is None:
        return None, Problem(day, None, "missing seal")
    try:
        seal = read_seal(content)
    except SealError as error:
        return None, Problem(day, None, "broken seal", f"it {error}")
    if seal.day != day:
        return None, Problem(day, None, "broken seal", f"it is that of {seal.day}")
    return seal, None


def _check_chain(chain: Sequence[_Link], days: Range) -> Iterator[Problem]:
    """From the newest seal back: each vouches for the one before, as long as it is vouched for itself."""
    named = days.last_hash
    for link in reversed(chain):
        if named is not None and link.hash is not None and link.hash != named:
            yield Problem(link.day, None, "broken seal", "it is not the one that was vouched for")
            named = None
        else:
            named = link.previous
    if days.begins and named not in {None, FIRST}:
        yield Problem(day_before(days.first), None, "missing seal", "the next day's names one")


# ---------------------------------------------------------------- a day's entries


def _check_entries(day: str, content: bytes | None, seal: Seal | None, body: bytes) -> Iterator[Problem]:
    lines = body.split(b"\n")
    unended = lines.pop() if lines[-1] == b"" else None
    found = [merkle.leaf_hash(line).hex() for line in lines]
    told = _fields(content)
    left = told if told.get("day") == day else {}  # of a broken seal, which may also be another day's
    sealed = seal.leaves if seal is not None else _leaves(left)
    if sealed is None:
        if not _is_as_told(left, found):
            yield Problem(day, None, "unchecked", "its seal does not say what its entries were")
        return
    problems = list(_compare(day, lines, found, sealed))
    if unended is None and not any(problem.line == len(lines) for problem in problems):
        problems.append(Problem(day, len(lines), "altered", "its end of line is missing"))
    if not problems and seal is not None:
        problems += _check_content(day, lines, seal)
    yield from problems


def _leaves(fields: dict[str, Any]) -> Sequence[str] | None:
    """What was sealed, line by line, from what is left of a broken seal, as long as its root vouches for its leaves."""
    leaves = fields.get("leaves")
    try:
        whole = merkle.root([bytes.fromhex(leaf) for leaf in leaves or ()]).hex() == fields.get("root")
    except (TypeError, ValueError):
        return None
    return leaves if leaves and whole else None


def _is_as_told(fields: dict[str, Any], found: Sequence[str]) -> bool:
    """Whether the lines are those of a broken seal by what is left of it, or nothing is left to tell."""
    if not {"root", "leaves"} & fields.keys():
        return True
    return fields.get("root") == merkle.root([bytes.fromhex(leaf) for leaf in found]).hex() or (
        fields.get("leaves") == list(found)
    )


def _fields(content: bytes | None) -> dict[str, Any]:
    try:
        fields = json.loads(content or b"")
    except (RecursionError, ValueError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _compare(day: str, lines: Sequence[bytes], found: Sequence[str], sealed: Sequence[str]) -> Iterator[Problem]:
    """What became of the sealed lines. Those that stand in their order are told from the fewest that do not."""
    if list(found) == list(sealed):
        return
    place_of = {leaf: place for place, leaf in enumerate(sealed)}
    places = [place_of.get(leaf) for leaf in found]
    in_order = _longest_rise(places)
    standing = {places[line] for line in in_order}
    seen: set[int | None] = set(standing)
    for line, place in enumerate(places):
        if place is None or line in in_order:
            continue
        if place in seen:
            yield Problem(day, line + 1, "inserted", f"a copy of line {place + 1} as sealed")
        else:
            seen.add(place)
            yield Problem(day, line + 1, "reordered", f"line {place + 1} as sealed")
    missing = [place for place in range(len(sealed)) if place not in seen]
    yield from _in_gaps(day, lines, places, in_order, missing)


def _in_gaps(
    day: str, lines: Sequence[bytes], places: Sequence[int | None], in_order: set[int], missing: Sequence[int]
) -> Iterator[Problem]:
    """Unknown lines between two that stand are the missing ones of between, altered; what is over came or went."""
    gap: list[int] = []
    rest = list(missing)
    for line in range(len(lines) + 1):
        if line < len(lines) and line not in in_order:
            if places[line] is None:
                gap.append(line)
            continue
        until = places[line] if line < len(lines) else None
        gone: list[int] = []
        while rest and (until is None or rest[0] < until):
            gone.append(rest.pop(0))
        for each, place in zip(gap, gone, strict=False):
            yield _unknown(day, each, lines[each], "altered", f"line {place + 1} as sealed")
        for each in gap[len(gone) :]:
            yield _unknown(day, each, lines[each], "inserted", "")
        for place in gone[len(gap) :]:
            yield Problem(day, place + 1, "removed")
        gap = []


def _unknown(day: str, line: int, content: bytes, kind: Kind, detail: str) -> Problem:
    said = _fields(content).get("day")
    if isinstance(said, str) and said != day:
        return Problem(day, line + 1, "back-dated", f"it says it is of {said[:10]}")
    return Problem(day, line + 1, kind, detail)


def _check_content(day: str, lines: Sequence[bytes], seal: Seal) -> Iterator[Problem]:
    """What the seal does not vouch for: that what was sealed were this day's entries, in their order."""
    before = ""
    for number, line in enumerate(lines, 1):
        entry = _fields(line)
        if entry.get("day") != day:
            yield Problem(day, number, "back-dated", "it was sealed so")
        order = order_of(entry)
        if order <= before:
            yield Problem(day, number, "reordered", "it was sealed so")
        before = max(before, order)
    if counts_of(lines) != seal.counts:
        yield Problem(day, None, "broken seal", "its counts are not those of its entries")


def _longest_rise(places: Sequence[int | None]) -> set[int]:
    """The indexes of a longest strictly rising part of a sequence; None is in none.

    Of several, one with the most lines that are where they were sealed: of two that changed places around a third,
    the third stands. A Fenwick tree of the best rise that ends at each place, so 100,000 lines take a second or two.
    """
    best: list[_Rise] = [(0, 0, -1)] * (max((place for place in places if place is not None), default=-1) + 2)
    before = [-1] * len(places)
    longest: _Rise = (0, 0, -1)
    for index, place in enumerate(places):
        if place is None:
            continue
        found: _Rise = (0, 0, -1)
        node = place
        while node > 0:
            found = max(found, best[node])
            node &= node - 1
        length, own, before[index] = found
        rise = (length + 1, own + (place == index), index)
        longest = max(longest, rise)
        node = place + 1
        while node < len(best):
            best[node] = max(best[node], rise)
            node += node & -node
    chosen: set[int] = set()
    at = longest[2]
    while at >= 0:
        chosen.add(at)
        at = before[at]
    return chosen
