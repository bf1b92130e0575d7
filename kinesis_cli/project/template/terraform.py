"""What `terraform show -json` prints of a plan or a state, as a template.

A plan does not know what AWS will name; what refers to another resource is taken from the
configuration that the plan holds.

Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kinesis_cli.project.template.values import Json

_INDEX = re.compile(r"\[[^\]]*\]")
_MAX_STEPS = 20  # from one module's variable or output to another's


def terraform_template(document: Json, path: Path) -> dict[str, object]:
    """The functions, streams, queues and mappings of a plan or a state as a template's resources.

    Args:
        document: what `terraform show -json` printed.
        path: the file, from whose folder paths count, as from the root module's.
    """
    configuration = _map(_map(document.get("configuration")).get("root_module"))
    plan = _Plan(path.parent, configuration, list(_archives(document)))
    values = _map(document.get("planned_values") or document.get("values"))
    resources: dict[str, object] = {}
    for module, found in _resources(_map(values.get("root_module"))):
        if found.get("mode") == "managed" and (make := _MAKERS.get(str(found.get("type")))):
            resource = _Resource(plan, module, found)
            resources[str(found.get("address"))] = make(resource)
    return {"Resources": resources}


@dataclass(frozen=True, slots=True)
class _Plan:
    folder: Path
    configuration: Json  # of the root module
    archives: list[Json]  # what `archive_file` packs

    def source_of(self, filename: str) -> str | None:
        """The folder that an archive is made of; None: it is made by nobody here."""
        for archive in self.archives:
            if _same(archive.get("output_path"), filename) and archive.get("source_dir"):
                return str(archive["source_dir"])
            if _same(archive.get("output_path"), filename) and archive.get("source_file"):
                return str(Path(str(archive["source_file"])).parent)
        return None


@dataclass(frozen=True, slots=True)
class _Resource:
    plan: _Plan
    module: tuple[str, ...]  # names of the modules that it is in
    found: Json

    def value(self, name: str) -> object:
        """An attribute, or what it refers to, as an intrinsic; None: it is not there."""
        value = _map(self.found.get("values")).get(name)
        return self._reference(name) if value is None else value

    def block(self, name: str) -> Json:
        """The one nested block of this name."""
        return next(iter(self.blocks(name)), {})

    def blocks(self, name: str) -> list[Json]:
        """The nested blocks of this name."""
        blocks = _map(self.found.get("values")).get(name)
        return list(map(_map, blocks)) if isinstance(blocks, list) else []

    def _reference(self, name: str) -> object:
        expressions = self._configured().get("expressions")
        references = _map(_map(expressions).get(name)).get("references")
        for reference in references if isinstance(references, list) else ():
            if (found := _resolved(self.plan, self.module, str(reference))) is not None:
                return found
        return None

    def _configured(self) -> Json:
        """The resource as it is written."""
        module = _module(self.plan.configuration, self.module)
        wanted = (self.found.get("type"), self.found.get("name"))
        written = module.get("resources")
        for resource in written if isinstance(written, list) else ():
            if (_map(resource).get("type"), _map(resource).get("name")) == wanted:
                return _map(resource)
        return {}


def _function(resource: _Resource) -> Json:
    filename = resource.value("filename")
    properties: dict[str, object] = {
        "FunctionName": resource.value("function_name"),
        "Handler": resource.value("handler"),
        "Runtime": resource.value("runtime"),
        "Timeout": resource.value("timeout"),
        "MemorySize": resource.value("memory_size"),
        "PackageType": resource.value("package_type"),
        "Environment": {"Variables": _map(resource.block("environment").get("variables"))},
        "ReservedConcurrentExecutions": _reserved(resource.value("reserved_concurrent_executions")),
    }
    if isinstance(filename, str):
        properties["Code"] = resource.plan.source_of(filename) or filename
    elif resource.value("s3_key") is not None:
        properties["Code"] = {"S3Bucket": "", "S3Key": resource.value("s3_key")}
    else:
        properties["Code"] = {"ImageUri": resource.value("image_uri") or "not known yet"}
    return _written("AWS::Lambda::Function", properties)


def _mapping(resource: _Resource) -> Json:
    failure = resource.block("destination_config").get("on_failure")
    destination = _map(failure[0]).get("destination_arn") if isinstance(failure, list) else None
    filters = resource.block("filter_criteria").get("filter")
    properties: dict[str, object] = {
        "FunctionName": resource.value("function_name"),
        "EventSourceArn": resource.value("event_source_arn"),
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
    if isinstance(filters, list) and filters:
        patterns = [{"Pattern": _map(each).get("pattern")} for each in filters]
        properties["FilterCriteria"] = {"Filters": patterns}
    if destination:
        properties["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    return _written("AWS::Lambda::EventSourceMapping", properties)


def _stream(resource: _Resource) -> Json:
    mode = resource.block("stream_mode_details").get("stream_mode")
    properties = {
        "Name": resource.value("name"),
        "ShardCount": resource.value("shard_count"),
        "RetentionPeriodHours": resource.value("retention_period"),
        "MaxRecordSizeInKiB": resource.value("max_record_size_in_kib"),
        "StreamModeDetails": {"StreamMode": mode} if mode else None,
    }
    return _written("AWS::Kinesis::Stream", properties)


def _table(resource: _Resource) -> Json:
    view = resource.value("stream_view_type") if resource.value("stream_enabled") else None
    to_live = resource.block("ttl")
    keys = _keys(resource.value)
    global_indexes = [
        _index(each, _keys(each.get)) for each in resource.blocks("global_secondary_index")
    ]
    local_indexes = [
        _index(each, [*keys[:1], *_keys(each.get)])
        for each in resource.blocks("local_secondary_index")
    ]
    properties: dict[str, object] = {
        "TableName": resource.value("name"),
        "AttributeDefinitions": [
            {"AttributeName": each.get("name"), "AttributeType": each.get("type")}
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
    return _written("AWS::DynamoDB::Table", properties)


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


def _alias(resource: _Resource) -> Json:
    properties = {
        "Name": resource.value("name"),
        "FunctionName": resource.value("function_name"),
        "FunctionVersion": resource.value("function_version"),
    }
    return _written("AWS::Lambda::Alias", properties)


def _named(type_: str, member: str) -> Callable[[_Resource], Json]:
    return lambda resource: _written(type_, {member: resource.value("name")})


_MAKERS: Mapping[str, Callable[[_Resource], Json]] = {
    "aws_dynamodb_table": _table,
    "aws_kinesis_stream": _stream,
    "aws_lambda_alias": _alias,
    "aws_lambda_event_source_mapping": _mapping,
    "aws_lambda_function": _function,
    "aws_sns_topic": _named("AWS::SNS::Topic", "TopicName"),
    "aws_sqs_queue": _named("AWS::SQS::Queue", "QueueName"),
}


def _reserved(value: object) -> object:
    return None if value == -1 else value  # Terraform's "none"


def _written(type_: str, properties: Mapping[str, object]) -> Json:
    known = {name: value for name, value in properties.items() if value is not None}
    return {"Type": type_, "Properties": known}


def _resolved(
    plan: _Plan, module: tuple[str, ...], reference: str, steps: int = _MAX_STEPS
) -> object:
    """The resource that a reference of a module leads to, as an intrinsic; None: to none."""
    parts = _INDEX.sub("", reference).split(".")
    if steps == 0:
        return None
    match parts:
        case ["var", name, *_] if module:
            calls = _map(_module(plan.configuration, module[:-1]).get("module_calls"))
            given = _map(_map(_map(calls.get(module[-1])).get("expressions")).get(name))
            return _first(plan, module[:-1], given, steps)
        case ["var", name, *_]:
            return {"Ref": name}  # of the root module: whoever runs Terraform gives it
        case ["module", name, output, *_]:
            inner = (*module, name)
            outputs = _map(_module(plan.configuration, inner).get("outputs"))
            return _first(plan, inner, _map(_map(outputs.get(output)).get("expression")), steps)
        case ["data", *_]:
            return None
        case [type_, name, *rest] if type_ in _MAKERS:
            address = ".".join([*(f"module.{each}" for each in module), type_, name])
            attribute = rest[0] if rest else "id"
            if attribute in ("arn", "invoke_arn", "qualified_arn"):
                return {"Fn::GetAtt": [address, "Arn"]}
            if attribute == "stream_arn":
                return {"Fn::GetAtt": [address, "StreamArn"]}
            return {"Ref": address}
    return None


def _first(plan: _Plan, module: tuple[str, ...], expression: Json, steps: int) -> object:
    constant = expression.get("constant_value")
    if constant is not None:
        return constant
    references = expression.get("references")
    for reference in references if isinstance(references, list) else ():
        if (found := _resolved(plan, module, str(reference), steps - 1)) is not None:
            return found
    return None


def _module(configuration: Json, names: Sequence[str]) -> Json:
    """The configuration of a module, from the root's."""
    for name in names:
        calls = _map(configuration.get("module_calls"))
        configuration = _map(_map(calls.get(name)).get("module"))
    return configuration


def _resources(module: Json, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """All resources of a module and its children, with the names of the modules they are in."""
    own = module.get("resources")
    for resource in own if isinstance(own, list) else ():
        yield names, _map(resource)
    children = module.get("child_modules")
    for child in children if isinstance(children, list) else ():
        address = _INDEX.sub("", str(_map(child).get("address", "")))
        yield from _resources(_map(child), (*names, address.rpartition("module.")[2]))


def _archives(document: Json) -> Iterator[Json]:
    """What the plan's `archive_file` data sources pack."""
    state = _map(_map(document.get("prior_state")).get("values"))
    for values in (state, _map(document.get("planned_values")), _map(document.get("values"))):
        for _, resource in _resources(_map(values.get("root_module"))):
            if resource.get("type") == "archive_file":
                yield _map(resource.get("values"))


def _same(one: object, other: str) -> bool:
    return isinstance(one, str) and Path(one) == Path(other)


def _map(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}
