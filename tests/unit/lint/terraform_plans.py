"""Plans as `terraform show -json` prints them: what only AWS knows is not there.

Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

Json = Mapping[str, object]

CODE = {
    "src/app.py": 'def handler(event, context):\n    return {"batchItemFailures": []}\n',
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A resource that is going to be made.

    Args:
        address: "aws_sqs_queue.failures[0]".
        values: what is known of it.
        written: its expressions, where they are references; nested blocks as lists of maps.
        unknown: attributes that are known once it is there.
    """

    address: str
    values: Json
    written: Json = field(default_factory=dict)
    unknown: Json = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, str]:
        """Its type and name."""
        type_, _, name = self.address.partition("[")[0].partition(".")
        return type_, name


def to(*references: str) -> Json:
    """An expression that refers to something."""
    return {"references": list(references)}


def is_(value: object) -> Json:
    """An expression that is a constant."""
    return {"constant_value": value}


def plan(resources: Mapping[str, Planned], documents: Mapping[str, list[Json]]) -> str:
    """A plan of resources, and of the policy documents that they refer to."""
    planned = [
        {
            "address": each.address,
            "mode": "managed",
            "type": each.names[0],
            "name": each.names[1],
            "values": each.values,
        }
        for each in resources.values()
    ]
    changes = [
        {"address": each.address, "change": {"actions": ["create"], "after_unknown": each.unknown}}
        for each in resources.values()
    ]
    written: list[Json] = [
        {"mode": "managed", "type": type_, "name": name, "expressions": expressions}
        for (type_, name), expressions in {
            each.names: each.written for each in resources.values()
        }.items()
    ]
    written += [
        {
            "mode": "data",
            "type": "aws_iam_policy_document",
            "name": name,
            "expressions": {"statement": statements},
        }
        for name, statements in documents.items()
    ]
    return json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.9.0",
            "planned_values": {"root_module": {"resources": planned}},
            "resource_changes": changes,
            "configuration": {"root_module": {"resources": written}},
        }
    )


def allow(*actions: str, on: Json) -> Json:
    """A statement of a policy document."""
    return {"actions": is_(list(actions)), "resources": on}


FAILURES = to("aws_sqs_queue.failures.arn", "aws_sqs_queue.failures")
SENDS = {
    "worker": [
        allow("kinesis:*", on=is_(["*"])),
        allow("sqs:SendMessage", on=FAILURES),
    ]
}


def careful() -> dict[str, Planned]:
    """A mapping of which nothing is to be said, and what is around it."""
    made = [
        Planned(
            "aws_kinesis_stream.orders",
            {"name": "orders", "shard_count": 2, "retention_period": 168},
            unknown={"arn": True, "id": True},
        ),
        Planned(
            "aws_iam_role.worker",
            {"name": "worker", "inline_policy": []},
            unknown={"arn": True, "id": True},
        ),
        Planned(
            "aws_iam_role_policy.worker",
            {"name": "worker"},
            {
                "role": to("aws_iam_role.worker.id", "aws_iam_role.worker"),
                "policy": to(
                    "data.aws_iam_policy_document.worker.json",
                    "data.aws_iam_policy_document.worker",
                ),
            },
            {"id": True, "role": True, "policy": True},
        ),
        Planned(
            "aws_lambda_function.worker",
            {
                "function_name": "worker",
                "handler": "app.handler",
                "runtime": "python3.13",
                "filename": "src",
                "timeout": 30,
            },
            {"role": to("aws_iam_role.worker.arn", "aws_iam_role.worker")},
            {"arn": True, "role": True},
        ),
        Planned(
            "aws_sqs_queue.failures",
            {"message_retention_seconds": 1_209_600, "visibility_timeout_seconds": 30},
            unknown={"arn": True, "id": True, "name": True, "sqs_managed_sse_enabled": True},
        ),
        Planned(
            "aws_lambda_event_source_mapping.orders",
            {
                "starting_position": "TRIM_HORIZON",
                "batch_size": 100,
                "maximum_retry_attempts": 5,
                "maximum_record_age_in_seconds": 3600,
                "bisect_batch_on_function_error": True,
                "function_response_types": ["ReportBatchItemFailures"],
                "destination_config": [{"on_failure": [{}]}],
            },
            {
                "event_source_arn": to(
                    "aws_kinesis_stream.orders.arn", "aws_kinesis_stream.orders"
                ),
                "function_name": to("aws_lambda_function.worker.arn", "aws_lambda_function.worker"),
                "destination_config": [{"on_failure": [{"destination_arn": FAILURES}]}],
            },
            {"destination_config": [{"on_failure": [{"destination_arn": True}]}]},
        ),
        Planned(
            "aws_cloudwatch_metric_alarm.age",
            {
                "namespace": "AWS/Lambda",
                "metric_name": "IteratorAge",
                "dimensions": {"FunctionName": "worker"},
            },
        ),
        Planned(
            "aws_cloudwatch_metric_alarm.failures",
            {"namespace": "AWS/SQS", "metric_name": "ApproximateNumberOfMessagesVisible"},
            {"dimensions": to("aws_sqs_queue.failures.name", "aws_sqs_queue.failures")},
            {"dimensions": {"QueueName": True}},
        ),
    ]
    return {each.address: each for each in made}
