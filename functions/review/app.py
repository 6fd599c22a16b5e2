"""The queue for internal review: staff read what came in, note what they did, and mark it reviewed."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeVar

import msgspec

from kept.adapters.clock import now
from kept.app import review
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.records import KINDS, Message
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request
from kept.entry.reviewing import STATUSES, CallBody, Changeable, ExtensionBody, NoteBody, Staff, Text
from kept.entry.reviews import QueueBody, RecordBody

handler = Api()

T = TypeVar("T", bound=str)


class ReviewBody(msgspec.Struct, forbid_unknown_fields=True):
    """What came of a record, and its kind where it turned out to be another one."""

    status: Literal["reviewed"]
    outcome: Text
    kind: Changeable | None = None


class HoldBody(msgspec.Struct, forbid_unknown_fields=True):
    """The law that forbids to discard a record before a time."""

    reason: Text
    until: dt.datetime


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
    return Answer(200, QueueBody.of(page, now()))


@handler.route("POST", "/reviews", summary="Record a call", access="staff", reads=CallBody, answers={201: RecordBody})
def post_call(request: Request[CallBody]) -> Answer:
    """Put what was said by telephone into the queue."""
    return _record(Staff(request).record_call(request.body), status=201)


@handler.route("GET", "/reviews/{reference}", summary="One record", access="staff", answers={200: RecordBody})
def get_record(request: Request[None], reference: str) -> Answer:
    """Everything about one record."""
    return _record(Staff(request).open(reference))


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
    return _record(Staff(request).note(reference, request.body.text), status=201)


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
    return _record(Staff(request).mark_reviewed(reference, request.body.outcome, request.body.kind))


@handler.route(
    "POST",
    "/reviews/{reference}/extensions",
    summary="Answer a request later",
    access="staff",
    reads=ExtensionBody,
    answers={200: RecordBody},
)
def post_extension(request: Request[ExtensionBody], reference: str) -> Answer:
    """Move a request's deadline, once, and tell the person why."""
    return _record(Staff(request).extend(reference, request.body.reason))


@handler.route(
    "PUT",
    "/reviews/{reference}/hold",
    summary="Keep a record because a law asks for it",
    access="staff",
    reads=HoldBody,
    answers={200: RecordBody},
)
def put_hold(request: Request[HoldBody], reference: str) -> Answer:
    """Keep a record until a time, for a stated reason that the person can see."""
    until = request.body.until
    if until.tzinfo is None:
        raise InvalidInputError(FieldProblem("/until", "needs its offset from UTC, as in 2026-12-22T08:30:00Z"))
    return _record(Staff(request).hold(reference, request.body.reason, int(until.timestamp())))


@handler.route("DELETE", "/reviews/{reference}/hold", summary="End a hold", access="staff", answers={200: RecordBody})
def delete_hold(request: Request[None], reference: str) -> Answer:
    """Let a record go when it would have gone without the hold."""
    return _record(Staff(request).end_hold(reference))


def _record(message: Message, status: int = 200) -> Answer:
    return Answer(status, RecordBody.of(message, now()))


def _one_of(choices: tuple[T, ...], name: str, given: str | None) -> T | None:
    for choice in choices:
        if given == choice:
            return choice
    if given:
        raise InvalidInputError(FieldProblem(f"/{name}", "must be one of: {choices}", {"choices": ", ".join(choices)}))
    return None
