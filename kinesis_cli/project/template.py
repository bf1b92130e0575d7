"""Reading a SAM or CloudFormation template (YAML or JSON, CDK's output too) and its intrinsics.

Nothing is deployed, so some values do not exist yet. What stands in for them is in
`PSEUDO_PARAMETERS`, `physical_name` and `arn`; what has no sensible stand-in becomes `Unresolved`.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference.html
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from kinesis_cli.errors import InputError
from kinesis_cli.project.template_file import parse_template

ACCOUNT_ID = "123456789012"

Json: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value that is known only to AWS, and why."""

    reason: str  # "Fn::ImportValue is known only after deployment"


class _NoValue:
    """AWS::NoValue: the property is as if it had not been written."""


NO_VALUE = _NoValue()


def region() -> str:
    """The region that stands in for AWS::Region: the environment's, else us-east-1."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def pseudo_parameters() -> dict[str, object]:
    """What stands in for AWS's pseudo parameters.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html
    """
    return {
        "AWS::AccountId": ACCOUNT_ID,
        "AWS::NoValue": NO_VALUE,
        "AWS::NotificationARNs": [],
        "AWS::Partition": "aws",
        "AWS::Region": region(),
        "AWS::StackId": f"arn:aws:cloudformation:{region()}:{ACCOUNT_ID}:stack/kcli/kcli",
        "AWS::StackName": "kcli",
        "AWS::URLSuffix": "amazonaws.com",
    }


# Type -> the property that names it, and its ARN after "arn:aws:" ({0} region, {1} account,
# {2} name)
_NAMED_RESOURCES = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb:{0}:{1}:table/{2}"),
    "AWS::Kinesis::Stream": ("Name", "kinesis:{0}:{1}:stream/{2}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda:{0}:{1}:function:{2}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs:{0}:{1}:log-group:{2}:*"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{2}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{0}:{1}:{2}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{0}:{1}:{2}"),
    "AWS::Serverless::Function": ("FunctionName", "lambda:{0}:{1}:function:{2}"),
    "AWS::Serverless::SimpleTable": ("TableName", "dynamodb:{0}:{1}:table/{2}"),
}


@dataclass(frozen=True)
class Template:
    """A template and the values of its intrinsics.

    Args:
        path: the file, for messages and for paths relative to it.
        document: the parsed file, intrinsics in their long form (`{"Fn::GetAtt": ["A", "Arn"]}`).
    """

    path: Path
    document: Json

    @classmethod
    def read(cls, path: Path) -> "Template":
        """The template in `path`.

        Raises:
            InputError: no such file, not YAML or JSON, or no CloudFormation template.
        """
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            strerror = getattr(error, "strerror", None)
            reason = strerror.lower() if strerror else "it is not UTF-8 text"
            raise InputError(f"cannot read the template: {reason}", place=str(path)) from error
        document = parse_template(text, path)
        if not isinstance(document, Mapping) or not isinstance(document.get("Resources"), Mapping):
            raise InputError(
                "not a SAM or CloudFormation template, it has no Resources",
                place=str(path),
                advice="Name the template with --template, or the code with --handler.",
            )
        return cls(path, document)

    def section(self, name: str) -> Json:
        """A top-level section such as `Parameters`; empty where there is none."""
        section = self.document.get(name)
        return section if isinstance(section, Mapping) else {}

    def resources(self, *types: str) -> dict[str, Json]:
        """Logical id -> resource, of these types, without those whose Condition is false."""
        return {
            logical_id: resource
            for logical_id, resource in self.section("Resources").items()
            if isinstance(resource, Mapping)
            and resource.get("Type") in types
            and self._condition(resource.get("Condition"), default=True)
        }

    def resource(self, logical_id: object) -> Json | None:
        """The resource of this logical id, if there is one."""
        resource = self.section("Resources").get(str(logical_id))
        return resource if isinstance(resource, Mapping) else None

    def resolve(self, value: object) -> object:
        """`value` with its intrinsics replaced by what they stand for.

        Returns:
            The plain value. What only AWS knows is `Unresolved`, wherever it stands in the value;
            members whose value is AWS::NoValue are gone.
        """
        if isinstance(value, Mapping):
            if intrinsic := self._intrinsic(value):
                function, argument = intrinsic
                return function(self, argument)
            resolved = {str(name): self.resolve(member) for name, member in value.items()}
            return {name: member for name, member in resolved.items() if member is not NO_VALUE}
        if isinstance(value, list):
            members = [self.resolve(member) for member in value]
            return [member for member in members if member is not NO_VALUE]
        if isinstance(value, str) and "{{resolve:" in value:
            return Unresolved("a dynamic reference is resolved by AWS only")
        return value

    def choose(self, value: object) -> object:
        """`value` with only a leading Fn::If decided, so that what lies below keeps its form."""
        while isinstance(value, Mapping) and set(value) == {"Fn::If"}:
            branch = self._branch(value["Fn::If"])
            if isinstance(branch, Unresolved):
                return branch
            value = branch
        return None if value == {"Ref": "AWS::NoValue"} else value

    def physical_name(self, logical_id: str) -> str:
        """A resource's name: its own name property, else its logical id (AWS would invent one)."""
        resource = self.resource(logical_id) or {}
        member, _ = _NAMED_RESOURCES.get(str(resource.get("Type")), ("", ""))
        properties = resource.get("Properties")
        if isinstance(properties, Mapping) and member in properties:
            name = self.resolve(properties[member])
            if isinstance(name, str):
                return name
        return logical_id

    def arn(self, logical_id: str) -> str | Unresolved:
        """A plausible ARN of a resource."""
        resource = self.resource(logical_id) or {}
        if resource.get("Type") == "AWS::Kinesis::StreamConsumer":
            return self._consumer_arn(resource)
        if found := _NAMED_RESOURCES.get(str(resource.get("Type"))):
            name = self.physical_name(logical_id)
            return "arn:aws:" + found[1].format(region(), ACCOUNT_ID, name)
        return Unresolved(f"the ARN of {logical_id} is known only after deployment")

    def _consumer_arn(self, resource: Json) -> str | Unresolved:
        properties = resource.get("Properties")
        properties = properties if isinstance(properties, Mapping) else {}
        stream = self.resolve(properties.get("StreamARN"))
        name = self.resolve(properties.get("ConsumerName"))
        if isinstance(stream, str) and isinstance(name, str):
            return f"{stream}/consumer/{name}:1545084650"  # the number is the time of creation
        return Unresolved("the ARN of the stream consumer is known only after deployment")

    def _intrinsic(self, value: Json) -> "tuple[_Intrinsic, object] | None":
        if len(value) != 1:
            return None
        name, argument = next(iter(value.items()))
        if name == "Ref" or name.startswith("Fn::"):
            return _INTRINSICS.get(name) or _unknown(name), argument
        return None

    def _ref(self, argument: object) -> object:
        name = str(argument)
        if name in (pseudo := pseudo_parameters()):
            return pseudo[name]
        parameter = self.section("Parameters").get(name)
        if isinstance(parameter, Mapping):
            return _default(name, parameter)
        resource = self.resource(name)
        if resource is None:
            return Unresolved(f"{name} is neither a parameter nor a resource of the template")
        if resource.get("Type") in ("AWS::SNS::Topic", "AWS::Kinesis::StreamConsumer"):
            return self.arn(name)
        if resource.get("Type") == "AWS::SQS::Queue":
            return f"https://sqs.{region()}.amazonaws.com/{ACCOUNT_ID}/{self.physical_name(name)}"
        return self.physical_name(name)

    def _get_att(self, argument: object) -> object:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2:
            return Unresolved("Fn::GetAtt needs a resource and an attribute")
        logical_id, attribute = str(parts[0]), parts[1]
        if attribute in ("Arn", "ConsumerARN", "TopicArn"):
            return self.arn(logical_id)
        if attribute in ("QueueName", "TopicName", "TableName", "ConsumerName"):
            return self.physical_name(logical_id)
        return Unresolved(f"{logical_id}.{attribute} is known only after deployment")

    def _sub(self, argument: object) -> object:
        text, local = (
            argument if isinstance(argument, list) and len(argument) == 2 else (argument, {})
        )
        if not isinstance(text, str) or not isinstance(local, Mapping):
            return Unresolved("Fn::Sub needs a text")
        problems: list[Unresolved] = []

        def replace(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):  # ${!Literal} stands for ${Literal}
                return "${" + name[1:] + "}"
            if name in local:
                value = self.resolve(local[name])
            else:
                value = self._get_att(name) if "." in name else self._ref(name)
            if isinstance(value, Unresolved):
                problems.append(value)
            return _text(value)

        result = re.sub(r"\$\{([^}]+)\}", replace, text)
        return problems[0] if problems else result

    def _join(self, argument: object) -> object:
        values = self.resolve(argument)
        if unresolved := first_unresolved(values):
            return unresolved
        match values:
            case [str(delimiter), list(members)]:
                return delimiter.join(map(_text, members))
        return Unresolved("Fn::Join needs a delimiter and a list")

    def _split(self, argument: object) -> object:
        values = self.resolve(argument)
        if unresolved := first_unresolved(values):
            return unresolved
        match values:
            case [str(delimiter), str(text)] if delimiter:
                return text.split(delimiter)
        return Unresolved("Fn::Split needs a delimiter and a text")

    def _select(self, argument: object) -> object:
        match self.resolve(argument):
            case [index, list(members)] if str(index).isdecimal() and int(str(index)) < len(
                members
            ):
                return members[int(str(index))]
            case values:
                return first_unresolved(values) or Unresolved("Fn::Select is out of range")

    def _find_in_map(self, argument: object) -> object:
        keys = self.resolve(argument)
        if unresolved := first_unresolved(keys):
            return unresolved
        found: object = self.section("Mappings")
        for key in keys[:3] if isinstance(keys, list) else []:
            found = found.get(str(key)) if isinstance(found, Mapping) else None
        if found is None or not isinstance(keys, list):
            return Unresolved(f"Fn::FindInMap finds nothing under {keys}")
        return found

    def _if(self, argument: object) -> object:
        return self.resolve(self._branch(argument))

    def _branch(self, argument: object) -> object:
        if not isinstance(argument, list) or len(argument) != 3:
            return Unresolved("Fn::If needs a condition and two values")
        decided = self._condition(argument[0], default=None)
        if decided is None:
            return Unresolved(f"the condition {argument[0]} could not be decided")
        return argument[1 if decided else 2]

    def _condition(self, name: object, *, default: bool | None) -> bool | None:
        """Whether the condition of this name holds; `default` where that cannot be decided."""
        conditions = self.section("Conditions")
        if name is None or str(name) not in conditions:
            return default
        decided = self._holds(conditions[str(name)])
        return default if decided is None else decided

    def _holds(self, condition: object) -> bool | None:
        match condition:
            case {"Condition": name}:
                return self._condition(name, default=None)
            case {"Fn::Not": [inner]}:
                holds = self._holds(inner)
                return None if holds is None else not holds
            case {"Fn::And": list(inner)}:
                decided = [self._holds(one) for one in inner]
                return None if None in decided else all(decided)
            case {"Fn::Or": list(inner)}:
                decided = [self._holds(one) for one in inner]
                return None if None in decided else any(decided)
            case {"Fn::Equals": [left, right]}:
                values = [self.resolve(left), self.resolve(right)]
                return None if first_unresolved(values) else _text(values[0]) == _text(values[1])
        return None


