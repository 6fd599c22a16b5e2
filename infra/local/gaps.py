"""What MiniStack 1.5.33 leaves out of a deployed template, made through its own APIs instead.

One function a gap; each says what is missing and goes when the emulator learns it. What they yield is shown
to the person who runs the stack.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.intrinsics import Resolver
from infra.local.settings import LocalError
from infra.local.stack import Account

Template = dict[str, Any]
RULE_SET = "AWS::SES::ReceiptRuleSet"
RULE = "AWS::SES::ReceiptRule"


@dataclass(frozen=True, slots=True)
class MailRules:
    """The receipt rules of a template: names of the sets, and the rules' properties in their order."""

    sets: tuple[str, ...]
    rules: tuple[dict[str, Any], ...]


def without_mail_rules(template: Template, resolver: Resolver) -> tuple[Template, MailRules]:
    """Gap: CloudFormation there refuses templates with SES receipt rules. A copy without, and what they were.

    Where the rest of the template names a rule set or rule, its name takes the place of the reference.
    """
    template = copy.deepcopy(template)
    taken = {
        name: template["Resources"].pop(name)
        for name, resource in list(template["Resources"].items())
        if resource["Type"] in {RULE_SET, RULE} and _applies(resource, resolver)
    }
    names: dict[str, str] = {}
    for name, resource in taken.items():
        properties = resource["Properties"]
        given = properties.get("RuleSetName") if resource["Type"] == RULE_SET else properties["Rule"].get("Name")
        if not given:
            raise LocalError(f"{name} in the template needs a name of its own, so that it can be made locally.")
        names[name] = resolver.resolve(given)
    template = _with_names(template, names)
    for resource in template["Resources"].values():
        waits = resource.get("DependsOn", [])
        resource["DependsOn"] = [name for name in ([waits] if isinstance(waits, str) else waits) if name not in taken]
    sets = tuple(names[name] for name, resource in taken.items() if resource["Type"] == RULE_SET)
    rules = tuple(_with_names(r["Properties"], names) for r in taken.values() if r["Type"] == RULE)
    return template, MailRules(sets, rules)


def without_dkim_outputs(template: Template) -> tuple[Template, list[str]]:
    """Gap: an email identity there has no DKIM attributes. A copy without outputs that read them, and their names."""
    reads = [name for name, output in template.get("Outputs", {}).items() if "DkimDNSToken" in json.dumps(output)]
    outputs = {name: output for name, output in template.get("Outputs", {}).items() if name not in reads}
    return {**template, "Outputs": outputs}, reads


def _applies(resource: Mapping[str, Any], resolver: Resolver) -> bool:
    """Whether the resource's condition, if it has one, holds."""
    return "Condition" not in resource or resolver.holds(resource["Condition"])


