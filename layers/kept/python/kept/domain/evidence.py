"""What anybody may know of how the promises are kept: counts only, and blurred, so that nobody can be singled out.

A count of people's records or deeds is told as the ten that it lies in (0 to 9, 10 to 19, …), on each day anew: a
difference between two days tells no more than that a ten was passed by somebody. Where there must be none of
something, none is told as none. What is about no person (nights, settings) is told as it is.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal

import msgspec

DAYS: Final = 30
"""The whole days before the audit's own that are counted over."""

STALE_AFTER: Final = 36 * 3600
"""Seconds; the audit that should have told anew by then runs every night."""

TEN: Final = 10

What = Literal[
    "audit",  # the last one, and what it found: told by `kept`
    "oldest_overdue",  # told by `oldest_overdue_hours`
    "seal",  # the last day that is sealed, and whether that verifies: told by `sealed`
    "nights_audited",
    "nights_kept",
    "settings_checked",
    "settings_wrong",
    "mail_rules_checked",
    "mail_rules_wrong",
    "logs_checked",
    "logs_wrong",
    "came_in",
    "discarded",
    "discarded_late",
    "held",
    "mails_without_record",
    "suppressed",
    "email_refused",
    "post_asked",
    "post_refused",
    "phone_asked",
    "phone_refused",
    "requests_answered",
    "requests_in_time",
    "requests_overdue",
    "complaints_answered",
    "complaints_in_time",
    "complaints_overdue",
]
"""A fact. The counts are of the last DAYS days, but for what is `held`, `…_overdue`, `…_checked` or `…_wrong`: that is
as the last audit found it."""

SHOWS: Final[dict[str, tuple[What, ...]]] = {
    "reachable": ("mail_rules_checked", "mail_rules_wrong", "came_in"),
    "no-visitor-recognition": ("logs_checked", "logs_wrong"),
    "email-senders": ("mails_without_record",),
    "review-then-discard": (
        "discarded",
        "discarded_late",
        "oldest_overdue",
        "held",
        "audit",
        "nights_audited",
        "nights_kept",
    ),
    "email-opt-out": ("suppressed", "email_refused"),
    "post-as-supplied": ("post_asked", "post_refused"),
    "phone-for-orders": ("phone_asked", "phone_refused"),
    "access-on-request": ("requests_answered", "requests_in_time", "requests_overdue"),
    "security-measures": ("seal", "settings_checked", "settings_wrong"),
    "complaints-heard": ("complaints_answered", "complaints_in_time", "complaints_overdue"),
}
"""Which facts are evidence for which promise. The others are kept by how pages and rules are made: nothing to count."""


class Count(msgspec.Struct, frozen=True):
    """At least and at most so many; both the same where the count is told as it is."""

    least: int
    most: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the audit of a day tells everybody. A fact that is missing in `counts` could not be learnt."""

    day: str  # as in 2026-11-28
    written_at: dt.datetime
    days: int = DAYS
    kept: bool  # the audit found nothing that somebody must look at
    oldest_overdue_hours: int
    sealed: str | None = None  # the last day whose seal was looked at
    seal_verifies: bool | None = None
    counts: dict[str, Count]

    def is_stale(self, now: int) -> bool:
        """Whether a newer one should be there."""
        return self.written_at.timestamp() < now - STALE_AFTER


def blurred(number: int) -> Count:
    """The ten that a count of people's records or deeds lies in."""
    least = max(0, number - number % TEN)
    return Count(least, least + TEN - 1)


def blurred_failures(number: int) -> Count:
    """The same of what there must be none of: none is told as none, since it is what was promised."""
    return blurred(number) if number else Count(0, 0)


def exact(number: int) -> Count:
    """A count of what is about no person."""
    return Count(number, number)
