"""Who is who, without saying it: every key in the database is a keyed hash, so that a key tells nothing by itself."""

from __future__ import annotations

import base64
import hmac
import secrets
import unicodedata
from contextlib import suppress
from typing import NewType

from kept.domain.errors import ConfigurationError, NotFoundError

SubjectId = NewType("SubjectId", bytes)
"""16 bytes of HMAC-SHA-256 of a person's normalised email address: their partition in every table."""

_BYTES = 16
_REFERENCE_BYTES = 10  # 80 random bits: 16 characters of base32, in four groups that can be read out on the telephone


def normalise_address(address: str) -> str:
    """The one spelling of an email address that its subject id is made of.

    Case is folded in the local part too (no provider of note tells `Ann@` from `ann@`, and a suppression that
    did would fail the person), and the domain is written in its ASCII form (RFC 5890), so that an
    internationalised domain and its `xn--` form are the same person.
    """
    local, _, domain = unicodedata.normalize("NFC", address.strip()).lower().rpartition("@")
    if not domain.isascii():
        import idna  # 10 ms of import, and most domains are ASCII

        # Mail also comes from domains that no registry would allow; they still need one spelling.
        with suppress(idna.IDNAError):
            domain = idna.encode(domain, uts46=True).decode()
    return f"{local}@{domain.rstrip('.')}"


def new_reference() -> str:
    """A random reference to give to a person, such as `K7QD-3MZX-OA2P-VC5T`; it contains nothing about them."""
    text = base64.b32encode(secrets.token_bytes(_REFERENCE_BYTES)).decode()
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))


def read_reference(written: str) -> str:
    """A reference as a person may write it (lower case, without dashes) in its one form. Raises NotFoundError."""
    text = written.replace("-", "").replace(" ", "").upper()
    if len(text) != 16 or not (text.isascii() and text.isalnum()):
        raise NotFoundError("That is not a reference of ours: it has 16 letters and digits in four groups.")
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def new_record_id() -> str:
    """A random id for a record, 128 bits."""
    return secrets.token_hex(_BYTES)


class Keys:
    """Everything that is derived from the deployment's one hash key. Each use has a label of its own."""

    def __init__(self, secret: str) -> None:
        """Take the secret's text. Raises ConfigurationError when it is too short to be one."""
        if len(secret) < 32:
            raise ConfigurationError("The hash key has fewer than 32 characters; deploy the stack again.")
        self._key = secret.encode()

    def _hash(self, label: str, *parts: bytes) -> bytes:
        # Lengths are written in, so that no two lists of parts run together into the same message.
        message = b"".join(len(p).to_bytes(4) + p for p in (label.encode(), *parts))
        return hmac.digest(self._key, message, "sha256")

    def subject_id(self, address: str) -> SubjectId:
        """The partition of the person behind an email address."""
        return SubjectId(self._hash("subject", normalise_address(address).encode())[:_BYTES])

    def nobody(self, message_id: str) -> SubjectId:
        """A partition for a mail without any sender: its own, so that such mail makes no partition hot."""
        return SubjectId(self._hash("nobody", message_id.encode())[:_BYTES])

    def lookup(self, reference: str) -> bytes:
        """The index key under which a reference is found."""
        return self._hash("lookup", reference.encode())[:_BYTES]

    def repeatable_record_id(self, source: str, key: str) -> str:
        """A record id that a repeated request or delivery gets again; `source` names whose key it is."""
        return self._hash("record", source.encode(), key.encode())[:_BYTES].hex()

    def digest(self, content: bytes) -> bytes:
        """What tells one request body from another without keeping it twice."""
        return self._hash("content", content)[:_BYTES]

    def check_value(self) -> str:
        """Proves later that the key is still this one; says nothing about it."""
        return self._hash("check").hex()

    def sign(self, label: str, message: bytes) -> bytes:
        """A 16-byte MAC over a message of ours, for tokens that come back from outside."""
        return self._hash(f"sign {label}", message)[:_BYTES]
