"""What the template tells a function. Read when it is first needed, named in the error when it is missing."""

from __future__ import annotations

import os

from kept.domain.errors import ConfigurationError


def setting(name: str) -> str:
    """The environment variable of that name. Raises ConfigurationError."""
    value = os.environ.get(name)
    if not value:
        raise ConfigurationError(f"This function needs the environment variable {name}; deploy the template again.")
    return value