_Intrinsic: TypeAlias = Callable[[Template, object], object]

_INTRINSICS: dict[str, _Intrinsic] = {
    "Ref": Template._ref,
    "Fn::GetAtt": Template._get_att,
    "Fn::Sub": Template._sub,
    "Fn::Join": Template._join,
    "Fn::Split": Template._split,
    "Fn::Select": Template._select,
    "Fn::FindInMap": Template._find_in_map,
    "Fn::If": Template._if,
}


def _unknown(name: str) -> _Intrinsic:
    return lambda _template, _argument: Unresolved(f"{name} is resolved by AWS only")


def first_unresolved(value: object) -> Unresolved | None:
    """The first `Unresolved` in a resolved value, if there is one."""
    if isinstance(value, Unresolved):
        return value
    members: list[object] = []
    if isinstance(value, Mapping):
        members = list(value.values())
    elif isinstance(value, list):
        members = value
    return next((found for member in members if (found := first_unresolved(member))), None)


def _default(name: str, parameter: Json) -> object:
    """A parameter's value without a deployment: its default."""
    kind = str(parameter.get("Type"))
    if "Default" not in parameter:
        return Unresolved(f"the parameter {name} has no default")
    if kind.startswith("AWS::SSM::"):
        return Unresolved(f"the parameter {name} is read from the Parameter Store by AWS")
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [part.strip() for part in str(parameter["Default"]).split(",")]
    return parameter["Default"]


def _text(value: object) -> str:
    """A value as CloudFormation writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
