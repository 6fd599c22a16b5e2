"""HTTP on API Gateway: a route is declared once, with what it reads and answers, and OpenAPI is made from that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

import msgspec
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.shared.cookies import Cookie, SameSite

from kept.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
)
from kept.domain.proof import Session
from kept.entry import wiring
from kept.entry.access import COOKIE, NOBODY, OTHER_SITE, Access, admit, claims_of, cookie_of, is_from_our_pages
from kept.entry.body import FORM, JSON, MAX_BYTES, form_locale, raw_body, read_body
from kept.entry.language import LANGUAGES, choose, offered
from kept.entry.observability import Observer
from kept.entry.problem import problem_of

B = TypeVar("B")

SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'",
}
HTML = "text/html; charset=utf-8"
FOREVER = "public, max-age=31536000, immutable"  # for what has another address once its content changes


@dataclass(frozen=True, slots=True)
class NewCookie:
    """A cookie to set, for so many seconds; none end it."""

    value: str
    seconds: int
    name: str = COOKIE
    same_site: Literal["Strict", "Lax"] = "Strict"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: a structure as JSON, or text of the type given."""

    status: int
    body: msgspec.Struct | bytes | None = None
    content_type: str = JSON
    location: str | None = None
    cookies: tuple[NewCookie, ...] = ()
    cache: str = "no-store"
    form_action: str = ""  # another origin that a form of this page leads to
    script: bool = False  # whether this page has our own script, which may ask this site and nobody else
    file_name: str | None = None  # of what is to be saved, never shown


def see(page: str) -> Answer:
    """Send a browser that posted a form on to a page (303, so that it gets it with GET)."""
    return Answer(303, location=page)


@dataclass(frozen=True)
class Request(Generic[B]):
    """A request whose body is checked."""

    body: B
    event: dict[str, Any] = field(repr=False)
    content: bytes = field(repr=False)
    session: Session = field(default=NOBODY, repr=False)  # of a route for a person
    signed_in: str = ""  # who, at a route for the desk

    @property
    def method(self) -> str:
        """The method, in capitals."""
        return str(self.event["requestContext"]["http"]["method"])

    @property
    def path(self) -> str:
        """What is asked for, without the query."""
        return str(self.event["rawPath"])

    @cached_property
    def language(self) -> str:
        """The code of the language to answer a person in."""
        return _language(self.event, getattr(self.body, "locale", None) or form_locale(self.event))

    @property
    def cookie(self) -> str | None:
        """The session's cookie, as yet unchecked."""
        return self.cookie_named(COOKIE)

    def cookie_named(self, name: str) -> str | None:
        """A cookie's value, as yet unchecked."""
        return cookie_of(self.event, name)

    @property
    def is_form(self) -> bool:
        """Whether a browser sent a plain HTML form."""
        return self.header("content-type").lower().startswith(FORM)

    @property
    def wants_page(self) -> bool:
        """Whether a person looks at the answer, rather than a program."""
        return _wants_page(self.event)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query string's parameters."""
        return self.event.get("queryStringParameters") or {}

    @property
    def staff(self) -> str:
        """The name under which the member of staff signed in."""
        return self.signed_in or str(claims_of(self.event)["username"])

    def refuse_other_sites(self) -> None:
        """Refuse what a browser sends from another site's page. Programs send no Origin, and hold no one's cookie.

        Raises NotAllowedError.
        """
        if self.header("origin") and not is_from_our_pages(self.event["headers"]):
            raise NotAllowedError(OTHER_SITE)

    def header(self, name: str) -> str:
        """A header by its lower-case name, "" where absent."""
        return str(self.event["headers"].get(name, ""))


@dataclass(frozen=True, slots=True)
class Operation:
    """A route as OpenAPI describes it."""

    method: str
    path: str  # /reviews/{reference}
    summary: str
    access: Access
    reads: type | None
    forms: bool
    largest: int
    answers: dict[int, type | None]
    query: tuple[str, ...]


