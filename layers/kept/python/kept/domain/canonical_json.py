"""One spelling for each JSON value, so that a hash of it means the value: RFC 8785, without fractions.

Fractions are refused: no value of ours has one, and their spelling is the one difficult part of the RFC.
"""

from __future__ import annotations

import json
from typing import Any

LARGEST_INTEGER = 2**53 - 1
"""RFC 8785 writes numbers as IEEE 754 doubles: beyond this, two integers would have one spelling."""


def canonical_json(value: Any) -> bytes:
    """Text, integers, booleans, None, lists, tuples and maps as UTF-8 (RFC 8785 section 3.2).

    Raises TypeError for any other type, ValueError for an integer or text that has no spelling.
    """
    # What json escapes, and how, is what section 3.2.2.2 asks for; encoding refuses lone surrogates.
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            raise TypeError("a name in a JSON object is text")
        return {name: _ordered(value[name]) for name in sorted(value, key=_utf_16)}
    if isinstance(value, list | tuple):
        return [_ordered(each) for each in value]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise ValueError("this integer has no spelling of its own in canonical JSON")
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"canonical JSON here has no {type(value).__name__}")


def _utf_16(name: str) -> bytes:
    """Names are sorted by their UTF-16 code units (RFC 8785 section 3.2.3)."""
    return name.encode("utf-16-be")
