"""An account: somebody affirmed the policy, for themselves and perhaps for others whom they represent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from kept.domain.errors import ConflictError, FieldProblem, InvalidInputError
from kept.domain.identity import SubjectId
from kept.domain.policy import Policy
from kept.domain.records import DateMoved, PostalAddress

ACCOUNT_ID = "self"
"""The record id of an account: a person has one."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """That a version of the policy was affirmed. `at` in seconds since the epoch."""

    version: str
    text_digest: str  # of the text that was affirmed: `Policy.text_digest`
    at: int
    on_behalf_of: tuple[str, ...] = ()  # the names of others; nobody but the person themselves where empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An account that is asked for; it waits until who owns the address uses the mailed link, and else goes."""

    subject_id: SubjectId
    record_id: str
    email: str
    acceptance: Acceptance
    discard_at: int
    name: str | None = None
    phone: str | None = None  # E.164
    postal_address: PostalAddress | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What somebody who registered gave us. Times: seconds since the epoch."""

    subject_id: SubjectId
    email: str
    registered_at: int
    seen_at: int  # when they signed in last
    discard_at: int
    acceptances: tuple[Acceptance, ...]  # the newest is last
    name: str | None = None
    phone: str | None = None
    postal_address: PostalAddress | None = None
    language: str | None = None
    date_moved: DateMoved | None = None
    revision: int = 0  # how often it was changed: who writes an older one is told


def accept(policy: Policy, version: str, *, accepted: bool, on_behalf_of: tuple[str, ...], now: int) -> Acceptance:
    """The record of an affirmation, which only the current version and an express yes can make.

    Raises InvalidInputError where it is not accepted, ConflictError where another version is.
    """
    if not accepted:
        raise InvalidInputError(
            FieldProblem("/accepted", "must be true: who does not agree to the policy does not register")
        )
    if version != policy.version:
        raise ConflictError("That is not the current version of the policy. Read the one at GET /policy and send its.")
    return Acceptance(version, policy.text_digest, now, on_behalf_of)


def new_account(
    subject_id: SubjectId, email: str, acceptance: Acceptance, *, policy: Policy, now: int, **given: object
) -> Account:
    """An account as it begins, with what the person gave."""
    begun = Account(
        subject_id=subject_id,
        email=email,
        registered_at=now,
        seen_at=now,
        discard_at=discard_unless_seen(now, now, policy),
        acceptances=(acceptance,),
    )
    return replace(begun, **given)  # type: ignore[arg-type]  # fields of an account by their names


def seen(account: Account, policy: Policy, now: int) -> Account:
    """An account whose owner has signed in: the stated reason that moves its date on."""
    discard_at = discard_unless_seen(account.registered_at, now, policy)
    return replace(account, seen_at=now, discard_at=discard_at, date_moved=DateMoved("signed-in", now))


def discard_unless_seen(registered_at: int, seen_at: int, policy: Policy) -> int:
    """When an account goes if nobody signs in to it again."""
    return min(seen_at + policy.account.inactive_after, registered_at + policy.account.hard_maximum)


def has_affirmed(account: Account, policy: Policy) -> bool:
    """Whether the policy as it reads now was affirmed."""
    newest = account.acceptances[-1]
    return (newest.version, newest.text_digest) == (policy.version, policy.text_digest)
