"""A day of the ledger, sealed: what its entries are, so that none can be changed, added or taken away unseen.

A seal names the hash of each entry's line in order, the root of the Merkle tree over them (RFC 6962), and the hash of
the seal of the day before. So the newest seal's hash vouches for every day before it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kept.domain import merkle
from kept.domain.canonical_json import canonical_json
from kept.domain.errors import KeptError

FIRST = "0" * 64
"""What stands for the seal before the first."""

ALGORITHM = "RFC6962-SHA256"

_SEAL = re.compile(r"seals/(\d{4}-\d{2}-\d{2})\.json")


class SealError(KeptError):
    """What should be a seal is none; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Seal:
    """The seal of one UTC day. Hashes are hexadecimal."""

    day: str
    count: int
    counts: Mapping[str, int]  # entries by what happened: `subjects written`, `subjects discarded expired`
    leaves: tuple[str, ...]  # of the day's lines, in their order
    root: str
    previous: str  # the hash of the seal of the day before
    written_at: int  # seconds since the epoch

    def _content(self) -> dict[str, Any]:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return fields | {"algorithm": ALGORITHM, "leaves": list(self.leaves), "counts": dict(self.counts)}

    @property
    def hash(self) -> str:
        """What the next seal names this one by: SHA-256 of its canonical JSON without this hash."""
        return hashlib.sha256(canonical_json(self._content())).hexdigest()

    def summary(self) -> dict[str, Any]:
        """The seal without its leaves, to be told of."""
        return {name: value for name, value in (self._content() | {"hash": self.hash}).items() if name != "leaves"}

    def file(self) -> bytes:
        """The seal as it is kept: canonical JSON with its own hash."""
        return canonical_json(self._content() | {"hash": self.hash}) + b"\n"


def seal_day(day: str, lines: Sequence[bytes], previous: str, written_at: int) -> Seal:
    """Seal the lines of a day, which are in their order and without ends of line."""
    leaves = [merkle.leaf_hash(line) for line in lines]
    return Seal(
        day=day,
        count=len(lines),
        counts=counts_of(lines),
        leaves=tuple(leaf.hex() for leaf in leaves),
        root=merkle.root(leaves).hex(),
        previous=previous,
        written_at=written_at,
    )


def counts_of(lines: Sequence[bytes]) -> dict[str, int]:
    """How many entries of each kind there are, by what happened and why. Raises ValueError where a line is no entry."""
    counts: dict[str, int] = {}
    for line in lines:
        entry = json.loads(line)
        words = [entry["store"], entry["what"]]
        if entry["what"] in {"discarded", "moved"}:
            words.append(entry.get("reason", "unsaid"))
        name = " ".join(words)
        counts[name] = counts.get(name, 0) + 1
    return counts


def read_seal(content: bytes) -> Seal:
    """A seal's file, read and checked against the hash in it. Raises SealError."""
    try:
        fields = json.loads(content)
        told = fields.pop("hash")
        algorithm = fields.pop("algorithm")
        seal = Seal(**fields | {"leaves": tuple(fields["leaves"])})
        whole = seal.file() == content
        root = merkle.root([bytes.fromhex(leaf) for leaf in seal.leaves]).hex()
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise SealError("is not a seal") from None
    if algorithm != ALGORITHM or not whole or seal.hash != told:
        raise SealError("was altered: its hash is not that of what it says")
    if seal.count != len(seal.leaves) or root != seal.root:
        raise SealError("contradicts itself: its root is not that of its leaves")
    return seal


def order_of(entry: Mapping[str, Any]) -> str:
    """The entries of a day stand in this order."""
    return f"{entry.get('written_at'):>010}#{entry.get('record')}#{entry.get('sequence')}"


def seal_name(day: str) -> str:
    """Where the seal of a day lies, in the bucket and in a folder of exported files."""
    return f"seals/{day}.json"


def day_of_seal(name: str) -> str | None:
    """The day whose seal has this name; None where it is the name of none."""
    found = _SEAL.fullmatch(name)
    return found[1] if found else None


def entries_name(day: str) -> str:
    """Where the day's entries lie, a line each."""
    return f"entries/{day}.jsonl"


def file_of(lines: Sequence[bytes]) -> bytes:
    """The file of a day's lines."""
    return b"".join(line + b"\n" for line in lines)


def inclusion_proof(seal: Seal, line: bytes) -> dict[str, Any]:
    """That a line is in a sealed day: the path from its leaf to the root. Raises SealError where it is not."""
    leaves = [bytes.fromhex(leaf) for leaf in seal.leaves]
    leaf = merkle.leaf_hash(line)
    if leaf not in leaves:
        raise SealError("does not have this entry")
    place = leaves.index(leaf)
    return {
        "algorithm": ALGORITHM,
        "day": seal.day,
        "line": place + 1,
        "entry": json.loads(line),
        "leaf": leaf.hex(),
        "path": [{"side": side, "hash": sibling.hex()} for side, sibling in merkle.proof(leaves, place)],
        "root": seal.root,
        "seal": seal.hash,
    }


def proves(proof: Mapping[str, Any]) -> bool:
    """Whether an inclusion proof holds: its entry leads to its root. That the root is a day's, the seal says."""
    path = [(step["side"], bytes.fromhex(step["hash"])) for step in proof["path"]]
    leaf = merkle.leaf_hash(canonical_json(proof["entry"]))
    return bool(leaf.hex() == proof["leaf"] and merkle.root_by_proof(leaf, path).hex() == proof["root"])


def day_before(day: str) -> str:
    """The day before one, both as `2026-11-28`."""
    return (dt.date.fromisoformat(day) - dt.timedelta(days=1)).isoformat()


def day_after(day: str) -> str:
    """The day after one."""
    return (dt.date.fromisoformat(day) + dt.timedelta(days=1)).isoformat()
