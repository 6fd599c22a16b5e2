"""The pages on which a person sees and changes what is held about them: plain HTML forms, which need no script."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.exports import see_records
from kept.app.leave import Left
from kept.app.my_data import Preferences, correct, correctable, prefer, read_own
from kept.app.prove_identity import end_session
from kept.domain.exports import Export
from kept.domain.ledger import NOT_LEDGERED, Entry, day_of
from kept.domain.records import OUR_TEXTS, PostalAddress
from kept.domain.suppression import EVERYTHING, MARKETING, list_scope
from kept.domain.times import seconds_of
from kept.entry import pages, wiring, words
from kept.entry.http import HTML, Answer, Api, NewCookie, Request, see
from kept.entry.language import LANGUAGES, language
from kept.entry.language import Language as Spoken
from kept.entry.me import Language, MeBody, Name, Phone, Purposes

Text = Annotated[str, Meta(max_length=16384)]
CORRECTABLE_KINDS = ("account", "message")
_TIMES = re.compile(r"at|until|.*_(at|by|until)")  # as `app.show_record` has it
_NOT_SHOWN = NOT_LEDGERED | {"export-place"}  # they come and go by themselves


class LocaleForm(msgspec.Struct, forbid_unknown_fields=True):
    """A form of one button; `locale` is the language of the page that it stands on."""

    locale: Language | None = None


class PreferencesForm(msgspec.Struct, forbid_unknown_fields=True):
    """The boxes that are ticked: what not to send, and what the postal address may be used for."""

    stop: Annotated[tuple[str, ...], Meta(max_length=300)] = ()
    postal_purposes: Purposes | None = None
    language: Language | None = None
    locale: Language | None = None


class CorrectionForm(msgspec.Struct, forbid_unknown_fields=True):
    """A record as it should be; what is empty is taken out."""

    name: Name | None = None
    phone: Phone | None = None
    postal_address: Annotated[str, Meta(max_length=1000)] | None = None
    purposes: Purposes = ()
    text: Text | None = None
    locale: Language | None = None


def add_to(api: Api) -> None:
    """Declare what the forms of these pages post to."""
    for method, path, reads, use in (
        ("POST", "/sessions/end", LocaleForm, post_sign_out),
        ("POST", "/me/preferences", PreferencesForm, post_preferences),
        ("POST", "/me/records/{record_id}", CorrectionForm, post_correction),
    ):
        api.route(
            method, path, summary=f"By form: {str(use.__doc__).partition('.')[0]}", access="person", reads=reads,
            forms=True, answers={303: None},
        )(use)  # fmt: skip
    api.route(
        "GET", "/me/records/{record_id}", summary="The form to correct a record", access="person",
        answers={200: None}, in_languages=True,
    )(get_correction)  # fmt: skip


def my_data(request: Request[Any], me: MeBody) -> Answer:
    """Everything that is held about somebody, and what they can do about it."""
    policy, spoken = wiring.policy(), language(request.language)
    shown, after = see_records(request.session, request.query.get("cursor"), partition=wiring.partition(), now=now())
    stopped = {each.scope for each in me.opt_outs}
    named = [(MARKETING, spoken.translate(words.SCOPES[MARKETING]))]
    named += [(list_scope(each.number), spoken.of(each.name, policy.languages[0])) for each in policy.lists.values()]
    named += [(EVERYTHING, spoken.translate(words.SCOPES[EVERYTHING]))]
    return _page(
        "my-data.html",
        request,
        me=me,
        email=me.email,
        records=[_shown(record, spoken) for record in shown if record["type"] not in _NOT_SHOWN],
        next=after,
        scopes=[(scope, label, scope in stopped) for scope, label in named],
        languages=[(code, language(code).name) for code in LANGUAGES],
        done=spoken.translate(words.DONE.get(request.query.get("done", ""), "")),
    )


def package(request: Request[Any], export: Export, url: str | None) -> Answer:
    """How far a package is, and where it is fetched from."""
    waits = url is None and export.is_being_made(now())
    status = export.status_at(now())
    page = _page("package.html", request, url=url, waits=waits, status=status, discard_at=export.discard_at)
    return replace(page, script=waits)


def ledger(request: Request[Any], entries: Sequence[Entry], after: str | None) -> Answer:
    """What became of somebody's records, with proof. An entry of today has none yet."""
    shown = [entry for entry in entries if entry.kind not in _NOT_SHOWN]
    return _page("ledger.html", request, entries=shown, next=after, today=day_of(now()))


