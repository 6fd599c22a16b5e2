"""POST /permissions: may we contact these people, on this channel, for this purpose? Asked before anything is sent."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from kept.adapters.clock import now
from kept.app.permissions import Verdict, ask
from kept.domain.errors import UnavailableError
from kept.domain.opt_out_token import make_opt_out_token, unsubscribe_headers
from kept.domain.permission import Channel, Check, Decision, unknown
from kept.entry import wiring
from kept.entry.http import Answer, Api, Request
from kept.entry.settings import setting

handler = Api()

LARGEST = 1024 * 1024  # 1,000 checks with the longest addresses, and some


class CheckBody(Check, frozen=True, forbid_unknown_fields=True):
    """A question. `address` is an email address (for post too, with the id of the postal address) or a number."""

    channel: Channel
    address: Annotated[str, Meta(max_length=320)]
    purpose: Annotated[str, Meta(max_length=64)]
    list: Annotated[str, Meta(max_length=64)] | None = None
    order_id: Annotated[str, Meta(min_length=1, max_length=128)] | None = None
    address_id: Annotated[str, Meta(pattern="^((message|order)-[0-9a-f]{32}|account-self)$")] | None = None


class ChecksBody(msgspec.Struct, forbid_unknown_fields=True):
    """Questions, up to 1,000."""

    checks: Annotated[list[CheckBody], Meta(min_length=1, max_length=1000)]


class ResultBody(msgspec.Struct, omit_defaults=True):
    """An answer: `unknown` is not allowed. `promise` is the policy's that says so; add `headers` to marketing mail."""

    allowed: bool
    decision: Decision
    promise: str
    reason: str
    headers: dict[str, str] = {}


class ResultsBody(msgspec.Struct):
    """The answers, in the order of the checks."""

    results: list[ResultBody]


@handler.route(
    "POST",
    "/permissions",
    summary="May we contact them?",
    access="kept/permissions",
    reads=ChecksBody,
    largest=LARGEST,
    answers={200: ResultsBody},
)
def post_permissions(request: Request[ChecksBody]) -> Answer:
    """Answer all checks; what cannot be looked up is `unknown`, never allowed."""
    checks = request.body.checks
    verdicts = _ask(checks)
    # Of emails, only refusals are counted; every use of a telephone number or postal address is.
    counted = Counter(
        (check.channel, verdict.permission.decision)
        for check, verdict in zip(checks, verdicts, strict=True)
        if check.channel != "email" or not verdict.permission.allowed
    )
    for (channel, decision), number in counted.items():
        handler.observer.count("Permissions", number, channel=channel, decision=decision)
    return Answer(200, ResultsBody(_results(verdicts)))


def _ask(checks: list[CheckBody]) -> list[Verdict]:
    """Ask; where nothing can be asked, or not with this key, nothing is known of anybody."""
    try:
        return wiring.with_current_keys(lambda: _ask_once(checks))
    except UnavailableError as error:
        handler.observer.log("failed", error)
        return [Verdict(unknown(check.channel)) for check in checks]


def _ask_once(checks: list[CheckBody]) -> list[Verdict]:
    return ask(
        checks,
        policy=wiring.policy(),
        keys=wiring.keys(),
        suppressions=wiring.suppressions(),
        holdings=wiring.orders() if any(check.channel != "email" for check in checks) else None,
        now=now(),
        failed=partial(handler.observer.log, "failed"),
    )


def _results(verdicts: list[Verdict]) -> list[ResultBody]:
    public_url, mail_domain = setting("PUBLIC_URL"), setting("MAIL_DOMAIN")
    results = []
    for verdict in verdicts:
        permission, subject = verdict.permission, verdict.subject_id
        result = ResultBody(permission.allowed, permission.decision, permission.promise, permission.reason)
        if permission.stops is not None and subject is not None:
            token = make_opt_out_token(wiring.keys(), subject, permission.stops)
            result.headers = unsubscribe_headers(token, public_url=public_url, mail_domain=mail_domain)
        results.append(result)
    return results
