"""What a template says of a function's calls."""

import re
from pathlib import Path

import pytest

from kinesis_cli.errors import InputError
from kinesis_cli.project.functions.invoke_config import Calling, calling_of


def calling(folder: Path, properties: str) -> Calling:
    file = folder / "template.yaml"
    file.write_text(
        "Transform: AWS::Serverless-2016-10-31\n"
        f"Resources: {{Fn: {{Type: AWS::Serverless::Function, Properties: {properties}}}}}\n"
    )
    return calling_of(file, "Fn")


def test_what_is_absent_has_awss_defaults(tmp_path: Path) -> None:
    assert calling(tmp_path, "{}") == Calling(None, 2, 21_600, None, None, None)


def test_the_ends_of_what_lambda_takes_are_taken(tmp_path: Path) -> None:
    least = "{MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60}"
    found = calling(tmp_path, f"{{ReservedConcurrentExecutions: 0, EventInvokeConfig: {least}}}")
    assert found == Calling(0, 0, 60)
    most = "{MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21600}"
    assert calling(tmp_path, f"{{EventInvokeConfig: {most}}}") == Calling(None, 2, 21_600)


@pytest.mark.parametrize(
    ("properties", "said"),
    [
        (
            "{EventInvokeConfig: {MaximumRetryAttempts: 3}}",
            "Fn, MaximumRetryAttempts: is 3, Lambda takes 0 to 2",
        ),
        (
            "{EventInvokeConfig: {MaximumEventAgeInSeconds: 59}}",
            "Fn, MaximumEventAgeInSeconds: is 59, Lambda takes 60 to 21600",
        ),
        (
            "{ReservedConcurrentExecutions: -1}",
            "Fn, ReservedConcurrentExecutions: -1 is not a whole number",
        ),
    ],
)
def test_numbers_that_lambda_does_not_take_are_refused(
    tmp_path: Path, properties: str, said: str
) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        calling(tmp_path, properties)


RESOURCES = """\
Resources:
  Fn: {{Type: AWS::Lambda::Function, Properties: {{Handler: app.handler}}}}
  Other: {{Type: AWS::Lambda::Function, Properties: {{Handler: app.other}}}}
  Failures: {{Type: AWS::SQS::Queue}}
  Live: {{Type: AWS::Lambda::Alias, Properties: {{FunctionName: !Ref Fn, Name: live}}}}
  OfOther:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {{FunctionName: !Ref Other, Qualifier: $LATEST, MaximumRetryAttempts: 2}}
{configs}"""
CONFIG = """\
  {name}:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: {function}
      Qualifier: {qualifier}
      MaximumRetryAttempts: {retries}
      MaximumEventAgeInSeconds: 90
      DestinationConfig: {{OnFailure: {{Destination: !GetAtt Failures.Arn}}}}
"""


@pytest.mark.parametrize("function", ["!Ref Fn", "!GetAtt Fn.Arn"])
def test_a_resource_of_its_own_says_how_a_function_is_called(tmp_path: Path, function: str) -> None:
    config = CONFIG.format(name="Config", function=function, qualifier="$LATEST", retries=0)
    file = tmp_path / "template.yaml"
    file.write_text(RESOURCES.format(configs=config))
    found = calling_of(file, "Fn")
    assert (found.maximum_retry_attempts, found.maximum_event_age) == (0, 90)
    assert (found.on_failure or "").endswith(":Failures")
    assert calling_of(file, "Other") == Calling()


def test_of_several_resources_that_of_the_newest_code_counts(tmp_path: Path) -> None:
    of_alias = CONFIG.format(name="A", function="!Ref Fn", qualifier="live", retries=1)
    of_latest = CONFIG.format(name="B", function="!Ref Fn", qualifier="$LATEST", retries=0)
    file = tmp_path / "template.yaml"
    file.write_text(RESOURCES.format(configs=of_alias))
    assert calling_of(file, "Fn").maximum_retry_attempts == 1
    file.write_text(RESOURCES.format(configs=of_alias + of_latest))
    assert calling_of(file, "Fn").maximum_retry_attempts == 0
