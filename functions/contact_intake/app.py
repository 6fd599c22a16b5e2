"""POST /contacts: what a website's form posts becomes a record for internal review."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.receive_contact import Contact, Receipt, receive_contact
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.form_token import check_form_token
from kept.domain.identity import new_reference
from kept.domain.records import PostalAddress
from kept.domain.retention import discard_at_birth
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request, see
from kept.entry.times import iso

handler = Api()


class PostalAddressBody(msgspec.Struct, forbid_unknown_fields=True):
    """A postal address and what it may be used for."""

    text: Annotated[str, Meta(max_length=1000)]
    purposes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10)]


class ContactBody(msgspec.Struct, forbid_unknown_fields=True):
    """A message from a website's visitor. `website` is a trap for programs: people do not see it and leave it empty."""

    email: Annotated[str, Meta(max_length=254)]
    message: str
    name: Annotated[str, Meta(max_length=200)] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    postal_address: PostalAddressBody | None = None
    locale: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)] | None = None
    website: str = ""
    form_token: Annotated[str, Meta(max_length=100)] | None = None


class ReceiptBody(msgspec.Struct):
    """The record's reference, and the time by which it is discarded."""

    reference: str
    discard_by: str


@handler.route(
    "POST",
    "/contacts",
    summary="Write to the shop",
    reads=ContactBody,
    forms=True,
    answers={201: ReceiptBody, 303: None},
)
def post_contact(request: Request[ContactBody]) -> Answer:
    """Store the message, or refuse it with what is wrong."""
    body = request.body
    repeat_key = request.header("idempotency-key")
    if len(repeat_key) > 255:
        raise InvalidInputError(FieldProblem("", "the Idempotency-Key is longer than 255 characters"))
    if body.form_token is not None:
        check_form_token(wiring.keys(), wiring.policy().forms, body.form_token, now())
    receipt = _pretended() if body.website else _received(request, repeat_key)
    handler.observer.count("RecordsReceived", channel="form", outcome="trapped" if body.website else "stored")
    if request.is_form:
        return see("/thanks/contact?" + urlencode({"reference": receipt.reference, "by": iso(receipt.discard_at)}))
    return Answer(201, ReceiptBody(receipt.reference, iso(receipt.discard_at)))


def _received(request: Request[ContactBody], repeat_key: str) -> Receipt:
    body, address = request.body, request.body.postal_address
    return receive_contact(
        Contact(
            email=body.email,
            message=body.message,
            name=body.name,
            phone=body.phone,
            postal_address=PostalAddress(address.text, address.purposes) if address else None,
            locale=body.locale,
        ),
        policy=wiring.policy(),
        keys=wiring.keys(),
        messages=wiring.messages(),
        now=now(),
        repeat_key=repeat_key or None,
        content=request.content,
    )


def _pretended() -> Receipt:
    """What a program in the trap is told: the usual, so that it learns nothing. Nothing is stored."""
    return Receipt(new_reference(), discard_at_birth(wiring.policy().retention.message, now()))
