"""Opting out: what may no longer be sent to an address, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, NewType

Scope = NewType("Scope", str)
"""What a suppression covers: all marketing, one mailing list, or everything but the answers to a person's own requests.

An unverified wish (a form, a plain email) covers marketing; the others need a token of ours or the person's session.
"""

MARKETING: Final = Scope("marketing")
EVERYTHING: Final = Scope("everything")

Reason = Literal["form", "email", "link", "bounce", "spam_report", "session"]
"""How the wish reached us."""

NOT_A_COMPLAINT: Final = {"not-spam", "auth-failure"}
"""Types of feedback reports by which nobody complained (RFC 5965 section 7.3, RFC 6591)."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why something may not be sent to somebody, and since when (seconds since the epoch)."""

    reason: Reason
    at: int


_MARKETING_NUMBER, _EVERYTHING_NUMBER = 0, 255
_LIST = "list-"
LIST_NUMBERS: Final = range(1, 255)
"""The numbers that mailing lists may have in the policy."""


def list_scope(number: int) -> Scope:
    """The scope of the mailing list that has this number in the policy; its name may change, the number may not."""
    return Scope(f"{_LIST}{number}")


def list_number(scope: Scope) -> int | None:
    """The number of the list that a scope covers, if it covers one."""
    return int(scope.removeprefix(_LIST)) if scope.startswith(_LIST) else None


def scope_number(scope: Scope) -> int:
    """A scope as the one byte that a token has for it."""
    if scope == MARKETING:
        return _MARKETING_NUMBER
    return list_number(scope) or _EVERYTHING_NUMBER


def scope_of_number(number: int) -> Scope:
    """The scope that a token's byte stands for."""
    if number == _MARKETING_NUMBER:
        return MARKETING
    return list_scope(number) if number in LIST_NUMBERS else EVERYTHING
