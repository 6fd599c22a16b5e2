"""The desk's pages: the queue, what was said by telephone, and the gate to ask by hand. Plain forms, no script."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app import review
from kept.app.permissions import ask
from kept.domain.errors import KeptError, NotFoundError
from kept.domain.permission import Channel, Check
from kept.domain.records import KINDS
from kept.entry import pages, wiring
from kept.entry.body import form_fields
from kept.entry.http import HTML, Answer, Api, Request, see
from kept.entry.language import offered
from kept.entry.problem import problem_of
from kept.entry.reviewing import STATUSES, CallBody, Staff
from kept.entry.words import INTENTS

T = TypeVar("T", bound=str)


class EmptyBody(msgspec.Struct, forbid_unknown_fields=True):
    """A form that is a button."""


class QuestionBody(msgspec.Struct, forbid_unknown_fields=True):
    """A question to the gate."""

    channel: Channel
    address: Annotated[str, Meta(min_length=1, max_length=320)]
    purpose: Annotated[str, Meta(max_length=64)]
    list: Annotated[str, Meta(max_length=64)] | None = None
    order_id: Annotated[str, Meta(max_length=128)] | None = None


def add_to(api: Api) -> None:
    """Declare the routes."""
    query = ("status", "kind", "intent", "due", "reason", "cursor")
    api.route("GET", "/desk/{language}", summary="The queue", access="desk", query=query, answers={200: None})(
        get_queue
    )
    api.route(
        "GET", "/desk/{language}/call", summary="What somebody said by telephone", access="desk", answers={200: None}
    )(get_call)
    api.route(
        "POST", "/desk/{language}/call", summary="Record a call", access="desk", reads=CallBody, forms=True,
        answers={303: None}, refused=refused_call,
    )(post_call)  # fmt: skip
    api.route(
        "GET", "/desk/{language}/permission", summary="May we contact somebody?", access="desk", answers={200: None}
    )(get_permission)

    def post_permission(request: Request[QuestionBody], language: str) -> Answer:
        """The gate's answer, with the promise that says so. The address is in the body, so that no URL holds it."""
        known(language)
        body = request.body
        check = Check(body.channel, body.address, body.purpose, body.list, body.order_id)
        (verdict,) = ask(
            [check],
            policy=wiring.policy(),
            keys=wiring.keys(),
            suppressions=wiring.suppressions(),
            holdings=wiring.orders(),
            now=now(),
            failed=lambda error: api.observer.log("failed", error),
        )
        return page(request, "desk-permission.html", question=check, answer=verdict.permission)

    api.route(
        "POST", "/desk/{language}/permission", summary="Ask the gate", access="desk", reads=QuestionBody, forms=True,
        answers={200: None}, refused=refused_permission,
    )(post_permission)  # fmt: skip


def get_queue(request: Request[None], language: str) -> Answer:
    """A page of the queue, complaints first and then the oldest. A filter that is none of ours filters nothing."""
    known(language)
    query = request.query
    status = _one_of(STATUSES, query.get("status")) or "new"
    kind = _one_of(KINDS, query.get("kind"))
    wanted = review.Wanted(
        _one_of(tuple(INTENTS), query.get("intent")) or "",
        _one_of(review.DUES, query.get("due")),
        query.get("reason", "")[:100],
    )
    found = review.search_queue(
        status, kind, wanted, query.get("cursor") or None, messages=wiring.messages(), now=now()
    )
    chosen = {"status": status, "kind": kind or "", **dataclasses.asdict(wanted)}
    return page(request, "desk-queue.html", found=found, chosen=chosen, kinds=KINDS, now=now())


def get_call(request: Request[None], language: str) -> Answer:
    """A form for what somebody said by telephone."""
    known(language)
    return page(request, "desk-call.html")


def post_call(request: Request[CallBody], language: str) -> Answer:
    """Put what was said by telephone into the queue."""
    known(language)
    return see_record(language, Staff(request).record_call(request.body).reference)


def refused_call(request: Request[Any], error: KeptError, language: str) -> Answer:
    """The form again, as it was filled in."""
    known(language)
    return page(request, "desk-call.html", error)


def get_permission(request: Request[None], language: str) -> Answer:
    """A form to ask the gate by hand."""
    known(language)
    return page(request, "desk-permission.html", question=None, answer=None)


def refused_permission(request: Request[Any], error: KeptError, language: str) -> Answer:
    """The form again, as it was filled in."""
    known(language)
    return page(request, "desk-permission.html", error, question=None, answer=None)


def page(
    request: Request[Any], template: str, error: KeptError | None = None, at: str | None = None, **context: Any
) -> Answer:
    """A page of the desk; its button to sign in or out leads to the user pool.

    Where an `error` says why the form was refused that was posted, the page says it and has what was typed. `at` is the
    page's own address, where that is not the request's.
    """
    sent = form_fields(request.content) if error else {}
    typed = defaultdict(str, {name: value for name, value in sent.items() if isinstance(value, str)})
    refusal = pages.told(error, problem_of(error), request.language) if error else None
    shown = pages.page(
        template, request, at=at or request.path, staff=request.signed_in, typed=typed, refusal=refusal, **context
    )
    return Answer(problem_of(error).status if error else 200, shown, HTML, form_action=wiring.sign_in().base)


def see_record(language: str, reference: str) -> Answer:
    """Send the browser on to a record."""
    known(language)
    return see(f"/desk/{language}/records/{reference}")


def known(language: str) -> None:
    """Raises NotFoundError for a language that pages do not speak."""
    if language not in offered(wiring.policy().languages):
        raise NotFoundError("There is no such page. It may have moved; begin at the first one.")


def _one_of(choices: tuple[T, ...], given: str | None) -> T | None:
    return next((choice for choice in choices if choice == given), None)
