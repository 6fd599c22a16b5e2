"""Orders, as the shop tells of them: by PUT and DELETE, or by events of its own on EventBridge."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.orders import OrderPlaced, take_order
from kept.domain.errors import FieldProblem, InvalidInputError, KeptError, UnavailableError
from kept.domain.orders import Order
from kept.domain.times import iso
from kept.entry import wiring
from kept.entry.body import read_body
from kept.entry.http import Answer, Api, Request

api = Api()

OrderId = Annotated[str, Meta(pattern="^[A-Za-z0-9._~:-]{1,128}$")]


class OrderBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An order placed. Its telephone number is for calls about it, its postal address for its delivery."""

    email: Annotated[str, Meta(max_length=254)]
    placed_online: bool
    placed_at: Annotated[dt.datetime, Meta(tz=True)]
    version: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    phone: Annotated[str, Meta(max_length=64)] | None = None
    postal_address: Annotated[str, Meta(max_length=2000)] | None = None


class OrderPlacedEvent(OrderBody, forbid_unknown_fields=True, kw_only=True):
    """The `detail` of an EventBridge event OrderPlaced."""

    order_id: OrderId


class HeldOrderBody(msgspec.Struct, omit_defaults=True):
    """The order that is held now, which is a newer one where what was sent is older."""

    order_id: str
    placed_at: str
    version: int
    discard_by: str
    address_id: str | None = None


@api.route(
    "PUT", "/orders/{order_id}", summary="Tell of an order", access="kept/orders", reads=OrderBody,
    answers={200: HeldOrderBody},
)  # fmt: skip
def put_order(request: Request[OrderBody], order_id: str) -> Answer:
    """Keep an order until its discard date. The same again changes nothing; the last write wins."""
    try:
        msgspec.convert(order_id, OrderId)
    except msgspec.ValidationError:
        problem = FieldProblem("/order_id", "must be 1 to 128 letters, digits or . _ ~ : -")
        raise InvalidInputError(problem) from None
    order = _take(order_id, request.body)
    body = HeldOrderBody(order.order_id, iso(order.placed_at), order.version, iso(order.discard_at), order.address_id)
    return Answer(200, body)


@api.route(
    "DELETE", "/orders/{order_id}", summary="End what an order permits", access="kept/orders", answers={204: None}
)
def delete_order(_: Request[None], order_id: str) -> Answer:
    """From now on its number may not be called and its address not be used; both are gone at once."""
    wiring.orders().end(order_id, now())
    return Answer(204)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Answer a request, or take an event."""
    if event.get("detail-type") != "OrderPlaced":
        return api(event, context)
    try:
        detail = read_body(msgspec.json.encode(event["detail"]), "application/json", OrderPlacedEvent, forms=False)
        _take(detail.order_id, detail)
    except UnavailableError:
        raise  # Lambda calls again, and in the end the dead-letter queue keeps the event
    except KeptError as error:  # it would be no better the next time
        pointers = [problem.pointer for problem in error.problems] if isinstance(error, InvalidInputError) else []
        api.observer.log("refused", error, pointer=" ".join(pointers))
        api.observer.count("OrderEventsRefused")
    return None


def _take(order_id: str, body: OrderBody) -> Order:
    return take_order(
        OrderPlaced(
            order_id=order_id,
            email=body.email,
            placed_online=body.placed_online,
            placed_at=int(body.placed_at.timestamp()),
            version=body.version,
            phone=body.phone,
            postal_address=body.postal_address,
        ),
        policy=wiring.policy(),
        keys=wiring.keys(),
        orders=wiring.orders(),
        now=now(),
    )