def _with_names(value: Any, names: Mapping[str, str]) -> Any:
    """The value with references to what is in `names` replaced by the name."""
    if isinstance(value, list):
        return [_with_names(item, names) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and value.get("Ref") in names:
            return names[value["Ref"]]
        if isinstance(text := value.get("Fn::Sub"), str):
            for name, own in names.items():
                text = text.replace("${" + name + "}", own)
            return {"Fn::Sub": text}
        return {key: _with_names(item, names) for key, item in value.items()}
    return value


def make_rule_sets(account: Account, mail_rules: MailRules) -> None:
    """The rule sets, before the deploy: a custom resource in the template may make one of them active."""
    for name in mail_rules.sets:
        account.client("ses").create_receipt_rule_set(RuleSetName=name)


def with_defaults(template: Template, parameters: Mapping[str, str]) -> Template:
    """Gap: SAM's transform there takes a parameter's default, whatever value is given: a copy with these as defaults.

    Where it matters is what it puts into an HTTP API's body, such as the origin that CORS allows.
    """
    template = copy.deepcopy(template)
    for name, value in parameters.items():
        template["Parameters"][name]["Default"] = value
    return template


def add_mail_rules(account: Account, mail_rules: MailRules, resolver: Resolver) -> Iterator[str]:
    """The receipt rules, and a set made active where the template's own custom resource did not."""
    ses = account.client("ses")
    last: dict[str, str] = {}
    for properties in mail_rules.rules:
        rule = resolver.resolve(properties)
        after = {"After": last[rule["RuleSetName"]]} if rule["RuleSetName"] in last else {}
        ses.create_receipt_rule(RuleSetName=rule["RuleSetName"], Rule=rule["Rule"], **after)
        last[rule["RuleSetName"]] = rule["Rule"]["Name"]
        yield f"receipt rule {rule['Rule']['Name']} of {rule['RuleSetName']}"
    if mail_rules.sets and "Metadata" not in ses.describe_active_receipt_rule_set():
        ses.set_active_receipt_rule_set(RuleSetName=mail_rules.sets[0])
        yield f"{mail_rules.sets[0]} is the active receipt rule set"


def add_http_routes(account: Account, processed: Template, resolver: Resolver) -> Iterator[str]:
    """Gap: the OpenAPI Body that SAM makes of an HTTP API is ignored: routes, authorizers and CORS."""
    gateway = account.client("apigatewayv2")
    for name, resource in processed["Resources"].items():
        if resource["Type"] != "AWS::ApiGatewayV2::Api" or "Body" not in resource["Properties"]:
            continue
        api = resolver.names[name]
        body = resolver.resolve(resource["Properties"]["Body"])
        authorizers = {
            scheme: _add_authorizer(gateway, api, scheme, declared["x-amazon-apigateway-authorizer"])
            for scheme, declared in body.get("components", {}).get("securitySchemes", {}).items()
        }
        integrations: dict[str, str] = {}
        routes = list(http_routes(body))
        for route in routes:
            if route.uri not in integrations:
                integrations[route.uri] = gateway.create_integration(
                    ApiId=api,
                    IntegrationType="AWS_PROXY",
                    IntegrationUri=route.uri,
                    PayloadFormatVersion="2.0",
                )["IntegrationId"]
            guard: dict[str, Any] = {}
            if route.authorizer:
                guard = {
                    "AuthorizationType": "JWT",
                    "AuthorizerId": authorizers[route.authorizer],
                    "AuthorizationScopes": list(route.scopes),
                }
            gateway.create_route(
                ApiId=api, RouteKey=route.key, Target=f"integrations/{integrations[route.uri]}", **guard
            )
        if cors := body.get("x-amazon-apigateway-cors"):
            gateway.update_api(ApiId=api, CorsConfiguration={key[0].upper() + key[1:]: cors[key] for key in cors})
        yield f"{len(routes)} routes of the HTTP API" + (", CORS" if cors else "")


@dataclass(frozen=True, slots=True)
class HttpRoute:
    """One route of an HTTP API; without an authorizer it is open."""

    key: str
    uri: str
    authorizer: str | None
    scopes: tuple[str, ...]


def http_routes(body: Mapping[str, Any]) -> Iterator[HttpRoute]:
    """The routes of an OpenAPI document as SAM writes it, functions already resolved."""
    for path, operations in body.get("paths", {}).items():
        for method, operation in operations.items():
            if "x-amazon-apigateway-integration" not in operation:
                continue
            key = path if path == "$default" else f"{'ANY' if method.startswith('x-') else method.upper()} {path}"
            guards = {name: scopes for guard in operation.get("security", []) for name, scopes in guard.items()}
            guards.pop("NONE", None)
            authorizer = next(iter(guards), None)
            yield HttpRoute(
                key,
                operation["x-amazon-apigateway-integration"]["uri"],
                authorizer,
                tuple(guards[authorizer]) if authorizer else (),
            )


def _add_authorizer(gateway: Any, api: str, name: str, declared: Mapping[str, Any]) -> str:
    made = gateway.create_authorizer(
        ApiId=api,
        Name=name,
        AuthorizerType="JWT",
        IdentitySource=[declared["identitySource"]],
        JwtConfiguration={
            "Issuer": declared["jwtConfiguration"]["issuer"],
            "Audience": declared["jwtConfiguration"]["audience"],
        },
    )
    return str(made["AuthorizerId"])


def configure_buckets(account: Account, processed: Template, resolver: Resolver) -> Iterator[str]:
    """Gap: a bucket's lifecycle and Object Lock are dropped without a word."""
    s3 = account.client("s3")
    for name, resource in processed["Resources"].items():
        if resource["Type"] != "AWS::S3::Bucket" or name not in resolver.types:
            continue
        bucket = resolver.names[name]
        properties = resource.get("Properties", {})
        if lifecycle := resolver.resolve(properties.get("LifecycleConfiguration")):
            rules = [lifecycle_rule(rule) for rule in lifecycle["Rules"]]
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
            yield f"lifecycle of {bucket}"
        if lock := resolver.resolve(properties.get("ObjectLockConfiguration")):
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            retention = lock.get("Rule", {}).get("DefaultRetention", {})
            numbers = {key: int(retention[key]) for key in ("Days", "Years") if key in retention}
            rule = {"Rule": {"DefaultRetention": {**retention, **numbers}}} if retention else {}
            s3.put_object_lock_configuration(
                Bucket=bucket, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", **rule}
            )
            yield f"Object Lock of {bucket}"


def lifecycle_rule(declared: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's lifecycle rule as the S3 API wants it. Raises LocalError for what it misses."""
    unknown = set(declared) - {
        "Id", "Status", "Prefix", "ExpirationInDays", "NoncurrentVersionExpiration",
        "AbortIncompleteMultipartUpload",
    }  # fmt: skip
    if unknown:
        raise LocalError(f"infra/local/gaps.py does not know {', '.join(sorted(unknown))} of a lifecycle rule.")
    rule: dict[str, Any] = {
        "ID": declared["Id"],
        "Status": declared["Status"],
        "Filter": {"Prefix": declared.get("Prefix", "")},
    }
    if "ExpirationInDays" in declared:
        rule["Expiration"] = {"Days": int(declared["ExpirationInDays"])}
    for key in ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload"):
        if key in declared:
            rule[key] = {name: int(days) for name, days in declared[key].items()}
    return rule


def protect_tables(account: Account, processed: Template, resolver: Resolver) -> Iterator[str]:
    """Gap: a table's recovery and encryption are dropped without a word."""
    dynamodb = account.client("dynamodb")
    for name, resource in processed["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table" or name not in resolver.types:
            continue
        table = resolver.names[name]
        properties = resolver.resolve(resource["Properties"])
        if recovery := properties.get("PointInTimeRecoverySpecification"):
            enabled = {"PointInTimeRecoveryEnabled": _is_true(recovery["PointInTimeRecoveryEnabled"])}
            dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=enabled)
            yield f"recovery of {table}"
        if encryption := properties.get("SSESpecification"):
            enabled = {"Enabled": _is_true(encryption["SSEEnabled"])}
            dynamodb.update_table(TableName=table, SSESpecification=enabled)
            yield f"encryption of {table}"


def limit_routes(account: Account, processed: Template, resolver: Resolver) -> Iterator[str]:
    """Gap: the limits of an HTTP API's routes are dropped; made here, they are described, and still not enforced."""
    gateway = account.client("apigatewayv2")
    for name, resource in processed["Resources"].items():
        if resource["Type"] != "AWS::ApiGatewayV2::Stage" or name not in resolver.types:
            continue
        properties = resolver.resolve(resource["Properties"])
        limits = {key: properties[key] for key in ("DefaultRouteSettings", "RouteSettings") if key in properties}
        gateway.update_stage(ApiId=properties["ApiId"], StageName=properties["StageName"], **limits)
        yield f"limits of the HTTP API ({len(properties.get('RouteSettings', ()))} routes have their own)"


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def enable_ttl(account: Account, processed: Template, resolver: Resolver) -> Iterator[str]:
    """Gap: a table's time to live is dropped. What it then does is in ttl.py."""
    dynamodb = account.client("dynamodb")
    for name, resource in processed["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table" or name not in resolver.types:
            continue
        declared = resolver.resolve(resource["Properties"].get("TimeToLiveSpecification", {}))
        if _is_true(declared.get("Enabled")):
            enabled = {"Enabled": True, "AttributeName": declared["AttributeName"]}
            dynamodb.update_time_to_live(TableName=resolver.names[name], TimeToLiveSpecification=enabled)
            yield f"time to live of {resolver.names[name]}"
