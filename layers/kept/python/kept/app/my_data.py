"""What a person who is signed in sees and changes of what we hold about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from kept.app.ports.people import Accounts
from kept.app.ports.permission import Suppressions
from kept.app.ports.records import Messages
from kept.app.receive_contact import check_text
from kept.domain import contact_details
from kept.domain.account import ACCOUNT_ID, Account
from kept.domain.errors import ConflictError, FieldProblem, InvalidInputError, NotFoundError, to_translate
from kept.domain.policy import Policy
from kept.domain.proof import Session
from kept.domain.records import Channel, Message, Note, PostalAddress
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope

_NO_ACCOUNT = to_translate("You have no account here. Affirm the policy, and you have one.")

# What the person gave and can put right. A mail is kept as it came in, and staff wrote down what was said by telephone.
_CORRECTABLE: dict[Channel, frozenset[str]] = {
    "form": frozenset({"name", "phone", "postal_address", "text"}),
    "email": frozenset({"name"}),
    "telephone": frozenset({"name", "phone", "postal_address"}),
}
_OF_AN_ACCOUNT = frozenset({"name", "phone", "postal_address", "language"})


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody wishes from now on; what is None or not named stays as it is."""

    opt_outs: Mapping[Scope, bool]  # True: not to be written to
    language: str | None = None
    postal_purposes: tuple[str, ...] | None = None  # of the account's postal address


def scopes_of(wishes: Mapping[str, bool], lists: Mapping[str, bool], policy: Policy) -> dict[Scope, bool]:
    """Wishes by the names that people use: `marketing`, `everything`, the policy's lists. Raises InvalidInputError."""
    scopes = {scope: wishes[scope] for scope in (MARKETING, EVERYTHING) if scope in wishes}
    for name, wish in lists.items():
        if name not in policy.lists:
            known = {"lists": ", ".join(policy.lists)}
            text = to_translate("names a list that is none; there are: {lists}")
            raise InvalidInputError(FieldProblem("/opt_outs/lists", text, known))
        scopes[list_scope(policy.lists[name].number)] = wish
    return scopes


def prefer(
    session: Session,
    preferences: Preferences,
    *,
    policy: Policy,
    accounts: Accounts,
    suppressions: Suppressions,
    welcome_back: Callable[[str], None],
    now: int,
) -> None:
    """Do what somebody prefers; every part may be sent again. `welcome_back` takes an address off SES's own list.

    Raises InvalidInputError, ConflictError where it needs an account and there is none, UnavailableError.
    """
    if preferences.language is not None or preferences.postal_purposes is not None:
        _prefer_in_account(session, preferences, policy, accounts, now)
    lifted = [scope for scope, wish in preferences.opt_outs.items() if not wish]
    for scope, wish in preferences.opt_outs.items():
        if wish:
            suppressions.suppress(session.subject_id, scope, "session", now)
    if lifted:
        suppressions.lift(session.subject_id, lifted)
        welcome_back(session.email)


def correct(
    session: Session,
    record_id: str,
    changes: Mapping[str, Any],
    *,
    policy: Policy,
    accounts: Accounts,
    messages: Messages,
    now: int,
) -> None:
    """Put right what the person gave: fields of a record (`account-self`, `message-…`) by their names, None to remove.

    Raises NotFoundError for a record that is not theirs, ConflictError for what is not theirs to correct,
    InvalidInputError, UnavailableError.
    """
    checked = _check(changes, policy)
    if record_id.startswith("order-"):
        raise ConflictError(
            "What we know of an order, the shop told us. Ask {address} to correct it.",
            address=policy.site.support_email,
        )
    before = read_own(session, record_id, accounts=accounts, messages=messages, now=now)
    _refuse_others(checked, correctable(before))
    if isinstance(before, Account):
        accounts.change(before, replace(before, **checked), now)
        return
    if before.hold is not None and before.hold.until > now:
        raise ConflictError("This record is kept as it is because a law asks for that; its reason is in the record.")
    messages.change(before, replace(before, **checked), now)
    note = Note(now, "the person", f"Corrected: {', '.join(sorted(checked))}.")
    with suppress(ConflictError, NotFoundError):  # it has as many notes as it can hold
        messages.annotate(before, note, now)


def read_own(
    session: Session, record_id: str, *, accounts: Accounts, messages: Messages, now: int
) -> Account | Message:
    """A record of the person's that they may correct, by its id. Raises NotFoundError, UnavailableError."""
    kind, _, own_id = record_id.partition("-")
    if kind == "message":
        return messages.find_of(session.subject_id, own_id, now)
    account = accounts.find(session.subject_id, now) if record_id == f"account-{ACCOUNT_ID}" else None
    if account is None:
        raise NotFoundError("No such record of yours is held.")
    return account


def correctable(record: Account | Message) -> frozenset[str]:
    """The fields of a record that the person gave and can put right, by their names."""
    return _OF_AN_ACCOUNT if isinstance(record, Account) else _CORRECTABLE[record.channel]


def _prefer_in_account(
    session: Session, preferences: Preferences, policy: Policy, accounts: Accounts, now: int
) -> None:
    before = after = _account_of(session, accounts, now)
    if preferences.language is not None:
        after = replace(after, language=preferences.language)
    if preferences.postal_purposes is not None:
        if before.postal_address is None:
            raise ConflictError("Your account has no postal address that could be used for anything.")
        contact_details.check_purposes(preferences.postal_purposes, policy, "/postal_purposes")
        after = replace(after, postal_address=replace(before.postal_address, purposes=preferences.postal_purposes))
    accounts.change(before, after, now)


def _account_of(session: Session, accounts: Accounts, now: int) -> Account:
    account = accounts.find(session.subject_id, now)
    if account is None:
        raise ConflictError(_NO_ACCOUNT)
    return account


def _refuse_others(changes: Mapping[str, Any], correctable: frozenset[str]) -> None:
    others = [FieldProblem(f"/{name}", "is not yours to correct in this record") for name in {*changes} - correctable]
    if others:
        raise InvalidInputError(*others)


def _check(changes: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """The changes in the form in which they are kept."""
    if not changes:
        raise InvalidInputError(FieldProblem("", "names nothing to correct"))
    checked = dict(changes)
    if checked.get("phone") is not None:
        checked["phone"] = contact_details.read_phone(checked["phone"], policy.site.phone_region)
    address: PostalAddress | None = checked.get("postal_address")
    if address is not None:
        contact_details.check_postal_address(address, policy)
    if "text" in checked:
        check_text(checked["text"] or "", "/text")
    return checked
