"""Every night the day before is sealed, and every day before that which was missed. What is sealed stays as it is."""

from __future__ import annotations

from collections.abc import Iterator

from kept.app.ports.ledger import Events, LedgerDays, Seals
from kept.domain.ledger import Entry, day_of
from kept.domain.seal import (
    FIRST,
    Seal,
    SealError,
    day_after,
    day_before,
    entries_name,
    file_of,
    inclusion_proof,
    read_seal,
    seal_day,
    seal_name,
)

SEALED = "LedgerDaySealed"
"""The event; its detail is the seal without its leaves."""

SETTLES = 600
"""Seconds after midnight until nothing more is written as of the day before: ten times what a function may take."""


def seal_days(*, ledger: LedgerDays, seals: Seals, events: Events, now: int) -> list[Seal]:
    """Seal what is to be sealed, in order; the new seals. Done again, it changes nothing and tells of the last again.

    Raises UnavailableError, also where the index of a day's entries lags behind their count; SealError where a file is
    there that is not what it should be.
    """
    until = day_before(day_of(now - SETTLES))
    sealed = seals.days()
    if sealed and sealed[-1] >= until:
        events.tell(SEALED, _read(sealed[-1], seals).summary())
        return []
    new: list[Seal] = []
    previous = _read(sealed[-1], seals).hash if sealed else FIRST
    for day in _days(day_after(sealed[-1]) if sealed else ledger.first_day(), until):
        seal = _seal(day, previous, ledger=ledger, seals=seals, now=now)
        events.tell(SEALED, seal.summary())
        new.append(seal)
        previous = seal.hash
    return new


def prove_entry(entry: Entry, *, seals: Seals) -> dict[str, object] | None:
    """That an entry is in its day's seal, for anyone to check; None as long as that day is not sealed.

    Raises SealError where the seal does not have it, UnavailableError.
    """
    content = seals.read(seal_name(entry.day))
    return None if content is None else inclusion_proof(read_seal(content), entry.line())


def _days(first: str | None, until: str) -> Iterator[str]:
    while first is not None and first <= until:
        yield first
        first = day_after(first)


def _seal(day: str, previous: str, *, ledger: LedgerDays, seals: Seals, now: int) -> Seal:
    lines = [entry.line() for entry in ledger.of_day(day)]
    body = file_of(lines)
    # The entries first: a seal without them would be one that nothing can be checked against.
    if not seals.put(entries_name(day), body) and seals.read(entries_name(day)) != body:
        raise SealError(f"cannot be made for {day}: other entries lie there already")
    seal = seal_day(day, lines, previous, now)
    return seal if seals.put(seal_name(day), seal.file()) else _read(day, seals)


def _read(day: str, seals: Seals) -> Seal:
    return read_seal(seals.read(seal_name(day)) or b"")