class Api:
    """The routes of one function; calling it handles one event."""

    def __init__(self) -> None:
        """Nothing is read or connected yet."""
        self.operations: list[Operation] = []
        self.observer = Observer()
        self._resolver = APIGatewayHttpResolver()
        self._resolver.not_found(_no_route)

    def route(  # noqa: PLR0913  # a declaration, read by its keywords
        self,
        method: str,
        path: str,
        *,
        summary: str,
        answers: dict[int, type | None],
        reads: type | None = None,
        forms: bool = False,
        largest: int = MAX_BYTES,
        access: Access = "anyone",
        query: tuple[str, ...] = (),
        in_languages: bool = False,
        refused: Callable[..., Answer] | None = None,
    ) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
        """Declare a route: what it reads (and whether also from an HTML form), answers, and who may call it.

        `largest` is the size of its body in bytes, at most; `in_languages` makes it answer below /en, /ar too. The
        function gets a Request and the path's parameters. `refused` answers a form that is refused, with its page as it
        was filled in; it gets a Request without a body, the error, and the same parameters.
        """
        paths = [path, *(f"/{code}{path}".rstrip("/") for code in LANGUAGES)] if in_languages else [path]
        for each in paths:
            self.operations.append(Operation(method, each, summary, access, reads, forms, largest, answers, query))

        def register(use_case: Callable[..., Answer]) -> Callable[..., Answer]:
            def call(**parameters: str) -> Response[Any]:
                event = self._resolver.current_event.raw_event
                sent: Request[Any] | None = None
                try:
                    session, signed_in = admit(access, event, method)
                    sent = Request(None, event, raw_body(event, largest) if reads else b"", session, signed_in)
                    body = read_body(sent.content, sent.header("content-type"), reads, forms=forms) if reads else None
                    request = replace(sent, body=body)
                    return _response(wiring.with_current_keys(lambda: use_case(request, **parameters)))
                except Exception as error:  # noqa: BLE001  # the last place: what passes it, Lambda prints
                    again = None if sent is None or refused is None else self._again(sent, error, refused, parameters)
                    return again or self._refuse(error, event)

            for each in paths:
                self._resolver.route(each.replace("{", "<").replace("}", ">"), method=method)(call)
            return use_case

        return register

    def page(
        self, path: str, *, summary: str, query: tuple[str, ...] = (), answers: type | None = None
    ) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
        """Declare a page that anyone may see, at its path in Accept-Language, and below /en, /ar in these languages.

        `answers` is what programs get, if that is JSON.
        """
        return self.route("GET", path, summary=summary, answers={200: answers}, query=query, in_languages=True)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Lambda's handler: answer one request and write one line about it."""
        began = time.perf_counter()
        try:
            answer: dict[str, Any] = self._resolver.resolve(event, context)
        except Exception as error:  # noqa: BLE001  # not an event of API Gateway's; Lambda would print what is in it
            self.observer.log("failed", error)
            answer = {"statusCode": 500}
        self.observer.log(
            "request",
            request=context.aws_request_id,
            route=event.get("routeKey", ""),
            status=answer["statusCode"],
            milliseconds=round((time.perf_counter() - began) * 1000),
        )
        return answer

    def _again(
        self, sent: Request[Any], error: Exception, refused: Callable[..., Answer], parameters: dict[str, str]
    ) -> Response[Any] | None:
        """A form's page again, for who can put right what was refused; None where that is of no use."""
        if not (isinstance(error, InvalidInputError | ConflictError) and sent.is_form and sent.wants_page):
            return None
        try:
            return _response(refused(sent, error, **parameters))
        except Exception as another:  # noqa: BLE001  # the refusal itself is then shown, by itself
            self.observer.log("failed", another, route=sent.event.get("routeKey", ""))
            return None

    def _refuse(self, error: Exception, event: dict[str, Any]) -> Response[Any]:
        problem = problem_of(error)
        if problem.status >= 500:
            self.observer.log("failed", error, route=event.get("routeKey", ""), status=problem.status)
        if _wants_page(event):
            from kept.entry import pages  # Jinja2 is loaded only where a page is shown

            code = _language(event, form_locale(event))
            page = pages.problem_page(error, problem, code, desk=event["rawPath"].startswith("/desk"))
            return _response(Answer(problem.status, page, HTML))
        return _response(Answer(problem.status, problem, "application/problem+json"))


def _response(answer: Answer) -> Response[Any]:
    body = msgspec.json.encode(answer.body) if isinstance(answer.body, msgspec.Struct) else answer.body or b""
    headers: dict[str, str | list[str]] = {**SECURITY_HEADERS, "Cache-Control": answer.cache}
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    if answer.form_action:  # form-action is the last directive
        headers["Content-Security-Policy"] = f"{policy} {answer.form_action}"
    if answer.script:
        headers["Content-Security-Policy"] = f"{policy}; script-src 'self'; connect-src 'self'"
    if answer.file_name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(answer.file_name, safe='')}"  # RFC 6266
    if answer.location:
        headers["Location"] = answer.location
    if answer.status == 503:
        headers["Retry-After"] = "5"
    cookies = [
        Cookie(c.name, c.value, "/", secure=True, http_only=True, max_age=c.seconds, same_site=SameSite(c.same_site))
        for c in answer.cookies
    ]
    is_text = answer.file_name is None or answer.content_type == JSON
    content = body.decode() if is_text else body  # bytes go through API Gateway as base64
    return Response(answer.status, answer.content_type, content, headers, cookies)


def _no_route(_: NoRouteError) -> Response[Any]:
    problem = problem_of(NotFoundError("There is nothing at this address; GET /openapi.json lists what there is."))
    return _response(Answer(404, problem, "application/problem+json"))


def _wants_page(event: dict[str, Any]) -> bool:
    """Browsers say that they take pages; programs that post forms, such as mail clients' buttons, do not."""
    return "text/html" in event["headers"].get("accept", "")


def _language(event: dict[str, Any], asked: str | None) -> str:
    accepted = event["headers"].get("accept-language", "")
    return choose(event["rawPath"], accepted, offered(wiring.policy().languages), asked)
