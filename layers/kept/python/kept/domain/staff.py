"""Who is a member of staff, and the cookie that says so for a while after they signed in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kept.domain.errors import NotSignedInError, to_translate
from kept.domain.identity import Keys

GROUP = "staff"
_LABEL = "staff session"
_MAC_BYTES = 16
_AGAIN = to_translate("You are not signed in, or were for too long. Sign in again.")


def is_staff(claims: Mapping[str, Any], client_id: str) -> bool:
    """Whether these are the claims of a member of staff's access token, issued to our client.

    Groups are a list in the token; HTTP APIs pass a list claim as text, "[staff other]":
    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
    """
    groups = claims.get("cognito:groups", "")
    names = groups if isinstance(groups, list) else str(groups).strip("[]").replace(",", " ").split()
    return claims.get("token_use") == "access" and claims.get("client_id") == client_id and GROUP in names


def make_staff_session(keys: Keys, name: str, ends_at: int) -> str:
    """The value of the cookie: who signed in and until when (seconds since the epoch), signed."""
    said = json.dumps([name, ends_at]).encode()
    return f"{_text(said)}.{_text(keys.sign(_LABEL, said))}"


def read_staff_session(keys: Keys, value: str, now: int) -> str:
    """The name of who signed in. Raises NotSignedInError where the value is not ours, or its time is over."""
    try:
        said, mac = (base64.urlsafe_b64decode(part.encode("ascii") + b"==") for part in value.split("."))
    except (ValueError, binascii.Error):
        raise NotSignedInError(_AGAIN) from None
    if len(mac) < _MAC_BYTES or not keys.is_signed(_LABEL, said, mac):
        raise NotSignedInError(_AGAIN)
    name, ends_at = json.loads(said)
    if ends_at <= now:
        raise NotSignedInError(_AGAIN)
    return str(name)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in that has begun: what its callback must bring back, and what proves that it is ours (RFC 7636)."""

    language: str
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """The verifier as the authorization request shows it: its SHA-256 (S256)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    def to_cookie(self) -> str:
        """As the browser keeps it until the callback."""
        return f"{self.language}.{self.state}.{self.verifier}"

    @classmethod
    def from_cookie(cls, value: str) -> SignIn | None:
        """What `to_cookie` wrote; None for anything else."""
        parts = value.split(".")
        return cls(*parts) if len(parts) == 3 and all(parts) else None


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
