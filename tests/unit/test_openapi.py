"""The interface is described from the code: routes in the functions, the template and the document are the same."""

from __future__ import annotations

from jsonschema import Draft202012Validator

from infra.build.openapi import collect, document
from tests.template import resources

DOCUMENT = document(collect())


def test_the_template_routes_exactly_what_the_functions_declare() -> None:
    routed = {
        (event["Properties"]["Path"], event["Properties"]["Method"].lower(), resource["Properties"]["CodeUri"])
        for resource in resources().values()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if resource["Type"] == "AWS::Serverless::Function" and event["Type"] == "HttpApi"
    }
    declared = {
        (path, method, f"../functions/{operation['tags'][0]}")
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert routed == declared


def test_staffs_and_services_routes_and_only_those_need_a_token() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            guarded = [{"staff": []}] if path.startswith(("/reviews", "/audits")) else None
            if path.startswith(("/permissions", "/orders")):
                guarded = [{"service": [f"kept/{path.split('/')[1]}"]}]
            if path.startswith("/desk/") and path not in {
                "/desk/sign-in",
                "/desk/{language}/sign-in",
                "/desk/callback",
            }:
                guarded = [{"desk": []}]
            if path in {"/sessions/current", "/sessions/end"} or path.startswith(("/me", "/en/me", "/ar/me")):
                guarded = [{"person": []}]
            assert operation.get("security") == guarded, f"{method} {path}"


def test_every_reference_leads_somewhere_and_every_schema_is_one() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    text = str(DOCUMENT)
    for name in {part.partition("'")[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in schemas
