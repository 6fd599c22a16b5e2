"""The shop tells of an order placed, and of its end; both may be told again, late or out of order."""

from __future__ import annotations

from dataclasses import dataclass

from kept.app.ports.permission import Orders
from kept.domain import contact_details
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.identity import Keys
from kept.domain.orders import DELIVERY, Order, discard_date
from kept.domain.policy import Policy
from kept.domain.records import PostalAddress


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """What the shop says of an order, as yet unchecked. `placed_at`: seconds since the epoch."""

    order_id: str
    email: str
    placed_online: bool
    placed_at: int
    version: int = 0
    phone: str | None = None
    postal_address: str | None = None


def take_order(told: OrderPlaced, *, policy: Policy, keys: Keys, orders: Orders, now: int) -> Order:
    """Keep an order until its discard date; the order that is held afterwards, which is another where that is newer.

    Raises InvalidInputError (nothing stored), UnavailableError.
    """
    email = contact_details.read_email(told.email)
    phone = contact_details.read_phone(told.phone, policy.site.phone_region) if told.phone else None
    if told.postal_address is not None and not told.postal_address.strip():
        raise InvalidInputError(FieldProblem("/postal_address", "is empty"))
    order = Order(
        subject_id=keys.subject_id(email),
        record_id=keys.order_record_id(told.order_id),
        order_id=told.order_id,
        placed_online=told.placed_online,
        placed_at=told.placed_at,
        version=told.version,
        discard_at=discard_date(told.placed_at, policy.orders, now),
        email=email,
        phone=phone,
        postal_address=PostalAddress(told.postal_address, (DELIVERY,)) if told.postal_address else None,
    )
    return orders.put(order, now)
