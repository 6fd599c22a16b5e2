"""What a website's form posts, a message or a complaint, becomes a record for internal review."""

from __future__ import annotations

from typing import Annotated, Literal
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
from kept.domain.times import iso
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request, see

handler = Api()


class PostalAddressBody(msgspec.Struct, forbid_unknown_fields=True):
    """A postal address and what it may be used for."""

    text: Annotated[str, Meta(max_length=1000)]
    purposes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=10)]


class _FormBody(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What all forms have. `website` is a trap for programs: people do not see it and leave it empty."""

    email: Annotated[str, Meta(max_length=254)]
    message: str
    name: Annotated[str, Meta(max_length=200)] | None = None
    locale: Annotated[str, Meta(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)] | None = None
    website: str = ""
    form_token: Annotated[str, Meta(max_length=100)] | None = None


class ContactBody(_FormBody, kw_only=True):
    """A message from a website's visitor. `website` is a trap for programs: people do not see it and leave it empty."""

    phone: Annotated[str, Meta(max_length=40)] | None = None
    postal_address: PostalAddressBody | None = None


class ComplaintBody(_FormBody, kw_only=True):
    """A complaint; `promise` is the id of the promise that was broken, if it names one."""

    promise: Annotated[str, Meta(max_length=64)] | None = None


class ReceiptBody(msgspec.Struct):
    """The record's reference, and the time by which it is discarded."""

    reference: str
    discard_by: str


class ComplaintReceiptBody(msgspec.Struct):
    """The record's reference, and the time by which it is answered."""

    reference: str
    answer_by: str


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
    address = body.postal_address
    receipt = _receive(
        request,
        Contact(
            email=body.email,
            message=body.message,
            name=body.name,
            phone=body.phone,
            postal_address=PostalAddress(address.text, address.purposes) if address else None,
            locale=body.locale,
        ),
    )
    if request.is_form:
        return _thank(request, "contact", receipt)
    return Answer(201, ReceiptBody(receipt.reference, iso(receipt.discard_at)))


@handler.route(
    "POST",
    "/complaints",
    summary="Complain that a promise was broken",
    reads=ComplaintBody,
    forms=True,
    answers={201: ComplaintReceiptBody, 303: None},
)
def post_complaint(request: Request[ComplaintBody]) -> Answer:
    """Store the complaint, which is first in the queue and has its deadline, or refuse it with what is wrong."""
    body = request.body
    receipt = _receive(
        request,
        Contact(
            email=body.email,
            message=body.message,
            name=body.name,
            locale=body.locale,
            kind="complaint",
            promise=body.promise,
        ),
    )
    if request.is_form:
        return _thank(request, "complaint", receipt)
    return Answer(201, ComplaintReceiptBody(receipt.reference, iso(receipt.answer_by or receipt.discard_at)))


def _receive(request: Request[ContactBody] | Request[ComplaintBody], contact: Contact) -> Receipt:
    body = request.body
    repeat_key = request.header("idempotency-key")
    if len(repeat_key) > 255:
        raise InvalidInputError(FieldProblem("", "the Idempotency-Key is longer than 255 characters"))
    if body.form_token is not None:
        check_form_token(wiring.keys(), wiring.policy().forms, body.form_token, now())
    if body.website:
        receipt = _pretended(contact.kind)
    else:
        receipt = receive_contact(
            contact,
            policy=wiring.policy(),
            keys=wiring.keys(),
            messages=wiring.messages(),
            now=now(),
            repeat_key=repeat_key or None,
            content=request.content,
        )
    outcome = "trapped" if body.website else "stored"
    handler.observer.count("RecordsReceived", channel="form", kind=contact.kind, outcome=outcome)
    return receipt


def _thank(request: Request[ContactBody] | Request[ComplaintBody], topic: str, receipt: Receipt) -> Answer:
    query = {"reference": receipt.reference, "by": iso(receipt.discard_at)}
    if receipt.answer_by is not None:
        query["answer_by"] = iso(receipt.answer_by)
    return see(f"/{request.language}/thanks/{topic}?{urlencode(query)}")


def _pretended(kind: Literal["message", "complaint"]) -> Receipt:
    """What a program in the trap is told: the usual, so that it learns nothing. Nothing is stored."""
    policy = wiring.policy()
    discard_at = discard_at_birth(policy.retention_of(kind), now())
    return Receipt(new_reference(), discard_at, policy.answer_by(kind, now()))
