"""Asks for many people at once whether they may be contacted, with as few reads as that takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kept.app.ports.permission import Holdings, Suppressions
from kept.domain import contact_details
from kept.domain.errors import InvalidInputError, KeyMismatchError, UnavailableError
from kept.domain.identity import Keys, SubjectId, can_be_an_address
from kept.domain.permission import (
    Check,
    Permission,
    early_answer,
    may_email,
    may_phone,
    may_post,
    not_an_address,
    unknown,
)
from kept.domain.policy import Policy
from kept.domain.records import address_id


class Verdict(NamedTuple):
    """The gate's answer about one check, and whose address it is (None where that did not matter)."""

    permission: Permission
    subject_id: SubjectId | None = None


@dataclass(slots=True)
class _Questions:
    """What must be looked up, by the check's place."""

    emails: dict[int, SubjectId]
    phones: dict[int, tuple[str, str]]
    posts: dict[int, tuple[SubjectId, str]]


@dataclass(frozen=True, slots=True)
class _Stores:
    """Where it is looked up."""

    suppressions: Suppressions
    holdings: Holdings | None
    policy: Policy
    now: int


def _not_told(_: UnavailableError) -> None:
    """Nobody wants to know."""


def ask(  # read by their keywords
    checks: Sequence[Check],
    *,
    policy: Policy,
    keys: Keys,
    suppressions: Suppressions,
    holdings: Holdings | None = None,
    now: int,
    failed: Callable[[UnavailableError], None] = _not_told,
) -> list[Verdict]:
    """The answers, in order. `holdings` may be None where no check is about a telephone number or a postal address.

    What a store does not answer is `unknown`, and `failed` is told why. Raises KeyMismatchError where the
    suppressions were written under a key that `keys` has not: then nothing is known of anybody.
    """
    stores = _Stores(suppressions, holdings, policy, now)
    verdicts: list[Verdict | None] = [None] * len(checks)
    questions = _Questions({}, {}, {})
    for place, check in enumerate(checks):
        answer = early_answer(check, policy) or _ask_later(place, check, questions, policy, keys)
        if answer is not None:
            verdicts[place] = Verdict(answer)
    for look in (_look_up_emails, _look_up_phones, _look_up_posts):
        try:
            for place, verdict in look(checks, questions, stores):
                verdicts[place] = verdict
        except KeyMismatchError:
            raise
        except UnavailableError as error:
            failed(error)
    return [verdict or Verdict(unknown(check.channel)) for verdict, check in zip(verdicts, checks, strict=True)]


def _ask_later(place: int, check: Check, questions: _Questions, policy: Policy, keys: Keys) -> Permission | None:
    """Note what must be looked up for a check; its answer, where the address cannot be one."""
    if check.channel == "phone":
        try:
            number = contact_details.read_phone(check.address, policy.site.phone_region)
        except InvalidInputError:
            return not_an_address("phone")
        questions.phones[place] = (number, keys.order_record_id(str(check.order_id)))
        return None
    if not can_be_an_address(check.address):
        return not_an_address(check.channel)
    subject = keys.subject_id(check.address)
    if check.channel == "email":
        questions.emails[place] = subject
    else:
        of_order = address_id("order", keys.order_record_id(check.order_id)) if check.order_id else ""
        questions.posts[place] = (subject, check.address_id or of_order)
    return None


_Answers = Iterator[tuple[int, Verdict]]


def _look_up_emails(checks: Sequence[Check], questions: _Questions, stores: _Stores) -> _Answers:
    if questions.emails:
        suppressed = stores.suppressions.scopes_of(set(questions.emails.values()))
        for place, subject in questions.emails.items():
            if subject in suppressed:
                yield place, Verdict(may_email(checks[place], suppressed[subject], stores.policy), subject)


def _look_up_phones(_: Sequence[Check], questions: _Questions, stores: _Stores) -> _Answers:
    if questions.phones and stores.holdings is not None:
        placed_online = stores.holdings.placed_online(set(questions.phones.values()), stores.now)
        for place, use in questions.phones.items():
            if use in placed_online:
                yield place, Verdict(may_phone(placed_online[use]))


def _look_up_posts(checks: Sequence[Check], questions: _Questions, stores: _Stores) -> _Answers:
    if questions.posts and stores.holdings is not None:
        given_for = stores.holdings.purposes_of(set(questions.posts.values()), stores.now)
        for place, address in questions.posts.items():
            if address in given_for:
                yield place, Verdict(may_post(checks[place], given_for[address]))
