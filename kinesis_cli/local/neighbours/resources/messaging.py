"""Queues, topics and subscriptions.

Sources: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sqs-queue.html
and https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-sns-topic.html
"""

from typing import Any

from kinesis_cli.local.neighbours.resources.calls import Clients, text

Properties = dict[str, Any]

# They name another queue, which may be made later.
_REDRIVING = ("RedrivePolicy", "RedriveAllowPolicy")
_NOT_ATTRIBUTES = ("QueueName", "TopicName", "Tags", "Subscription", "DataProtectionPolicy")
_SUBSCRIPTIONS = (
    *("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery"),
    *("RedrivePolicy", "SubscriptionRoleArn"),
)


def make_queue(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::SQS::Queue`, without what names another queue."""
    without = {member: value for member, value in properties.items() if member not in _REDRIVING}
    if str(without.get("FifoQueue")).lower() == "false":
        del without["FifoQueue"]  # the API knows only "true"
    queue = {"QueueName": name, "Attributes": _attributes(without), "tags": _tags(properties)}
    clients.call("sqs", "CreateQueue", queue)


def set_redriving(clients: Clients, name: str, properties: Properties) -> None:
    """Of an `AWS::SQS::Queue`: where messages go that were received too often."""
    attributes = {each: text(properties[each]) for each in _REDRIVING if each in properties}
    if attributes:
        url = clients.call("sqs", "GetQueueUrl", {"QueueName": name})["QueueUrl"]
        change = {"QueueUrl": url, "Attributes": attributes}
        clients.call("sqs", "SetQueueAttributes", change)


def make_topic(clients: Clients, name: str, properties: Properties) -> None:
    """`AWS::SNS::Topic`."""
    attributes = _attributes(properties)
    if attributes.get("FifoTopic") == "false":
        del attributes["FifoTopic"]
    topic = {"Name": name, "Attributes": attributes, "Tags": properties.get("Tags", [])}
    clients.call("sns", "CreateTopic", topic)


def subscribe_to_topic(clients: Clients, name: str, properties: Properties) -> None:
    """The subscriptions that an `AWS::SNS::Topic` names itself."""
    for each in properties.get("Subscription", []):
        topic = clients.call("sns", "CreateTopic", {"Name": name})["TopicArn"]
        make_subscription(clients, name, {**each, "TopicArn": topic})


def make_subscription(clients: Clients, _: str, properties: Properties) -> None:
    """`AWS::SNS::Subscription`."""
    attributes = {
        member: text(properties[member]) for member in _SUBSCRIPTIONS if member in properties
    }
    clients.call("sns", "Subscribe", {**properties, "Attributes": attributes})


def _attributes(properties: Properties) -> dict[str, str]:
    return {
        member: text(value) for member, value in properties.items() if member not in _NOT_ATTRIBUTES
    }


def _tags(properties: Properties) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in properties.get("Tags", [])}
