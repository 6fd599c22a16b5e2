"""Who is who, without saying it: every key in the database is a keyed hash, so that a key tells nothing by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from contextlib import suppress
from typing import NewType

from kept.domain.errors import ConfigurationError, NotFoundError

SubjectId = NewType("SubjectId", bytes)
"""16 bytes of HMAC-SHA-256 of a person's normalised email address: their partition in every table."""

UNSIGNING = "~"
"""Stands before a key that not every function may have yet: what it signed, an older process would not know as ours."""

_BYTES = 16
_HASH_BLOCK = 64  # bytes, of SHA-256
_REFERENCE_BYTES = 10  # 80 random bits: 16 characters of base32, in four groups that can be read out on the telephone

_PART = r"[^\s\x00-\x1f\x7f()<>\[\]:;@\\,\"]+"  # without the specials of RFC 5322 section 3.2.3, but for the dot
_BARE = re.compile(f"{_PART}@{_PART}")


def normalise_address(address: str) -> str:
    """The one spelling of an email address that its subject id is made of.

    Case is folded in the local part too (no provider of note tells `Ann@` from `ann@`, and a suppression that
    did would fail the person), and the domain is written in its ASCII form (RFC 5890), so that an
    internationalised domain and its `xn--` form are the same person.
    """
    if not address.isascii():
        address = unicodedata.normalize("NFC", address)
    local, _, domain = address.strip().lower().rpartition("@")
    while domain != (shorter := domain.rstrip(".").rstrip()):
        domain = shorter
    if not domain.isascii():
        import idna  # 10 ms of import, and most domains are ASCII

        # Mail also comes from domains that no registry would allow; they still need one spelling.
        with suppress(idna.IDNAError):
            domain = idna.encode(domain, uts46=True).decode()
    return f"{local}@{domain.rstrip('.')}"


def can_be_an_address(written: str) -> bool:
    """Whether something is a bare email address by its shape; what a form takes is checked more strictly.

    One in quotes, brackets or a `mailto:` is not: a mailing tool takes these off, and who opted out is somebody else
    with them on.
    """
    return len(written) <= 320 and _BARE.fullmatch(written.strip()) is not None


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
    """Everything that is derived from the deployment's hash key. Each use has a label of its own.

    The secret is one key, or after rotations several, a line each, oldest first. The first stays the one that people
    and records are named by; each later one wraps the ids of suppressions once more (no address is known there to
    begin anew from), and the newest signs, or the one before as long as the newest stands after `UNSIGNING`. So what
    an older key protected is protected again, and old tokens stay good.
    """

    def __init__(self, secret: str) -> None:
        """Take the secret's text. Raises ConfigurationError when a key in it is too short to be one."""
        first, *later = secret.splitlines() or [""]
        keys = [key.encode() for key in (first, *(line.removeprefix(UNSIGNING) for line in later))]
        if min(map(len, keys)) < 32:
            raise ConfigurationError("The hash key has fewer than 32 characters; deploy the stack again.")
        self._chain = [KeyedHash(key) for key in keys]
        self._hash = self._chain[0]
        waits = bool(later) and later[-1].startswith(UNSIGNING)
        self._signer = self._chain[-2 if waits else -1]

    @property
    def generation(self) -> int:
        """How many keys there are: 1 until the first rotation."""
        return len(self._chain)

    def subject_id(self, address: str) -> SubjectId:
        """The partition of the person behind an email address."""
        return SubjectId(self._hash("subject", normalise_address(address).encode())[:_BYTES])

    def suppression_ids(self, subject: SubjectId) -> tuple[bytes, ...]:
        """What a person's suppression is named in each generation; the newest is last."""
        ids: list[bytes] = [subject]
        for key in self._chain[1:]:
            ids.append(key("wrap", ids[-1])[:_BYTES])
        return tuple(ids)

    def rename(self, suppression_id: bytes) -> bytes:
        """What a suppression is named in the newest generation, from its name in the one before."""
        return self._chain[-1]("wrap", suppression_id)[:_BYTES]

    def nobody(self, message_id: str) -> SubjectId:
        """A partition for a mail without any sender: its own, so that such mail makes no partition hot."""
        return SubjectId(self._hash("nobody", message_id.encode())[:_BYTES])

    def phone_id(self, number: str) -> bytes:
        """The partition of the links to the orders of a telephone number in E.164."""
        return self._hash("phone", number.encode())[:_BYTES]

    def lookup(self, reference: str) -> bytes:
        """The index key under which a reference is found."""
        return self._hash("lookup", reference.encode())[:_BYTES]

    def order_lookup(self, order_id: str) -> bytes:
        """The partition of the link to an order, under the shop's own number for it."""
        return self._hash("order", order_id.encode())[:_BYTES]

    def repeatable_record_id(self, source: str, key: str) -> str:
        """A record id that a repeated request or delivery gets again; `source` names whose key it is."""
        return self._hash("record", source.encode(), key.encode())[:_BYTES].hex()

    def order_record_id(self, order_id: str) -> str:
        """The record id of an order, from the shop's own number for it."""
        return self.repeatable_record_id("order", order_id)

    def digest(self, content: bytes) -> bytes:
        """What tells one request body from another without keeping it twice."""
        return self._hash("content", content)[:_BYTES]

    def check_values(self) -> tuple[str, ...]:
        """For each generation what proves later that its keys are still these; they say nothing about them."""
        values: list[str] = []
        for key in self._chain:
            values.append(key("check", *(value.encode() for value in values[-1:])).hex())
        return tuple(values)

    def sign(self, label: str, message: bytes) -> bytes:
        """A 16-byte MAC over a message of ours, for tokens that come back from outside."""
        return self._signer(f"sign {label}", message)[:_BYTES]

    def is_signed(self, label: str, message: bytes, mac: bytes) -> bool:
        """Whether one of our keys signed the message; `mac` may be shortened, to not less than 12 bytes."""
        signatures = (key(f"sign {label}", message)[: len(mac)] for key in self._chain)
        return len(mac) >= 12 and any(hmac.compare_digest(mac, each) for each in signatures)


class KeyedHash:
    """HMAC-SHA-256 under one key (RFC 2104).

    What is the same in all hashes with a label is hashed once, and the standard library's own HMAC object, which costs
    three times as much as the hashing, is left out: the gate makes two hashes a check.
    """

    def __init__(self, key: bytes) -> None:
        block = (hashlib.sha256(key).digest() if len(key) > _HASH_BLOCK else key).ljust(_HASH_BLOCK, b"\0")
        self._inner, self._outer = (hashlib.sha256(bytes(each ^ pad for each in block)) for pad in (0x36, 0x5C))
        self._labelled: dict[str, hashlib._Hash] = {}

    def __call__(self, label: str, *parts: bytes) -> bytes:
        begun = self._labelled.get(label)
        if begun is None:
            begun = self._labelled[label] = self._inner.copy()
            begun.update(_with_length(label.encode()))
        inner, outer = begun.copy(), self._outer.copy()
        for part in parts:
            inner.update(_with_length(part))
        outer.update(inner.digest())
        return outer.digest()


def _with_length(part: bytes) -> bytes:
    """Lengths are written in, so that no two lists of parts run together into the same message."""
    return len(part).to_bytes(4) + part
