"""What feeds a function: the mappings from streams, and everything else that may call it.

Sources: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html and
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from kinesis_cli.project.template.names import properties_of, published_alias
from kinesis_cli.project.template.resources import ALIAS, FIRST_VERSION, FUNCTIONS, MAPPING
from kinesis_cli.project.template.template import Template
from kinesis_cli.project.template.values import Json, Unresolved
from kinesis_cli.stream.kinds.kind import SourceKind
from kinesis_cli.stream.kinds.kinesis import KINESIS
from kinesis_cli.stream.kinds.known import KINDS

# Members that only mappings of other sources have.
_OF_OTHER_SOURCES = {
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "Queues",
    "ScalingConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "Topics",
}

_NAMES_A_TABLE = re.compile(r"dynamo|ddb|table", re.IGNORECASE)

# What can be a mapping's source without an ARN that is known here.
_SOURCES = {
    "AWS::AmazonMQ": "MQ",
    "AWS::DocDB": "DocumentDB",
    "AWS::DynamoDB": "DynamoDB",
    "AWS::MSK": "MSK",
}

_SHOWN = {"MSK": "Kafka", "SelfManagedKafka": "Kafka"}  # of mappings, for people

# Resources that call a function that they name.
_CALLERS = {
    "AWS::ApiGateway::Method": "API Gateway",
    "AWS::ApiGatewayV2::Integration": "API Gateway",
    "AWS::Cognito::UserPool": "Cognito",
    "AWS::Events::Rule": "EventBridge",
    "AWS::IoT::TopicRule": "IoT",
    "AWS::KinesisFirehose::DeliveryStream": "Firehose",
    "AWS::Logs::SubscriptionFilter": "CloudWatch Logs",
    "AWS::Pipes::Pipe": "EventBridge Pipes",
    "AWS::S3::Bucket": "S3",
    "AWS::SNS::Subscription": "SNS",
    "AWS::SNS::Topic": "SNS",
    "AWS::Scheduler::Schedule": "EventBridge Scheduler",
    "AWS::Serverless::StateMachine": "Step Functions",
    "AWS::StepFunctions::StateMachine": "Step Functions",
}


class WrittenMapping(msgspec.Struct, frozen=True):
    """An event source mapping as the template has it."""

    name: str  # where it is written
    members: Json
    qualifier: str = ""  # the version or alias that it calls; "": the function itself
    kind: SourceKind = KINESIS  # of source that it reads


def stream_mappings(template: Template, logical_id: str) -> Iterator[WrittenMapping]:
    """The event source mappings to a function from the kinds of source that kcli delivers."""
    alias = published_alias(template, logical_id) or ""
    by_type = {kind.event_type: kind for kind in KINDS}
    for name, event in _events(template, logical_id):
        if kind := by_type.get(str(event.get("Type"))):
            yield WrittenMapping(name, properties_of(event), alias, kind)
    for name, mapping in template.resources(MAPPING).items():
        members = properties_of(mapping)
        called = _called(template, members)
        kind = by_type.get(_source(template, members))
        if called and called[0] == logical_id and kind is not None:
            yield WrittenMapping(name, members, called[1], kind)


def mappings_from(
    kind: SourceKind, template: Template, logical_id: str
) -> Iterator[WrittenMapping]:
    """The event source mappings to a function from one kind of source."""
    return (each for each in stream_mappings(template, logical_id) if each.kind is kind)


def kinesis_mappings(template: Template, logical_id: str) -> Iterator[WrittenMapping]:
    """The event source mappings from Kinesis to a function."""
    return mappings_from(KINESIS, template, logical_id)


def other_feeders(template: Template, logical_id: str, kind: SourceKind = KINESIS) -> list[str]:
    """What feeds or calls a function besides one kind of source, for people: "SQS (In)"."""
    found = [
        f"{event.get('Type')} ({name})"
        for name, event in _events(template, logical_id)
        if event.get("Type") != kind.event_type
    ]
    for name, mapping in template.resources(MAPPING).items():
        members = properties_of(mapping)
        called = _called(template, members)
        if (
            called
            and called[0] == logical_id
            and (source := _source(template, members)) != kind.event_type
        ):
            found.append(f"{_SHOWN.get(source, source)} ({name})")
    for name, resource in template.resources(*_CALLERS).items():
        if _mentions(resource.get("Properties"), logical_id):
            found.append(f"{_CALLERS[str(resource['Type'])]} ({name})")
    for name, resource in template.resources("AWS::Lambda::Permission").items():
        members = properties_of(resource)
        principal = template.resolve(members.get("Principal"))
        if isinstance(principal, str) and _mentions(members.get("FunctionName"), logical_id):
            service = principal.removesuffix(".amazonaws.com")
            if not any(service in each.lower().replace(" ", "") for each in found):
                found.append(f"{service} ({name})")
    return found


def lost_mappings(template: Template, logical_id: str, kind: SourceKind = KINESIS) -> list[str]:
    """A sentence for each mapping that may be meant for a function and does not lead there."""
    lost = []
    there = template.resources(MAPPING)
    for name, mapping in template.section("Resources").items():
        if not isinstance(mapping, Mapping) or mapping.get("Type") != MAPPING:
            continue
        members = properties_of(mapping)
        if _source(template, members) != kind.event_type:
            continue
        called = _called(template, members)
        if called is None:
            target = template.resolve(members.get("FunctionName"))
            what = target.reason if isinstance(target, Unresolved) else f"it calls {target}"
            lost.append(f"{name} leads to no function of this template: {what}.")
        elif name not in there and called[0] == logical_id:
            lost.append(f"{name} is left out: its condition {mapping.get('Condition')} is false.")
    return lost


def called_function(template: Template, members: Json) -> str | None:
    """The function of this template that a mapping calls; None: none of it."""
    called = _called(template, members)
    return called[0] if called else None


def feeds_from_kinesis(template: Template, members: Json) -> bool:
    """Whether a mapping surely reads Kinesis, or names a stream that is nothing else."""
    if _source(template, members) != "Kinesis":
        return False
    source = template.resolve(members.get("EventSourceArn"))
    if isinstance(source, str) and source.startswith("arn:"):
        return True
    return not _NAMES_A_TABLE.search(repr(members.get("EventSourceArn")))


def version_of(template: Template, logical_id: str, qualifier: str) -> str:
    """The version that a call with this qualifier executes."""
    if not qualifier or qualifier == "$LATEST":
        return "$LATEST"
    if qualifier.isdecimal():
        return qualifier
    for resource in template.resources(ALIAS).values():
        members = properties_of(resource)
        called = _called(template, members)
        if (
            called
            and called[0] == logical_id
            and template.resolve(members.get("Name")) == qualifier
        ):
            version = template.resolve(members.get("FunctionVersion"))
            return version if isinstance(version, str) else FIRST_VERSION
    return FIRST_VERSION


def _events(template: Template, logical_id: str) -> Iterator[tuple[str, Json]]:
    """What SAM's `Events` of a function has."""
    events = template.choose(properties_of(template.resource(logical_id) or {}).get("Events"))
    for name, raw in events.items() if isinstance(events, Mapping) else ():
        event = template.choose(raw)
        if isinstance(event, Mapping):
            yield str(name), event


