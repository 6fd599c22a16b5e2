"""Everything Kept raises on purpose. No message ever holds what a person sent: messages reach logs and answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class KeptError(Exception):
    """The root of Kept's own errors. A message for people is a sentence that pages translate, `{name}`s filled in last.

    Only a sentence that stands in the call itself is found by the extraction; one that does not is `to_translate`d.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(fill_in(message, values))
        self.message, self.values = message, values


def to_translate(sentence: str) -> str:
    """The sentence as it is. Marks it for the extraction of what pages translate."""
    return sentence


def fill_in(sentence: str, values: Mapping[str, object]) -> str:
    """The sentence in English with its `{name}`s filled in; whole numbers are written 16,384."""
    if not values:
        return sentence
    return sentence.format(**{name: f"{v:,}" if type(v) is int else str(v) for name, v in values.items()})


class PolicyError(KeptError):
    """The policy file is wrong; the message names file and key."""


class PhraseError(KeptError):
    """A phrase file is wrong; the message names the file and the pattern."""


class ConfigurationError(KeptError):
    """The function was deployed without something it needs; the message names it."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field of a request."""

    pointer: str  # RFC 6901 pointer into the JSON sent, "" for the whole of it
    detail: str  # a sentence for the person who wrote the request, with `{name}`s; never the value itself
    values: Mapping[str, object] = field(default_factory=dict)  # of those names

    @property
    def text(self) -> str:
        """The sentence in English."""
        return fill_in(self.detail, self.values)


class InvalidInputError(KeptError):
    """What was sent is understood but not acceptable; nothing was stored."""

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.text}" for p in problems))
        self.problems = problems


class NotFoundError(KeptError):
    """Nothing is held under that name, or what was held is past its discard date."""


class ConflictError(KeptError):
    """What was asked contradicts what is there."""


class UnavailableError(KeptError):
    """A dependency did not answer; nothing was lost, and the same request may be sent again."""


class KeyMismatchError(UnavailableError):
    """The hash key is not the one that this deployment's records were written under; nothing is written."""


class NotSignedInError(KeptError):
    """The route is for who has proved that an address is theirs, and the caller has not, or too long ago."""


class NotAllowedError(KeptError):
    """The caller is known, but is not someone who may do this."""
