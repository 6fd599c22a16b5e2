"""The token in our mails' unsubscribe links: who it is for and what it stops, signed, good for ever.

Format: version (1 byte), scope (1), subject id (16), MAC (12), in lower-case base32: 48 characters, so that
`unsubscribe+TOKEN` fits the 64 octets of a local part (RFC 5321 section 4.5.3.1.1) and survives case folding.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from kept.domain.errors import NotFoundError
from kept.domain.identity import Keys, SubjectId
from kept.domain.suppression import Scope, scope_number, scope_of_number

LENGTH = 48
ONE_CLICK: Final = "List-Unsubscribe=One-Click"
"""What a mail client's unsubscribe button posts (RFC 8058 section 3.1)."""

_VERSION = 1
_MAC_BYTES = 12
_LABEL = "opt-out"
_ALPHABET = b"abcdefghijklmnopqrstuvwxyz234567".ljust(256)


def make_opt_out_token(keys: Keys, subject_id: SubjectId, scope: Scope) -> str:
    """A token that stops what `scope` says for this person."""
    content = bytes((_VERSION, scope_number(scope))) + subject_id
    return _b32encode(content + keys.sign(_LABEL, content)[:_MAC_BYTES])


def read_opt_out_token(keys: Keys, token: str) -> tuple[SubjectId, Scope]:
    """Whom a token is for and what it stops. Raises NotFoundError unless it is one of ours, whole and unchanged."""
    try:
        raw = base64.b32decode(token.upper()) if len(token) == LENGTH else b""
    except (binascii.Error, ValueError):
        raw = b""
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not raw or not keys.is_signed(_LABEL, content, mac) or content[0] != _VERSION:
        raise NotFoundError("That is not an unsubscribe token of ours.")
    return SubjectId(content[2:]), scope_of_number(content[1])


def _steps() -> Iterator[tuple[int, int, int]]:
    """For blocks of 64, 32, … 2 groups of five bits: masks of their lower and upper halves, and how far apart to pull.

    The blocks lie as far apart as they will need to with a byte for each group.
    """
    for half in (32, 16, 8, 4, 2, 1):
        lower = sum(((1 << 5 * half) - 1) << 16 * half * block for block in range(32 // half))
        yield lower, lower << 5 * half, 3 * half


_STEPS = tuple(_steps())


def _b32encode(token: bytes) -> str:
    """`base64.b32encode` in lower case, which is written in Python and would be a quarter of the gate's work.

    Each step pulls the halves of every block apart, until each group of five bits has a byte for itself.
    """
    spread = int.from_bytes(token)
    for lower, upper, shift in _STEPS:
        spread = (spread & lower) | (spread & upper) << shift
    return spread.to_bytes(LENGTH).translate(_ALPHABET).decode()


def unsubscribe_headers(token: str, *, public_url: str, mail_domain: str) -> dict[str, str]:
    """The headers that a marketing mail must carry, ready to add (RFC 2369 section 3.2, RFC 8058 section 3.1).

    The https form comes first: readers of the header take the first that they know. `public_url` has no slash at its
    end. The mail's DKIM signature must cover both headers (RFC 8058 section 4).
    """
    mailto = f"mailto:unsubscribe+{token}@{mail_domain}?subject=unsubscribe"
    return {
        "List-Unsubscribe": f"<{public_url}/opt-outs/{token}>, <{mailto}>",
        "List-Unsubscribe-Post": ONE_CLICK,
    }
