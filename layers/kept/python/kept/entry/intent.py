"""What the template wants, as the build wrote it down, with what only the deploy knew filled in."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from kept.domain.audit import Intent
from kept.domain.errors import ConfigurationError
from kept.domain.policy import SHIPPED
from kept.entry.settings import setting

BUILT = SHIPPED.with_name("intent.json")

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def load_intent(file: Path | None = None) -> Intent:
    """The intent of this stage. Raises ConfigurationError where the build or the function's environment lacks it."""
    try:
        text = (file or BUILT).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError("intent.json is not beside the policy; build and deploy again.") from None
    filled = _VARIABLE.sub(lambda variable: setting(variable[1]), text)
    return msgspec.json.decode(filled, type=dict[str, Intent])[setting("STAGE")]
