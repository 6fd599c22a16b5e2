"""What was promised of a record: by when it goes. Told by its changes, in whatever order they are heard of.

A change stream delivers at least once, and what is tried again may come after what followed it. So a commitment is not
moved by a change; it is computed from those that were heard of, in the order of their sequence numbers, and only what
no later news can bring back is forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass

from kept.domain.identity import SubjectId

SEQUENCE_DIGITS = 54
"""Sequence numbers of a stream have 40 digits at most, and those of a restored table 14 more in front, since its stream
comes after that of the table before it. Filled up with zeros, text sorts as numbers do."""

REFUSED_MOVES = 100
"""So many moves past the latest day are remembered of one record: they matter only if its birth is heard of late."""


@dataclass(frozen=True, slots=True)
class Birth:
    """A record was written. Times: seconds since the epoch."""

    sequence: str
    due_at: int
    latest_at: int  # no reason but a law moves the date past it
    kind: str
    born_at: int


@dataclass(frozen=True, slots=True)
class Move:
    """Its discard date was moved, for a reason. A move without one is no move: the commitment stays."""

    sequence: str
    due_at: int
    by_law: bool = False  # a legal hold, within the policy's longest: the one reason that may pass the latest day


@dataclass(frozen=True, slots=True)
class Gone:
    """It went."""

    sequence: str


Mark = Birth | Move | Gone
"""A change that may open, move or close a commitment."""


@dataclass(frozen=True, slots=True)
class TableKey:
    """Where a record lies in the table `subjects`."""

    subject_id: SubjectId
    sort_key: str


@dataclass(frozen=True, slots=True)
class Commitment:
    """An open one: a record that must be gone by `due_at`. Times: seconds since the epoch."""

    subject: str  # digests under the ledger's key
    record: str
    kind: str
    due_at: int
    latest_at: int
    born_at: int
    sequence: str  # of its birth
    key: TableKey


@dataclass(frozen=True, slots=True)
class History:
    """What was heard of one place in the table, as far as it still matters. Records there may follow one another."""

    birth: Birth | None = None  # of the record that was written last
    gone: str | None = None  # the sequence number of the last time that one went
    moves: tuple[Move, ...] = ()  # after that birth: the last that counts, and later ones that do not

    def after(self, mark: Mark) -> History:
        """The history with one more change in it. In whatever order, and however often, they lead to the same."""
        birth, gone, moves = self.birth, self.gone, self.moves
        match mark:
            case Birth():
                birth = mark if birth is None or mark.sequence > birth.sequence else birth
            case Gone():
                gone = max(gone or "", mark.sequence)
            case Move():
                moves = tuple(sorted({*moves, mark}, key=lambda move: move.sequence))
        return History(birth, gone, _that_matter(birth, gone, moves))

    @property
    def is_open(self) -> bool:
        """Whether there is a record that has yet to go."""
        return self.birth is not None and (self.gone is None or self.gone < self.birth.sequence)

    @property
    def due_at(self) -> int:
        """By when it must be gone: what it was born with or moved to, never past its latest day."""
        if self.birth is None:
            return 0
        born_with = min(self.birth.due_at, self.birth.latest_at)
        return next((move.due_at for move in self.moves if _counts(move, self.birth)), born_with)


def _counts(move: Move, birth: Birth | None) -> bool:
    return birth is not None and (move.by_law or move.due_at <= birth.latest_at)


def _that_matter(birth: Birth | None, gone: str | None, moves: tuple[Move, ...]) -> tuple[Move, ...]:
    """Without moves before the birth or the end, and before the last that counts: they decide nothing any more.

    A birth that is heard of late either lies before those too, or makes itself what counts.
    """
    since = max(birth.sequence if birth else "", gone or "")
    moves = tuple(move for move in moves if move.sequence > since)
    last = max((place for place, move in enumerate(moves) if _counts(move, birth)), default=-1)
    return (*moves[max(last, 0) : last + 1], *moves[last + 1 :][-REFUSED_MOVES:])
