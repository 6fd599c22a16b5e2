from typing import Any

import pytest

from infra.local.gaps import HttpRoute, http_routes, lifecycle_rule, with_defaults, without_mail_rules
from infra.local.intrinsics import Resolver
from infra.local.settings import LocalError

RESOLVER = Resolver({"AWS::StackName": "kept"}, {"Never": {"Fn::Equals": [1, 2]}})


def template() -> dict[str, Any]:
    return {
        "Resources": {
            "RuleSet": {
                "Type": "AWS::SES::ReceiptRuleSet",
                "Properties": {"RuleSetName": {"Fn::Sub": "${AWS::StackName}-inbound"}},
            },
            "Rule": {
                "Type": "AWS::SES::ReceiptRule",
                "DependsOn": "Policy",
                "Properties": {"RuleSetName": {"Ref": "RuleSet"}, "Rule": {"Name": "support", "Actions": []}},
            },
            "Activation": {
                "Type": "Custom::Activation",
                "DependsOn": ["Rule", "Policy"],
                "Properties": {"RuleSetName": {"Ref": "RuleSet"}},
            },
            "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": {}},
        },
        "Outputs": {"Rules": {"Value": {"Fn::Sub": "set/${RuleSet}"}}},
    }


def test_receipt_rules_are_taken_out_and_their_names_stay_in_place() -> None:
    original = template()
    copy, rules = without_mail_rules(original, RESOLVER)
    assert set(copy["Resources"]) == {"Activation", "Policy"}
    assert copy["Resources"]["Activation"]["Properties"]["RuleSetName"] == "kept-inbound"
    assert copy["Resources"]["Activation"]["DependsOn"] == ["Policy"]
    assert copy["Outputs"]["Rules"]["Value"] == {"Fn::Sub": "set/kept-inbound"}
    assert rules.sets == ("kept-inbound",)
    assert [rule["RuleSetName"] for rule in rules.rules] == ["kept-inbound"]
    assert original == template(), "the template that was built stays as it is"


def test_a_rule_whose_condition_fails_is_left_alone() -> None:
    conditional = template()
    conditional["Resources"]["Rule"]["Condition"] = "Never"
    assert without_mail_rules(conditional, RESOLVER)[1].rules == ()


def test_a_rule_set_without_a_name_is_refused() -> None:
    nameless = template()
    nameless["Resources"]["RuleSet"]["Properties"] = {}
    with pytest.raises(LocalError, match="RuleSet"):
        without_mail_rules(nameless, RESOLVER)


def test_routes_keep_their_authorizer_and_scopes_and_open_ones_stay_open() -> None:
    def operation(**more: Any) -> dict[str, Any]:
        return {"x-amazon-apigateway-integration": {"uri": "arn"}, **more}

    body = {
        "paths": {
            "/contacts": {"post": operation(), "parameters": []},
            "/reviews/{reference}": {"get": operation(security=[{"Staff": []}])},
            "/permissions": {"post": operation(security=[{"Service": ["kept/permissions"]}])},
            "/open": {"x-amazon-apigateway-any-method": operation(security=[{"NONE": []}])},
            "$default": {"x-amazon-apigateway-any-method": operation()},
        }
    }
    assert list(http_routes(body)) == [
        HttpRoute("POST /contacts", "arn", None, ()),
        HttpRoute("GET /reviews/{reference}", "arn", "Staff", ()),
        HttpRoute("POST /permissions", "arn", "Service", ("kept/permissions",)),
        HttpRoute("ANY /open", "arn", None, ()),
        HttpRoute("$default", "arn", None, ()),
    ]


def test_a_lifecycle_rule_is_written_as_the_api_wants_it() -> None:
    declared = {"Id": "backstop", "Status": "Enabled", "ExpirationInDays": "181"}
    assert lifecycle_rule(declared) == {
        "ID": "backstop",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "Expiration": {"Days": 181},
    }


def test_a_lifecycle_property_that_would_be_lost_is_refused() -> None:
    with pytest.raises(LocalError, match="Transitions"):
        lifecycle_rule({"Id": "x", "Status": "Enabled", "Transitions": []})


def test_the_values_given_to_parameters_become_their_defaults_in_a_copy() -> None:
    declared = {"Parameters": {"SiteOrigin": {"Type": "String", "Default": "https://www.example.com"}, "Other": {}}}
    given = with_defaults(declared, {"SiteOrigin": "http://127.0.0.1:3000"})
    assert given["Parameters"] == {"SiteOrigin": {"Type": "String", "Default": "http://127.0.0.1:3000"}, "Other": {}}
    assert declared["Parameters"]["SiteOrigin"]["Default"] == "https://www.example.com"
