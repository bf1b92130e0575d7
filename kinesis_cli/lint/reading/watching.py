"""Who would notice: alarms, subscribers and readers around a mapping."""

from collections.abc import Iterator, Mapping

from kinesis_cli.lint.facts import Consumer
from kinesis_cli.lint.reading.resources import all_resources, is_whole, known, mentions
from kinesis_cli.project.function import DEFAULT_TIMEOUT
from kinesis_cli.project.functions.choosing import merged_properties
from kinesis_cli.project.template.names import properties_of
from kinesis_cli.project.template.resources import FUNCTIONS, MAPPING, SAM_FUNCTION
from kinesis_cli.project.template.template import Template

_ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::AnomalyDetector")
_WORDS_OF_OTHERS = ("alarm", "monitor", "datadog", "newrelic", "dashboard")
# What Lambda itself measures of on-failure documents.
# Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
_OF_DOCUMENTS = (
    "DestinationDeliveryFailures",
    "DroppedEventCount",
    "FailedInvokeEventCount",
    "OnFailureDestinationDeliveredEventCount",
)
_AGES = ("IteratorAge", "GetRecords.IteratorAgeMilliseconds", "MillisBehindLatest")


def age_is_watched(template: Template, function: str | None) -> bool | None:
    """Whether an alarm is on a function's IteratorAge; None: it may be elsewhere."""
    for part, _, resource in all_resources(template, *_ALARMS):
        for metric, dimensions in _metrics(part, properties_of(resource)):
            if metric not in _AGES:
                continue
            named = dimensions.get("FunctionName")
            if function is None or not isinstance(named, str):
                return True
            whose = {function, template.physical_name(function)}
            if named.partition(":")[0] in whose:
                return True
    return None if function is None or _may_be_elsewhere(template) else False


def queue_is_watched(template: Template, owner: Template, queue: str) -> bool | None:
    """Whether an alarm is on a queue, or something reads it; None: that may be elsewhere."""
    for part, _, resource in all_resources(template, *_ALARMS):
        if mentions(part, resource.get("Properties"), owner, queue):
            return True
        for metric, dimensions in _metrics(part, properties_of(resource)):
            named = dimensions.get("QueueName", "")
            about_queue = metric.startswith(("Approximate", "NumberOfMessages"))
            if about_queue and not isinstance(named, str):
                return True  # it is not known which
            if metric in _OF_DOCUMENTS:
                return True
    for part, _, resource in all_resources(template, "AWS::Pipes::Pipe"):
        if mentions(part, properties_of(resource).get("Source"), owner, queue):
            return True
    if any(True for _ in consumers(template, owner, queue)):
        return True
    return None if _may_be_elsewhere(template) else False


def topic_is_watched(template: Template, owner: Template, topic: str) -> bool | None:
    """Whether somebody subscribes to a topic; None: that may be elsewhere."""
    if properties_of(owner.resource(topic) or {}).get("Subscription"):
        return True
    for part, _, resource in all_resources(template, "AWS::SNS::Subscription"):
        if mentions(part, properties_of(resource).get("TopicArn"), owner, topic):
            return True
    for part, _, resource in all_resources(template):
        is_chat = str(resource.get("Type")).startswith("AWS::Chatbot::")
        if is_chat and mentions(part, resource.get("Properties"), owner, topic):
            return True
    for part, function, _ in all_resources(template, SAM_FUNCTION):
        for event in _events(part, function, "SNS"):
            if mentions(part, event.get("Topic"), owner, topic):
                return True
    return None if _may_be_elsewhere(template) else False


def consumers(template: Template, owner: Template, queue: str) -> Iterator[Consumer]:
    """The functions that read a queue through a mapping."""
    for part, function, _ in all_resources(template, SAM_FUNCTION):
        for event in _events(part, function, "SQS"):
            if mentions(part, event.get("Queue"), owner, queue):
                yield _consumer(part, function)
    for part, _, resource in all_resources(template, MAPPING):
        members = properties_of(resource)
        if not mentions(part, members.get("EventSourceArn"), owner, queue):
            continue
        for other, function, _ in all_resources(template, *FUNCTIONS):
            if mentions(part, members.get("FunctionName"), other, function):
                yield _consumer(other, function)
                break


def _consumer(template: Template, function: str) -> Consumer:
    timeout = known(template, merged_properties(template, function).get("Timeout"))
    if timeout is None:
        timeout = DEFAULT_TIMEOUT
    number = float(timeout) if isinstance(timeout, int | float) else _number(timeout)
    return Consumer(function, number, ("Resources", function, "Properties", "Timeout"))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, str) and value.isdecimal() else None


def _events(template: Template, function: str, kind: str) -> Iterator[Mapping[str, object]]:
    events = template.choose(properties_of(template.resource(function) or {}).get("Events"))
    for raw in events.values() if isinstance(events, Mapping) else ():
        event = template.choose(raw)
        if isinstance(event, Mapping) and event.get("Type") == kind:
            yield properties_of(event)


def _metrics(
    template: Template, members: Mapping[str, object]
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Metric and dimensions of an alarm: its own, and those of its expressions."""
    resolved = known(template, members)
    assert isinstance(resolved, Mapping)
    queries = resolved.get("Metrics")
    stats = [
        each.get("MetricStat")
        for each in (queries if isinstance(queries, list) else ())
        if isinstance(each, Mapping)
    ]
    found = [resolved, *(each.get("Metric") for each in stats if isinstance(each, Mapping))]
    for each in found:
        if isinstance(each, Mapping):
            yield str(each.get("MetricName") or ""), _dimensions(each.get("Dimensions"))
    for query in queries if isinstance(queries, list) else ():
        expression = query.get("Expression") if isinstance(query, Mapping) else None
        for age in _AGES:
            if age in str(expression):
                yield age, {}  # a search over functions


def _dimensions(value: object) -> dict[str, object]:
    return {
        str(each.get("Name")): each.get("Value")
        for each in (value if isinstance(value, list) else ())
        if isinstance(each, Mapping)
    }


def _may_be_elsewhere(template: Template) -> bool:
    """Whether something else may watch: a macro, or a resource of somebody's own that does."""
    if not is_whole(template):
        return True
    return any(
        any(word in str(resource.get("Type")).lower() for word in _WORDS_OF_OTHERS)
        and resource.get("Type") not in (*_ALARMS, "AWS::CloudWatch::Dashboard")
        for _, _, resource in all_resources(template)
    )
