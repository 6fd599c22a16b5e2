"""Reading request bodies: JSON or a plain HTML form into a typed structure, refusals that repeat nothing."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from kept.domain.errors import FieldProblem, InvalidInputError
from kept.entry.problem import MalformedError, PayloadTooLargeError, UnsupportedMediaTypeError

MAX_BYTES = 64 * 1024
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

T = TypeVar("T")

_LOCALE = re.compile(rb"(?:^|&)locale=([A-Za-z]{2,3})\b")
_MISSING = re.compile(r"[oO]bject missing required field `(\w+)`")
_TOO_LONG = re.compile(r"[eE]xpected `str` of length <= (\d+)")
_STEP = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")


def raw_body(event: dict[str, Any], largest: int = MAX_BYTES) -> bytes:
    """The body's bytes. Raises PayloadTooLargeError over `largest`, MalformedError."""
    text: str = event.get("body") or ""
    if len(text) > largest * 4 // 3 + 4:
        raise PayloadTooLargeError("What was sent is larger than {size} KB.", size=largest // 1024)
    try:
        content = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError("The body's encoding cannot be read.") from None
    if len(content) > largest:
        raise PayloadTooLargeError("What was sent is larger than {size} KB.", size=largest // 1024)
    return content


def read_body(content: bytes, content_type: str, wanted: type[T], *, forms: bool) -> T:
    """Decode and check a body. `content_type` is the header; `forms` says whether an HTML form may be sent.

    Raises MalformedError, UnsupportedMediaTypeError, InvalidInputError with a pointer to the field.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type == JSON:
            return msgspec.json.decode(content, type=wanted)
        if media_type == FORM and forms:
            return msgspec.convert(form_fields(content), wanted, strict=False)  # a form knows no true and no 1
    except msgspec.ValidationError as error:
        raise InvalidInputError(_field_problem(error, wanted)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedError("The body is not JSON in UTF-8.") from None
    raise UnsupportedMediaTypeError(f"Send {JSON}{f' or {FORM}' if forms else ''}, and say so in Content-Type.")


def form_locale(event: dict[str, Any]) -> str | None:
    """The field `locale` of a form, whatever else is wrong with it: a refusal too is in the person's language."""
    try:
        found = _LOCALE.search(raw_body(event))
    except (MalformedError, PayloadTooLargeError):
        return None
    return found[1].decode() if found else None


def form_fields(content: bytes) -> dict[str, Any]:
    """A form's fields as JSON would have them: `a.b` is b in a, `c[]` is a list, and an empty field is none.

    Raises MalformedError.
    """
    try:
        pairs = parse_qsl(content.decode(), errors="strict", max_num_fields=100)
    except ValueError:  # also what is not UTF-8
        raise MalformedError("The body is not a form in UTF-8.") from None
    fields: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = name.split(".")[:4]
        place = fields
        for step in path:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        if last.endswith("[]"):
            place.setdefault(last.removesuffix("[]"), []).append(value)
        else:
            place.setdefault(last, value)
    return fields


def _field_problem(error: msgspec.ValidationError, wanted: type) -> FieldProblem:
    """What msgspec says, with a JSON pointer, and without the names and values that it may quote from the request."""
    reason, _, path = str(error).partition(" - at `")
    pointer = "".join(f"/{name or index}" for name, index in _STEP.findall(path))
    if "unknown field" in reason:
        known = ", ".join(_known_fields(msgspec.inspect.type_info(wanted), pointer.split("/")[1:]))
        return FieldProblem(pointer, "has a field that this route does not know; it knows: {known}", {"known": known})
    if reason.startswith("Invalid"):
        return FieldProblem(pointer, "is not one of the values that are possible here")
    if missing := _MISSING.fullmatch(reason):
        return FieldProblem(pointer, "lacks the required field {field}", {"field": missing[1]})
    if too_long := _TOO_LONG.fullmatch(reason):
        return FieldProblem(pointer, "is longer than {limit} characters", {"limit": int(too_long[1])})
    return FieldProblem(pointer, reason[:1].lower() + reason[1:])


def _known_fields(shape: Any, path: list[str]) -> list[str]:
    """The fields of the structure that lies at a path in another; an optional one is a union with null."""
    if isinstance(shape, msgspec.inspect.UnionType):
        shape = next(each for each in shape.types if not isinstance(each, msgspec.inspect.NoneType))
    if not path:
        return [field.encode_name for field in shape.fields]
    if isinstance(shape, msgspec.inspect.StructType):
        (inner,) = (field.type for field in shape.fields if field.encode_name == path[0])
        return _known_fields(inner, path[1:])
    return _known_fields(shape.item_type, path[1:])
