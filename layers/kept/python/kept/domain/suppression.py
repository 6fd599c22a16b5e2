"""Opting out: what may no longer be sent to an address, and why."""

from __future__ import annotations

from typing import Literal, get_args

Scope = Literal["marketing"]
"""What a suppression covers. Unverified wishes cover marketing; nothing covers the answer to a person's own request."""

SCOPES: tuple[Scope, ...] = get_args(Scope)  # numbered by their places: tokens hold the number, so only append

Reason = Literal["form", "email", "bounce", "spam_report"]
"""How the wish reached us."""
