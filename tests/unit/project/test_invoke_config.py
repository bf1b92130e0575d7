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
