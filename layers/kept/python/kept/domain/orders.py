"""An order that the shop told of: while it is held, its number may be called about it and its address delivered to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.identity import SubjectId
from kept.domain.policy import Orders
from kept.domain.records import PostalAddress, address_id

DELIVERY: Final = "order_delivery"
"""The one purpose of an order's postal address."""

REPEATS_COME_WITHIN = 86400  # seconds; EventBridge delivers again for up to a day

_CLOCKS_DIFFER_BY = 300


@dataclass(frozen=True, slots=True)
class Order:
    """An order of one person. Times: seconds since the epoch."""

    subject_id: SubjectId
    record_id: str
    order_id: str  # the shop's own
    placed_online: bool
    placed_at: int
    version: int
    discard_at: int
    email: str | None = None
    phone: str | None = None  # E.164
    postal_address: PostalAddress | None = None
    discard_reason: Literal["ended"] | None = None  # why it goes before its time

    @property
    def ended(self) -> bool:
        """Whether the shop took back what it permits."""
        return self.discard_reason is not None

    @property
    def address_id(self) -> str | None:
        """What the gate is asked with about its postal address."""
        return None if self.postal_address is None else address_id("order", self.record_id)

    def is_newer_than(self, other: Order) -> bool:
        """Whether this write wins over another of the same order: the later placing, then the higher version.

        The same again wins too: it changes nothing, unless the shop corrected it without a new version.
        """
        return (self.placed_at, self.version) >= (other.placed_at, other.version) and not (
            other.ended and (self.placed_at, self.version) == (other.placed_at, other.version)
        )


def discard_date(placed_at: int, policy: Orders, now: int) -> int:
    """When an order placed then must be gone. Raises InvalidInputError for one of the future, or already past it."""
    if placed_at > now + _CLOCKS_DIFFER_BY:
        raise InvalidInputError(FieldProblem("/placed_at", "is in the future"))
    if placed_at + policy.kept_for <= now:
        raise InvalidInputError(
            FieldProblem("/placed_at", "is longer ago than orders are kept, which is {time}", {"time": policy.kept_for})
        )
    return placed_at + policy.kept_for


def ended(order: Order, now: int) -> Order:
    """What is left of an order when its permission ends: no personal data, and only until late repeats have come."""
    return replace(
        order,
        email=None,
        phone=None,
        postal_address=None,
        discard_reason="ended",
        discard_at=min(order.discard_at, now + REPEATS_COME_WITHIN),
    )