def last_question(request: Request[Any], left: Left | None = None) -> Answer:
    """The last question before everything is erased, or what became of it."""
    answer = _page("leave.html", request, left=left, email=request.session.email)
    return replace(answer, cookies=(NewCookie("", 0),)) if left is not None and left.done else answer


def post_sign_out(request: Request[LocaleForm]) -> Answer:
    """Sign out."""
    end_session(str(request.cookie), proofs=wiring.proofs())
    return Answer(303, location=f"/{request.language}", cookies=(NewCookie("", 0),))


def post_preferences(request: Request[PreferencesForm]) -> Answer:
    """Say what you wish."""
    policy = wiring.policy()
    scopes = [MARKETING, EVERYTHING, *(list_scope(each.number) for each in policy.lists.values())]
    stopped = wiring.suppressions().of(request.session.subject_id)
    wishes = {scope: scope in request.body.stop for scope in scopes}
    prefer(
        request.session,
        Preferences(
            {scope: wish for scope, wish in wishes.items() if wish != (scope in stopped)},
            request.body.language,
            request.body.postal_purposes,
        ),
        policy=policy,
        accounts=wiring.accounts(),
        suppressions=wiring.suppressions(),
        welcome_back=wiring.welcome_back,
        now=now(),
    )
    return back(request, "preferences")


def get_correction(request: Request[None], record_id: str) -> Answer:
    """The form to correct a record."""
    values = read_own(request.session, record_id, accounts=wiring.accounts(), messages=wiring.messages(), now=now())
    return _page("correct.html", request, id=record_id, values=values, fields=correctable(values))


def post_correction(request: Request[CorrectionForm], record_id: str) -> Answer:
    """Correct what you gave."""
    body = request.body
    own = read_own(request.session, record_id, accounts=wiring.accounts(), messages=wiring.messages(), now=now())
    address = PostalAddress(body.postal_address, body.purposes) if body.postal_address else None
    sent = {"name": body.name, "phone": body.phone, "postal_address": address, "text": body.text}
    correct(
        request.session,
        record_id,
        {name: value for name, value in sent.items() if name in correctable(own) and value != getattr(own, name)},
        policy=wiring.policy(),
        accounts=wiring.accounts(),
        messages=wiring.messages(),
        now=now(),
    )
    return back(request, "correction")


def back(request: Request[Any], done: str) -> Answer:
    """Send a browser back to what is held, where a line says what was done."""
    return see(f"/{request.language}/me?done={done}")


def _page(template: str, request: Request[Any], **context: Any) -> Answer:
    return Answer(200, pages.page(template, request, **context), HTML)


def _shown(record: Mapping[str, Any], spoken: Spoken) -> dict[str, Any]:
    """A record for the page: its fields, what it is, by when it goes, and whether its person can correct it."""
    hidden = {"type", "id", "discard_by", "date_moved"}
    by = None if record["type"] not in CORRECTABLE_KINDS else record.get("id")
    return {
        "type": record["type"],
        "discard_at": dt.date.fromisoformat(record["discard_by"][:10]),
        "fields": {name: _in_words(name, value, spoken) for name, value in record.items() if name not in hidden},
        "correct": by,
    }


def _in_words(name: str, value: Any, spoken: Spoken) -> Any:
    """What is in a field as the language writes it: times, numbers, and what we have codes for."""
    if isinstance(value, Mapping):
        return {inner: _in_words(inner, each, spoken) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_words(name, each, spoken) for each in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return spoken.number(value)
    if isinstance(value, str) and _TIMES.fullmatch(name):
        seconds = seconds_of(value)
        return value if seconds is None else spoken.moment(seconds)
    if value in OUR_TEXTS:
        return spoken.translate(value)
    table = words.CODES.get(name, {})
    return spoken.translate(table[value]) if isinstance(value, str) and value in table else value
