"""A person sees what is held about them, page by page, or asks for all of it in one package and fetches that."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Any

from kept.app.ports.exports import ExportFiles, ExportJob, ExportQueue, Exports
from kept.app.ports.records import Partition
from kept.app.show_record import show
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.exports import URL_SECONDS, Export, new_export
from kept.domain.policy import Policy
from kept.domain.proof import Session
from kept.domain.retention import is_held

PAGE_SIZE = 100
FILE_NAME = "what-we-hold-about-you.zip"

_SORT_KEY = re.compile(r"[a-z-]{1,40}#[\x21-\x7e]{0,200}")


def see_records(
    session: Session, cursor: str | None, *, partition: Partition, now: int
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of what is held, and the cursor of the next; it may be a short one where some are past their date.

    Raises InvalidInputError for a cursor that is not ours, UnavailableError.
    """
    items, after = partition.page(session.subject_id, _read_cursor(cursor), PAGE_SIZE)
    records = [show(item) for item in items if is_held(item.fields["discard_at"], now)]
    return records, None if after is None else base64.urlsafe_b64encode(after.encode()).decode()


def ask_for_export(
    session: Session, languages: Sequence[str], *, policy: Policy, exports: Exports, queue: ExportQueue, now: int
) -> Export:
    """Ask for a package, or join the one that is being made; the one that stands.

    `languages` are those that the person reads, the best first. Raises UnavailableError: then the same may be asked
    again, also where the job did not get into its queue.
    """
    language = next((each for each in languages if each in policy.languages), policy.languages[0])
    wanted = new_export(session.subject_id, session.email, language, policy, now)
    export = exports.begin(wanted, now)
    if export.status == "asked":
        queue.put(ExportJob(export.subject_id.hex(), export.export_id))
    return export


def see_export(
    session: Session, export_id: str, *, exports: Exports, files: ExportFiles, now: int
) -> tuple[Export, str | None]:
    """A package of one's own, and once it is made an address to fetch it from, which is good for a minute.

    Raises NotFoundError, UnavailableError.
    """
    export = exports.find(session.subject_id, export_id, now)
    return export, files.url(export.package_key, FILE_NAME, URL_SECONDS) if export.status == "ready" else None


def _read_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    try:
        sort_key = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        sort_key = ""
    if not _SORT_KEY.fullmatch(sort_key):
        raise InvalidInputError(FieldProblem("/cursor", "is not a cursor of ours; start again without one"))
    return sort_key
