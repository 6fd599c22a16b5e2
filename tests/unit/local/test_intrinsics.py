from typing import Any

import pytest

from infra.local.intrinsics import Resolver, UnresolvedError, parameter_values

RESOLVER = Resolver(
    names={
        "AWS::Region": "us-east-1",
        "AWS::AccountId": "000000000000",
        "Stage": "local",
        "Addresses": ["a@example.org", "b@example.org"],
        "Worker": "kept-worker",
        "Topic": "arn:aws:sns:us-east-1:000000000000:mail",
    },
    conditions={
        "IsLocal": {"Fn::Equals": [{"Ref": "Stage"}, "local"]},
        "Never": {"Fn::Not": [{"Condition": "IsLocal"}]},
    },
    types={"Worker": "AWS::Lambda::Function", "Topic": "AWS::SNS::Topic"},
)
WORKER = "arn:aws:lambda:us-east-1:000000000000:function:kept-worker"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Ref": "Addresses"}, ["a@example.org", "b@example.org"]),
        ({"Fn::GetAtt": ["Worker", "Arn"]}, WORKER),
        ({"Fn::GetAtt": "Worker.Arn"}, WORKER),
        ({"Fn::Sub": "${Stage}/${Worker.Arn}/${!Kept}"}, f"local/{WORKER}/${{Kept}}"),
        ({"Fn::Sub": ["${x}-${Stage}", {"x": {"Ref": "Worker"}}]}, "kept-worker-local"),
        ({"Fn::If": ["IsLocal", 1, 2]}, 1),
        ({"Fn::If": ["Never", 1, 2]}, 2),
        ([1, {"Fn::If": ["Never", 2, {"Ref": "AWS::NoValue"}]}], [1]),
        ({"kept": 1, "gone": {"Ref": "AWS::NoValue"}}, {"kept": 1}),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-local"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::And": [{"Condition": "IsLocal"}, {"Condition": "Never"}]}, False),
        ({"Fn::Or": [{"Condition": "IsLocal"}, {"Condition": "Never"}]}, True),
        (
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ),
    ],
)
def test_functions_give_what_cloudformation_gives(value: Any, expected: Any) -> None:
    assert RESOLVER.resolve(value) == expected


@pytest.mark.parametrize(
    "value",
    [{"Ref": "Nobody"}, {"Fn::GetAtt": ["Worker", "Colour"]}, {"Fn::ImportValue": "x"}, {"Fn::Sub": "${Nobody}"}],
)
def test_what_is_not_known_is_named_not_guessed(value: Any) -> None:
    with pytest.raises(UnresolvedError):
        RESOLVER.resolve(value)


def test_parameters_have_their_defaults_and_lists_are_split() -> None:
    template = {
        "Parameters": {
            "Addresses": {"Type": "CommaDelimitedList", "Default": "a@example.org, b@example.org"},
            "Days": {"Type": "Number", "Default": 7},
            "Stage": {"Type": "String", "Default": "production"},
        }
    }
    assert parameter_values(template, {"Stage": "local"}) == {
        "Addresses": ["a@example.org", "b@example.org"],
        "Days": 7,
        "Stage": "local",
    }
