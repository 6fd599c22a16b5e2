"""Records and packages as the API shows them to the person they are about, and the schemas of a package's files."""

from __future__ import annotations

from typing import Any

import msgspec

from kept.domain.data_map import KINDS
from kept.domain.exports import Export
from kept.domain.manifest import Manifest
from kept.domain.times import iso


class RecordsBody(msgspec.Struct, omit_defaults=True):
    """A page of what is held, each record with its `type` and the day it goes; `next` is the next page's cursor."""

    items: list[dict[str, Any]]
    next: str | None = None


class ExportBody(msgspec.Struct, omit_defaults=True):
    """A package. `url` is good for a minute: ask again for a new one. The whole manifest is in the package."""

    id: str
    status: str
    discard_by: str
    url: str | None = None
    manifest: Manifest | None = None

    @classmethod
    def of(cls, export: Export, now: int, url: str | None = None) -> ExportBody:
        """The package as it is answered."""
        manifest = None if export.manifest is None else msgspec.json.decode(export.manifest, type=Manifest)
        return cls(export.export_id, export.status_at(now), iso(export.discard_at), url, manifest)


def languages_of(accept_language: str) -> list[str]:
    """The primary languages of an Accept-Language header (RFC 9110 section 12.5.4), the best first."""
    weighed = []
    for part in accept_language.split(",")[:20]:
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            weighed.append((-quality, tag.strip().partition("-")[0].lower()))
    return [tag for _, tag in sorted(weighed, key=lambda each: each[0])]


def schema(name: str) -> dict[str, Any] | None:
    """The JSON Schema of a file of a package by its name, `export.json` (of data.json) or `manifest.json`."""
    if name == "manifest.json":
        return {"$schema": _DRAFT, **msgspec.json.schema(Manifest)}
    return _data_schema() if name == "export.json" else None


_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}


def _data_schema() -> dict[str, Any]:
    kinds = "; ".join(f"{name}: {kind.holds}" for name, kind in KINDS.items())
    return {
        "$schema": _DRAFT,
        "title": "Everything that is held about a person",
        "description": "Times are RFC 3339 in UTC. Who of the staff did something is told as `staff`.",
        **_object(
            {
                "schema": {"const": "export.json"},
                "export_id": _TEXT,
                "made_at": _TIME,
                "policy_version": _TEXT,
                "email": _TEXT,
                "records": _list(
                    {
                        "type": {"enum": list(KINDS), "description": kinds},
                        "discard_by": _TIME,
                        "id": _TEXT,
                        "file": {**_TEXT, "description": "where the raw mail is in the package"},
                    },
                    required=("type", "discard_by"),
                    more=True,
                ),
                "phone_numbers": _list({"phone": _TEXT, "order": _TEXT, "discard_by": _TIME}),
                "suppressions": _list(
                    {"scope": _TEXT, "reason": _TEXT, "since": _TIME, "list": _TEXT},
                    required=("scope", "reason", "since"),
                ),
                "ledger": _list({}, more=True),
            }
        ),
    }


def _object(
    properties: dict[str, Any], required: tuple[str, ...] | None = None, *, more: bool = False
) -> dict[str, Any]:
    needed = list(properties if required is None else required)
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": more}


def _list(properties: dict[str, Any], required: tuple[str, ...] | None = None, *, more: bool = False) -> dict[str, Any]:
    return {"type": "array", "items": _object(properties, required, more=more)}
