"""Every change of a record becomes an entry of the ledger; when a record goes, what lay beside it goes too.

It follows the tables' own change streams, so it sees every way a record can change or go. All of it may be done again:
streams deliver at least once.
"""

from __future__ import annotations

from collections.abc import Mapping

from kept.app.ports import Ledger, RawMail
from kept.domain.commitment import TableKey
from kept.domain.identity import SubjectId
from kept.domain.ledger import Change, Entry, Fields, LedgerKeys, entry_of, is_ledgered, mark_of
from kept.domain.policy import Policy


def follow(
    change: Change, *, policy: Policy, keys: LedgerKeys, ledger: Ledger, raw_mail: RawMail, now: int
) -> tuple[Entry | None, bool]:
    """Write what happened; the entry, where one is new, and whether a raw mail went.

    The raw mail goes first: until it has, the record's commitment stays open. Raises UnavailableError.
    """
    discarded = discard_raw_mail(change, raw_mail=raw_mail)
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


def _raw_key(record: Fields | None) -> str | None:
    mail = (record or {}).get("mail")
    key = mail.get("raw_key") if isinstance(mail, Mapping) else None
    return key if isinstance(key, str) else None
