"""The token in our mails' unsubscribe links: who it is for and what it stops, signed, good for ever.

Format: version (1 byte), scope (1), subject id (16), MAC (12), in lower-case base32: 48 characters, so that
`unsubscribe+TOKEN` fits the 64 octets of a local part (RFC 5321 section 4.5.3.1.1) and survives case folding.
"""

from __future__ import annotations

import base64
import binascii
import hmac

from kept.domain.errors import NotFoundError
from kept.domain.identity import Keys, SubjectId
from kept.domain.suppression import SCOPES, Scope

LENGTH = 48
_VERSION = 1
_MAC_BYTES = 12
_LABEL = "opt-out"


def make_opt_out_token(keys: Keys, subject_id: SubjectId, scope: Scope) -> str:
    """A token that stops what `scope` says for this person."""
    content = bytes((_VERSION, SCOPES.index(scope))) + subject_id
    return base64.b32encode(content + keys.sign(_LABEL, content)[:_MAC_BYTES]).decode().lower()


def read_opt_out_token(keys: Keys, token: str) -> tuple[SubjectId, Scope]:
    """Whom a token is for and what it stops. Raises NotFoundError unless it is one of ours, whole and unchanged."""
    try:
        raw = base64.b32decode(token.upper()) if len(token) == LENGTH else b""
    except (binascii.Error, ValueError):
        raw = b""
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if not raw or not hmac.compare_digest(mac, keys.sign(_LABEL, content)[:_MAC_BYTES]) or content[0] != _VERSION:
        raise NotFoundError("That is not an unsubscribe token of ours.")
    return SubjectId(content[2:]), SCOPES[content[1]]
