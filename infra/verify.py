"""`make verify DIR=folder`: checks exported days of the ledger, offline; `ENTRY=id` proves that one entry is in them.

`PROOF=proof.json` checks a proof that somebody was given, and with a folder, that the seal of its day is the one there.
Plain Python: it needs the exported files, this file and `kept/domain`, and no package, key or AWS account.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kept.domain.seal import (
    SealError,
    day_after,
    day_of_seal,
    entries_name,
    inclusion_proof,
    proves,
    read_seal,
    seal_name,
)
from kept.domain.verification import Range, verify


def days_in(folder: Path) -> list[str]:
    """The days that have a seal or entries in a folder, in order."""
    seals = (day_of_seal(f"seals/{path.name}") for path in folder.glob("seals/*.json"))
    entries = (day_of_seal(f"seals/{path.stem}.json") for path in folder.glob("entries/*.jsonl"))
    return sorted({day for day in (*seals, *entries) if day is not None})


def read(folder: Path, name: str) -> bytes | None:
    """A file of a folder, None where it is not there."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        return None


def check(folder: Path, days: Range) -> int:
    """Print every problem of the days, or that there is none; the exit code."""
    count = 0
    for problem in verify(days, lambda d: read(folder, seal_name(d)), lambda d: read(folder, entries_name(d))):
        print(problem)
        count += 1
    if count:
        print(f"{_many(count, 'problem')} {_from(days)}.", file=sys.stderr)
        return 1
    checked = list(_each(days))
    lines = sum((read(folder, entries_name(day)) or b"").count(b"\n") for day in checked)
    newest = read_seal(read(folder, seal_name(days.last)) or b"").hash
    print(f"{_many(len(checked), 'day')} {_from(days)}, with {_many(lines, 'entry', 'entries')}: as sealed.")
    print(f"The hash of the newest seal is {newest}")
    return 0


def prove(folder: Path, entry: str, days: Range) -> int:
    """Print the proof that an entry is in its day's seal; the exit code."""
    for day in _each(days):
        for line in (read(folder, entries_name(day)) or b"").split(b"\n"):
            if f'"id":"{entry}"'.encode() not in line:
                continue
            try:
                proof: dict[str, Any] = inclusion_proof(read_seal(read(folder, seal_name(day)) or b""), line)
            except SealError as error:
                print(f"{day}: the seal {error}", file=sys.stderr)
                return 1
            print(json.dumps(proof, indent=2))
            holds = proves(proof)
            print("The proof holds." if holds else "The proof does not hold.", file=sys.stderr)
            return 0 if holds else 1
    print(f"There is no entry {entry} {_from(days)}.", file=sys.stderr)
    return 1


def check_proof(file: Path, folder: Path | None) -> int:
    """Check a proof, and that it leads to the seal that a folder has of its day, where there is one; the exit code."""
    try:
        proof: dict[str, Any] = json.loads(file.read_bytes())
        day, seal, root = proof["day"], proof["seal"], proof["root"]
        holds = proves(proof) and proof["entry"]["day"] == day
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        print(f"{file} is not a proof.", file=sys.stderr)
        return 1
    if not holds:
        print("The proof does not hold: its entry does not lead to its root.", file=sys.stderr)
        return 1
    print(f"The proof holds: the entry leads to the root of {day}.")
    if folder is None:
        print(f"Whether that root was sealed, the seal of {day} tells (DIR=folder); its hash must be\n{seal}")
        return 0
    try:
        there = read_seal(read(folder, seal_name(day)) or b"")
    except SealError as error:
        print(f"The seal of {day} in {folder} {error}.", file=sys.stderr)
        return 1
    if (there.hash, there.root) != (seal, root):
        print(f"The seal of {day} in {folder} is another one.", file=sys.stderr)
        return 1
    print(f"It is the root that was sealed: the seal of {day} in {folder} is the one that it names.")
    return 0


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def _from(days: Range) -> str:
    return f"of {days.first}" if days.first == days.last else f"from {days.first} to {days.last}"


def _each(days: Range) -> Iterator[str]:
    day = days.first
    while day <= days.last:
        yield day
        day = day_after(day)


def main(arguments: Sequence[str]) -> int:
    """Check or prove; the exit code: 0 where everything is as it was sealed."""
    parser = argparse.ArgumentParser(prog="verify", description=__doc__)
    parser.add_argument(
        "folder", type=Path, nargs="?", help="with seals/DAY.json and entries/DAY.jsonl, as the bucket has them"
    )
    parser.add_argument("--from", dest="first", metavar="DAY", help="the first day; unless said, the ledger's first")
    parser.add_argument("--to", dest="last", metavar="DAY", help="the last day; unless said, the newest that is there")
    parser.add_argument("--hash", help="the hash of the last day's seal, as it was told on that day")
    parser.add_argument("--since", default="", metavar="DAY", help="the day since which entries are still kept")
    parser.add_argument("--entry", metavar="ID", help="prove that this entry is there")
    parser.add_argument("--proof", type=Path, metavar="FILE", help="check this proof; needs no folder")
    given = parser.parse_args(arguments)
    if given.proof is not None:
        return check_proof(given.proof, given.folder)
    if given.folder is None:
        parser.error("say which folder, or which proof")
    there = days_in(given.folder)
    if not there:
        print(
            f"There is no sealed day in {given.folder}. A day is sealed at 02:00 UTC of the next one.", file=sys.stderr
        )
        return 1
    days = Range(
        first=given.first or there[0],
        last=given.last or there[-1],
        begins=given.first is None,
        entries_since=given.since,
        last_hash=given.hash,
    )
    return check(given.folder, days) if given.entry is None else prove(given.folder, given.entry, days)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
