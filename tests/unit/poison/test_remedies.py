"""The commands that get past a record, as they are printed."""

import json
import shlex
from dataclasses import replace

from kinesis_cli.aws.status import MappingState
from kinesis_cli.event_source_mapping.settings import EventSourceMapping
from kinesis_cli.poison.remedies import Typed, steps
from kinesis_cli.project.target import Target, TargetKind

STREAM = "arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders"
MAPPING = MappingState(
    uuid="abd633ca-77d1-4b01-add9-afe4c53047ef",
    function_arn="arn:aws-cn:lambda:cn-north-1:123456789012:function:fn",
    state="Enabled",
    reason="",
    last_result="",
    settings=EventSourceMapping(),
)
AWS = Target(TargetKind.AWS, "--stack", None, False, "my dev", "cn-north-1", "s", None, None)


def commands(mapping: MappingState, target: Target = AWS, saved: str = "") -> list[list[str]]:
    typed = Typed(" --stack s", " --stack s", " --function Fn")
    found = steps(mapping, target, STREAM, saved, typed)
    return [shlex.split(command) for step in found for command in step.commands]


def with_settings(**settings: object) -> MappingState:
    return replace(MAPPING, settings=EventSourceMapping(**settings))  # type: ignore[arg-type]


def test_each_command_goes_where_the_stream_is() -> None:
    for command in commands(MAPPING):
        if command[0] == "aws":
            assert command[-4:] == ["--region", "cn-north-1", "--profile", "my dev"]
        elif command[1] in ("status", "redrive"):
            assert " ".join(command).find("--stack s") > 0


def test_a_queue_is_made_where_nobody_would_be_told() -> None:
    create, update = (each for each in commands(MAPPING)[2:4])
    queue = create[create.index("--queue-name") + 1]
    document = json.loads(update[update.index("--destination-config") + 1])
    arn = document["OnFailure"]["Destination"]
    assert arn == f"arn:aws-cn:sqs:cn-north-1:123456789012:{queue}"
    assert len(queue) <= 80  # SQS takes no more
    assert "--bisect-batch-on-function-error" in update
    assert update[update.index("--maximum-retry-attempts") + 1] == "2"


def test_what_the_mapping_has_already_is_left_as_it_is() -> None:
    mapping = with_settings(destination="arn:aws:sqs:eu-west-1:123456789012:q")
    text = str(commands(mapping))
    assert "create-queue" not in text
    assert "--destination-config" not in text
    limited = str(commands(with_settings(maximum_retry_attempts=7)))
    assert "--maximum-retry-attempts" not in limited


def test_a_mapping_that_gives_up_alone_is_waited_for() -> None:
    mapping = with_settings(
        destination="arn:aws:sqs:eu-west-1:123456789012:q",
        bisect_batch_on_function_error=True,
        maximum_retry_attempts=3,
    )
    assert not any(command[0] == "aws" for command in commands(mapping))
    assert any(step.what.startswith("Or wait") for step in steps(mapping, AWS, STREAM, "", Typed()))


def test_the_last_command_takes_back_what_the_first_has_set() -> None:
    last = commands(MAPPING)[-1]
    assert "--no-bisect-batch-on-function-error" in last
    assert last[last.index("--maximum-retry-attempts") + 1] == "-1"


def test_a_file_of_any_name_is_called_with() -> None:
    assert commands(MAPPING, saved="it's; rm -rf")[0] == [
        *("kcli", "invoke", "it's; rm -rf", "--function", "Fn")
    ]


def test_an_endpoint_is_named_and_this_machines_comes_from_its_variables() -> None:
    named = replace(AWS, kind=TargetKind.ENDPOINT, endpoint_url="http://10.0.0.1:4567")
    for command in commands(MAPPING, named):
        if command[0] == "aws":
            assert command[command.index("--endpoint-url") + 1] == "http://10.0.0.1:4567"
    here = replace(AWS, kind=TargetKind.LOCAL, profile=None)
    local = commands(MAPPING, here)
    assert local[2] == ["eval", "$(kcli local env)"]
    assert local[3][-2:] == ["--endpoint-url", "$AWS_ENDPOINT_URL"]
