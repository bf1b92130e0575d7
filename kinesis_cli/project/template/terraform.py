"""What `terraform show -json` prints of a plan or a state, as a template."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from kinesis_cli.project.template.terraform_plan import (
    Block,
    Plan,
    PlannedResource,
    as_map,
)
from kinesis_cli.project.template.terraform_policies import (
    policy,
    resource_policy,
    role,
    role_policy,
)
from kinesis_cli.project.template.values import Json

# Resources of others that may watch what a template's alarms would.
_WATCHING = ("alarm", "monitor", "datadog", "newrelic", "grafana", "pagerduty")

# What a mapping with a StartingPosition reads from: a queue has none.
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
_STREAMS = (
    *("aws_kinesis_stream", "aws_kinesis_stream_consumer", "aws_dynamodb_table"),
    "aws_msk_cluster",
)

Properties = Mapping[str, object]


def terraform_template(document: Json, path: Path) -> dict[str, object]:
    """The resources of a plan or a state that matter here, as a template's.

    Args:
        document: what `terraform show -json` printed.
        path: the file, from whose folder paths count, as from the root module's.
    """
    plan = Plan(document, path, _MAKERS.keys())
    resources: dict[str, dict[str, object]] = {}
    for found in plan.resources:
        if made := _MAKERS.get(found.type):
            type_, properties = made
            resources[found.address] = _written(type_, properties(found), found)
        elif any(word in found.type for word in _WATCHING):
            resources[found.address] = {"Type": found.type}
    for found in plan.resources:
        if complete := _ADDED.get(found.type):
            complete(found, resources)
    is_partial = document.get("complete") is False  # as with -target
    return {"Resources": resources, **({"Partial": True} if is_partial else {})}


def _written(type_: str, properties: Properties, found: PlannedResource) -> dict[str, object]:
    known = {name: value for name, value in properties.items() if value is not None}
    written: dict[str, object] = {"Type": type_, "Properties": known}
    arn = found.known("arn")
    return {**written, "Arn": arn} if isinstance(arn, str) else written


def _function(resource: PlannedResource) -> Properties:
    filename = resource.value("filename")
    variables = resource.block("environment").values.get("variables")
    properties: dict[str, object] = {
        "FunctionName": resource.value("function_name"),
        "Handler": resource.value("handler"),
        "Runtime": resource.value("runtime"),
        "Timeout": resource.value("timeout"),
        "MemorySize": resource.value("memory_size"),
        "PackageType": resource.value("package_type"),
        "Role": resource.value("role"),
        "Environment": {"Variables": as_map(variables)},
        "ReservedConcurrentExecutions": _reserved(resource.value("reserved_concurrent_executions")),
    }
    if isinstance(filename, str):
        properties["Code"] = resource.plan.source_of(filename) or filename
    elif resource.value("s3_key") is not None:
        properties["Code"] = {"S3Bucket": "", "S3Key": resource.value("s3_key")}
    else:
        properties["Code"] = {"ImageUri": resource.value("image_uri") or "not known yet"}
    return properties


def _mapping(resource: PlannedResource) -> Properties:
    properties: dict[str, object] = {
        "FunctionName": resource.value("function_name"),
        "EventSourceArn": _source(resource),
        "StartingPosition": resource.value("starting_position"),
        "StartingPositionTimestamp": resource.value("starting_position_timestamp"),
        "BatchSize": resource.value("batch_size"),
        "BisectBatchOnFunctionError": resource.value("bisect_batch_on_function_error"),
        "Enabled": resource.value("enabled"),
        "FunctionResponseTypes": resource.value("function_response_types") or None,
        "MaximumBatchingWindowInSeconds": resource.value("maximum_batching_window_in_seconds"),
        "MaximumRecordAgeInSeconds": resource.value("maximum_record_age_in_seconds"),
        "MaximumRetryAttempts": resource.value("maximum_retry_attempts"),
        "ParallelizationFactor": resource.value("parallelization_factor"),
        "TumblingWindowInSeconds": resource.value("tumbling_window_in_seconds"),
    }
    if filters := resource.block("filter_criteria").blocks("filter"):
        patterns = [
            {"Pattern": each.value("pattern") or resource.unknown("pattern")} for each in filters
        ]
        properties["FilterCriteria"] = {"Filters": patterns}
    for on_failure in resource.block("destination_config").blocks("on_failure"):
        destination = on_failure.value("destination_arn") or resource.unknown("destination_arn")
        properties["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    return properties


def _source(resource: PlannedResource) -> object:
    """What feeds a mapping; that of a module is often one of a map that the module is given."""
    is_of_stream = resource.known("starting_position") is not None
    if is_of_stream and (found := resource.of_each("event_source_arn", _STREAMS)):
        is_table = "aws_dynamodb_table." in found
        return {"Fn::GetAtt": [found, "StreamArn" if is_table else "Arn"]}
    return resource.value("event_source_arn")


def _stream(resource: PlannedResource) -> Properties:
    mode = resource.block("stream_mode_details").value("stream_mode")
    return {
        "Name": resource.value("name"),
        "ShardCount": resource.value("shard_count"),
        "RetentionPeriodHours": resource.value("retention_period"),
        "MaxRecordSizeInKiB": resource.value("max_record_size_in_kib"),
        "StreamModeDetails": {"StreamMode": mode} if mode else None,
    }


def _consumer(resource: PlannedResource) -> Properties:
    return {"StreamARN": resource.value("stream_arn"), "ConsumerName": resource.value("name")}


def _table(resource: PlannedResource) -> Properties:
    view = resource.value("stream_view_type") if resource.value("stream_enabled") else None
    to_live = resource.block("ttl").values
    keys = _keys(resource.value)
    global_indexes = [
        _index(each.values, _keys(each.values.get))
        for each in resource.blocks("global_secondary_index")
    ]
    local_indexes = [
        _index(each.values, [*keys[:1], *_keys(each.values.get)])
        for each in resource.blocks("local_secondary_index")
    ]
    properties: dict[str, object] = {
        "TableName": resource.value("name"),
        "AttributeDefinitions": [
            {"AttributeName": each.values.get("name"), "AttributeType": each.values.get("type")}
            for each in resource.blocks("attribute")
        ],
        "KeySchema": keys,
        "BillingMode": "PAY_PER_REQUEST",  # how much it may be asked is nobody's business here
        "GlobalSecondaryIndexes": global_indexes or None,
        "LocalSecondaryIndexes": local_indexes or None,
        "StreamSpecification": {"StreamViewType": view} if view else None,
    }
    if to_live.get("enabled"):
        attribute = to_live.get("attribute_name")
        properties["TimeToLiveSpecification"] = {"Enabled": True, "AttributeName": attribute}
    return properties


def _index(block: Json, keys: list[dict[str, object]]) -> dict[str, object]:
    attributes = block.get("non_key_attributes")
    more = {"NonKeyAttributes": attributes} if attributes else {}
    return {
        "IndexName": block.get("name"),
        "KeySchema": keys,
        "Projection": {"ProjectionType": block.get("projection_type"), **more},
    }


def _keys(value: Callable[[str], object]) -> list[dict[str, object]]:
    kinds = (("hash_key", "HASH"), ("range_key", "RANGE"))
    return [{"AttributeName": value(key), "KeyType": kind} for key, kind in kinds if value(key)]


def _alias(resource: PlannedResource) -> Properties:
    return {
        "Name": resource.value("name"),
        "FunctionName": resource.value("function_name"),
        "FunctionVersion": resource.value("function_version"),
    }


def _queue(resource: PlannedResource) -> Properties:
    return {
        "QueueName": resource.known("name"),
        "FifoQueue": resource.known("fifo_queue") or None,
        "KmsMasterKeyId": resource.value("kms_master_key_id"),
        "MessageRetentionPeriod": resource.value("message_retention_seconds"),
        "RedrivePolicy": resource.value("redrive_policy") or None,
        "SqsManagedSseEnabled": resource.value("sqs_managed_sse_enabled"),
        "VisibilityTimeout": resource.value("visibility_timeout_seconds"),
    }


def _topic(resource: PlannedResource) -> Properties:
    return {
        "TopicName": resource.known("name"),
        "FifoTopic": resource.known("fifo_topic") or None,
    }


def _alarm(resource: PlannedResource) -> Properties:
    own = Block(resource, resource.values, resource.expressions)
    return {
        **_metric(own),
        "Metrics": [_query(each) for each in resource.blocks("metric_query")] or None,
    }


def _query(block: Block) -> Properties:
    metrics = [{"Metric": _metric(each)} for each in block.blocks("metric")]
    stat = {"MetricStat": metrics[0]} if metrics else {}
    return {"Expression": block.values.get("expression"), **stat}


def _metric(block: Block) -> Properties:
    known = as_map(block.values.get("dimensions"))
    dimensions = [{"Name": name, "Value": value} for name, value in known.items() if value]
    referred = list(block.resource.all_referred(block.written.get("dimensions")))
    named = {each["Name"] for each in dimensions}
    is_whole = dimensions and not any(
        map(block.resource.is_unknown, ("dimensions", "metric_query"))
    )
    for name in () if is_whole else {"FunctionName", "QueueName"} - named:
        # which dimension has which reference is not told
        dimensions += [{"Name": name, "Value": {"About": each}} for each in referred]
    metric = block.values.get("metric_name")
    return {"MetricName": metric, "Dimensions": dimensions or None} if metric else {}


def _named(member: str, attribute: str = "name") -> Callable[[PlannedResource], Properties]:
    return lambda resource: {member: resource.value(attribute)}


_Maker = tuple[str, Callable[[PlannedResource], Properties]]
_MAKERS: Mapping[str, _Maker] = {
    "aws_cloudwatch_metric_alarm": ("AWS::CloudWatch::Alarm", _alarm),
    "aws_dynamodb_table": ("AWS::DynamoDB::Table", _table),
    "aws_iam_policy": ("AWS::IAM::ManagedPolicy", policy),
    "aws_iam_role": ("AWS::IAM::Role", role),
    "aws_iam_role_policy": ("AWS::IAM::RolePolicy", role_policy),
    "aws_kinesis_stream": ("AWS::Kinesis::Stream", _stream),
    "aws_kinesis_stream_consumer": ("AWS::Kinesis::StreamConsumer", _consumer),
    "aws_lambda_alias": ("AWS::Lambda::Alias", _alias),
    "aws_lambda_event_source_mapping": ("AWS::Lambda::EventSourceMapping", _mapping),
    "aws_lambda_function": ("AWS::Lambda::Function", _function),
    "aws_pipes_pipe": ("AWS::Pipes::Pipe", _named("Source", "source")),
    "aws_s3_bucket": ("AWS::S3::Bucket", _named("BucketName", "bucket")),
    "aws_s3_bucket_policy": ("AWS::S3::BucketPolicy", resource_policy),
    "aws_sns_topic": ("AWS::SNS::Topic", _topic),
    "aws_sns_topic_policy": ("AWS::SNS::TopicPolicy", resource_policy),
    "aws_sns_topic_subscription": ("AWS::SNS::Subscription", _named("TopicArn", "topic_arn")),
    "aws_sqs_queue": ("AWS::SQS::Queue", _queue),
    "aws_sqs_queue_policy": ("AWS::SQS::QueuePolicy", resource_policy),
}


# Resources that add to another one

_Resources = dict[str, dict[str, object]]


def _add_attachment(found: PlannedResource, resources: _Resources) -> None:
    """A managed policy of a role; of one that is not known, of all."""
    arn = found.value("policy_arn")
    match arn:
        case {"Fn::GetAtt": [str(address), "Arn"]} | {"Ref": str(address)} if address in resources:
            arn = address
        case str():
            own = (name for name, each in resources.items() if each.get("Arn") == arn)
            arn = next(own, arn)
    for each in _meant(found, "role" if found.type.startswith("aws_iam_role") else "roles", _ROLE):
        if (properties := _properties(resources, each, _ROLE)) is not None:
            given = properties.get("ManagedPolicyArns")
            given = list(given) if isinstance(given, list) else []
            properties["ManagedPolicyArns"] = [
                *given,
                found.unknown("policy_arn") if arn is None else arn,
            ]


def _add_redrive(found: PlannedResource, resources: _Resources) -> None:
    for each in _meant(found, "queue_url", _QUEUE):
        if (properties := _properties(resources, each, _QUEUE)) is not None:
            properties["RedrivePolicy"] = found.value("redrive_policy") or found.unknown(
                "redrive_policy"
            )


_ROLE, _QUEUE = "AWS::IAM::Role", "AWS::SQS::Queue"
_ADDED: Mapping[str, Callable[[PlannedResource, _Resources], None]] = {
    "aws_iam_policy_attachment": _add_attachment,
    "aws_iam_role_policy_attachment": _add_attachment,
    "aws_sqs_queue_redrive_policy": _add_redrive,
}


def _meant(found: PlannedResource, attribute: str, type_: str) -> Iterator[str]:
    """The addresses of the resources that an attribute names; of all of a type: it is not told."""
    names = found.known(attribute)
    texts = {str(each) for each in (names if isinstance(names, list) else [names]) if each}
    meant = []
    for each in found.plan.resources:
        made = _MAKERS.get(each.type)
        if made is None or made[0] != type_:
            continue
        ids = {each.known("name"), each.known("id"), each.known("arn"), each.known("url")}
        if not texts or texts & {str(one) for one in ids if one}:
            meant.append(each.address)
    referred = [
        str(each.get("Ref") or cast("list[str]", each.get("Fn::GetAtt"))[0])
        for each in found.all_referred(found.expressions.get(attribute))
        if isinstance(each, Mapping)
    ]
    yield from (each for each in meant if texts or not referred or each in referred)


def _properties(resources: _Resources, address: str, type_: str) -> dict[str, object] | None:
    resource = resources.get(address, {})
    properties = resource.get("Properties")
    is_meant = resource.get("Type") == type_ and isinstance(properties, dict)
    return cast("dict[str, object]", properties) if is_meant else None


def _reserved(value: object) -> object:
    return None if value == -1 else value  # Terraform's "none"
