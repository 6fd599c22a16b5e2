"""Every change of a record becomes an entry of the ledger; when a record goes, what lay beside it goes too.

It follows the tables' own change streams, so it sees every way a record can change or go. All of it may be done again:
streams deliver at least once.
"""

from __future__ import annotations

from collections.abc import Mapping

from kept.app.ports.exports import ExportFiles
from kept.app.ports.ledger import Ledger
from kept.app.ports.records import RawMail
from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, Entry, Fields, LedgerKeys, entry_of, is_ledgered, mark_of
from kept.domain.policy import Policy


def follow(
    change: Change,
    *,
    policy: Policy,
    keys: LedgerKeys,
    ledger: Ledger,
    raw_mail: RawMail,
    exports: ExportFiles,
    now: int,
) -> tuple[Entry | None, int]:
    """Write what happened; the entry, where one is new, and how many files went with the record.

    They go first: until they have, the record's commitment stays open. Raises UnavailableError.
    """
    discarded = discard_raw_mail(change, raw_mail=raw_mail) + discard_export_files(change, exports=exports)
    if not is_ledgered(change):
        return None, discarded
    entry = entry_of(change, keys, policy, now)
    key = TableKey(SubjectId(change.pk), change.sort_key)
    return entry if ledger.add(entry, mark_of(change, policy), key) else None, discarded


def discard_raw_mail(change: Change, *, raw_mail: RawMail) -> bool:
    """Delete the raw mail of a record that no longer refers to it; whether there was one to delete.

    Deleting twice is harmless. Raises UnavailableError.
    """
    before = _raw_key(change.before)
    if before is None or before == _raw_key(change.after):
        return False
    raw_mail.discard(before)
    return True


def discard_export_files(change: Change, *, exports: ExportFiles) -> int:
    """Delete the files of a package that its record no longer refers to, in the same way; how many there were.

    Raises UnavailableError.
    """
    gone = _files(change.before) - _files(change.after)
    for key in sorted(gone):
        exports.discard(key)
    return len(gone)


def _files(record: Fields | None) -> set[str]:
    keys = (record or {}).get("files")
    return {key for key in keys if isinstance(key, str)} if isinstance(keys, list) else set()


def _raw_key(record: Fields | None) -> str | None:
    mail = (record or {}).get("mail")
    key = mail.get("raw_key") if isinstance(mail, Mapping) else None
    return key if isinstance(key, str) else None
