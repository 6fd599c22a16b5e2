"""Somebody asks not to be written to. It always works, at once, and it outlives every other record."""

from __future__ import annotations

from kept.app.ports import Suppressions
from kept.domain import contact_details
from kept.domain.identity import Keys


def opt_out_by_form(email: str, *, keys: Keys, suppressions: Suppressions, now: int) -> None:
    """Suppress marketing to an address: the same single write whether we know it or not.

    Raises InvalidInputError where it cannot be an address, UnavailableError.
    """
    subject_id = keys.subject_id(contact_details.read_email(email))
    suppressions.suppress(subject_id, "marketing", "form", now)
