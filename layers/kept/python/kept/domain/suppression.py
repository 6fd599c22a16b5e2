"""Opting out: what may no longer be sent to an address, and why."""

from __future__ import annotations

from typing import Literal

Scope = Literal["marketing"]
"""What a suppression covers. Unverified wishes cover marketing; nothing covers the answer to a person's own request."""

Reason = Literal["form", "email"]
"""How the wish reached us."""
