"""Mappings of a module that is given them as a map, as terraform-aws-modules/lambda is.

What is in the map, a plan does not say: only which resources the whole of it refers to.
Source: https://developer.hashicorp.com/terraform/internals/json-format
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kinesis_cli.project.template.terraform import terraform_template

MAPPING = 'module.worker.aws_lambda_event_source_mapping.this["%s"]'
STREAM = {"Fn::GetAtt": ['aws_kinesis_stream.orders["main"]', "Arn"]}
QUEUE = ("aws_sqs_queue.failures.arn", "aws_sqs_queue.failures")
OF_STREAM = ('aws_kinesis_stream.orders["main"].arn', 'aws_kinesis_stream.orders["main"]')
OF_TABLE = ("aws_dynamodb_table.orders.stream_arn", "aws_dynamodb_table.orders")


def _resource(address: str, values: Mapping[str, object]) -> dict[str, object]:
    type_, name = (
        address.rpartition("[")[0].split(".")[-2:] if "[" in address else (address.split(".")[-2:])
    )
    return {
        "address": address,
        "mode": "managed",
        "type": type_,
        "name": name,
        "values": values,
    }


def plan_of(mappings: Mapping[str, Mapping[str, object]], *references: str) -> dict[str, object]:
    """A module with these mappings, whose map refers to these."""
    own = [_resource("module.worker.aws_lambda_function.this[0]", {"function_name": "worker"})]
    own += [_resource(MAPPING % key, values) for key, values in mappings.items()]
    of_function = [f"aws_lambda_function.this{end}" for end in ("[0].arn", "[0]", "")]
    written = {
        "type": "aws_lambda_event_source_mapping",
        "name": "this",
        "expressions": {
            "event_source_arn": {"references": ["each.value.event_source_arn", "each.value"]},
            "function_name": {"references": of_function},
        },
        "for_each_expression": {"references": ["var.event_source_mapping", "local.create"]},
    }
    call = {
        "expressions": {"event_source_mapping": {"references": list(references)}},
        "module": {"resources": [written]},
    }
    resources = [
        _resource('aws_kinesis_stream.orders["main"]', {"name": "orders"}),
        _resource("aws_kinesis_stream.other", {"name": "other"}),
        _resource("aws_dynamodb_table.orders", {"name": "orders"}),
        _resource("aws_sqs_queue.failures", {"name": "failures"}),
    ]
    child = {"address": "module.worker", "resources": own}
    unknown = [
        {"address": MAPPING % key, "change": {"after_unknown": {"event_source_arn": True}}}
        for key in mappings
    ]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": resources, "child_modules": [child]}},
        "resource_changes": unknown,
        "configuration": {"root_module": {"module_calls": {"worker": call}}},
    }


def source_of(document: dict[str, object], key: str) -> object:
    resources: Any = terraform_template(document, Path("plan.json"))["Resources"]
    return resources[MAPPING % key]["Properties"]["EventSourceArn"]


OF_A_STREAM = {"starting_position": "LATEST", "batch_size": 50}


@pytest.mark.parametrize(
    ("references", "source"),
    [
        (OF_STREAM, STREAM),
        ((*QUEUE, *OF_STREAM), STREAM),  # the queue is where it gives records up
        (OF_TABLE, {"Fn::GetAtt": ["aws_dynamodb_table.orders", "StreamArn"]}),
    ],
)
def test_the_one_stream_that_its_map_refers_to_feeds_a_mapping(
    references: tuple[str, ...], source: object
) -> None:
    assert source_of(plan_of({"main": OF_A_STREAM}, *references), "main") == source


@pytest.mark.parametrize(
    ("mappings", "references"),
    [
        ({"main": OF_A_STREAM}, (*OF_STREAM, "aws_kinesis_stream.other.arn")),
        ({"main": OF_A_STREAM, "other": OF_A_STREAM}, OF_STREAM),
        ({"main": {"batch_size": 10}}, (*OF_STREAM, *QUEUE)),  # of a queue: it begins nowhere
        ({"main": OF_A_STREAM}, QUEUE),
    ],
)
def test_which_of_several_it_is_is_not_guessed(
    mappings: Mapping[str, Mapping[str, object]], references: tuple[str, ...]
) -> None:
    unknown = {"Fn::GetAtt": [MAPPING % "main", "event_source_arn"]}
    assert source_of(plan_of(mappings, *references), "main") == unknown
