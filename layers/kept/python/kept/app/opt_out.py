"""Somebody asks not to be written to. It always works, at once, and it outlives every other record."""

from __future__ import annotations

from collections.abc import Iterable

from kept.app.ports.permission import Suppressions
from kept.domain import contact_details
from kept.domain.identity import Keys
from kept.domain.opt_out_token import read_opt_out_token
from kept.domain.suppression import MARKETING, Reason, Scope


def opt_out_by_form(email: str, *, keys: Keys, suppressions: Suppressions, now: int) -> None:
    """Suppress marketing to an address: the same single write whether we know it or not.

    Raises InvalidInputError where it cannot be an address, UnavailableError.
    """
    subject_id = keys.subject_id(contact_details.read_email(email))
    suppressions.suppress(subject_id, MARKETING, "form", now)


def opt_out_by_token(token: str, *, keys: Keys, suppressions: Suppressions, now: int) -> Scope:
    """Suppress what a link of ours stops, for whom it was made; what that was.

    Raises NotFoundError where it is not a token of ours (nothing is stored), UnavailableError.
    """
    subject_id, scope = read_opt_out_token(keys, token)
    suppressions.suppress(subject_id, scope, "link", now)
    return scope


def heed_feedback(addresses: Iterable[str], reason: Reason, *, keys: Keys, suppressions: Suppressions, at: int) -> None:
    """Suppress marketing to addresses that do not exist, or whose owner called our mail spam. Raises UnavailableError.

    Only for what SES itself says: in a mail, anyone could say it of anybody.
    """
    for address in addresses:
        suppressions.suppress(keys.subject_id(address), MARKETING, reason, at)
