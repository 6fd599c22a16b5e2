"""The one DynamoDB client of a function."""

from __future__ import annotations

from functools import cache
from typing import Any

from kept.adapters import aws


@cache
def dynamodb() -> Any:
    """The client, made when it is first needed."""
    return aws.client("dynamodb")
