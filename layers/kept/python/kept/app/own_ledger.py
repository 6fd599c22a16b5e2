"""What became of a person's records, as the ledger has it, and the proof that nobody wrote it afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from kept.app.ports.ledger import LedgerEntries, Seals
from kept.app.seal_ledger import prove_entry
from kept.domain.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError, to_translate
from kept.domain.identity import Keys
from kept.domain.ledger import Entry
from kept.domain.proof import Session

PAGE_SIZE = 50

_CURSOR = re.compile(r"([0-9]{1,3})-([0-9a-f]{32}-[0-9]{1,54})")
_ID = re.compile(r"[0-9a-f]{32}-[0-9]{1,54}")


def see_entries(
    session: Session, cursor: str | None, *, keys: Keys, ledger: LedgerEntries
) -> tuple[list[Entry], str | None]:
    """A page of a person's entries, by record and in the order of its changes, and the cursor of the next page.

    Raises InvalidInputError for a cursor that is not ours, UnavailableError.
    """
    place, after = _read_cursor(cursor)
    found = list(islice(_entries(_names(session, keys), place, after, ledger), PAGE_SIZE + 1))
    page = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    return [entry for _, entry in page], f"{page[-1][0]}-{page[-1][1].id}" if more else None


def prove(
    session: Session, entry_id: str, *, keys: Keys, ledger: LedgerEntries, seals: Seals
) -> tuple[Entry, dict[str, object]]:
    """An entry of a person's, and the proof that it is in its day's seal: what `inclusion_proof` says.

    Raises NotFoundError for an entry that is not theirs, ConflictError as long as its day is not sealed, SealError
    where the seal does not have it, UnavailableError.
    """
    names = _names(session, keys) if _ID.fullmatch(entry_id) else []
    entry = next((found for name in names if (found := ledger.entry(name, entry_id)) is not None), None)
    if entry is None:
        raise NotFoundError("The ledger has no such entry about you.")
    proof = prove_entry(entry, seals=seals)
    if proof is None:
        raise ConflictError(to_translate("The ledger's day is sealed in the night after it. Ask for the proof then."))
    return entry, proof


def _names(session: Session, keys: Keys) -> list[bytes]:
    """What a person is called in the tables: a suppression lies under a name of its own after a rotation of the key."""
    subject = session.subject_id
    return list(dict.fromkeys((subject, *keys.suppression_ids(subject))))


def _entries(names: list[bytes], place: int, after: str | None, ledger: LedgerEntries) -> Iterator[tuple[int, Entry]]:
    for number, name in enumerate(names):
        if number >= place:
            for entry in ledger.of_subject(name, after if number == place else None):
                yield number, entry


def _read_cursor(cursor: str | None) -> tuple[int, str | None]:
    if cursor is None:
        return 0, None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidInputError(FieldProblem("/cursor", "is not a cursor of ours; start again without one"))
    return int(found[1]), found[2]
