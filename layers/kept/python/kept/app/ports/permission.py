"""What the gate looks up: who wants no mail, and what a number or an address was given for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from kept.domain.identity import SubjectId
from kept.domain.orders import Order
from kept.domain.suppression import Reason, Scope, Suppression

PhoneUse = tuple[str, str]
"""A telephone number in E.164, and the record id of an order."""


PostUse = tuple[SubjectId, str]
"""A person, and the id of one of their postal addresses (`order-…` or `message-…`)."""


class Suppressions(Protocol):
    """Who is not to be written to."""

    def suppress(self, subject: SubjectId, scope: Scope, reason: Reason, at: int) -> None:
        """Suppress, idempotently: the first reason and time stay. Raises UnavailableError."""
        ...

    def scopes_of(self, subjects: Collection[SubjectId]) -> Mapping[SubjectId, Collection[Scope]]:
        """What is suppressed for each, read consistently; who is missing in the answer could not be read.

        Raises KeyMismatchError where the suppressions lie under a key that we have not: then nobody is known.
        """
        ...

    def of(self, subject: SubjectId) -> Mapping[Scope, Suppression]:
        """What is suppressed for one person, why and since when. Raises UnavailableError, KeyMismatchError."""
        ...

    def lift(self, subject: SubjectId, scopes: Collection[Scope]) -> None:
        """Take suppressions away, which nobody may ask but the person, from their session. Raises UnavailableError."""
        ...


class Holdings(Protocol):
    """What is held that a telephone number or a postal address may be used for; what is past its date is not held.

    What is missing in an answer could not be read.
    """

    def placed_online(self, uses: Collection[PhoneUse], now: int) -> Mapping[PhoneUse, bool | None]:
        """Whether each order was placed online; None where no such order is held under that number."""
        ...

    def purposes_of(self, uses: Collection[PostUse], now: int) -> Mapping[PostUse, Collection[str] | None]:
        """What each postal address was given for, None where none is held."""
        ...


class Orders(Protocol):
    """Orders that the shop told of. Every method raises UnavailableError when the store does not answer."""

    def put(self, order: Order, now: int) -> Order:
        """Store it unless what is held is newer; the order that is held afterwards."""
        ...

    def end(self, order_id: str, now: int) -> None:
        """End what it permits. Raises NotFoundError where no such order is held; ended already is as good."""
        ...
