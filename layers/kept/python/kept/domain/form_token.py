"""The signed token in our own pages' forms: it tells a person who read and typed from a program that only posts."""

from __future__ import annotations

import base64
import binascii

from kept.domain.durations import Duration
from kept.domain.errors import FieldProblem, InvalidInputError
from kept.domain.identity import Keys
from kept.domain.policy import Forms

_LABEL = "form"
_TIME_BYTES = 5


def make_form_token(keys: Keys, now: int) -> str:
    """A token that says when the form was shown (seconds since the epoch), signed; it names nobody."""
    shown_at = now.to_bytes(_TIME_BYTES)
    return base64.urlsafe_b64encode(shown_at + keys.sign(_LABEL, shown_at)).decode().rstrip("=")


def check_form_token(keys: Keys, forms: Forms, token: str, now: int) -> None:
    """Raises InvalidInputError, with what to do, unless the token is ours and neither too young nor too old."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"==")
    except (ValueError, binascii.Error):
        raw = b""
    shown_at, signature = raw[:_TIME_BYTES], raw[_TIME_BYTES:]
    if not keys.is_signed(_LABEL, shown_at, signature):
        raise _refusal("is not from one of our pages; please open the form again and send it from there")
    age = now - int.from_bytes(shown_at)
    if age < forms.minimum_age:
        raise _refusal(
            "came back sooner than a person can write; please wait {time} and send it again", forms.minimum_age
        )
    if age > forms.maximum_age:
        raise _refusal("is older than {time}; please open the form again", forms.maximum_age)


def _refusal(detail: str, time: Duration | None = None) -> InvalidInputError:
    return InvalidInputError(FieldProblem("/form_token", detail, {"time": time} if time is not None else {}))
