"""One record at the desk: what is in it, and a form for each thing that staff may do with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import msgspec

from kept.adapters.clock import now
from kept.app.show_mail import LARGEST_FILE, read_file
from kept.domain.errors import KeptError
from kept.domain.records import Message
from kept.entry import wiring
from kept.entry.desk_pages import EmptyBody, known, page, see_record
from kept.entry.http import Answer, Api, Request
from kept.entry.reviewing import Changeable, ExtensionBody, NoteBody, Staff, Text

RECORD = "/desk/{language}/records/{reference}"


class OutcomeBody(msgspec.Struct, forbid_unknown_fields=True):
    """What came of a record."""

    outcome: Text


class KindBody(msgspec.Struct, forbid_unknown_fields=True):
    """What a record turned out to be."""

    kind: Changeable


class HoldForm(msgspec.Struct, forbid_unknown_fields=True):
    """The law that forbids to discard a record before a day is over (in UTC)."""

    reason: Text
    until: dt.date

    @property
    def ends_at(self) -> int:
        """When that day is over, in seconds since the epoch."""
        return int(dt.datetime.combine(self.until, dt.time(), dt.UTC).timestamp()) + 86400


@dataclass(frozen=True, slots=True)
class Form:
    """What a form of the record's page does, what it reads, and who has it done with that."""

    summary: str
    reads: type
    done: Callable[[Staff, str, Any], object]


FORMS = {
    "notes": Form("Add a note", NoteBody, lambda staff, which, body: staff.note(which, body.text)),
    "review": Form("Mark reviewed", OutcomeBody, lambda staff, which, body: staff.mark_reviewed(which, body.outcome)),
    "kind": Form("Change the kind", KindBody, lambda staff, which, body: staff.change_kind(which, body.kind)),
    "extension": Form("Answer later", ExtensionBody, lambda staff, which, body: staff.extend(which, body.reason)),
    "hold": Form("Keep a record", HoldForm, lambda staff, which, body: staff.hold(which, body.reason, body.ends_at)),
    "hold/end": Form("End a hold", EmptyBody, lambda staff, which, _: staff.end_hold(which)),
}
"""The record's forms, by what their address ends with."""


def add_to(api: Api) -> None:
    """Declare the routes."""
    api.route("GET", RECORD, summary="One record", access="desk", answers={200: None})(get_record)
    api.route(
        "GET", RECORD + "/files/{place}", summary="A file that came with a mail, or the whole mail", access="desk",
        answers={200: None},
    )(get_file)  # fmt: skip
    for name, form in FORMS.items():
        api.route(
            "POST", f"{RECORD}/{name}", summary=form.summary, access="desk", reads=form.reads, forms=True,
            answers={303: None}, refused=_refused(name),
        )(_post(form))  # fmt: skip


def get_record(request: Request[None], language: str, reference: str) -> Answer:
    """Everything about one record; that it was opened is written into it."""
    return _record(request, language, reference)


def get_file(request: Request[None], language: str, reference: str, place: str) -> Answer:
    """Only ever something to save: nothing of it is shown or run here."""
    known(language)
    name, content = read_file(Staff(request).open(reference), place, raw_mail=wiring.raw_mail())
    return Answer(200, content, "application/octet-stream", file_name=name)


def _post(form: Form) -> Callable[..., Answer]:
    def post(request: Request[Any], language: str, reference: str) -> Answer:
        known(language)
        form.done(Staff(request), reference, request.body)
        return see_record(language, reference)

    return post


def _refused(name: str) -> Callable[..., Answer]:
    """The record's page again, with the form as it was filled in: this is another look at it, and counts as one."""

    def refused(request: Request[Any], error: KeptError, language: str, reference: str) -> Answer:
        return _record(request, language, reference, name, error)

    return refused


def _record(
    request: Request[Any], language: str, reference: str, form: str = "", error: KeptError | None = None
) -> Answer:
    known(language)
    record = Staff(request).open(reference)
    return page(
        request,
        "desk-record.html",
        error,
        at=f"/desk/{language}/records/{record.reference}",
        record=record,
        kinds=get_args(Changeable),
        refused_form=form,
        now=now(),
        largest_file=LARGEST_FILE,
        hold_days=[dt.datetime.fromtimestamp(at, dt.UTC).date().isoformat() for at in (now(), _last_day(record))],
    )


def _last_day(record: Message) -> int:
    """A moment of the last day to the end of which it may be held."""
    return record.received_at + wiring.policy().legal_hold.longest - 86400
