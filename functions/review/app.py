"""The queue for internal review: staff read what came in, note what they did, and mark it reviewed."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app import review
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.records import KINDS, Message, Status
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request
from kept.entry.reviews import QueueBody, RecordBody

handler = Api()

Text = Annotated[str, Meta(min_length=1, max_length=2000)]
T = TypeVar("T", bound=str)
STATUSES: tuple[Status, ...] = ("new", "reviewed")


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A note about a record; it is discarded with it."""

    text: Text


class ReviewBody(msgspec.Struct, forbid_unknown_fields=True):
    """What came of a record, and its kind where it turned out to be another one."""

    status: Literal["reviewed"]
    outcome: Text
    kind: Literal["message", "complaint", "request", "machine"] | None = None


class CallBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody said by telephone."""

    kind: Literal["message", "complaint", "request"]
    email: Annotated[str, Meta(max_length=254)]
    text: Annotated[str, Meta(min_length=1, max_length=16000)]


@handler.route(
    "GET",
    "/reviews",
    summary="The queue",
    access="staff",
    answers={200: QueueBody},
    query=("status", "kind", "cursor"),
)
def get_queue(request: Request[None]) -> Answer:
    """A page of the queue, complaints first and then the oldest."""
    page = review.list_queue(
        _one_of(STATUSES, "status", request.query.get("status")) or "new",
        _one_of(KINDS, "kind", request.query.get("kind")),
        request.query.get("cursor"),
        messages=wiring.messages(),
        now=now(),
    )
    return Answer(200, QueueBody.of(page))


@handler.route("POST", "/reviews", summary="Record a call", access="staff", reads=CallBody, answers={201: RecordBody})
def post_call(request: Request[CallBody]) -> Answer:
    """Put what was said by telephone into the queue."""
    body = request.body
    return _record(
        review.record_telephone_call(
            body.kind,
            body.email,
            body.text,
            by=request.staff,
            policy=wiring.policy(),
            keys=wiring.keys(),
            messages=wiring.messages(),
            now=now(),
        ),
        status=201,
    )


@handler.route("GET", "/reviews/{reference}", summary="One record", access="staff", answers={200: RecordBody})
def get_record(request: Request[None], reference: str) -> Answer:
    """Everything about one record."""
    return _record(review.open_record(reference, by=request.staff, messages=wiring.messages(), now=now()))


@handler.route(
    "POST",
    "/reviews/{reference}/notes",
    summary="Add a note",
    access="staff",
    reads=NoteBody,
    answers={201: RecordBody},
)
def post_note(request: Request[NoteBody], reference: str) -> Answer:
    """Note something about a record."""
    noted = review.add_note(reference, request.body.text, by=request.staff, messages=wiring.messages(), now=now())
    return _record(noted, status=201)


@handler.route(
    "PUT",
    "/reviews/{reference}",
    summary="Mark reviewed",
    access="staff",
    reads=ReviewBody,
    answers={200: RecordBody},
)
def put_review(request: Request[ReviewBody], reference: str) -> Answer:
    """Mark a record reviewed, which brings its discard date nearer."""
    body = request.body
    return _record(
        review.mark_reviewed(
            reference,
            body.outcome,
            body.kind,
            by=request.staff,
            policy=wiring.policy(),
            messages=wiring.messages(),
            now=now(),
        )
    )


def _record(message: Message, status: int = 200) -> Answer:
    return Answer(status, RecordBody.of(message))


def _one_of(choices: tuple[T, ...], name: str, given: str | None) -> T | None:
    for choice in choices:
        if given == choice:
            return choice
    if given:
        raise InvalidInputError(FieldProblem(f"/{name}", "must be one of: {choices}", {"choices": ", ".join(choices)}))
    return None
