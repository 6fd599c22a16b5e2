"""When a record goes, what lay beside it goes too."""

from __future__ import annotations

from collections.abc import Collection

from kept.app.ports import ExportFiles, RawMail


def discard_raw_mail(raw_key_before: str | None, raw_key_after: str | None, *, raw_mail: RawMail) -> bool:
    """Delete the raw mail of a record that no longer refers to it; whether there was one to delete.

    Follows the table's change stream, so it sees every way a record can go. Deleting twice is harmless, which is
    what lets a batch be retried. Raises UnavailableError.
    """
    if raw_key_before is None or raw_key_before == raw_key_after:
        return False
    raw_mail.discard(raw_key_before)
    return True


def discard_export_files(before: Collection[str], after: Collection[str], *, files: ExportFiles) -> int:
    """Delete the files of a package that its item no longer refers to, in the same way; how many there were.

    Raises UnavailableError.
    """
    gone = sorted(set(before) - set(after))
    for key in gone:
        files.discard(key)
    return len(gone)
