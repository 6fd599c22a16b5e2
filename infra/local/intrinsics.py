"""CloudFormation's functions (Ref, Fn::GetAtt, Fn::Sub, Fn::If, …), resolved against a deployed stack.

Only what has to be done by API on the emulator is resolved here; everything else CloudFormation does itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NO_VALUE = object()
_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")
_ATTRIBUTES = {
    ("AWS::Lambda::Function", "Arn"): "arn:aws:lambda:{region}:{account}:function:{id}",
    ("AWS::IAM::Role", "Arn"): "arn:aws:iam::{account}:role/{id}",
    ("AWS::S3::Bucket", "Arn"): "arn:aws:s3:::{id}",
    ("AWS::SNS::Topic", "TopicArn"): "{id}",
    ("AWS::Logs::LogGroup", "Arn"): "arn:aws:logs:{region}:{account}:log-group:{id}:*",
}


class UnresolvedError(Exception):
    """Raised for a function or attribute that is not known here; the text names it."""


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves values of one template for one stack.

    `names` says what Ref gives (pseudo parameters, parameters, resources); `types` the type of each resource.
    """

    names: Mapping[str, Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """The value with every function replaced by what it gives. Raises UnresolvedError."""
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1:
            (key, argument), *_ = value.items()
            if function := self._functions().get(key):
                return function(argument)
            if key.startswith("Fn::"):
                raise UnresolvedError(f"{key} is not resolved by infra/local")
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not NO_VALUE}

    def holds(self, condition: str) -> bool:
        """Whether the named condition of the template is true."""
        return bool(self.resolve(self.conditions[condition]))

    def _functions(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "Ref": self._ref,
            "Fn::GetAtt": lambda a: self._attribute(*(a.split(".", 1) if isinstance(a, str) else a)),
            "Fn::Sub": self._sub,
            "Fn::Join": lambda a: str(a[0]).join(map(str, self.resolve(a[1]))),
            "Fn::Split": lambda a: str(self.resolve(a[1])).split(a[0]),
            "Fn::Select": lambda a: self.resolve(a[1])[int(a[0])],
            "Fn::If": lambda a: self.resolve(a[1] if self.holds(a[0]) else a[2]),
            "Fn::Equals": lambda a: str(self.resolve(a[0])) == str(self.resolve(a[1])),
            "Fn::Not": lambda a: not self.resolve(a[0]),
            "Fn::And": lambda a: all(map(self.resolve, a)),
            "Fn::Or": lambda a: any(map(self.resolve, a)),
            "Condition": self._condition,
        }

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        try:
            return self.names[name]
        except KeyError:
            raise UnresolvedError(f"Ref {name}: no such parameter or resource in the stack") from None

    def _condition(self, argument: Any) -> Any:
        if isinstance(argument, str):
            return self.holds(argument)
        return {"Condition": self.resolve(argument)}  # of a policy statement

    def _attribute(self, name: str, attribute: str) -> str:
        form = _ATTRIBUTES.get((self.types.get(name, ""), attribute))
        if form is None:
            raise UnresolvedError(f"{name}.{attribute} is not resolved by infra/local")
        names = self.names
        return form.format(id=names[name], region=names["AWS::Region"], account=names["AWS::AccountId"])

    def _sub(self, argument: Any) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else argument

        def replace(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return "${" + name + "}"
            if name in own:
                return str(self.resolve(own[name]))
            if "." in name:
                return self._attribute(*name.split(".", 1))
            return str(self._ref(name))

        return _PLACEHOLDER.sub(replace, text)


def parameter_values(template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, Any]:
    """Each parameter's value as Ref gives it: what was given or the default, lists split."""
    values: dict[str, Any] = {}
    for name, declared in template.get("Parameters", {}).items():
        text = given.get(name, declared.get("Default", ""))
        is_list = str(declared["Type"]).startswith(("CommaDelimitedList", "List<"))
        values[name] = [part.strip() for part in str(text).split(",")] if is_list else text
    return values
