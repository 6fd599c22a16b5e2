"""Errors for programs and people: RFC 9457 problem documents, which `pages` shows as a page to who uses a browser."""

from __future__ import annotations

from http import HTTPStatus

import msgspec

from kept.domain.errors import (
    ConflictError,
    FieldProblem,
    InvalidInputError,
    KeptError,
    NotAllowedError,
    NotFoundError,
    NotSignedInError,
    UnavailableError,
    to_translate,
)


class PayloadTooLargeError(KeptError):
    """The request's body is larger than any honest one."""


class UnsupportedMediaTypeError(KeptError):
    """The request's body is of a type that this route does not read."""


class MalformedError(KeptError):
    """The request's body cannot be read at all."""


_STATUS: dict[type[KeptError], HTTPStatus] = {
    MalformedError: HTTPStatus.BAD_REQUEST,
    NotSignedInError: HTTPStatus.UNAUTHORIZED,
    NotAllowedError: HTTPStatus.FORBIDDEN,
    NotFoundError: HTTPStatus.NOT_FOUND,
    ConflictError: HTTPStatus.CONFLICT,
    PayloadTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_UNAVAILABLE = to_translate(
    "A part of the system did not answer. Nothing was lost or half done; please send the same again."
)
_NOTHING_STORED = to_translate("Nothing was stored.")
_OUR_MISTAKE = to_translate("This is a mistake of ours; it has been recorded, without what you sent.")


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    pointer: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document. It never repeats what was sent."""

    title: str
    status: int
    detail: str = ""
    errors: list[FieldError] = []


def problem_of(error: Exception) -> Problem:
    """The problem document for an exception; one that is not ours says nothing of itself."""
    # UnavailableError has a subclass (a wrong key), so the class is looked for among the error's bases.
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, InvalidInputError):
        return _problem(status, _NOTHING_STORED, [_field_error(p) for p in error.problems])
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        return _problem(status, _UNAVAILABLE)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return _problem(status, _OUR_MISTAKE)
    return _problem(status, str(error))


def _problem(status: HTTPStatus, detail: str, errors: list[FieldError] | None = None) -> Problem:
    return Problem(title=status.phrase, status=status.value, detail=detail, errors=errors or [])


def _field_error(problem: FieldProblem) -> FieldError:
    return FieldError(problem.pointer, problem.text)
