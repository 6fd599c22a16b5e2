"""The template, read as data: tests make its tables from it, so that they cannot differ from what is deployed."""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from tests.conftest import ROOT


class _Loader(yaml.SafeLoader):
    """Reads the template; what an intrinsic refers to is of no use before it is deployed."""


_Loader.add_multi_constructor("!", lambda _loader, suffix, _node: {suffix: None})


@cache
def resources() -> dict[str, Any]:
    """The template's resources by logical id."""
    template = yaml.load((ROOT / "infra/template.yaml").read_text(), _Loader)  # noqa: S506  # it is a SafeLoader
    found: dict[str, Any] = template["Resources"]
    return found


def create_table(dynamodb: Any, logical_id: str, name: str) -> None:
    """Make one of the template's tables."""
    keys = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
    properties = resources()[logical_id]["Properties"]
    dynamodb.create_table(TableName=name, **{key: properties[key] for key in keys if key in properties})
