"""The gate: whether somebody may be contacted, by which promise, and why. Everything that is sent asks it first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

from kept.domain.errors import to_translate
from kept.domain.policy import Policy
from kept.domain.suppression import EVERYTHING, MARKETING, Scope, list_scope

Channel = Literal["email", "phone", "post"]
Decision = Literal["allowed", "refused", "unknown"]

ANSWER: Final = "answer"
"""An answer to what a person asked, such as the link to their own data: nothing ever blocks it."""

_ORDER_UPDATE: Final = "order_update"
_SERVICE = {_ORDER_UPDATE, "receipt"}  # blocked only for who wants nothing at all; all else is marketing


class Check(msgspec.Struct, frozen=True):
    """A question to the gate: may we use this address, on this channel, for this purpose?"""

    channel: Channel
    address: str  # an email address or a telephone number, in any writing; for post the person's email address
    purpose: str
    list: str | None = None  # a mailing list of the policy
    order_id: str | None = None
    address_id: str | None = None  # of a held postal address


@dataclass(frozen=True, slots=True)
class Permission:
    """The gate's answer. `unknown` is not allowed: what would tell could not be read."""

    decision: Decision
    promise: str  # the id of the promise that says so
    reason: str  # a sentence for people; it never repeats an address
    stops: Scope | None = None  # for marketing: what the mail's unsubscribe link must stop

    @property
    def allowed(self) -> bool:
        """Whether to go ahead."""
        return self.decision == "allowed"


@dataclass(frozen=True, slots=True)
class _Promise:
    """A promise's id, to make the answers that it gives."""

    id: str

    def refuses(self, reason: str) -> Permission:
        return Permission("refused", self.id, reason)

    def allows(self, reason: str, stops: Scope | None = None) -> Permission:
        return Permission("allowed", self.id, reason, stops)


_EMAIL, _POST, _PHONE = _Promise("email-opt-out"), _Promise("post-as-supplied"), _Promise("phone-for-orders")
_NO_OTHER_PURPOSE = _Promise("no-ad-partners")

_PROMISE_OF = {"email": _EMAIL, "post": _POST, "phone": _PHONE}
_NO_SUCH_PURPOSE = _NO_OTHER_PURPOSE.refuses("The policy names no such purpose for this channel, so it does not exist.")


def unknown(channel: Channel) -> Permission:
    """The answer where what would tell cannot be read, or not under this key: nobody is contacted on a guess."""
    return Permission(
        "unknown",
        _PROMISE_OF[channel].id,
        to_translate(
            "unknown: what was asked of us cannot be looked up at this moment, so do not go ahead; ask again."
        ),
    )


def not_an_address(channel: Channel) -> Permission:
    """The answer for what cannot be an address of its channel."""
    if channel == "phone":
        return _PHONE.refuses("What stands in address is not a telephone number that can be called.")
    return _PROMISE_OF[channel].refuses("What stands in address is not an email address.")


def early_answer(check: Check, policy: Policy) -> Permission | None:
    """The answer that no record can change; None where one has to be looked up."""
    if check.channel == "phone":
        if check.purpose != _ORDER_UPDATE or check.purpose not in policy.purposes.phone:
            return _ORDERS_ONLY
        return None if check.order_id else _WHICH_ORDER
    if check.purpose not in getattr(policy.purposes, check.channel):
        return _NO_SUCH_PURPOSE
    if check.channel == "post":
        return None if check.address_id or check.order_id else _WHICH_ADDRESS
    if check.list is not None and check.list not in policy.lists:
        return _EMAIL.refuses("The policy names no such mailing list.")
    return _ANSWERS if check.purpose == ANSWER else None


def may_email(check: Check, suppressed: Collection[Scope], policy: Policy) -> Permission:
    """Whether an email may be sent to who has these scopes suppressed; `early_answer` was None."""
    of_list = list_scope(policy.lists[check.list].number) if check.list is not None else None
    if EVERYTHING in suppressed:
        return _NOTHING_AT_ALL
    if of_list is not None and of_list in suppressed:
        return _NOT_THIS_LIST
    if check.purpose in _SERVICE:
        return _SERVICE_MAIL
    if MARKETING in suppressed:
        return _NO_MARKETING
    return _MARKETING_MAIL if of_list is None else _EMAIL.allows(_NOT_OPTED_OUT, of_list)


def may_post(check: Check, given_for: Collection[str] | None) -> Permission:
    """Whether an address may be written to that was given for these purposes (None: no such address is held)."""
    if given_for is None:
        return _POST.refuses("No such postal address of this person is held: it was never given, or is discarded.")
    if check.purpose not in given_for:
        return _POST.refuses("This postal address was not given for this purpose.")
    return _POST.allows("This postal address was given for this purpose.")


def may_phone(placed_online: bool | None) -> Permission:  # noqa: FBT001  # it is the one thing that matters
    """Whether a number may be called about an order (None: no such order is held under that number)."""
    if placed_online is None:
        return _PHONE.refuses("No such order is held under this telephone number.")
    if not placed_online:
        return _PHONE.refuses("This order was not placed online, so its telephone number is not for calls about it.")
    return _PHONE.allows("This order was placed online with this telephone number, and is still held.")


_NOT_OPTED_OUT = to_translate("This address has not opted out; add the headers, so that it can.")
_ANSWERS = _EMAIL.allows("An answer to a person's own request is never blocked.")
_SERVICE_MAIL = _EMAIL.allows("This address has not asked for nothing at all.")
_MARKETING_MAIL = _EMAIL.allows(_NOT_OPTED_OUT, MARKETING)
_NOTHING_AT_ALL = _EMAIL.refuses("The person asked to get nothing at all.")
_NOT_THIS_LIST = _EMAIL.refuses("The person asked not to get this mailing list.")
_NO_MARKETING = _EMAIL.refuses("The person asked not to get marketing email.")
_ORDERS_ONLY = _PHONE.refuses("A telephone number is only for information about an order placed online.")
_WHICH_ORDER = _PHONE.refuses("Say which order this is about: order_id is missing.")
_WHICH_ADDRESS = _POST.refuses("Say which held address this is about: address_id, or order_id for an order's.")
