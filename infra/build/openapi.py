"""Writes the OpenAPI 3.1 document from the routes that the functions declare: `python -m infra.build.openapi FILE`."""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from kept.domain.durations import Duration
from kept.entry.access import COOKIE, STAFF_COOKIE
from kept.entry.body import FORM, JSON
from kept.entry.http import Api, Operation
from kept.entry.problem import Problem

ROOT = Path(__file__).parents[2]
_SCHEMES = {
    "staff": "The access token of a member of staff, signed in through Cognito.",
    "service": "The access token of one of the shop's own systems, by client credentials, with the scope named.",
}
_COOKIE = "Set by POST /sessions. What changes something must come with the Origin header of our own pages."
_STAFF_COOKIE = "Set by GET /desk/callback, once a member of staff has signed in."
REF = "#/components/schemas/{name}"


def collect(functions: Path = ROOT / "functions") -> dict[str, Api]:
    """The API of each function that has one, by the function's folder name."""
    os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "openapi")
    os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "Kept")
    apis = {}
    for path in sorted(functions.glob("*/app.py")):
        module = importlib.import_module(f"functions.{path.parent.name}.app")
        # A function that takes events too has its routes beside its handler.
        for candidate in (module.handler, getattr(module, "api", None)):
            if isinstance(candidate, Api):
                apis[path.parent.name] = candidate
    return apis


def document(apis: dict[str, Api]) -> dict[str, Any]:
    """The whole document. Two structures with the same name in two functions get names that tell them apart."""
    operations = [(tag, operation) for tag, api in apis.items() for operation in api.operations]
    types = [Problem, *(t for _, o in operations for t in (o.reads, *o.answers.values()) if t)]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF, schema_hook=_schema_of)
    by_type = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for tag, operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(tag, operation, by_type)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Kept", "version": "1", "description": "Keeps a shop's privacy policy."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                name: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
                for name, description in _SCHEMES.items()
            }
            | {
                "person": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": _COOKIE},
                "desk": {"type": "apiKey", "in": "cookie", "name": STAFF_COOKIE, "description": _STAFF_COOKIE},
            },
        },
    }


def _schema_of(unknown: type) -> dict[str, Any]:
    if unknown is Duration:
        return {"type": "string", "examples": ["30 days"]}
    raise NotImplementedError(unknown)


def _operation(tag: str, operation: Operation, schemas: dict[type, dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "operationId": f"{operation.method.lower()}_{re.sub(r'[^a-z]+', '_', operation.path).strip('_') or 'home'}",
        "tags": [tag],
        "summary": operation.summary,
        "responses": {
            str(status): _answer(status, schemas[body] if body else None) for status, body in operation.answers.items()
        }
        | {"default": _answer(None, schemas[Problem], "application/problem+json")},
    }
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", operation.path)
    ] + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in operation.query]
    if parameters:
        result["parameters"] = parameters
    if operation.access in {"person", "staff", "desk"}:
        result["security"] = [{operation.access: []}]
    elif operation.access != "anyone":
        result["security"] = [{"service": [operation.access]}]
    if operation.reads:
        schema = {"schema": schemas[operation.reads]}
        content = {JSON: schema} | ({FORM: schema} if operation.forms else {})
        result["requestBody"] = {"required": True, "content": content}
    return result


def _answer(status: int | None, schema: dict[str, Any] | None, content_type: str = JSON) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase if status else "What is wrong"}
    if schema:
        answer["content"] = {content_type: {"schema": schema}}
    return answer


def main(target: Path) -> None:
    """Write the document to a file."""
    target.write_text(json.dumps(document(collect()), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