def _called(template: Template, members: Json) -> tuple[str, str] | None:
    """The function that a mapping calls, and the qualifier; None: none of this template.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    target = template.resolve(members.get("FunctionName"))
    if not isinstance(target, str):
        return None
    name, _, qualifier = target.rpartition("function:")[2].partition(":")
    for logical_id in template.resources(*FUNCTIONS):
        if name in (logical_id, template.physical_name(logical_id)):
            return logical_id, qualifier
    return None


def _source(template: Template, members: Json) -> str:
    """The service that a mapping reads, for people."""
    if "SelfManagedEventSource" in members:
        return "SelfManagedKafka"
    if "Topics" in members:
        return "MSK"
    if _OF_OTHER_SOURCES & members.keys():
        return "another source"
    source = template.resolve(members.get("EventSourceArn"))
    if isinstance(source, str) and source.startswith("arn:"):
        service = (source.split(":") + [""] * 3)[2]
        return {"kinesis": "Kinesis", "sqs": "SQS", "dynamodb": "DynamoDB", "kafka": "MSK"}.get(
            service, service
        )
    for logical_id, resource in template.section("Resources").items():
        type_ = str(resource.get("Type")) if isinstance(resource, Mapping) else ""
        found = _SOURCES.get("::".join(type_.split("::")[:2]))
        if found and _mentions(members.get("EventSourceArn"), str(logical_id)):
            return found
    if members.get("StartingPosition") is None:
        return "SQS"
    # Only streams have a position; which kind of stream its name may tell.
    return "DynamoDB" if _NAMES_A_TABLE.search(repr(members.get("EventSourceArn"))) else "Kinesis"


def _mentions(value: object, logical_id: str) -> bool:
    """Whether a value of the template refers to a resource."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name == logical_id
        case {"Fn::GetAtt": str(name)}:
            return name.partition(".")[0] == logical_id
        case Mapping():
            return any(_mentions(member, logical_id) for member in value.values())
        case list():
            return any(_mentions(member, logical_id) for member in value)
        case str():
            return re.search(rf"\$\{{{re.escape(logical_id)}[.}}]", value) is not None
    return False
