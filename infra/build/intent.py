"""Writes what the template wants, for the audit to compare with what is there: `python -m infra.build.intent FILE`.

Nothing is stated a second time: tables, buckets, logs, rules and limits are read from the template itself. What only a
deploy knows (parameters, the account) stands in the file as `${VARIABLE}`, after the variable of the audit's own
environment that the template gives it in.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from infra.local.intrinsics import Resolver

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "infra" / "template.yaml"
AUDITOR = "PurgeAuditFunction"
OF_LAMBDA = {"AWS::Region": "${AWS_REGION}"}  # variables that Lambda sets by itself

_NAME_KEYS = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SES::ReceiptRuleSet": "RuleSetName",
    "AWS::Serverless::Function": "FunctionName",
}
Expectation = dict[str, Any]  # {"kind", "name", "expected": {setting: what it must be}}


class IntentError(Exception):
    """The template wants something that the audit could not be told of; the text says what to add."""


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as their long ones."""


def _function(loader: yaml.Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # what is left is a mapping
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _function)


def read_template(file: Path = TEMPLATE) -> dict[str, Any]:
    """The template with every function in its long form."""
    template: dict[str, Any] = yaml.load(file.read_text(encoding="utf-8"), _Loader)  # noqa: S506  # a SafeLoader
    return template


def intent(template: dict[str, Any]) -> dict[str, Any]:
    """For each stage, an `Intent` as `domain/audit.py` has it.

    Raises IntentError.
    """
    stages: list[str] = template["Parameters"]["Stage"]["AllowedValues"]
    return {stage: _of_stage(template, stage) for stage in stages}


def _of_stage(template: dict[str, Any], stage: str) -> dict[str, Any]:
    resolver = _resolver(template, stage)
    wanted: list[Expectation] = []
    for name, resource in template["Resources"].items():
        if "Condition" in resource and not resolver.holds(resource["Condition"]):
            continue
        reader = _READERS.get(resource["Type"])
        if reader is not None:
            wanted += reader(resolver, name, resource["Properties"], template)
    read = _queues_read(template)
    result = {
        "settings": [each for each in wanted if each["expected"]],
        "dead_letters": [resolver.names[name] for name in _of_type(template, "AWS::SQS::Queue") if name not in read],
        "failures": sorted({resolver.names[name] for name in _failure_buckets(template)}),
        "followers": [
            each["name"]
            for each in wanted
            if each["kind"] == "function" and any(what.startswith("takes changes") for what in each["expected"])
        ],
    }
    _refuse_unresolved(result)
    return result


def _resolver(template: dict[str, Any], stage: str) -> Resolver:
    """Resolves to text with a `${VARIABLE}` for what only the deploy knows."""
    variables = template["Resources"][AUDITOR]["Properties"]["Environment"]["Variables"]
    names: dict[str, Any] = dict(OF_LAMBDA)
    names |= {value["Ref"]: f"${{{name}}}" for name, value in variables.items() if set(value) == {"Ref"}}
    in_use = {value["Fn::If"][2].get("Ref"): f"${{{name}}}" for name, value in variables.items() if _is_in_use(value)}
    names |= {"Stage": stage, "AWS::NoValue": None}
    resolver = Resolver(_Names(names), template.get("Conditions", {}))
    for name, resource in template["Resources"].items():
        key = _NAME_KEYS.get(resource["Type"])
        if key and key in resource["Properties"]:
            names[name] = resolver.resolve(resource["Properties"][key])
    names |= in_use  # a restored table is held to what the template wants of its own
    return Resolver(_Names(names), template.get("Conditions", {}))


class _Names(dict[str, Any]):
    """Names that are known; one that is not leaves a mark, which is refused only where it is really needed."""

    def __missing__(self, name: str) -> str:
        return f"<{name}>"


def _refuse_unresolved(result: dict[str, Any]) -> None:
    text = json.dumps(result)
    if "<" in text:
        name = text.partition("<")[2].partition(">")[0]
        raise IntentError(f"The purge audit must be told {name}: give {AUDITOR} a variable whose value is !Ref {name}.")


def _of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in template["Resources"].items() if each["Type"] == kind}


