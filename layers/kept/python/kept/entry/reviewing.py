"""What staff do with records, as the API and the desk have it done: what may be sent, and by whom it is done."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from kept.adapters import clock
from kept.app import review
from kept.domain.records import Kind, Message, Status
from kept.entry import wiring
from kept.entry.http import Request

STATUSES: tuple[Status, ...] = ("new", "reviewed")
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Changeable = Literal["message", "complaint", "request", "machine"]


class NoteBody(msgspec.Struct, forbid_unknown_fields=True):
    """A note about a record; it is discarded with it."""

    text: Text


class ExtensionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Why a request is answered later; the person is told so."""

    reason: Text


class CallBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody said by telephone."""

    kind: Literal["message", "complaint", "request"]
    email: Annotated[str, Meta(max_length=254)]
    text: Annotated[str, Meta(min_length=1, max_length=16000)]


class Staff:
    """A member of staff at work: everything that they do is done under their name."""

    def __init__(self, request: Request[Any]) -> None:
        self._by = request.staff

    def open(self, reference: str) -> Message:
        """Look at a record; that they did is written into it first."""
        return review.open_record(reference, by=self._by, messages=wiring.messages(), now=clock.now())

    def note(self, reference: str, text: str) -> Message:
        """Note something about it."""
        return review.add_note(reference, text, by=self._by, messages=wiring.messages(), now=clock.now())

    def mark_reviewed(self, reference: str, outcome: str, kind: Kind | None = None) -> Message:
        """Say what came of it, which brings its discard date nearer."""
        return review.mark_reviewed(
            reference, outcome, kind, by=self._by, policy=wiring.policy(), messages=wiring.messages(), now=clock.now()
        )

    def change_kind(self, reference: str, kind: Kind) -> Message:
        """Make it one of another kind, with that kind's deadline."""
        return review.change_kind(reference, kind, policy=wiring.policy(), messages=wiring.messages(), now=clock.now())

    def extend(self, reference: str, reason: str) -> Message:
        """Answer a request later, once, and tell the person why."""
        return review.extend_deadline(
            reference,
            reason,
            by=self._by,
            policy=wiring.policy(),
            messages=wiring.messages(),
            mails=wiring.mails(),
            now=clock.now(),
        )

    def hold(self, reference: str, reason: str, until: int) -> Message:
        """Keep it until a time (seconds since the epoch), for a stated reason that the person can see."""
        return review.hold(
            reference, reason, until, by=self._by, policy=wiring.policy(), messages=wiring.messages(), now=clock.now()
        )

    def end_hold(self, reference: str) -> Message:
        """Let it go when it would have gone without the hold."""
        return review.end_hold(reference, policy=wiring.policy(), messages=wiring.messages(), now=clock.now())

    def record_call(self, call: CallBody) -> Message:
        """Put what was said by telephone into the queue."""
        return review.record_telephone_call(
            review.Call(call.kind, call.email, call.text, self._by),
            policy=wiring.policy(),
            keys=wiring.keys(),
            messages=wiring.messages(),
            mails=wiring.mails(),
            now=clock.now(),
        )
