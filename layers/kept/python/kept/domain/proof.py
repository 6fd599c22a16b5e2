"""Proof that an email address is somebody's: a link that is mailed to it, and the session that the link opens.

Both are `<subject id>.<256 random bits>`, of which only a hash is stored: who reads the table can use neither.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

from kept.domain.errors import NotFoundError
from kept.domain.identity import SubjectId

_TOKEN = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored. Times: seconds since the epoch."""

    subject_id: SubjectId
    secret_hash: str
    discard_at: int
    email: str = field(repr=False)
    confirms: str | None = None  # the registration that using it confirms
    answers: str | None = None  # the record of the request that it was mailed for


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who has proved that an address is theirs, for a while."""

    subject_id: SubjectId
    secret_hash: str
    discard_at: int
    email: str = field(repr=False)


def new_token(subject_id: SubjectId) -> tuple[str, str]:
    """A token for a link or a session, and the hash that is stored of its secret."""
    secret = secrets.token_urlsafe(32)
    return f"{subject_id.hex()}.{secret}", _hash(secret)


def read_token(token: str) -> tuple[SubjectId, str]:
    """Whose a token says it is, and its secret's hash. Raises NotFoundError for what cannot be one."""
    matched = _TOKEN.fullmatch(token)
    if matched is None:
        raise NotFoundError("This link cannot be used: it is not whole. Copy all of it, or ask for a new one.")
    return SubjectId(bytes.fromhex(matched[1])), _hash(matched[2])


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
