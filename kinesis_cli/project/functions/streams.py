"""The Kinesis streams of a template, and those outside it that its mappings name.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-kinesis-stream.html
"""

from collections.abc import Iterator

from kinesis_cli.project.functions.choosing import all_functions
from kinesis_cli.project.functions.feeders import kinesis_mappings
from kinesis_cli.project.stream_settings import (
    DEFAULT_RECORD_KIB,
    DEFAULT_RETENTION_HOURS,
    StreamSettings,
)
from kinesis_cli.project.template.file import siblings
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.resources import STREAM
from kinesis_cli.project.template.template import Template


def streams_of(template: Template) -> dict[str, StreamSettings]:
    """The streams that a template makes, by name, and then those that only feed its functions.

    Streams that another stack of the same CDK application makes are as they are written there.
    """
    made = {each.name: each for _, part in template.walk() for each in _written(part)}
    others = {
        each.name: each
        for path in siblings(template.path)
        for each in _written(Template.read(path))
    }
    for arn in _sources(template):
        name = stream_name(arn)
        made.setdefault(name, others.get(name, StreamSettings(name)))
    return made


def stream_of(template: Template, source: object) -> StreamSettings | None:
    """The stream that a mapping reads, by its ARN or its consumer's."""
    if not isinstance(source, str) or not source.startswith("arn:"):
        return None
    return streams_of(template).get(stream_name(source))


def stream_name(arn: str) -> str:
    """The stream's name in its ARN, or in its consumer's."""
    return arn.partition(":stream/")[2].partition("/")[0]


def _sources(template: Template) -> Iterator[str]:
    for each in all_functions(template).values():
        for mapping in kinesis_mappings(each.template, each.logical_id):
            source = each.template.resolve(
                mapping.members.get("Stream", mapping.members.get("EventSourceArn"))
            )
            if isinstance(source, str) and ":stream/" in source:
                yield source


def _written(template: Template) -> Iterator[StreamSettings]:
    for logical_id, resource in template.resources(STREAM).items():
        properties = template.resolve(properties_of(resource))
        assert isinstance(properties, dict)
        yield StreamSettings(
            template.physical_name(logical_id),
            _shards(properties),
            _number(properties.get("RetentionPeriodHours"), DEFAULT_RETENTION_HOURS),
            _number(properties.get("MaxRecordSizeInKiB"), DEFAULT_RECORD_KIB),
        )


def _shards(properties: object) -> int | None:
    """How many shards CloudFormation would make; None: as many as are needed."""
    match properties:
        case {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}:
            return None
        case {"ShardCount": count} if str(count).isdecimal() and int(str(count)) > 0:
            return int(str(count))
    # UNSURE(template-shard-count): one where neither count nor mode is given; or is it refused?
    return 1


def _number(value: object, default: int) -> int:
    """A number of the template; what only AWS knows is the default."""
    text = str(value)
    return int(text) if text.isdecimal() and int(text) > 0 else default