def _queues_read(template: dict[str, Any]) -> set[str]:
    """Logical ids of the queues that some function reads: what lies in another one waits for a person."""
    events = (
        event
        for function in _of_type(template, "AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
    )
    return {_attribute(event["Properties"]["Queue"])[0] for event in events if event["Type"] == "SQS"}


def _failure_buckets(template: dict[str, Any]) -> Iterator[str]:
    """Logical ids of the buckets into which Lambda puts changes that it gave up."""
    buckets = _of_type(template, "AWS::S3::Bucket")
    for function in _of_type(template, "AWS::Serverless::Function").values():
        for event in function.get("Events", {}).values():
            destination = event["Properties"].get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
            if destination and _attribute(destination)[0] in buckets:
                yield _attribute(destination)[0]


def _is_in_use(value: dict[str, Any]) -> bool:
    """Whether a value names a table in use: the template's own, unless a parameter names another."""
    return "Fn::If" in value and isinstance(value["Fn::If"][2], dict)


def _attribute(value: dict[str, Any]) -> list[str]:
    """Resource and attribute of a GetAtt; of a table in use, of the template's own."""
    given = (value["Fn::If"][2] if "Fn::If" in value else value)["Fn::GetAtt"]
    return list(given) if isinstance(given, list) else str(given).split(".", 1)


def _table(resolver: Resolver, name: str, properties: dict[str, Any], _: dict[str, Any]) -> Iterator[Expectation]:
    get = resolver.resolve(properties).get
    ttl, recovery = get("TimeToLiveSpecification", {}), get("PointInTimeRecoverySpecification", {})
    expected = {
        "time to live by": ttl.get("AttributeName", "nothing"),
        "time to live is on": "yes" if ttl.get("Enabled") else "no",
        "stream": get("StreamSpecification", {}).get("StreamViewType", "off"),
        "recovery": "on" if recovery.get("PointInTimeRecoveryEnabled") else "off",
        "days of recovery": str(recovery.get("RecoveryPeriodInDays", 35)),
        "encryption with a key of the account's": "on" if get("SSESpecification", {}).get("SSEEnabled") else "off",
        "deletion protection": "on" if get("DeletionProtectionEnabled") else "off",
    }
    yield {"kind": "table", "name": resolver.names[name], "expected": expected}


def _bucket(resolver: Resolver, name: str, properties: dict[str, Any], _: dict[str, Any]) -> Iterator[Expectation]:
    get = resolver.resolve(properties).get
    blocked = get("PublicAccessBlockConfiguration", {})
    (encryption, *_rest) = get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [{}])
    expected = {
        "public access": "blocked" if len(blocked) == 4 and all(blocked.values()) else "not blocked",
        "encryption": encryption.get("ServerSideEncryptionByDefault", {}).get("SSEAlgorithm", "none"),
        "versions": get("VersioningConfiguration", {}).get("Status", "off"),
    }
    lock = get("ObjectLockConfiguration", {})
    if lock:
        expected["object lock"] = "on"
        expected["versions"] = "Enabled"  # S3 turns them on with it
        if retention := lock.get("Rule", {}).get("DefaultRetention"):
            expected["object lock"] = " ".join(
                str(retention[key]) for key in ("Mode", "Days", "Years") if key in retention
            )
    for rule in get("LifecycleConfiguration", {}).get("Rules", ()):
        expected[f"lifecycle rule {rule['Id']}"] = _lifecycle(rule)
    yield {"kind": "bucket", "name": resolver.names[name], "expected": expected}


def _lifecycle(rule: dict[str, Any]) -> str:
    """A rule in words; `Buckets` in adapters/settings.py says the same of what S3 answers."""
    parts = [rule["Status"].lower()]
    if prefix := rule.get("Prefix"):
        parts.append(f"below {prefix}")
    if "ExpirationInDays" in rule:
        parts.append(f"expires after {rule['ExpirationInDays']} days")
    if "NoncurrentVersionExpiration" in rule:
        parts.append(f"old versions after {rule['NoncurrentVersionExpiration']['NoncurrentDays']} days")
    if "AbortIncompleteMultipartUpload" in rule:
        parts.append(f"unfinished after {rule['AbortIncompleteMultipartUpload']['DaysAfterInitiation']} days")
    return ", ".join(parts)


def _log(resolver: Resolver, name: str, properties: dict[str, Any], _: dict[str, Any]) -> Iterator[Expectation]:
    days = resolver.resolve(properties["RetentionInDays"])
    yield {"kind": "log", "name": resolver.names[name], "expected": {"kept for": f"{days} days"}}


def _rule(resolver: Resolver, _: str, properties: dict[str, Any], __: dict[str, Any]) -> Iterator[Expectation]:
    rule, rule_set = properties["Rule"], resolver.resolve(properties["RuleSetName"])
    expected = {
        "active rule set": rule_set,
        f"rule {rule['Name']}": "on" if rule["Enabled"] else "off",
        f"rule {rule['Name']} scans": "on" if rule["ScanEnabled"] else "off",
    }
    yield {"kind": "receipt rules", "name": rule_set, "expected": expected}


def _api(resolver: Resolver, name: str, properties: dict[str, Any], template: dict[str, Any]) -> Iterator[Expectation]:
    every = properties.get("DefaultRouteSettings") or template["Globals"]["HttpApi"]["DefaultRouteSettings"]
    limits = {"every route": every} | properties.get("RouteSettings", {})
    expected = {f"limit of {route}": _limit(each) for route, each in limits.items()}
    yield {"kind": "api", "name": resolver.names[name], "expected": expected}


def _limit(settings: dict[str, Any]) -> str:
    return f"{settings['ThrottlingRateLimit']} a second, {settings['ThrottlingBurstLimit']} at once"


def _sources(resolver: Resolver, name: str, properties: dict[str, Any], _: dict[str, Any]) -> Iterator[Expectation]:
    expected = {}
    for event in properties.get("Events", {}).values():
        source = event["Properties"].get("Stream" if event["Type"] == "DynamoDB" else "Queue")
        if event["Type"] in {"DynamoDB", "SQS"}:
            of = "changes of" if event["Type"] == "DynamoDB" else "queue"
            expected[f"takes {of} {resolver.names[_attribute(source)[0]]}"] = "Enabled"
    yield {"kind": "function", "name": resolver.names[name], "expected": expected}


_Reader = Callable[[Resolver, str, dict[str, Any], dict[str, Any]], Iterator[Expectation]]
_READERS: dict[str, _Reader] = {
    "AWS::DynamoDB::Table": _table,
    "AWS::S3::Bucket": _bucket,
    "AWS::Logs::LogGroup": _log,
    "AWS::SES::ReceiptRule": _rule,
    "AWS::Serverless::HttpApi": _api,
    "AWS::Serverless::Function": _sources,
}


def main(target: Path) -> int:
    """Write the file; the exit code, other than 0 where the template lacks something."""
    try:
        wanted = intent(read_template())
    except IntentError as error:
        print(error, file=sys.stderr)
        return 1
    target.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
